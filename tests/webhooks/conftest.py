"""A tenant with webhooks, and a receiver for them."""

from collections.abc import AsyncIterator

import pytest

from tests.connectors.rooms import Rooms, open_rooms
from tests.fakes import FakeClock
from tests.webhooks.receiver import Receiver, receiving
from watchword.core.keys import SecretKeys
from watchword.storage import Storage


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a receiver that takes everything."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def rooms(storage: Storage, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Rooms]:
    """Return a tenant's rooms."""
    rooms = await open_rooms(storage, clock, keys)
    yield rooms
    await rooms.courier.client.aclose()
