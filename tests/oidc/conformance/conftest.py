"""A server as in production, a person with every claim, and clients as the suite registers them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from tests.interactions.world import OUTBOX, PHONE_CODE, OutboxConnector
from tests.oidc.conformance.relying_party import CALLBACK, LOGGED_OUT, ORIGIN, PHONE, RelyingParty
from tests.oidc.prepared_keys import prepared
from tests.repeated_settings import settings_for
from tests.web.experience.conftest import Site
from watchword.app import build_app
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser, User
from watchword.web.scope import ServerScope

Register = Callable[..., Awaitable[RelyingParty]]

# Every claim of the standard scopes has a value.
ALICE: dict[str, Any] = {
    "primary_phone": PhoneNumber(PHONE),
    "is_phone_verified": True,
    "primary_email": "alice@example.com",
    "name": "Alice Example",
    "avatar": "https://alice.example.com/portrait.png",
    "profile": {
        "familyName": "Example",
        "givenName": "Alice",
        "middleName": "B.",
        "nickname": "Al",
        "preferredUsername": "alice",
        "profile": "https://alice.example.com/",
        "website": "https://alice.example.com/blog",
        "gender": "female",
        "birthdate": "1990-02-03",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "address": {
            "formatted": "1 Example Street, London",
            "streetAddress": "1 Example Street",
            "locality": "London",
            "region": "London",
            "postalCode": "EX1 2MP",
            "country": "United Kingdom",
        },
    },
}


@pytest.fixture
async def site(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a server on https, where phones sign in with a code."""
    OUTBOX.clear()
    app = build_app(settings_for(database_url, keys, mode="production", public_url=ORIGIN))
    server: ServerScope = app.state.server
    server.clock = clock
    server.registry = ConnectorRegistry([OutboxConnector])
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        made = Site(app, server, clock, stack)
        (await made.scope()).oidc.keys.generate = prepared
        await (await made.scope()).configuration.connectors.create(SYSTEM, "outbox", {})
        await made.set_up(**PHONE_CODE)
        yield made


@pytest.fixture
async def alice(site: Site) -> User:
    """Return the person who signs in."""
    return await (await site.scope()).users.create(NewUser(**ALICE))


@pytest.fixture
def register(site: Site, alice: User) -> Register:
    """Return what registers a client and opens a browser for it."""

    async def register(**values: Any) -> RelyingParty:
        configuration = (await site.scope()).configuration
        created = await configuration.applications.create(
            SYSTEM,
            NewApplication(
                **{
                    "name": "Suite",
                    "type": "Traditional",
                    "redirect_uris": (CALLBACK,),
                    "post_logout_redirect_uris": (LOGGED_OUT,),
                    # The plan's modules send no challenge, but one.
                    "custom_client_metadata": {"requirePkce": False},
                    **values,
                }
            ),
        )
        assert created.secret is not None
        return RelyingParty(
            await client_of(site),
            await client_of(site),
            site.clock,
            created.application,
            created.secret,
        )

    return register


@pytest.fixture
async def suite(register: Register) -> RelyingParty:
    """Return the client of the plan, and a browser where nobody is signed in."""
    return await register()


async def client_of(site: Site) -> httpx2.AsyncClient:
    """Return a browser, or a back channel: an HTTP client without cookies."""
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=site.app), base_url=ORIGIN)
    return await site.stack.enter_async_context(client)
