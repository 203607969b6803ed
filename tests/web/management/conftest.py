"""The assembled application, and a machine that may call its Management API."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.cheap_hashing import hash_cheaply
from tests.fakes import FakeClock
from tests.mocks.email import MockEmailConnector
from tests.mocks.sms import MockSmsConnector
from tests.mocks.social import MockSocialConnector
from tests.repeated_settings import settings_for
from watchword.app import build_app
from watchword.applications.models import ApplicationType, NewApplication
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
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
        created = await (await self.scope()).configuration.applications.create(
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
    MockEmailConnector.sent.clear()
    MockEmailConnector.mails.clear()
    app = build_app(settings_for(database_url, keys, mode="development", public_url=ORIGIN))
    server: ServerScope = app.state.server
    server.clock = clock
    hash_cheaply(server)
    server.registry = ConnectorRegistry(
        [*server.registry.list(), MockSmsConnector, MockEmailConnector, MockSocialConnector]
    )
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        yield Site(app, server, clock, stack)


@pytest.fixture
async def api(site: Site) -> httpx2.AsyncClient:
    """Return a client that may do everything the Management API can."""
    client = await site.client()
    client.headers["Authorization"] = f"Bearer {await site.token()}"
    return client


PHONE_SIGN_IN: dict[str, Any] = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": True,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
    "mfa": {"factors": [], "policy": "NoPrompt"},
}
"""How the model system was set up when the stories were recorded."""


async def set_sms_up(api: httpx2.AsyncClient) -> str:
    """Set the recorded mock connector up, and return its id."""
    config: dict[str, Any] = {
        "accountSID": "sid",
        "authToken": "token",
        "fromMessagingServiceSID": "from",
        "templates": [{"usageType": "Generic", "content": "{{code}}"}],
    }
    body = {"connectorId": "mock-short-message-service", "config": config}
    answer = await api.post("/api/connectors", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def set_email_up(api: httpx2.AsyncClient) -> str:
    """Set the recorded mock connector for e-mail up, and return its id."""
    template = {"usageType": "Generic", "type": "text/plain", "subject": "Code"}
    config = {
        "apiKey": "key",
        "fromEmail": "noreply@example.com",
        "templates": [{**template, "content": "{{code}}"}],
    }
    body = {"connectorId": "mock-email-service", "config": config}
    answer = await api.post("/api/connectors", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def take_sms_away(api: httpx2.AsyncClient) -> None:
    """Delete every connector, whatever needs it."""
    for saved in (await api.get("/api/connectors")).json():
        answer = await api.delete(f"/api/connectors/{saved['id']}", params={"force": "true"})
        assert answer.status_code == 204, answer.text
