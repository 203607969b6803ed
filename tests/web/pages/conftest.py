"""The real application on a fresh database, with a provider that does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx2
import pytest

from tests.cheap_hashing import hash_cheaply
from tests.fakes import FakeClock
from tests.repeated_settings import settings_for
from tests.web.pages.browser import ORIGIN, Browser
from watchword.app import build_app
from watchword.audit.models import SYSTEM
from watchword.connector_kit.config import ConnectorConfig
from watchword.connector_kit.connector import EmailConnector, SmsConnector
from watchword.connector_kit.mail import EmailTemplatesConfig, Mail
from watchword.connector_kit.models import (
    ConnectorMetadata,
    ConnectorType,
    EmailMessage,
    Receipt,
    SmsMessage,
)
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connector_kit.wording import default_email_templates
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser
from watchword.web.logging import configure_logging
from watchword.web.scope import ServerScope, TenantScope

PHONE = "010-1234-5678"
DIGITS = "821012345678"

BY_CODE = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": False,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
}


@dataclass
class Provider:
    """What the provider was given, and what it answers."""

    messages: list[SmsMessage] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    refusal: Exception | None = None
    takes: float = 0
    silent: asyncio.Event | None = None
    """Set when the provider answers at last; None where it answers by itself."""

    @property
    def code(self) -> str:
        """Return the newest code."""
        return str(self.messages[-1].variables["code"])


class NoSettings(ConnectorConfig):
    """The scripted provider needs none."""


class ScriptedConnector(SmsConnector[NoSettings]):
    """Sends to a `Provider` of the test."""

    provider: ClassVar[Provider]
    metadata = ConnectorMetadata(
        id="scripted",
        type=ConnectorType.SMS,
        target="scripted",
        name={"en": "Scripted"},
        description={"en": "Does as it is told."},
    )
    config_type = NoSettings

    async def send(self, message: SmsMessage) -> Receipt:
        self.provider.messages.append(message)
        refusal = self.provider.refusal
        await asyncio.sleep(self.provider.takes)
        if self.provider.silent is not None:
            await self.provider.silent.wait()
        if refusal is not None:
            raise refusal
        return Receipt(provider_message_id=str(len(self.provider.messages)))


class ScriptedEmailConnector(EmailConnector[EmailTemplatesConfig]):
    """Mails to the same `Provider`."""

    provider: ClassVar[Provider]
    metadata = ConnectorMetadata(
        id="scripted-email",
        type=ConnectorType.EMAIL,
        target="scripted-email",
        name={"en": "Scripted e-mail"},
        description={"en": "Does as it is told."},
    )
    config_type = EmailTemplatesConfig

    def mail_of(self, message: EmailMessage) -> Mail:
        return self.config.mail_for(message)

    async def deliver(self, message: EmailMessage, mail: Mail) -> Receipt:
        self.provider.mails.append(message)
        return Receipt(provider_message_id=str(len(self.provider.mails)))


@dataclass
class Site:
    """The running server of a test."""

    app: Any
    server: ServerScope
    clock: FakeClock
    provider: Provider

    async def scope(self) -> TenantScope:
        """Return the default tenant's services."""
        return await self.server.scope_of("default")

    async def settle(self, **patch: Any) -> None:
        """Change sign-in settings."""
        await (await self.scope()).configuration.settings.save_sign_in(SYSTEM, patch)

    async def set_email_up(self, **patch: Any) -> None:
        """Save the e-mail connector, then change sign-in settings."""
        scope = await self.scope()
        config = {"templates": default_email_templates()}
        await scope.configuration.connectors.create(SYSTEM, "scripted-email", config)
        await self.settle(**patch)

    async def add_user(self, **values: Any) -> str:
        """Create an account."""
        user = await (await self.scope()).users.create(NewUser(**values))
        return user.id

    async def phones(self) -> list[str | None]:
        """Return the numbers of all accounts."""
        users = (await self.scope()).users
        found = await users.find_by_identifier("phone", DIGITS)
        return [found.primary_phone] if found else []


@pytest.fixture
async def site(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a server with phone sign-in switched on."""
    configure_logging("json", "error")
    app = build_app(
        settings_for(
            database_url,
            keys,
            mode="development",
            public_url=ORIGIN,
            delivery_wait=timedelta(seconds=0.2),
        )
    )
    server: ServerScope = app.state.server
    provider = ScriptedConnector.provider = ScriptedEmailConnector.provider = Provider()
    server.clock = clock
    hash_cheaply(server)
    server.registry = ConnectorRegistry([ScriptedConnector, ScriptedEmailConnector])
    async with app.router.lifespan_context(app):
        site = Site(app, server, clock, provider)
        await (await site.scope()).configuration.connectors.create(SYSTEM, "scripted", {})
        await site.settle(**BY_CODE)
        yield site


@pytest.fixture
async def new_browser(site: Site) -> AsyncIterator[Callable[[], Browser]]:
    """Return a maker of browsers, each with cookies of its own."""
    clients: list[httpx2.AsyncClient] = []

    def make(language: str = "en-US") -> Browser:
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=site.app),
            base_url=ORIGIN,
            # To compress each page only to read it takes longer than to draw many of them.
            headers={
                "Accept-Language": language,
                "Accept": "text/html",
                "Accept-Encoding": "identity",
            },
        )
        clients.append(client)
        return Browser(client)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    """Return one browser."""
    return new_browser()


def authorization(**changes: str) -> str:
    """Return the address at which the demo application sends people to sign in."""
    query = {
        "client_id": "demo-app",
        "redirect_uri": f"{ORIGIN}/demo-app",
        "response_type": "code",
        "scope": "openid phone",
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        **changes,
    }
    return f"/oidc/auth?{urlencode(query)}"


async def add_phone_user(site: Site) -> str:
    """Create the account of the number that tests type."""
    return await site.add_user(primary_phone=PhoneNumber(DIGITS), is_phone_verified=True)
