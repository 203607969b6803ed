"""The assembled server with two tenants, an operator, and browsers that keep cookies."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.cheap_hashing import hash_cheaply
from tests.fakes import FakeClock
from tests.repeated_settings import settings_for
from tests.web.pages.conftest import BY_CODE
from watchword.app import build_app
from watchword.applications.models import ApplicationType, NewApplication
from watchword.audit.models import SYSTEM
from watchword.background import sweep
from watchword.core.keys import SecretKeys
from watchword.tenants.models import TenantTag
from watchword.web.logging import configure_logging
from watchword.web.scope import ServerScope, TenantScope

ORIGIN = "http://localhost:3001"
OTHER_ORIGIN = "http://acme.localhost:3001"
OTHER = "acme"
CONNECTOR = "development-inbox"
API = "/api/experience"
SEND = f"{API}/verification/verification-code"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
OPERATOR_PASSWORD = "quiet harbour lamp"

BY_CODE_OR_PASSWORD: dict[str, Any] = {
    **BY_CODE,
    "signIn": {
        "methods": [
            {
                "identifier": name,
                "password": True,
                "verificationCode": name == "phone",
                "isPasswordPrimary": name != "phone",
            }
            for name in ("phone", "username")
        ]
    },
    "forgotPasswordMethods": ["PhoneVerificationCode"],
}


PATIENCE = timedelta(seconds=30)


@dataclass
class World:
    """The running server of a test."""

    app: Any
    server: ServerScope
    clock: FakeClock
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def scope(self, tenant: str = "default") -> TenantScope:
        """Return a tenant's services."""
        return await self.server.scope_of(tenant)

    async def code(self, tenant: str = "default") -> str:
        """Return the newest code, once it has arrived."""
        await self.server.dispatch.drain(timedelta(seconds=5))
        newest = self.server.inbox.list(tenant)[0]
        return str(re.findall(r"\b\d{6}\b", newest.text)[0])

    async def settle(self) -> None:
        """Finish all that goes on beside requests, so that nothing changes by itself."""
        await sweep(self.server)
        await self.server.dispatch.drain(PATIENCE)
        await self.server.courier.settle(PATIENCE)

    async def set_up(self, tenant: str = "default", **settings: Any) -> None:
        """Change a tenant's sign-in settings."""
        scope = await self.scope(tenant)
        await scope.configuration.settings.save_sign_in(SYSTEM, settings)

    async def browser(self, origin: str = ORIGIN) -> httpx2.AsyncClient:
        """Return a browser without cookies."""
        transport = httpx2.ASGITransport(app=self.app)
        client = httpx2.AsyncClient(transport=transport, base_url=origin)
        return await self.stack.enter_async_context(client)

    async def operator(self) -> "Operator":
        """Return an owner's browser, signed in."""
        client = await self.browser()
        token = await self.server.operators.invite("owner")
        answer = await client.post(
            "/console/setup",
            data={"token": token, "username": "owner", "password": OPERATOR_PASSWORD},
        )
        assert answer.status_code == 303, answer.text
        visit = await self.server.operators.find_visit(client.cookies["_console"])
        assert visit is not None
        return Operator(client, visit.session.csrf_token)


async def bearer(client: httpx2.AsyncClient, machine: tuple[str, str], scope: str = "all") -> str:
    """Return the header of a machine that calls the Management API where *client* is."""
    origin = str(client.base_url).rstrip("/")
    answer = await client.post(
        "/oidc/token",
        data={"grant_type": "client_credentials", "resource": f"{origin}/api", "scope": scope},
        auth=machine,
    )
    assert answer.status_code == 200, answer.text
    return f"Bearer {answer.json()['access_token']}"


MACHINE = NewApplication(
    name="Machine", type=ApplicationType.MACHINE_TO_MACHINE, is_management=True
)


@dataclass
class Operator:
    """A signed-in operator's browser."""

    client: httpx2.AsyncClient
    csrf: str

    async def get(self, path: str) -> httpx2.Response:
        """Open a page."""
        return await self.client.get(path)

    async def post(self, path: str, **form: str) -> httpx2.Response:
        """Post a form."""
        return await self.client.post(path, data={"csrf": self.csrf, **form})


def authorization(origin: str = ORIGIN, **changes: str) -> dict[str, str]:
    """Return what an application asks for."""
    return {
        "client_id": "demo-app",
        "redirect_uri": f"{origin}/demo-app",
        "response_type": "code",
        "scope": "openid phone offline_access",
        "prompt": "consent",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }


def identifier(phone: str) -> dict[str, str]:
    """Return a number as the API takes it."""
    return {"type": "phone", "value": phone}


async def arrive(client: httpx2.AsyncClient, **changes: str) -> None:
    """Come from the application."""
    answer = await client.get(
        "/oidc/auth", params=authorization(str(client.base_url).rstrip("/"), **changes)
    )
    assert answer.status_code == 303, answer.text


async def start(client: httpx2.AsyncClient, event: str = "SignIn") -> None:
    """Begin an interaction of the API."""
    await arrive(client)
    answer = await client.put(API, json={"interactionEvent": event})
    assert answer.status_code == 204, answer.text


async def send(client: httpx2.AsyncClient, phone: str, event: str = "SignIn") -> httpx2.Response:
    """Ask for a code."""
    return await client.post(
        SEND, json={"identifier": identifier(phone), "interactionEvent": event}
    )


async def verify(
    client: httpx2.AsyncClient, phone: str, record_id: str, code: str
) -> httpx2.Response:
    """Type a code."""
    return await client.post(
        f"{SEND}/verify",
        json={"identifier": identifier(phone), "verificationId": record_id, "code": code},
    )


async def prove(
    world: World,
    client: httpx2.AsyncClient,
    phone: str,
    event: str = "Register",
    tenant: str = "default",
) -> str:
    """Start, prove a number, and return the id of the record."""
    await start(client, event)
    record_id: str = (await send(client, phone, event)).json()["verificationId"]
    answer = await verify(client, phone, record_id, await world.code(tenant))
    assert answer.status_code == 200, answer.text
    return record_id


async def submit(client: httpx2.AsyncClient) -> str:
    """Submit, and return where the browser goes next."""
    answer = await client.post(f"{API}/submit")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["redirectTo"])


async def resume(client: httpx2.AsyncClient, address: str) -> httpx2.Response:
    """Follow the way back to the application and return the last answer."""
    answer = await client.get(address)
    while urlsplit(answer.headers.get("location", "")).path == "/consent":
        answer = await client.get(answer.headers["location"])
    return answer


@asynccontextmanager
async def serving(
    database_url: str,
    clock: FakeClock,
    keys: SecretKeys,
    *,
    delivery_wait: timedelta = timedelta(seconds=0.2),
) -> AsyncIterator[World]:
    """Start a server on a database, and stop it."""
    configure_logging("json", "error")
    app = build_app(
        settings_for(
            database_url, keys, mode="development", public_url=ORIGIN, delivery_wait=delivery_wait
        )
    )
    server: ServerScope = app.state.server
    server.clock = clock
    hash_cheaply(server)
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        yield World(app, server, clock, stack)


@asynccontextmanager
async def opened_world(
    database_url: str, clock: FakeClock, keys: SecretKeys
) -> AsyncIterator[World]:
    """Serve two tenants where phones sign up and in with a code or a password."""
    async with serving(database_url, clock, keys) as world:
        await world.server.directory.create(OTHER, "Acme", TenantTag.DEVELOPMENT)
        await world.server.refresh()
        for tenant in ("default", OTHER):
            scope = await world.scope(tenant)
            await scope.configuration.connectors.create(SYSTEM, CONNECTOR, {})
            await world.set_up(tenant, **BY_CODE_OR_PASSWORD)
        yield world
