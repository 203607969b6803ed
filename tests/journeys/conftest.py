"""What journeys share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.provider import Provider, running_provider
from tests.journeys.server import Installation

Install = Callable[..., Installation]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Return a provider in a good mood."""
    with running_provider() as provider:
        yield provider


@pytest.fixture
def install(database_url: str, tmp_path: Path) -> Install:
    """Return what makes an installation on this test's database, with more settings."""

    def install(**settings: str) -> Installation:
        return Installation(database_url, tmp_path, **settings)

    return install


@pytest.fixture
def installation(install: Install) -> Installation:
    """Return an installation on this test's database."""
    return install()
