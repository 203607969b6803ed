"""What the tests of security statements share: the server as it is in production, on https."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from tests.fakes import FakeClock
from tests.repeated_settings import settings_for
from tests.web.pages.conftest import (
    BY_CODE,
    Provider,
    ScriptedConnector,
    Site,
    browser,
    new_browser,
    site,
)
from watchword.app import build_app
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.web.logging import configure_logging
from watchword.web.scope import ServerScope

__all__ = ["browser", "new_browser", "site"]

HTTPS = "https://auth.example.com"


@pytest.fixture
async def production(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a production server with phone sign-in switched on."""
    configure_logging("json", "error")
    app = build_app(
        settings_for(database_url, keys, public_url=HTTPS, delivery_wait=timedelta(seconds=0.2))
    )
    server: ServerScope = app.state.server
    provider = ScriptedConnector.provider = Provider()
    server.clock, server.registry = clock, ConnectorRegistry([ScriptedConnector])
    async with app.router.lifespan_context(app):
        site = Site(app, server, clock, provider)
        await (await site.scope()).configuration.connectors.create(SYSTEM, "scripted", {})
        await site.settle(**BY_CODE)
        yield site


@pytest.fixture
async def person(production: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a browser on https."""
    transport = httpx2.ASGITransport(app=production.app)
    async with httpx2.AsyncClient(transport=transport, base_url=HTTPS) as client:
        yield client
