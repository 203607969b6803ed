"""A server whose account centre is open, people who sign in to it, and what reaches them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.cheap_hashing import hash_cheaply
from tests.fakes import FakeClock
from tests.interactions.world import OUTBOX, PHONE_CODE, OutboxConnector
from tests.repeated_settings import settings_for
from tests.web.experience.conftest import AUTHORIZATION, ORIGIN, VERIFIER
from tests.web.pages.browser import JAR_HOST, Browser
from tests.web.pages.conftest import Provider, ScriptedEmailConnector
from watchword.account.models import FIELDS
from watchword.app import build_app
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.connector_kit.models import EmailMessage, SmsMessage
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connector_kit.wording import default_email_templates
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser, User
from watchword.web.logging import configure_logging
from watchword.web.scope import ServerScope, TenantScope

PHONE = "821012345678"
NEW_PHONE = "821087654321"
OTHER_PHONE = "821055554444"
EMAIL = "ada@example.com"
PASSWORD = "Good-pass-4-Phone"
SHOP = "https://shop.example"
EVERY_SCOPE = "openid profile email phone address custom_data identities urn:logto:scope:sessions"
HEADER = "logto-verification-id"


@dataclass
class Person:
    """Somebody who is signed in to an application, and to this server with their browser."""

    id: str
    api: httpx2.AsyncClient
    browser: Browser
    site: "Site"

    async def prove_by_password(self, password: str = PASSWORD) -> str:
        """Step up, and return the record."""
        answer = await self.api.post("/api/verifications/password", json={"password": password})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["verificationRecordId"])

    async def send_code(self, value: str, type_: str = "phone", **more: str) -> str:
        """Ask for a code, and return the record that waits for it."""
        body = {"identifier": {"type": type_, "value": value}, **more}
        answer = await self.api.post("/api/verifications/verification-code", json=body)
        assert answer.status_code == 201, answer.text
        await self.site.settle()
        return str(answer.json()["verificationRecordId"])

    async def verify(
        self, value: str, record_id: str, code: str, type_: str = "phone"
    ) -> httpx2.Response:
        """Type a code."""
        body = {
            "identifier": {"type": type_, "value": value},
            "verificationId": record_id,
            "code": code,
        }
        return await self.api.post("/api/verifications/verification-code/verify", json=body)

    async def prove_by_code(self, value: str, type_: str = "phone", **more: str) -> str:
        """Prove that a number or an address is theirs, and return the record."""
        record_id = await self.send_code(value, type_, **more)
        code = self.site.code if type_ == "phone" else self.site.mailed_code
        answer = await self.verify(value, record_id, code, type_)
        assert answer.status_code == 200, answer.text
        return record_id

    async def change_phone(self, phone: str, new: str, proof: str | None) -> httpx2.Response:
        """Ask for another number."""
        body = {"phone": phone, "newIdentifierVerificationRecordId": new}
        headers = {HEADER: proof} if proof else {}
        return await self.api.post("/api/my-account/primary-phone", json=body, headers=headers)


def last_code(sent: Sequence[SmsMessage | EmailMessage]) -> str:
    """Return the code that was sent last, whatever people were told meanwhile."""
    return next(str(one.variables["code"]) for one in reversed(sent) if "code" in one.variables)


@dataclass
class Site:
    """The server, and those who visit it."""

    app: Any
    server: ServerScope
    clock: FakeClock
    provider: Provider
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def scope(self) -> TenantScope:
        """Return the tenant's services."""
        return await self.server.scope_of("default")

    async def open_account_center(self, **fields: str) -> None:
        """Let people edit everything, but for what *fields* say."""
        controls: dict[str, str] = dict.fromkeys(FIELDS, "Edit")
        document = {"enabled": True, "fields": {**controls, **fields}}
        settings = (await self.scope()).configuration.settings
        await settings.save_account_center(SYSTEM, document)

    async def settle(self) -> None:
        """Wait until every message is out."""
        await self.server.dispatch.drain(timedelta(seconds=5))

    @property
    def texts(self) -> list[SmsMessage]:
        """Return what was texted, the oldest first."""
        return OUTBOX

    @property
    def mails(self) -> list[EmailMessage]:
        """Return what was mailed, the oldest first."""
        return self.provider.mails

    @property
    def code(self) -> str:
        """Return the code that was texted last."""
        return last_code(OUTBOX)

    @property
    def mailed_code(self) -> str:
        """Return the code that was mailed last."""
        return last_code(self.provider.mails)

    def notices(self) -> list[tuple[str, str]]:
        """Return whom something was told that is no code, and what."""
        texted = [(m.to.digits, m.notice) for m in OUTBOX if m.notice]
        mailed = [(m.to.address, m.notice) for m in self.provider.mails if m.notice]
        return [*texted, *mailed]

    async def set_email_up(self) -> None:
        """Save the e-mail connector."""
        config = {"templates": default_email_templates()}
        scope = await self.scope()
        await scope.configuration.connectors.create(SYSTEM, "scripted-email", config)

    async def add_user(self, password: str | None = PASSWORD, **values: Any) -> User:
        """Create an account."""
        users = (await self.scope()).users
        digest = await users.passwords.digest_of(password) if password else None
        values.setdefault("primary_phone", PhoneNumber(PHONE))
        return await users.create(NewUser(password_digest=digest, is_phone_verified=True, **values))

    async def client(self) -> httpx2.AsyncClient:
        """Return a client without cookies."""
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app),
            base_url=ORIGIN,
            headers={
                "Accept": "text/html",
                "Accept-Language": "en-US",
                "Accept-Encoding": "identity",
            },
        )
        return await self.stack.enter_async_context(client)

    async def add_application(self, **changes: Any) -> str:
        """Register an application of the tenant's own, or of a third party."""
        new = NewApplication(
            **{
                "name": "Shop",
                "type": "SPA",
                "redirect_uris": (f"{SHOP}/callback",),
                **changes,
            }
        )
        created = await (await self.scope()).configuration.applications.create(SYSTEM, new)
        return created.application.id

    async def sign_in(
        self,
        user: User,
        *,
        application_id: str = "demo-app",
        scope: str = EVERY_SCOPE,
        **more: str,
    ) -> Person:
        """Give somebody a session as after a code to their phone, and an application its token."""
        browser = await self.client()
        # How people sign in is proved in tests/web/experience and tests/web/pages.
        tenant = await self.scope()
        await tenant.users.record_sign_in(user.id)
        session = await tenant.oidc.sessions.create(user.id, ("sms", "otp"))
        browser.cookies.set("_session", session.token, domain=JAR_HOST)
        redirect = f"{ORIGIN}/demo-app" if application_id == "demo-app" else f"{SHOP}/callback"
        asked = {**AUTHORIZATION, "client_id": application_id, "redirect_uri": redirect}
        answer = await browser.get("/oidc/auth", params={**asked, "scope": scope, **more})
        if "/consent" in answer.headers["location"]:
            walker = await Browser(browser).open(answer.headers["location"])
            answer = (await walker.submit(decision="allow")).page.response
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        token = await exchange(browser, application_id, redirect, code)
        api = await self.client()
        api.headers["Authorization"] = f"Bearer {token['access_token']}"
        return Person(user.id, api, Browser(browser), self)


async def exchange(
    client: httpx2.AsyncClient, application_id: str, redirect: str, code: str
) -> dict[str, Any]:
    """Turn a code into tokens."""
    given = await client.post(
        "/oidc/token",
        data={
            "grant_type": "authorization_code",
            "client_id": application_id,
            "redirect_uri": redirect,
            "code": code,
            "code_verifier": VERIFIER,
        },
    )
    assert given.status_code == 200, given.text
    return dict(given.json())


@pytest.fixture
async def site(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a server where phones sign in with a code and everything can be edited."""
    configure_logging("json", "error")
    OUTBOX.clear()
    OutboxConnector.takes = 0
    OutboxConnector.has_own_texts = True
    app = build_app(settings_for(database_url, keys, mode="development", public_url=ORIGIN))
    server: ServerScope = app.state.server
    server.clock = clock
    hash_cheaply(server)
    server.registry = ConnectorRegistry([OutboxConnector, ScriptedEmailConnector])
    provider = ScriptedEmailConnector.provider = Provider()
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        made = Site(app, server, clock, provider, stack)
        await (await made.scope()).configuration.connectors.create(SYSTEM, "outbox", {})
        await (await made.scope()).configuration.settings.save_sign_in(SYSTEM, PHONE_CODE)
        await made.open_account_center()
        yield made


@pytest.fixture
async def ada(site: Site) -> Person:
    """Return a signed-in person with a phone, a user name and a password."""
    return await site.sign_in(await site.add_user(username="ada"))
