"""The server with two tenants that these tests walk."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes import FakeClock
from tests.invariants.world import World, opened_world
from watchword.core.keys import SecretKeys


@pytest.fixture
async def world(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[World]:
    """Return the running server."""
    async with opened_world(database_url, clock, keys) as world:
        yield world
