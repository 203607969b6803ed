"""A tenant with a provider."""

import pytest

from tests.fakes import FakeClock
from tests.oidc.world import World
from watchword.core.keys import SecretKeys
from watchword.storage import Storage


@pytest.fixture
def world(storage: Storage, clock: FakeClock, keys: SecretKeys) -> World:
    """Return a tenant with a provider, no user and no application."""
    return World(storage, clock, keys)
