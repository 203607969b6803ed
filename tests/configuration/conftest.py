"""The rooms of one tenant."""

import pytest

from tests.connectors.rooms import Rooms, open_rooms
from tests.fakes import FakeClock
from watchword.core.keys import SecretKeys
from watchword.storage import Storage


@pytest.fixture
async def rooms(storage: Storage, clock: FakeClock, keys: SecretKeys) -> Rooms:
    """Return a production tenant's rooms."""
    return await open_rooms(storage, clock, keys)
