"""The real application, and emulated providers that it reaches without a network."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from tests.cheap_hashing import hash_cheaply
from tests.fakes import FakeClock
from tests.interactions.world import OUTBOX, PHONE_CODE, OutboxConnector
from tests.repeated_settings import settings_for
from tests.web.experience.conftest import AUTHORIZATION, ORIGIN
from tests.web.pages.browser import Browser
from watchword.app import build_app
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.emulators import emulator
from watchword.emulators.kakao import CLIENT_ID as KAKAO_CLIENT
from watchword.emulators.oauth_kit import CLIENT_ID, CLIENT_SECRET
from watchword.providers.github.connector import GitHubConnector
from watchword.providers.google.connector import GoogleConnector
from watchword.providers.kakao.connector import KakaoConnector
from watchword.providers.naver.connector import NaverConnector
from watchword.users.models import NewUser, User
from watchword.web.scope import ServerScope, TenantScope

PHONE = "821012345678"
CLIENT = {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "google": CLIENT,
    "github": CLIENT,
    "kakao": {**CLIENT, "clientId": KAKAO_CLIENT, "phoneIsProof": True},
    "naver": CLIENT,
}
VERIFICATION = "/api/experience/verification"


class Providers(httpx2.AsyncBaseTransport):
    """The network: each emulated provider at a host of its own name."""

    def __init__(self) -> None:
        self.reached: dict[str, httpx2.AsyncBaseTransport] = {
            name: httpx2.ASGITransport(app=emulator(name)) for name in CONFIGS
        }

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request to the provider that its host names."""
        if request.url.host not in self.reached:
            raise httpx2.ConnectError(f"no such host: {request.url.host}")
        return await self.reached[request.url.host].handle_async_request(request)


async def choose(providers: Providers, address: str, person: str | None) -> dict[str, str]:
    """Choose who one is at a provider, or turn back; return what comes back with the browser."""
    form = {"denied": "yes"} if person is None else {"person": person}
    async with httpx2.AsyncClient(transport=providers) as client:
        shown = await client.get(address)
        assert shown.status_code == 200, shown.text
        answer = await client.post(address, data=form)
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


@dataclass
class Site:
    """The server, the providers, and whoever visits."""

    app: Any
    server: ServerScope
    clock: FakeClock
    providers: Providers
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def scope(self) -> TenantScope:
        """Return the default tenant's services."""
        return await self.server.scope_of("default")

    async def settle(self, **settings: Any) -> None:
        """Change the tenant's sign-in settings."""
        await (await self.scope()).configuration.settings.save_sign_in(SYSTEM, settings)

    async def connect(self, name: str, **config: Any) -> str:
        """Set a provider up and offer it; return the connector's id."""
        scope = await self.scope()
        saved = await scope.configuration.connectors.create(
            SYSTEM, f"{name}-universal", {**CONFIGS[name], **config}, id=f"{name}-1"
        )
        offered = scope.settings.social_sign_in_connector_targets
        await self.settle(socialSignInConnectorTargets=[*offered, name])
        return saved.id

    async def add_user(self, **values: Any) -> User:
        """Create an account."""
        return await (await self.scope()).users.create(NewUser(**values))

    async def owner_of(self, target: str, social_id: str) -> User | None:
        """Return whom a social account is linked to."""
        return await (await self.scope()).users.find_by_identity(target, social_id)

    async def lie(self, provider: str, /, **claims: Any) -> None:
        """Let a provider falsify what it says."""
        async with self.internet() as client:
            await client.put(f"http://{provider}/emulator/lies", json=claims)

    def internet(self) -> httpx2.AsyncClient:
        """Return a browser outside."""
        return httpx2.AsyncClient(transport=self.providers)

    async def at_provider(self, address: str, person: str | None) -> dict[str, str]:
        """Let a person choose who they are at the provider; return what comes back with them."""
        return await choose(self.providers, address, person)

    async def person(self, event: str = "SignIn") -> "Person":
        """Return somebody whom an application has sent to sign in."""
        client = await self.client()
        answer = await client.get("/oidc/auth", params=AUTHORIZATION)
        assert answer.status_code == 303, answer.text
        started = await client.put("/api/experience", json={"interactionEvent": event})
        assert started.status_code == 204, started.text
        return Person(self, client)

    async def client(self, language: str = "en-US") -> httpx2.AsyncClient:
        """Return a browser without cookies."""
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app),
            base_url=ORIGIN,
            headers={"Accept-Language": language, "Accept-Encoding": "identity"},
        )
        return await self.stack.enter_async_context(client)

    async def browser(self, language: str = "en-US", **changes: str) -> Browser:
        """Return a browser that an application has sent to the first page."""
        client = await self.client(language)
        client.headers["Accept"] = "text/html"
        query = urlencode({**AUTHORIZATION, **changes})
        return await Browser(client).open(f"/oidc/auth?{query}")


@dataclass
class Person:
    """Somebody with a sign-in page of their own, over the Experience API."""

    site: Site
    client: httpx2.AsyncClient

    async def post(self, path: str, **body: Any) -> httpx2.Response:
        """Ask the Experience API."""
        return await self.client.post(f"/api/experience{path}", json=body)

    async def depart(self, connector_id: str, state: str = "state-1") -> tuple[str, str]:
        """Return the provider's address, and the id of the record that waits."""
        answer = await self.post(
            f"/verification/social/{connector_id}/authorization-uri",
            state=state,
            redirectUri=f"{ORIGIN}/callback/{connector_id}",
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["authorizationUri"], answer.json()["verificationId"]

    async def arrive(
        self, connector_id: str, answer: Mapping[str, str], record_id: str | None = None
    ) -> httpx2.Response:
        """Hand the provider's answer over."""
        body: dict[str, Any] = {"connectorData": dict(answer)}
        if record_id is not None:
            body["verificationId"] = record_id
        return await self.post(f"/verification/social/{connector_id}/verify", **body)

    async def prove(self, connector_id: str, person: str) -> str:
        """Go to the provider and back; return the id of the verified record."""
        address, record_id = await self.depart(connector_id)
        answer = await self.site.at_provider(address, person)
        verified = await self.arrive(connector_id, answer, record_id)
        assert verified.status_code == 200, verified.text
        return record_id

    async def prove_phone(self, phone: str = PHONE, event: str = "Register") -> str:
        """Prove a number by a code; return the id of the verified record."""
        identifier = {"type": "phone", "value": phone}
        sent = await self.post(
            "/verification/verification-code", identifier=identifier, interactionEvent=event
        )
        assert sent.status_code == 200, sent.text
        record_id = str(sent.json()["verificationId"])
        code = OUTBOX[-1].variables["code"]
        proved = await self.post(
            "/verification/verification-code/verify",
            identifier=identifier,
            verificationId=record_id,
            code=code,
        )
        assert proved.status_code == 200, proved.text
        return record_id

    async def identify(self, record_id: str | None = None, **more: Any) -> httpx2.Response:
        """Say who it is."""
        body = {**more, **({"verificationId": record_id} if record_id else {})}
        return await self.post("/identification", **body)

    async def turn(self, event: str) -> None:
        """Turn signing in into signing up, or back."""
        answer = await self.client.put(
            "/api/experience/interaction-event", json={"interactionEvent": event}
        )
        assert answer.status_code == 204, answer.text

    async def submit(self) -> httpx2.Response:
        """Ask to be let in."""
        return await self.post("/submit")


@pytest.fixture
async def site(database_url: str, clock: FakeClock, keys: SecretKeys) -> AsyncIterator[Site]:
    """Return a server where phones sign up and in with a code, and no provider is set up."""
    OUTBOX.clear()
    app = build_app(
        settings_for(
            database_url,
            keys,
            mode="development",
            public_url=ORIGIN,
            provider_base_urls={f"{name}-universal": f"http://{name}" for name in CONFIGS},
        )
    )
    server: ServerScope = app.state.server
    server.clock = clock
    hash_cheaply(server)
    server.registry = ConnectorRegistry(
        [OutboxConnector, GoogleConnector, GitHubConnector, KakaoConnector, NaverConnector]
    )
    providers = Providers()
    server.outbound.transport = providers
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        made = Site(app, server, clock, providers, stack)
        await (await made.scope()).configuration.connectors.create(SYSTEM, "outbox", {})
        await made.settle(**PHONE_CODE)
        yield made
