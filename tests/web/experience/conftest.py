"""The assembled application on a fresh database, with an outbox for messages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.cheap_hashing import hash_cheaply
from tests.fakes import FakeClock
from tests.interactions.world import OUTBOX, PHONE_CODE, OutboxConnector
from tests.oidc.prepared_keys import prepared
from tests.repeated_settings import settings_for
from watchword.app import build_app
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser
from watchword.web.scope import ServerScope, TenantScope

ORIGIN = "http://localhost:3001"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
AUTHORIZATION = {
    "client_id": "demo-app",
    "redirect_uri": f"{ORIGIN}/demo-app",
    "response_type": "code",
    "scope": "openid phone",
    "state": "s",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


@dataclass
class Site:
    """The server, and the browsers that visit it."""

    app: Any
    server: ServerScope
    clock: FakeClock
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def scope(self) -> TenantScope:
        """Return the default tenant's services."""
        return await self.server.scope_of("default")

    async def set_up(self, **settings: Any) -> None:
        """Change the tenant's sign-in settings."""
        await (await self.scope()).configuration.settings.save_sign_in(SYSTEM, settings)

    async def add_user(self, phone: str, password: str | None = None) -> None:
        """Create the account of a number."""
        users = (await self.scope()).users
        user = await users.create(NewUser(primary_phone=PhoneNumber.from_digits(phone)))
        if password:
            await users.set_password(user.id, password)

    async def visitor(self) -> httpx2.AsyncClient:
        """Return a browser without cookies."""
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=ORIGIN)
        return await self.stack.enter_async_context(client)

    async def started(self, **changes: str) -> httpx2.AsyncClient:
        """Return a browser that an application has sent to sign in."""
        client = await self.visitor()
        answer = await client.get("/oidc/auth", params={**AUTHORIZATION, **changes})
        assert answer.status_code == 303, answer.text
        return client


@pytest.fixture
async def site(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a server where phones sign up and in with a code."""
    OUTBOX.clear()
    app = build_app(settings_for(database_url, keys, mode="development", public_url=ORIGIN))
    server: ServerScope = app.state.server
    server.clock = clock
    hash_cheaply(server)
    server.registry = ConnectorRegistry([OutboxConnector])
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        made = Site(app, server, clock, stack)
        (await made.scope()).oidc.keys.generate = prepared
        await (await made.scope()).configuration.connectors.create(SYSTEM, "outbox", {})
        await made.set_up(**PHONE_CODE)
        yield made


async def resume(client: httpx2.AsyncClient, redirect_to: str) -> httpx2.Response:
    """Follow the way back to the application and return the last answer."""
    answer = await client.get(redirect_to)
    while urlsplit(answer.headers["location"]).path == "/consent":
        answer = await client.get(answer.headers["location"])
    return answer
