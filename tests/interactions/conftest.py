"""A tenant with phone sign-in and an outbox."""

from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from tests.interactions.world import World
from watchword.core.keys import SecretKeys
from watchword.storage import Storage


@pytest.fixture
async def world(storage: Storage, clock: FakeClock, keys: SecretKeys) -> World:
    """Return a tenant where phones sign up and in with a code."""
    made = World(storage, clock, keys)
    await made.connect()
    clock.advance(timedelta(seconds=1))
    return made
