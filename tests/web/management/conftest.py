"""The assembled application, and a machine that may call its Management API."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from tests.mocks.sms import MockSmsConnector
from watchword.app import build_app
from watchword.applications.models import ApplicationType, NewApplication
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.settings import Settings
from watchword.web.logging import configure_logging
from watchword.web.scope import ServerScope, TenantScope

ORIGIN = "http://localhost:3001"
RESOURCE = f"{ORIGIN}/api"
ALIAS = "https://default.logto.app/api"


@dataclass
class Site:
    """The server, its clock, and clients of its APIs."""

    app: Any
    server: ServerScope
    clock: FakeClock
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def scope(self, tenant: str = "default") -> TenantScope:
        """Return a tenant's services."""
        return await self.server.scope_of(tenant)

    async def client(self, origin: str = ORIGIN) -> httpx2.AsyncClient:
        """Return a client that says nothing of who it is."""
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=origin)
        return await self.stack.enter_async_context(client)

    async def token(
        self,
        *,
        is_management: bool = True,
        scope: str = "all",
        resource: str = RESOURCE,
    ) -> str:
        """Return a machine's token for the Management API."""
        created = await (await self.scope()).configuration.create_application(
            SYSTEM,
            NewApplication(
                name="script",
                type=ApplicationType.MACHINE_TO_MACHINE,
                is_management=is_management,
            ),
        )
        client = await self.client()
        answer = await client.post(
            "/oidc/token",
            data={"grant_type": "client_credentials", "resource": resource, "scope": scope},
            auth=(created.application.id, created.secret or ""),
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@pytest.fixture
async def site(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a new server with nothing set up; it knows the recorded mock connectors, too."""
    configure_logging("json", "error")
    MockSmsConnector.sent.clear()
    app = build_app(
        Settings(mode="development", database_url=database_url, public_url=ORIGIN, secret_keys=keys)
    )
    server: ServerScope = app.state.server
    server.clock = clock
    server.registry = ConnectorRegistry([*server.registry.list(), MockSmsConnector])
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        yield Site(app, server, clock, stack)


@pytest.fixture
async def api(site: Site) -> httpx2.AsyncClient:
    """Return a client that may do everything the Management API can."""
    client = await site.client()
    client.headers["Authorization"] = f"Bearer {await site.token()}"
    return client
