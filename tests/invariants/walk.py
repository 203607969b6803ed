"""One tenant's ids, shown at its own door and at another tenant's: a step for every route.

Each step asks for something with Acme's ids. At home that works, so that a refusal elsewhere
means what it should; abroad it must not.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

import httpx2
import pyotp

from tests.invariants.own_account import (
    Member,
    member,
    open_account_center,
    visit_provider,
)
from tests.invariants.routes import Route
from tests.invariants.world import (
    API,
    CONNECTOR,
    MACHINE,
    ORIGIN,
    OTHER,
    OTHER_ORIGIN,
    SEND,
    VERIFIER,
    Operator,
    World,
    arrive,
    authorization,
    bearer,
    identifier,
    resume,
    send,
    start,
    submit,
    verify,
)
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.connector_kit.wording import default_email_templates
from watchword.core.digests import digest_of_token
from watchword.core.ids import new_link_token
from watchword.core.phone import PhoneNumber
from watchword.emulators import emulator
from watchword.emulators.oauth_kit import CLIENT_ID, CLIENT_SECRET
from watchword.factors.recovery_codes import new_codes
from watchword.guard.models import LockoutPool
from watchword.invitations.models import NewInvitation
from watchword.organization_roles.models import NewRole
from watchword.organizations.models import NewOrganization
from watchword.pictures.models import Known, Picture
from watchword.providers.twilio.signing import signature_of
from watchword.users.models import NewUser, UserChange
from watchword.web.pages.forms import form_token
from watchword.web.scope import TenantScope
from watchword.webhooks.models import Event, NewWebhook, RetrySchedule, WebhookConfig

CALLBACK = "https://shop.example/callback"
PHONE = "821012345678"
PASSWORD = "Good-pass-4-Phone"
LANGUAGE, SPOKEN = "fr", "it"
"""What Acme alone speaks: one for machines to ask about, one for the console."""
TWILIO = {
    "accountSID": f"AC{'0' * 32}",
    "authToken": "acme-twilio-token",
    "fromMessagingServiceSID": f"MG{'0' * 32}",
    "templates": [
        {"usageType": usage, "content": "{{code}}"}
        for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}
WEBHOOK = NewWebhook(
    name="Hook of acme",
    events=(Event.USER_DELETED,),
    config=WebhookConfig(url="https://hooks.example/acme"),
)
REPORT = {"MessageSid": "SM1", "MessageStatus": "delivered"}

GOOGLE = {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}

Stage = Literal[
    "waiting",
    "proved",
    "recovering",
    "newcomer",
    "second",
    "submitted",
    "signed-in",
    "away",
    "own-account",
]
FORGOT = "ForgotPassword"


@dataclass(frozen=True)
class Place:
    """A tenant's door."""

    origin: str
    tenant: str

    @property
    def console(self) -> str:
        """Return where the tenant's console pages are."""
        return f"/console/{self.tenant}"


HOME = Place(OTHER_ORIGIN, OTHER)
ABROAD = Place(ORIGIN, "default")


@dataclass
class Visit:
    """A person on the way at Acme: their cookies, and what they were given."""

    cookies: dict[str, str]
    record_id: str = ""
    code: str = ""
    resume: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    totp_id: str = ""
    totp_secret: str = ""
    mail_id: str = ""
    mail_code: str = ""
    answer: dict[str, str] = field(default_factory=dict)
    """What a provider sent along, on the way back to Acme."""

    @property
    def token(self) -> str:
        """Return the interaction's token."""
        return str(json.loads(unquote(self.cookies["_interaction"]))["_latest"])


@dataclass
class Walk:
    """What Acme has, and an operator who may open either tenant's console."""

    world: World
    operator: Operator
    user_id: str
    application_id: str
    secret: str
    machine_id: str
    machine_secret: str
    connector_id: str
    message_id: str
    replaced_id: str
    receipt_token: str
    own: dict[str, Any] = field(default_factory=dict)
    """Each tenant's own application, by tenant: id and secret."""
    machines: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Each tenant's own machine, by tenant: id and secret."""
    factor_id: str = ""
    """The app of Acme's user."""
    log_id: str = ""
    spare_user_id: str = ""
    """A person who does nothing."""
    spare_id: str = ""
    """An application that nobody signs in to."""
    resource_id: str = ""
    test_number: str = "447700900124"
    other_test_number: str = "447700900125"
    scope_id: str = ""
    webhook_id: str = ""
    other_webhook_id: str = ""
    delivery_id: str = ""
    social_id: str = ""
    """A connector that people sign in with."""
    organization: dict[str, str] = field(default_factory=dict)
    """Ids of an organization, and of its role, scope and invitation, by placeholder."""
    picture_id: str = ""
    """Of the logo on Acme's pages."""
    link: str = ""
    """Of an invitation's page."""
    bookmark: str = ""
    """What leads back to it from signing in."""
    console_organization: dict[str, str] = field(default_factory=dict)
    """The same of another one, for the console's pages."""
    console_resource: dict[str, str] = field(default_factory=dict)
    """Ids of an API resource and its scope, for the console's pages."""
    lone_code: str = ""
    """A code that Acme sent outside any visit."""
    visit: Visit = field(default_factory=lambda: Visit({}))
    begun: int = 0
    totp_secret: str = ""
    """Of the app of Acme's user, who is not asked for it."""
    recovery_codes: list[str] = field(default_factory=list)
    password_digest: str = ""
    me: Member = field(default_factory=lambda: Member("", "", "", "", "", ""))
    """Somebody new at Acme who changes their own account."""

    def app_code(self, secret: str = "") -> str:
        """Return what an authenticator app shows now: the user's, or one of the visit's own."""
        totp = pyotp.TOTP(secret or self.totp_secret)
        return totp.at(int(self.world.clock.now().timestamp()))

    @property
    def new_phone(self) -> str:
        """Return a number that nobody had before this visit."""
        return f"8210{87650000 + self.begun}"

    async def client(self, at: Place, *, cookies: bool = True) -> httpx2.AsyncClient:
        """Return a browser at *at* that carries the cookies Acme gave it."""
        client = await self.world.browser(at.origin)
        if cookies:
            pairs = "; ".join(f"{name}={value}" for name, value in self.visit.cookies.items())
            client.headers["cookie"] = pairs
        return client

    async def machine(self, at: Place) -> httpx2.AsyncClient:
        """Return the Management API's client of the tenant that *at* is."""
        client = await self.client(at, cookies=False)
        client.headers["authorization"] = await bearer(client, self.machines[at.tenant])
        return client

    async def begin(self, stage: Stage, event: str = "Register") -> None:
        """Bring a person of Acme to *stage*; who signs in all the way has an account."""
        self.world.clock.advance(timedelta(minutes=61))
        self.begun += 1
        if stage == "own-account":
            self.me = await member(
                self.world, OTHER_ORIGIN, OTHER, self.begun, self.password_digest
            )
            await visit_provider(self.world, OTHER, self.social_id, self.me)
            return
        if stage == "away":
            await self._leave()
            return
        has_account = stage in {"second", "submitted", "signed-in"}
        phone, event = (PHONE, "SignIn") if has_account else (self.new_phone, event)
        if event == FORGOT:
            # Nobody else is sent a code.
            phone = PHONE
        client = await self.world.browser(OTHER_ORIGIN)
        await start(client, event)
        record_id = (await send(client, phone, event)).json()["verificationId"]
        visit = Visit({}, record_id, await self.world.code(OTHER))
        if stage != "waiting":
            await verify(client, phone, record_id, visit.code)
        if has_account or stage in {"recovering", "newcomer"}:
            await client.post(f"{API}/identification", json={"verificationId": record_id})
        if stage == "newcomer":
            await self._set_an_app_up(client, visit)
        if stage == "second":
            await self._ask_for_a_mail(client, visit)
        if stage in {"submitted", "signed-in"}:
            visit.resume = await submit(client)
        if stage == "signed-in":
            answer = await resume(client, visit.resume)
            visit.tokens = await self._tokens(client, answer)
            await arrive(client, prompt="login")
        visit.cookies = dict(client.cookies)
        self.visit = visit

    async def _set_an_app_up(self, client: httpx2.AsyncClient, visit: Visit) -> None:
        made = (await client.post(f"{API}/verification/totp/secret")).json()
        visit.totp_id, visit.totp_secret = made["verificationId"], made["secret"]
        body = {"verificationId": visit.totp_id, "code": self.app_code(visit.totp_secret)}
        answer = await client.post(f"{API}/verification/totp/verify", json=body)
        assert answer.status_code == 200, answer.text

    async def _ask_for_a_mail(self, client: httpx2.AsyncClient, visit: Visit) -> None:
        asked = await client.post(
            f"{API}/verification/mfa-verification-code", json={"identifierType": "email"}
        )
        assert asked.status_code == 200, asked.text
        visit.mail_id = asked.json()["verificationId"]
        visit.mail_code = await self.world.code(OTHER)

    async def _leave(self) -> None:
        """Let a person go to Acme's provider, who sends them back."""
        client = await self.world.browser(OTHER_ORIGIN)
        await start(client)
        self.visit = Visit(dict(client.cookies))
        gone = await client.post(
            f"/sign-in/social/{self.social_id}", data={"token": form_token(self.visit.token)}
        )
        assert gone.status_code == 303, gone.text
        async with httpx2.AsyncClient(transport=self.world.server.outbound.transport) as outside:
            back = await outside.post(gone.headers["location"], data={"person": "ada"})
        self.visit.answer = dict(parse_qsl(urlsplit(back.headers["location"]).query))
        self.visit.record_id = self.visit.answer["state"].partition(".")[0]

    async def _tokens(self, client: httpx2.AsyncClient, answer: httpx2.Response) -> dict[str, str]:
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        given = await client.post("/oidc/token", data=exchange(HOME, code))
        assert given.status_code == 200, given.text
        again = await client.get(
            "/oidc/auth", params=authorization(OTHER_ORIGIN, prompt="none", scope="openid")
        )
        unused = parse_qs(urlsplit(again.headers["location"]).query)["code"][0]
        return {**given.json(), "code": unused}


def exchange(at: Place, code: str) -> dict[str, str]:
    """Return the form that turns a code into tokens at *at*."""
    return {
        "client_id": "demo-app",
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{at.origin}/demo-app",
        "code_verifier": VERIFIER,
    }


async def settled(world: World) -> Walk:
    """Give Acme one of everything."""
    scope = await world.scope(OTHER)
    password_digest = await scope.users.passwords.digest_of(PASSWORD)
    user = await scope.users.create(
        NewUser(
            primary_phone=PhoneNumber(PHONE),
            is_phone_verified=True,
            primary_email="somebody@acme.example",
            username="acme_user",
            password_digest=password_digest,
            name="Somebody at Acme",
        )
    )
    await scope.users.change(user.id, UserChange(identities={"google": {"userId": "1"}}))
    own, machines = {}, {}
    for tenant in ("default", OTHER):
        configuration = (await world.scope(tenant)).configuration
        created = await configuration.applications.create(SYSTEM, _shop(f"Shop of {tenant}"))
        own[tenant] = (created.application.id, created.secret or "")
        configuration = (await world.scope(tenant)).configuration
        made = await configuration.applications.create(SYSTEM, MACHINE)
        machines[tenant] = (made.application.id, made.secret or "")
    scope = await world.scope(OTHER)
    machine = await scope.configuration.applications.create(
        SYSTEM,
        NewApplication(name="Acme machine", type="MachineToMachine", is_management=True),
    )
    scope = await world.scope(OTHER)
    replaced = await scope.configuration.connectors.create(
        SYSTEM, "twilio-short-message-service", TWILIO
    )
    scope = await world.scope(OTHER)
    connector = await scope.configuration.connectors.create(SYSTEM, CONNECTOR, {})
    walk = Walk(
        world,
        await world.operator(),
        user_id=user.id,
        application_id=own[OTHER][0],
        secret=own[OTHER][1],
        machine_id=machine.application.id,
        machine_secret=machine.secret or "",
        connector_id=connector.id,
        message_id="",
        replaced_id=replaced.id,
        receipt_token=replaced.receipt_token,
        own=own,
        machines=machines,
    )
    await _factors(world, walk)
    walk.password_digest = password_digest
    for tenant in ("default", OTHER):
        await open_account_center(world, tenant)
    await walk.begin("waiting")
    for place in (HOME, ABROAD):
        # Signing keys are made at first use, which is no answer to a question.
        await (await walk.client(place)).get("/oidc/jwks")
    scope = await world.scope(OTHER)
    walk.message_id = (await scope.messaging.log.list()).items[0].id
    walk.spare_user_id = (await scope.users.create(NewUser(username="spare"))).id
    walk.log_id = (await scope.audit.list()).items[0].id
    spare = await scope.configuration.applications.create(SYSTEM, _shop("Spare of acme"))
    resource = await scope.configuration.resources.create(SYSTEM, "Acme API", "https://api.example")
    acme = await scope.configuration.resources.add_scope(SYSTEM, resource.id, "acme")
    walk.spare_id, walk.resource_id, walk.scope_id = spare.application.id, resource.id, acme.id
    scope = await world.scope(OTHER)
    await scope.configuration.phrases.replace(SYSTEM, LANGUAGE, {"sign_in.title": "Bonjour Acme"})
    scope = await world.scope(OTHER)
    await scope.configuration.phrases.replace(SYSTEM, SPOKEN, {"sign_in.title": "Ciao"})
    scope = await world.scope(OTHER)
    await scope.lockout.attempt(LockoutPool.TOTP, PHONE)
    walk.organization = await _club(scope)
    walk.picture_id = await _picture(scope)
    walk.link = await linked(scope, "Other club of acme")
    walk.bookmark = scope.invitations.seal_link(walk.link)
    walk.console_organization = await _club(scope, "row")
    shown = await scope.configuration.resources.create(SYSTEM, "Acme shop", "https://shop.example")
    told = await scope.configuration.resources.add_scope(SYSTEM, shown.id, "buy")
    walk.console_resource = {"resource_id": shown.id, "scope_id": told.id}
    walk.social_id = await _provider(world)
    await _webhooks(world, walk)
    await _test_numbers(world, walk)
    sent = await (await walk.machine(HOME)).post("/api/verification-codes", json={"phone": PHONE})
    assert sent.status_code == 204, sent.text
    walk.lone_code = await world.code(OTHER)
    return walk


async def _picture(scope: TenantScope) -> str:
    picture = Picture("image/png", b"\x89PNG\r\n\x1a\n")
    known = Known(picture.id, None, scope.pictures.clock.now())
    await scope.pictures.rows.save("acme", known, picture)
    return picture.id


async def _test_numbers(world: World, walk: Walk) -> None:
    await (await world.scope(OTHER)).configuration.test_numbers.allow_in_production(SYSTEM, True)
    for phone in (walk.test_number, walk.other_test_number):
        scope = await world.scope(OTHER)
        ends_at = scope.fixed_numbers.clock.now() + timedelta(days=20)
        await scope.configuration.test_numbers.add(SYSTEM, PhoneNumber(phone), "271828", ends_at)


async def _factors(world: World, walk: Walk) -> None:
    """Give Acme's user an app, recovery codes and a mailbox, and nobody a reason to ask."""
    scope = await world.scope(OTHER)
    await scope.configuration.connectors.create(
        SYSTEM, "development-email-inbox", {"templates": default_email_templates()}
    )
    scope = await world.scope(OTHER)
    factors = ["Totp", "EmailVerificationCode", "BackupCode"]
    await scope.configuration.settings.save_sign_in(
        SYSTEM, {"mfa": {"factors": factors, "policy": "NoPrompt"}}
    )
    scope = await world.scope(OTHER)
    totp = scope.account_factors.new_totp()
    walk.factor_id = (await scope.account_factors.add_totp(SYSTEM, walk.user_id, totp)).id
    walk.totp_secret = scope.factors.secret_of(totp)
    walk.recovery_codes = [*await scope.account_factors.add_codes(SYSTEM, walk.user_id)]
    await scope.account_factors.choose(
        SYSTEM, walk.user_id, lambda said: replace(said, skip_on_sign_in=True)
    )


async def _provider(world: World) -> str:
    """Set a provider up and offer it; it is emulated, and needs no network."""
    world.server.outbound.transport = httpx2.ASGITransport(app=emulator("google"))
    configuration = (await world.scope(OTHER)).configuration
    saved = await configuration.connectors.create(SYSTEM, "google-universal", GOOGLE)
    await world.set_up(OTHER, socialSignInConnectorTargets=["google"])
    return saved.id


async def _webhooks(world: World, walk: Walk) -> None:
    """Make two webhooks, and a delivery to the first one that was given up."""
    # A receiver that takes what is called a test, and nothing else.
    world.server.courier.client.transport = httpx2.MockTransport(
        lambda request: httpx2.Response(200 if b"sample" in request.content else 500)
    )
    for _ in range(2):
        configuration = (await world.scope(OTHER)).configuration
        made = await configuration.webhooks.create(SYSTEM, WEBHOOK)
        walk.webhook_id, walk.other_webhook_id = made.webhook.id, walk.webhook_id
    deliveries = (await world.scope(OTHER)).deliveries
    impatient = replace(deliveries, schedule=RetrySchedule(give_up_after=timedelta(seconds=1)))
    await impatient.add(Event.USER_CREATED, {}, [made.webhook])
    await world.server.courier.settle(timedelta(seconds=20))
    walk.delivery_id = (await deliveries.list(walk.webhook_id)).items[0].id


async def _club(scope: TenantScope, what: str = "play") -> dict[str, str]:
    """Make an organization and invite Acme's user to it."""
    roles = scope.organization_roles
    play = await roles.create_scope(SYSTEM, what)
    role = await roles.create(SYSTEM, NewRole(name=f"{what}er", scope_ids=(play.id,)))
    club = await scope.organizations.create(SYSTEM, NewOrganization(name="Club of acme"))
    invitation = await scope.invitations.create(
        SYSTEM,
        NewInvitation(
            organization_id=club.id,
            invitee=PhoneNumber(PHONE),
            expires_at=datetime(2099, 1, 1, tzinfo=UTC),
            role_ids=(role.id,),
        ),
    )
    return {
        "organization": club.id,
        "role": role.id,
        "scope": play.id,
        "invitation": invitation.id,
    }


async def linked(scope: TenantScope, name: str) -> str:
    """Make an organization, invite somebody to it and return the link's token."""
    club = await scope.organizations.create(SYSTEM, NewOrganization(name=name))
    invitation = await scope.invitations.create(
        SYSTEM,
        NewInvitation(
            organization_id=club.id,
            invitee=PhoneNumber("821055550001"),
            expires_at=datetime(2099, 1, 1, tzinfo=UTC),
        ),
    )
    token = new_link_token()
    await scope.invitations.rows.add_link(
        invitation.id, digest_of_token(token), datetime(2026, 1, 1, tzinfo=UTC)
    )
    return token


def _shop(name: str) -> NewApplication:
    return NewApplication(
        name=name,
        type="Traditional",
        redirect_uris=(CALLBACK,),
        post_logout_redirect_uris=(CALLBACK,),
    )


Ask = Callable[[Walk, Place], Awaitable[httpx2.Response]]
Judge = Callable[[httpx2.Response], bool]


def is_error(answer: httpx2.Response) -> bool:
    """Tell a refusal by its status."""
    return answer.status_code >= 400


def gives_no_code(answer: httpx2.Response) -> bool:
    """Tell an authorization that asks who is there, or refuses."""
    return "code=" not in answer.headers.get("location", "")


def says_inactive(answer: httpx2.Response) -> bool:
    """Tell an introspection that knows no such token (RFC 7662, 2.2)."""
    return is_error(answer) or answer.json() == {"active": False}


def says_nothing(answer: httpx2.Response) -> bool:
    """Tell what is answered alike for every token (RFC 7009, 2.2); only the rows tell more."""
    return answer.text == ""


def only_asks(answer: httpx2.Response) -> bool:
    """Tell a sign-out that asks first, because nothing proves whose browser this is."""
    return is_error(answer) or "/oidc/session/end/confirm" in answer.text


@dataclass(frozen=True)
class Step:
    """One question with Acme's ids."""

    route: Route
    ask: Ask
    stage: Stage | None = None
    event: str = "Register"
    is_refused: Judge = is_error
    is_told_apart: bool = True
    """Whether the answer at home is another one."""


STEPS: list[Step] = []


def step(method: str, path: str, **options: Any) -> Callable[[Ask], Ask]:
    """List a question to a route."""

    def listed(ask: Ask) -> Ask:
        STEPS.append(Step(Route(method, path), ask, **options))
        return ask

    return listed


# The Management API: a machine of the place itself asks with Acme's ids.


def _managed(
    method: str,
    path: str,
    body: Callable[[Walk], Any] = lambda _: None,
    name: str = "connector_id",
) -> None:
    @step(method, path)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        shown = str(getattr(walk, name))
        address = path.replace("{id}", shown).replace("{user_id}", shown)
        params = {"force": "true"} if method == "DELETE" else None
        client = await walk.machine(at)
        return await client.request(method, address, json=body(walk), params=params)


def _always(body: Any, _walk: Walk) -> Any:
    return body


# First, while the code lives.
_managed(
    "POST",
    "/api/verification-codes/verify",
    lambda walk: {"phone": PHONE, "verificationCode": walk.lone_code},
)
_managed(
    "POST",
    "/api/sign-in-exp/default/check-password",
    lambda walk: {"password": "Entirely-9-Other", "userId": walk.user_id},
)
for _path in ("", "/history", "/messages"):
    _managed("GET", f"/api/connectors/{{id}}{_path}")
_managed("PATCH", "/api/connectors/{id}", lambda _: {"config": {}})
_managed("POST", "/api/connectors/{id}/check")
_managed("GET", "/api/messages/{id}", name="message_id")
_managed("GET", "/api/logs/{id}", name="log_id")

for _path in ("", "/custom-data", "/has-password"):
    _managed("GET", f"/api/users/{{user_id}}{_path}", name="user_id")
for _method, _path, _body in (
    ("PATCH", "", {"name": "Somebody at Acme"}),
    ("PATCH", "/profile", {"profile": {"nickname": "Ace"}}),
    ("PATCH", "/custom-data", {"customData": {"k": 1}}),
    ("PATCH", "/password", {"password": PASSWORD}),
    ("POST", "/password/verify", {"password": PASSWORD}),
    ("PATCH", "/is-suspended", {"isSuspended": False}),
):
    _managed(_method, f"/api/users/{{user_id}}{_path}", partial(_always, _body), "user_id")


_managed("GET", "/api/users/{user_id}/mfa-verifications", name="user_id")
_managed(
    "POST",
    "/api/users/{user_id}/mfa-verifications",
    partial(_always, {"type": "Totp"}),
    "spare_user_id",
)


def _hooked(
    method: str, path: str = "", body: Any = None, of: Callable[[Walk], str] | None = None
) -> None:
    """Ask about Acme's webhook."""

    @step(method, f"/api/hooks/{{hook_id}}{path}")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        hook_id = of(walk) if of is not None else walk.webhook_id
        client = await walk.machine(at)
        return await client.request(method, f"/api/hooks/{hook_id}{path}", json=body)


_hooked("GET")
_hooked("GET", "/recent-logs")
_hooked("PATCH", body={"enabled": True})
_hooked("PATCH", "/signing-key")
_hooked("POST", "/test", {"events": ["PostSignIn"], "config": {"url": WEBHOOK.config.url}})
_hooked("DELETE", of=lambda walk: walk.other_webhook_id)


def _registered(
    method: str, path: str, body: Callable[[Walk], Any] = lambda _: None, name: str = "x"
) -> None:
    @step(method, path)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = path.replace("{application_id}", walk.spare_id)
        address = address.replace("{resource_id}", walk.resource_id)
        address = address.replace("{scope_id}", walk.scope_id).replace("{name:path}", name)
        address = address.replace("{languageTag}", LANGUAGE)
        return await (await walk.machine(at)).request(method, address, json=body(walk))


APPLICATION = "/api/applications/{application_id}"
RESOURCE = "/api/resources/{resource_id}"
for _path in (
    APPLICATION,
    f"{APPLICATION}/secrets",
    f"{APPLICATION}/resource-scopes",
    RESOURCE,
    f"{RESOURCE}/scopes",
):
    _registered("GET", _path)
VERSIONS = "/api/configuration/versions/{kind}/{subject_id}"


@step("GET", f"{VERSIONS}/compare")
async def _compare(walk: Walk, at: Place) -> httpx2.Response:
    address = f"/api/configuration/versions/resource/{walk.resource_id}/compare"
    return await (await walk.machine(at)).get(address, params={"before": 1, "after": 2})


@step("POST", f"{VERSIONS}/restore")
async def _restore(walk: Walk, at: Place) -> httpx2.Response:
    address = f"/api/configuration/versions/resource/{walk.resource_id}/restore"
    return await (await walk.machine(at)).post(address, json={"version": 2})


_registered("PATCH", APPLICATION, lambda _: {"name": "Spare of acme", "isThirdParty": True})
_registered("PATCH", f"{APPLICATION}/custom-data", lambda _: {"k": 1})
_registered("POST", f"{APPLICATION}/secrets", lambda _: {"name": "x"})
_registered("PATCH", f"{APPLICATION}/secrets/{{name:path}}", lambda _: {"name": "y"})
_registered("DELETE", f"{APPLICATION}/secrets/{{name:path}}", name="y")
_registered("PUT", f"{APPLICATION}/resource-scopes", lambda walk: {"scopeIds": [walk.scope_id]})
_registered("PATCH", RESOURCE, lambda _: {"name": "API of acme"})
_registered("PATCH", f"{RESOURCE}/is-default", lambda _: {"isDefault": True})
_registered("POST", f"{RESOURCE}/scopes", lambda _: {"name": "more"})
_registered("PATCH", f"{RESOURCE}/scopes/{{scope_id}}", lambda _: {"name": "less"})
_registered("DELETE", f"{RESOURCE}/scopes/{{scope_id}}")
_registered("DELETE", RESOURCE)
_registered("DELETE", APPLICATION)


for _method in ("GET", "DELETE"):
    _registered(_method, "/api/custom-phrases/{languageTag}")


@step("DELETE", "/api/test-numbers/{phone}")
async def _remove_test_number(walk: Walk, at: Place) -> httpx2.Response:
    return await (await walk.machine(at)).delete(f"/api/test-numbers/{walk.test_number}")


@step("POST", "/console/{tenant}/test-numbers/remove")
async def _remove_test_number_by_form(walk: Walk, at: Place) -> httpx2.Response:
    return await walk.operator.post(
        f"{at.console}/test-numbers/remove", phone=walk.other_test_number
    )


def _organized(
    method: str, path: str, of: str = "organization", body: Callable[[Walk], Any] = lambda _: None
) -> None:
    """Ask about Acme's organization, or about its role, scope or invitation."""

    @step(method, path)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = path.replace("{id}", walk.organization[of]).replace("{user_id}", walk.user_id)
        address = address.replace("{role_id}", walk.organization["role"])
        address = address.replace("{scope_id}", walk.organization["scope"])
        return await (await walk.machine(at)).request(method, address, json=body(walk))


def _their_roles(walk: Walk) -> Any:
    return {"organizationRoleIds": [walk.organization["role"]]}


def _their_scopes(walk: Walk) -> Any:
    return {"organizationScopeIds": [walk.organization["scope"]]}


def _their_user(walk: Walk) -> Any:
    return {"userIds": [walk.user_id]}


def _another_invitation(walk: Walk) -> Any:
    return {
        "organizationId": walk.organization["organization"],
        "invitee": "821055550000",
        "expiresAt": 4_000_000_000_000,
    }


ORGANIZATION = "/api/organizations/{id}"
MEMBER = f"{ORGANIZATION}/users/{{user_id}}"
ROLE = "/api/organization-roles/{id}"
SCOPE = "/api/organization-scopes/{id}"
INVITATION = "/api/organization-invitations/{id}"
_organized("GET", ORGANIZATION)
_organized("PATCH", ORGANIZATION, body=lambda _: {"name": "Club of acme"})
_organized("POST", "/api/organization-invitations", body=_another_invitation)
_organized("GET", INVITATION, "invitation")
_organized("POST", f"{INVITATION}/message", "invitation", lambda _: {})
_organized("POST", f"{INVITATION}/link", "invitation")
_organized(
    "PUT",
    f"{INVITATION}/status",
    "invitation",
    lambda walk: {"status": "Accepted", "acceptedUserId": walk.user_id},
)
_organized("DELETE", INVITATION, "invitation")
_organized("GET", f"{ORGANIZATION}/users")
_organized("POST", f"{ORGANIZATION}/users", body=_their_user)
_organized("PUT", f"{ORGANIZATION}/users", body=_their_user)
_organized(
    "POST",
    f"{ORGANIZATION}/users/roles",
    body=lambda walk: {**_their_user(walk), **_their_roles(walk)},
)
for _method in ("GET", "POST", "PUT"):
    _organized(
        _method, f"{MEMBER}/roles", body=_their_roles if _method != "GET" else lambda _: None
    )
_organized("GET", f"{MEMBER}/scopes")
_organized("GET", "/api/users/{user_id}/organizations")
_organized("DELETE", f"{MEMBER}/roles/{{role_id}}")
_organized("DELETE", MEMBER)
_organized("GET", ROLE, "role")
_organized("PATCH", ROLE, "role", lambda _: {"description": "plays"})
_organized("POST", "/api/organization-roles", body=lambda w: {"name": "guest", **_their_scopes(w)})
_organized("GET", f"{ROLE}/scopes", "role")
_organized("POST", f"{ROLE}/scopes", "role", _their_scopes)
_organized("PUT", f"{ROLE}/scopes", "role", _their_scopes)
_organized("DELETE", f"{ROLE}/scopes/{{scope_id}}", "role")
_organized("DELETE", ROLE, "role")
_organized("GET", SCOPE, "scope")
_organized("PATCH", SCOPE, "scope", lambda _: {"description": "at all"})
_organized("DELETE", SCOPE, "scope")
_organized("DELETE", ORGANIZATION)


@step("DELETE", "/api/users/{user_id}/identities/{target}")
async def unlink_their_identity(walk: Walk, at: Place) -> httpx2.Response:
    """Take a social account away."""
    return await (await walk.machine(at)).delete(f"/api/users/{walk.user_id}/identities/google")


@step("POST", "/api/sentinel-activities/delete", is_refused=says_nothing, is_told_apart=False)
async def unblock_their_number(walk: Walk, at: Place) -> httpx2.Response:
    """Let a number try again; only the rows tell whose failures are forgotten."""
    body = {"targetType": "User", "targets": [PHONE]}
    return await (await walk.machine(at)).post("/api/sentinel-activities/delete", json=body)


# The Experience API: the interaction is in the cookie, its records in the body.


def _api(
    method: str, path: str, body: Callable[[Walk], Any], stage: Stage, event: str = "Register"
) -> None:
    @step(method, path, stage=stage, event=event)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        return await (await walk.client(at)).request(method, path, json=body(walk))


def _typed_code(walk: Walk) -> Any:
    return {
        "identifier": identifier(walk.new_phone),
        "verificationId": walk.visit.record_id,
        "code": walk.visit.code,
    }


def _proof(walk: Walk) -> Any:
    return {"verificationId": walk.visit.record_id}


EVENT = {"interactionEvent": "SignIn"}

_api("PUT", API, lambda _: EVENT, "waiting")
_api("PUT", f"{API}/interaction-event", lambda _: EVENT, "waiting")
_api("GET", f"{API}/interaction", lambda _: None, "waiting")
_api("GET", f"{API}/proof-of-work", lambda _: None, "waiting")
_api("POST", SEND, lambda walk: {"identifier": identifier(walk.new_phone), **EVENT}, "waiting")
_api("POST", f"{SEND}/verify", _typed_code, "waiting")
_api(
    "POST",
    f"{API}/verification/password",
    lambda _: {"identifier": identifier(PHONE), "password": PASSWORD},
    "waiting",
)
_api(
    "POST",
    f"{API}/verification/new-password-identity",
    lambda _: {"identifier": {"type": "username", "value": "newcomer"}, "password": PASSWORD},
    "waiting",
)
_api("POST", f"{API}/identification", _proof, "proved")
_api("POST", f"{API}/profile", lambda walk: {"type": "phone", **_proof(walk)}, "proved")
_api(
    "PUT",
    f"{API}/profile/password",
    lambda walk: {"password": f"New-pass-{walk.begun}-Phone"},
    "recovering",
    FORGOT,
)
_api("POST", f"{API}/submit", lambda _: None, "submitted")
_api("GET", "/api/interaction/consent", lambda _: None, "signed-in")
_api("POST", "/api/interaction/consent", lambda _: {}, "signed-in")


# A second proof, of a person who signs in, and one set up by a person who signs up.


def _app_code(walk: Walk) -> Any:
    return {"code": walk.app_code()}


def _new_app(walk: Walk) -> Any:
    return {"type": "Totp", "verificationId": walk.visit.totp_id}


def _mailed(walk: Walk) -> Any:
    visit = walk.visit
    return {
        "identifierType": "email",
        "verificationId": visit.mail_id,
        "code": visit.mail_code,
    }


VERIFICATION = f"{API}/verification"
_api("POST", f"{VERIFICATION}/totp/verify", _app_code, "second")
_api(
    "POST",
    f"{VERIFICATION}/backup-code/verify",
    lambda walk: {"code": walk.recovery_codes[0]},
    "second",
)
_api(
    "POST",
    f"{VERIFICATION}/mfa-verification-code",
    lambda _: {"identifierType": "email"},
    "second",
)
_api("POST", f"{VERIFICATION}/mfa-verification-code/verify", _mailed, "second")
_api("POST", f"{VERIFICATION}/totp/secret", lambda _: None, "newcomer")
_api("POST", f"{VERIFICATION}/backup-code/generate", lambda _: None, "newcomer")
_api("POST", f"{API}/profile/mfa", _new_app, "newcomer")
for _name in ("mfa-skipped", "mfa-enabled", "mfa-suggestion-skipped"):
    _api("POST", f"{API}/profile/mfa/{_name}", lambda _: None, "newcomer")


def _record(path: str, body: Callable[[Walk], Any], stage: Stage) -> None:
    """Ask with Acme's record in an interaction of the place's own."""

    @step("POST", path, stage=stage)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        client = await walk.client(at, cookies=at is HOME)
        if at is not HOME:
            await start(client, "Register")
        return await client.post(path, json=body(walk))


_record(f"{SEND}/verify", _typed_code, "waiting")
_record(f"{API}/identification", _proof, "proved")
_record(f"{API}/profile", lambda walk: {"type": "phone", **_proof(walk)}, "proved")


def _by_provider(path: str, body: Callable[[Walk], Any], stage: Stage, *, own: bool) -> None:
    """Ask about Acme's connector, in Acme's visit or in one of the place's own."""

    @step("POST", path, stage=stage, event="SignIn")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        client = await walk.client(at, cookies=at is HOME or not own)
        if own and at is not HOME:
            await start(client)
        address = path.replace("{connector_id}", walk.social_id)
        return await client.post(address, json=body(walk))


def _provider_answer(walk: Walk) -> Any:
    return {"connectorData": walk.visit.answer, "verificationId": walk.visit.record_id}


AWAY = {"state": "s", "redirectUri": f"{OTHER_ORIGIN}/callback"}
for _own in (False, True):
    _social = f"{API}/verification/social/{{connector_id}}"
    _by_provider(f"{_social}/authorization-uri", lambda _: AWAY, "waiting", own=_own)
    _by_provider(f"{_social}/verify", _provider_answer, "away", own=_own)


# The pages: the same interaction, and a form's token.


def _page(path: str, stage: Stage = "waiting", event: str = "Register") -> None:
    @step("GET", path, stage=stage, event=event)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        return await (await walk.client(at)).get(path)


def _form(
    path: str,
    fields: Callable[[Walk], dict[str, str]] = lambda _: {},
    stage: Stage = "waiting",
    event: str = "Register",
) -> None:
    @step("POST", path, stage=stage, event=event)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        form = {"token": form_token(walk.visit.token), **fields(walk)}
        return await (await walk.client(at)).post(path, data=form)


def _code(walk: Walk) -> dict[str, str]:
    return {"code": walk.visit.code}


def _number(walk: Walk) -> dict[str, str]:
    return {"identifier": f"+{walk.new_phone}", "country": "KR"}


EVENTS = {"sign-in": "Register", "register": "Register", "continue": "Register"}
EVENTS["mfa-binding"] = "Register"
EVENTS["forgot-password"] = FORGOT
for _flow, _event in EVENTS.items():
    _code_page = f"/{_flow}/verification-code"
    _page(_code_page, event=_event)
    _page(f"{_code_page}/resend", event=_event)
    _page(f"{_code_page}/delivery", event=_event)
    _form(_code_page, _code, event=_event)
for _path in (
    "/sign-in",
    "/sign-in/password",
    "/sign-in/no-account",
    "/register",
    "/register/password",
    "/register/has-account",
    "/continue/username",
    "/continue/password",
    "/continue/phone",
    "/continue/email",
    "/continue/email-or-phone",
    "/identifier-sign-in",
    "/identifier-register",
    "/forgot-password",
    "/forgot-password/changed",
    "/reset-password",
):
    _page(_path, "proved")
_page("/forgot-password/reset", "recovering", FORGOT)
_form("/forgot-password", lambda _: {"identifier": f"+{PHONE}", "country": "KR"})
_form("/continue/email", lambda _: {"identifier": "new@example.com"}, "proved")
_form("/continue/email-or-phone", _number, "proved")
_form("/sign-in", lambda walk: {**_number(walk), "way": "code"})
_form("/sign-in/password", lambda _: {"identifier": "acme_user", "password": PASSWORD})
_form("/sign-in/no-account", stage="proved", event="SignIn")
_form("/register", _number)
_form("/register/password", lambda _: {"identifier": "newcomer", "password": PASSWORD})
_form("/register/has-account", stage="proved")
_form("/continue/username", lambda _: {"identifier": "newcomer"}, "proved")
_form("/continue/password", lambda _: {"password": PASSWORD}, "proved")
_form("/continue/phone", _number, "proved")
# After those that know the old password.
_form(
    "/forgot-password/reset",
    lambda walk: {"password": f"New-pass-{walk.begun}-Phone"},
    "recovering",
    FORGOT,
)


@step("GET", "/pictures/{picture_id}")
async def _look_at_a_picture(walk: Walk, at: Place) -> httpx2.Response:
    return await (await walk.client(at, cookies=False)).get(f"/pictures/{walk.picture_id}")


@step("GET", "/i/{token}")
async def _open_invitation(walk: Walk, at: Place) -> httpx2.Response:
    return await (await walk.client(at, cookies=False)).get(f"/i/{walk.link}")


@step("POST", "/i/{token}")
async def _answer_invitation(walk: Walk, at: Place) -> httpx2.Response:
    link = walk.link
    form = {"decision": "sign_in", "token": form_token(f"{link} ")}
    return await (await walk.client(at, cookies=False)).post(f"/i/{link}", data=form)


@step("GET", "/i/back")
async def _come_back(walk: Walk, at: Place) -> httpx2.Response:
    state = {"state": walk.bookmark}
    return await (await walk.client(at, cookies=False)).get("/i/back", params=state)


for _path in (
    "/mfa-onboarding",
    "/mfa-binding",
    "/mfa-binding/Totp",
    "/mfa-binding/BackupCode",
    "/mfa-binding/BackupCode/download",
    "/mfa-binding/PhoneVerificationCode",
    "/mfa-binding/EmailVerificationCode",
):
    _page(_path, "newcomer")
_page("/mfa-verification", "second")
for _name in ("Totp", "BackupCode", "PhoneVerificationCode", "EmailVerificationCode"):
    _page(f"/mfa-verification/{_name}", "second")
for _name in ("PhoneVerificationCode", "EmailVerificationCode"):
    for _sending in ("send", "resend"):
        _page(f"/mfa-verification/{_name}/{_sending}")
        _form(f"/mfa-verification/{_name}/{_sending}")
    _form(f"/mfa-verification/{_name}", lambda _: {"code": "123456"})
    _form(f"/mfa-binding/{_name}", _number)
_form("/mfa-verification/Totp", _app_code, "second")
_form("/mfa-verification/BackupCode", lambda walk: {"code": walk.recovery_codes[1]}, "second")
_form("/mfa-onboarding/skip", stage="newcomer")
_form("/mfa-onboarding/enable", stage="newcomer")
_form("/mfa-binding/Totp/start", stage="newcomer")
_form(
    "/mfa-binding/Totp",
    lambda walk: {"code": walk.app_code(walk.visit.totp_secret)},
    "newcomer",
)
_form("/mfa-binding/BackupCode", stage="newcomer")


def _at_provider(method: str, path: str, stage: Stage = "waiting") -> None:
    @step(method, path, stage=stage, event="SignIn")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = path.replace("{connector_id}", walk.social_id).replace("{target}", "google")
        address = address.replace("{failure}", "AuthorizationDenied")
        client = await walk.client(at)
        if method == "GET":
            return await client.get(address, params=walk.visit.answer)
        form = {"token": form_token(walk.visit.token), "do": "link"}
        return await client.post(address, data=form)


for _flow in ("sign-in", "register"):
    _at_provider("POST", f"/{_flow}/social/{{connector_id}}")
_at_provider("GET", "/direct/social/{target}")
for _path in ("/callback/{connector_id}", "/callback/social/{connector_id}"):
    _at_provider("GET", _path, "away")
for _method in ("GET", "POST"):
    _at_provider(_method, "/social/link/{connector_id}")
_at_provider("GET", "/social/failed/{connector_id}/{failure}")
_page("/consent", "signed-in")
_form("/consent", lambda _: {"decision": "deny"}, "signed-in")


def _resend(path: str, event: str) -> None:
    @step("POST", path, stage="waiting", event=event)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        walk.world.clock.advance(timedelta(minutes=1))
        form = {"token": form_token(walk.visit.token)}
        return await (await walk.client(at)).post(path, data=form)


for _flow, _event in EVENTS.items():
    _resend(f"/{_flow}/verification-code/resend", _event)


# The Account API: a token of Acme's, with the records that go with it.


def _mine(method: str, path: str, body: Callable[[Walk], Any] = lambda _: None) -> None:
    @step(method, path, stage="own-account")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = path.replace("{session_id}", walk.me.sid).replace("{target}", "google")
        address = address.replace("{grant_id}", walk.me.grant_id)
        address = address.replace("{factor_id}", walk.me.factor_id)
        client = await walk.client(at, cookies=False)
        return await client.request(method, address, json=body(walk), headers=walk.me.headers)


def _new(name: str) -> Callable[[Walk], Any]:
    def body(walk: Walk) -> Any:
        value = walk.me.new_phone if name == "phone" else walk.me.email
        return {name: value, "newIdentifierVerificationRecordId": walk.me.records[name]}

    return body


MINE = "/api/my-account"
VERIFICATIONS = "/api/verifications"
_mine("GET", MINE)
_mine("PATCH", MINE, lambda _: {"name": "Somebody else"})
_mine("PATCH", f"{MINE}/profile", lambda _: {"nickname": "Ace"})
_mine("POST", f"{MINE}/password", lambda walk: {"password": f"New-pass-{walk.begun}-Phone"})
for _name in ("phone", "email"):
    _mine("POST", f"{MINE}/primary-{_name}", _new(_name))
    _mine("DELETE", f"{MINE}/primary-{_name}")
_mine("DELETE", f"{MINE}/identities/{{target}}")
for _method in ("POST", "PUT"):
    _mine(
        _method,
        f"{MINE}/identities",
        lambda walk: {"newIdentifierVerificationRecordId": walk.me.records["social social"]},
    )
for _name in ("sessions", "grants"):
    _mine("GET", f"{MINE}/{_name}")
_mine("DELETE", f"{MINE}/sessions/{{session_id}}")
_mine("DELETE", f"{MINE}/grants/{{grant_id}}")
FACTORS = f"{MINE}/mfa-verifications"
_mine("GET", FACTORS)
_mine("POST", FACTORS, lambda _: {"type": "BackupCode", "codes": [*new_codes()]})
_mine("PUT", f"{FACTORS}/totp", lambda _: {"secret": pyotp.random_base32()})
for _name in ("totp-secret", "backup-codes"):
    _mine("POST", f"{FACTORS}/{_name}/generate")
_mine("DELETE", f"{FACTORS}/{{factor_id}}")
for _name in ("mfa-settings", "logto-configs"):
    _mine("GET", f"{MINE}/{_name}")
_mine("PATCH", f"{MINE}/mfa-settings", lambda _: {"skipMfaOnSignIn": True})
_mine("PATCH", f"{MINE}/logto-configs", lambda _: {"mfa": {"skipped": True}})
_mine("POST", f"{VERIFICATIONS}/password", lambda _: {"password": PASSWORD})
_mine(
    "POST",
    f"{VERIFICATIONS}/verification-code",
    lambda walk: {"identifier": identifier(walk.me.phone)},
)
_mine(
    "POST",
    f"{VERIFICATIONS}/verification-code/verify",
    lambda walk: {
        "identifier": identifier(walk.me.new_phone),
        "verificationId": walk.me.records["waiting"],
        "code": walk.me.codes["api"],
    },
)


_mine(
    "POST",
    f"{VERIFICATIONS}/social",
    lambda walk: {"connectorId": walk.social_id, **AWAY},
)
_mine(
    "POST",
    f"{VERIFICATIONS}/social/verify",
    lambda walk: {
        "verificationRecordId": walk.me.records["social api"],
        "connectorData": walk.me.answers["api"],
    },
)


# The account pages: a session of Acme's, and a form's token.


def asks_to_sign_in(answer: httpx2.Response) -> bool:
    """Tell a page that does not know who is there."""
    return answer.headers.get("location", "").startswith("/oidc/auth")


def _account(
    method: str,
    path: str,
    fields: Callable[[Walk], dict[str, str]] = lambda _: {},
    query: str = "",
) -> None:
    @step(method, path, stage="own-account", is_refused=asks_to_sign_in)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        client = await walk.client(at, cookies=False)
        client.headers["cookie"] = f"_session={walk.me.session}"
        address = f"{path.replace('{target}', 'google')}{query}"
        if method == "GET":
            answer = walk.me.answers["page"] if path.endswith("/back") else None
            return await client.get(address, params=answer)
        return await client.post(address, data={**walk.me.form, **fields(walk)})


for _path in (
    *("", "/security", "/profile", "/sessions", "/username", "/password", "/social/{target}"),
    *("/phone", "/phone/verification-code", "/phone/verification-code/resend"),
    *("/email", "/email/verification-code", "/email/verification-code/resend"),
    *(
        f"/{name}/success"
        for name in ("phone", "email", "username", "password", "social", "profile", "sessions")
    ),
    *(f"/{name}/success" for name in ("authenticator-app", "backup-codes", "second-step")),
    *("/authenticator-app", "/authenticator-app/replace", "/second-step"),
    *("/backup-codes", "/backup-codes/generate"),
):
    _account("GET", f"/account{_path}")
VERIFY = "/account/verify"
for _path in (VERIFY, f"{VERIFY}/verification-code", f"{VERIFY}/verification-code/resend"):
    _account("GET", _path, query="?task=phone")
_account("POST", VERIFY, lambda _: {"way": "password", "password": PASSWORD}, "?task=phone")
_account(
    "POST",
    f"{VERIFY}/verification-code",
    lambda walk: {"code": walk.me.codes["own"]},
    "?task=phone",
)
_account("POST", "/account/phone", lambda w: {"identifier": f"+{w.me.new_phone}", "country": "KR"})
_account("POST", "/account/phone/verification-code", lambda walk: {"code": walk.me.codes["new"]})
_account("POST", "/account/email", lambda walk: {"identifier": walk.me.email})
_account("POST", "/account/email/verification-code", lambda _: {"code": "000000"})
for _name in ("phone", "email"):
    _account("POST", f"/account/{_name}/remove")
_account("POST", "/account/username", lambda walk: {"identifier": f"renamed_{walk.begun}"})
_account("POST", "/account/password", lambda walk: {"password": f"New-pass-{walk.begun}-Phone"})
_account("POST", "/account/profile", lambda _: {"name": "Ace"})
_account("POST", "/account/social/{target}/remove")
_account("POST", "/account/social/{target}/link")
_account("GET", "/account/social/{target}/back")
APP = "/account/authenticator-app"
CODES = "/account/backup-codes"


def _app_of_ones_own(walk: Walk) -> dict[str, str]:
    secret = pyotp.random_base32()
    return {"secret": secret, "code": walk.app_code(secret)}


_account("POST", APP, _app_of_ones_own)
_account("POST", f"{APP}/replace", _app_of_ones_own)
for _name in (APP, CODES):
    _account("POST", f"{_name}/remove")
_account("POST", f"{CODES}/generate")
for _name in (CODES, f"{CODES}/download"):
    _account("POST", _name, lambda _: {"codes": " ".join(new_codes())})
_account("POST", "/account/second-step", lambda _: {"wanted": "yes"})
_account("POST", "/account/sessions/end", lambda walk: {"session": walk.me.sid})
_account("POST", "/account/sessions/revoke", lambda walk: {"grant": walk.me.grant_id})


def _resend_own(path: str, query: str = "") -> None:
    @step("POST", path, stage="own-account", is_refused=asks_to_sign_in)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        walk.world.clock.advance(timedelta(minutes=1))
        client = await walk.client(at, cookies=False)
        client.headers["cookie"] = f"_session={walk.me.session}"
        return await client.post(f"{path}{query}", data=walk.me.form)


_resend_own(f"{VERIFY}/verification-code/resend", "?task=phone")
for _name in ("phone", "email"):
    _resend_own(f"/account/{_name}/verification-code/resend")


# OpenID Connect: clients, codes, tokens, sessions.


@step("GET", "/oidc/auth", is_refused=gives_no_code, stage="signed-in")
async def authorize_with_their_session(walk: Walk, at: Place) -> httpx2.Response:
    """Come with a session."""
    client = await walk.client(at)
    return await client.get("/oidc/auth", params=authorization(at.origin, prompt="none"))


@step("GET", "/oidc/auth")
async def authorize_their_application(walk: Walk, at: Place) -> httpx2.Response:
    """Come from an application."""
    client = await walk.client(at, cookies=False)
    asked = authorization(client_id=walk.application_id, redirect_uri=CALLBACK)
    return await client.get("/oidc/auth", params=asked)


@step("GET", "/oidc/auth/{token}", stage="submitted")
async def resume_their_interaction(walk: Walk, at: Place) -> httpx2.Response:
    """Come back from the pages."""
    return await (await walk.client(at)).get(f"/oidc/auth/{walk.visit.token}")


def _token(stage: Stage | None, form: Callable[[Walk, Place], dict[str, str]]) -> None:
    @step("POST", "/oidc/token", stage=stage)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        return await (await walk.client(at)).post("/oidc/token", data=form(walk, at))


_token("signed-in", lambda walk, at: exchange(at, walk.visit.tokens["code"]))
_token(
    "signed-in",
    lambda walk, _: {
        "client_id": "demo-app",
        "grant_type": "refresh_token",
        "refresh_token": walk.visit.tokens["refresh_token"],
    },
)
_token(
    None,
    lambda walk, at: {
        "client_id": walk.machine_id,
        "client_secret": walk.machine_secret,
        "grant_type": "client_credentials",
        "resource": f"{at.origin}/api",
        "scope": "all",
    },
)


def _about_token(path: str, is_refused: Judge, *, is_told_apart: bool = True) -> None:
    for takes_own_client in (True, False):

        @step(
            "POST",
            path,
            stage="signed-in",
            is_refused=is_refused if takes_own_client else is_error,
            is_told_apart=is_told_apart,
        )
        async def ask(
            walk: Walk, at: Place, takes_own_client: bool = takes_own_client
        ) -> httpx2.Response:
            client_id, secret = walk.own[at.tenant if takes_own_client else OTHER]
            form = {"client_id": client_id, "client_secret": secret}
            return await (await walk.client(at)).post(
                path, data={**form, "token": walk.visit.tokens["access_token"]}
            )


_about_token("/oidc/token/introspection", says_inactive)
_about_token("/oidc/token/revocation", says_nothing, is_told_apart=False)


@step("GET", "/oidc/me", stage="signed-in")
async def userinfo(walk: Walk, at: Place) -> httpx2.Response:
    """Ask who a token is for."""
    bearer = {"authorization": f"Bearer {walk.visit.tokens['access_token']}"}
    return await (await walk.client(at)).get("/oidc/me", headers=bearer)


@step("POST", "/oidc/me", stage="signed-in")
async def userinfo_by_form(walk: Walk, at: Place) -> httpx2.Response:
    """Ask who a token is for."""
    form = {"access_token": walk.visit.tokens["access_token"]}
    return await (await walk.client(at)).post("/oidc/me", data=form)


@step("GET", "/oidc/session/end", stage="signed-in", is_refused=only_asks)
async def sign_out(walk: Walk, at: Place) -> httpx2.Response:
    """Sign out with a hint of who one is."""
    hint = {"id_token_hint": walk.visit.tokens["id_token"]}
    return await (await walk.client(at)).get("/oidc/session/end", params=hint)


@step("POST", "/oidc/session/end/confirm", stage="signed-in")
async def confirm_signing_out(walk: Walk, at: Place) -> httpx2.Response:
    """Press the button of the sign-out page that Acme showed."""
    scope = await walk.world.scope(OTHER)
    proof = scope.oidc.logout.confirmation_token(walk.visit.cookies["_session"])
    form = {"confirmation": proof, "client_id": walk.application_id}
    return await (await walk.client(at)).post("/oidc/session/end/confirm", data=form)


# Receipts, signed with Acme's secret for whichever address is called.


def _receipt(path: str, method: str) -> None:
    @step(method, path)
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        called = path.replace("{instance_id}", walk.replaced_id)
        called = called.replace("{token}", walk.receipt_token)
        fields = [*REPORT.items()] if method == "POST" else []
        signature = signature_of(f"{at.origin}{called}", fields, "acme-twilio-token")
        client = await walk.client(at)
        return await client.request(
            method,
            called,
            data=REPORT if method == "POST" else None,
            headers={"X-Twilio-Signature": signature},
        )


for _receipts in ("/receipts/{instance_id}", "/receipts/{instance_id}/{token}"):
    for _method in ("GET", "POST"):
        _receipt(_receipts, _method)


# The console: an operator of the server, at one tenant's address with another's ids.


def _console(
    method: str, path: str, name: str, fields: Callable[[Walk], dict[str, str]] = lambda _: {}
) -> None:
    @step(method, f"/console/{{tenant}}/{path}")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        id_ = str(getattr(walk, IDS[name]))
        address = f"{at.console}/{path.replace('{' + name + '}', quote(id_))}"
        if method == "GET":
            return await walk.operator.get(address)
        return await walk.operator.post(address, **fields(walk))


IDS = {
    "user_id": "user_id",
    "application_id": "application_id",
    "instance_id": "connector_id",
    "message_id": "message_id",
    "webhook_id": "webhook_id",
}
TEST = {"templates": "", "test_phone": f"+{PHONE}", "test_country": "KR", "test_usage": "Generic"}

_console("GET", "users/{user_id}", "user_id")
_console("GET", "messages/{message_id}", "message_id")
_console("GET", "messages/{message_id}/timeline", "message_id")
_console("POST", "messages/{message_id}/number", "message_id")
_console("GET", "applications/{application_id}", "application_id")
_console(
    "POST",
    "applications/{application_id}",
    "application_id",
    lambda _: {"name": "Shop of acme", "redirect_uris": CALLBACK},
)
for _page_of in ("", "/delete", "/guide", "/history"):
    _console("GET", f"connectors/{{instance_id}}{_page_of}", "instance_id")
_console("POST", "connectors/{instance_id}", "instance_id", lambda _: {"templates": ""})
_console("POST", "connectors/{instance_id}/test", "instance_id", lambda _: TEST)
_console("POST", "connectors/{instance_id}/paste", "instance_id", lambda _: {"pasted": "{}"})
_console("POST", "connectors/{instance_id}/check", "instance_id")
RESTORED = {"version": "1", "do": "confirm"}
_console("POST", "connectors/{instance_id}/restore", "instance_id", lambda _: RESTORED)
_console("POST", "connectors/{instance_id}/bring-back", "instance_id")


def _console_social(method: str) -> None:
    @step(method, "/console/{tenant}/connectors/social/{instance_id}")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = f"{at.console}/connectors/social/{walk.social_id}"
        if method == "GET":
            return await walk.operator.get(address)
        return await walk.operator.post(address, clientId=CLIENT_ID, scope="openid")


for _method in ("GET", "POST"):
    _console_social(_method)
for _page_of in ("", "/deliveries", "/history"):
    _console("GET", f"webhooks/{{webhook_id}}{_page_of}", "webhook_id")
HOOKED = {"name": WEBHOOK.name, "url": WEBHOOK.config.url, "events": "User.Deleted"}
_console("POST", "webhooks/{webhook_id}", "webhook_id", lambda _: {**HOOKED, "enabled": "yes"})
_console("POST", "webhooks/{webhook_id}/test", "webhook_id", lambda _: HOOKED)
_console("POST", "webhooks/{webhook_id}/signing-key", "webhook_id")
_console("POST", "webhooks/{webhook_id}/restore", "webhook_id", lambda _: RESTORED)


@step("POST", "/console/{tenant}/webhooks/{webhook_id}/deliveries/{delivery_id}/repeat")
async def repeat_their_delivery(walk: Walk, at: Place) -> httpx2.Response:
    """Send once more what failed at Acme."""
    of_acme = f"webhooks/{walk.webhook_id}/deliveries/{walk.delivery_id}"
    return await walk.operator.post(f"{at.console}/{of_acme}/repeat")


_console(
    "POST",
    "webhooks/{webhook_id}/delete",
    "webhook_id",
    lambda _: {"typed_name": WEBHOOK.name},
)
_console("POST", "users/{user_id}/suspend", "user_id", lambda _: {"is_suspended": "no"})


@step("DELETE", "/api/users/{user_id}/mfa-verifications/{factor_id}")
async def take_their_app_away(walk: Walk, at: Place) -> httpx2.Response:
    """Reset somebody who lost their phone."""
    path = f"/api/users/{walk.user_id}/mfa-verifications/{walk.factor_id}"
    return await (await walk.machine(at)).delete(path)


_console("POST", "users/{user_id}/second-factor/reset", "user_id")
_console("POST", "users/{user_id}/unblock", "user_id")


def _grouped(
    method: str, path: str, fields: Callable[[Walk], dict[str, str]] = lambda _: {}
) -> None:
    """Ask the console about Acme's organization, and what belongs to it."""

    @step(method, f"/console/{{tenant}}/{path}")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = path.replace("{user_id}", walk.user_id)
        for name, id_ in walk.console_organization.items():
            address = address.replace("{" + name + "_id}", id_)
        if method == "GET":
            return await walk.operator.get(f"{at.console}/{address}")
        return await walk.operator.post(f"{at.console}/{address}", **fields(walk))


def _resourced(
    method: str, path: str, fields: Callable[[Walk], dict[str, str]] = lambda _: {}
) -> None:
    """Ask the console about Acme's API resource, or what its application has of it."""

    @step(method, f"/console/{{tenant}}/{path}")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = path.replace("{application_id}", walk.application_id)
        for name, id_ in walk.console_resource.items():
            address = address.replace("{" + name + "}", id_)
        if method == "GET":
            return await walk.operator.get(f"{at.console}/{address}")
        return await walk.operator.post(f"{at.console}/{address}", **fields(walk))


@step("GET", "/console/{tenant}/configuration/{kind}/{subject_id}")
async def _versions(walk: Walk, at: Place) -> httpx2.Response:
    shown = walk.console_resource["resource_id"]
    return await walk.operator.get(f"{at.console}/configuration/resource/{shown}")


@step("POST", "/console/{tenant}/configuration/{kind}/{subject_id}/restore")
async def _restore_by_form(walk: Walk, at: Place) -> httpx2.Response:
    shown = walk.console_resource["resource_id"]
    address = f"{at.console}/configuration/resource/{shown}/restore"
    return await walk.operator.post(address, version="2", do="confirm")


_resourced("GET", "resources/{resource_id}")
_resourced("GET", "resources/{resource_id}/history")
_resourced("POST", "resources/{resource_id}", lambda _: {"name": "Acme shop", "ttl": "600"})
_resourced("POST", "resources/{resource_id}/scopes", lambda _: {"scope_name": "sell"})
_resourced(
    "POST",
    "applications/{application_id}/scopes",
    lambda walk: {"scope": walk.console_resource["scope_id"]},
)
_resourced("POST", "applications/{application_id}/secrets", lambda _: {"secret_name": "spring"})
_resourced(
    "POST", "applications/{application_id}/secrets/delete", lambda _: {"secret_name": "spring"}
)
_resourced("POST", "resources/{resource_id}/scopes/{scope_id}/delete")
_resourced("POST", "resources/{resource_id}/restore", lambda _: RESTORED)
_resourced("POST", "resources/{resource_id}/delete", lambda _: {"typed_name": "Acme shop"})


def _written(method: str, path: str, fields: dict[str, str]) -> None:
    """Ask the console about the texts of the language that only Acme has."""

    @step(method, f"/console/{{tenant}}/sign-in-experience/content/{{language}}{path}")
    async def ask(walk: Walk, at: Place) -> httpx2.Response:
        address = f"{at.console}/sign-in-experience/content/{SPOKEN}{path}"
        if method == "GET":
            return await walk.operator.get(address)
        return await walk.operator.post(address, **fields)


_written("GET", "", {})
_written("POST", "", {"do": "confirm", "text.sign_in.title": "Ciao Acme"})
_written("POST", "/remove", {})

CLUB = "organizations/{organization_id}"
INVITED = f"{CLUB}/invitations/{{invitation_id}}"
for _page_of in ("", "/members", "/members/add", "/invitations", "/invitations/new"):
    _grouped("GET", f"{CLUB}{_page_of}")
_grouped("POST", CLUB, lambda _: {"name": "Club of acme"})
_grouped("POST", f"{CLUB}/members/add", lambda walk: {"user": walk.user_id})
_grouped("GET", f"{CLUB}/members/{{user_id}}")
_grouped(
    "POST",
    f"{CLUB}/members/{{user_id}}",
    lambda walk: {"role": walk.console_organization["role"]},
)
_grouped("POST", f"{CLUB}/members/{{user_id}}/remove")
_grouped("POST", f"{CLUB}/invitations/new", lambda _: {"by": "email", "email": "guest@example.com"})
for _what in ("send", "link", "revoke", "delete"):
    _grouped("POST", f"{INVITED}/{_what}")
_grouped("GET", "organization-roles/{role_id}")
_grouped("POST", "organization-roles/{role_id}", lambda _: {"name": "rower"})
_grouped("POST", "organization-roles/{role_id}/delete", lambda _: {"typed_name": "rower"})
_grouped("GET", "organization-roles/scopes/{scope_id}")
_grouped("POST", "organization-roles/scopes/{scope_id}", lambda _: {"name": "row"})
_grouped("POST", "organization-roles/scopes/{scope_id}/delete", lambda _: {"typed_name": "row"})
_grouped("POST", f"{CLUB}/pictures", lambda _: {"picture": "logoUrl"})
_grouped("POST", f"{CLUB}/delete", lambda _: {"typed_name": "Club of acme"})


@step("POST", "/console/{tenant}/users/{user_id}/delete")
async def delete_their_user(walk: Walk, at: Place) -> httpx2.Response:
    """Delete somebody in the console, whose id was typed as it is wanted."""
    address = f"{at.console}/users/{walk.spare_user_id}/delete"
    return await walk.operator.post(address, typed_id=walk.spare_user_id)


TRIAL = "/api/connectors/{id}/trial"


def _try_twilio_out() -> None:
    """Let Twilio be tried beside Acme's connector."""
    _managed(
        "POST",
        TRIAL,
        lambda walk: {
            "connectorId": "twilio-short-message-service",
            "config": TWILIO,
            "share": 10,
            "endsAt": int((walk.world.clock.now() + timedelta(days=1)).timestamp() * 1000),
        },
    )


_try_twilio_out()
_managed("GET", TRIAL)
_managed("PATCH", TRIAL, lambda _: {"share": 20})
_console("GET", "connectors/{instance_id}/trial", "instance_id")
_console(
    "POST",
    "connectors/{instance_id}/trial",
    "instance_id",
    lambda _: {"trial_reach": "share", "trial_share": "5", "trial_days": "2"},
)
_managed("DELETE", TRIAL)
_try_twilio_out()
_console("POST", "connectors/{instance_id}/trial/drop", "instance_id")
for _promote in (
    partial(_managed, "POST", f"{TRIAL}/promote", lambda _: {}),
    partial(_console, "POST", "connectors/{instance_id}/trial/promote", "instance_id"),
):
    _try_twilio_out()
    _promote()
    _console("POST", "connectors/{instance_id}/bring-back", "instance_id")

# Last, because at home it works.
_console(
    "POST",
    "connectors/{instance_id}/delete",
    "instance_id",
    lambda _: {"name": "Development inbox"},
)
_console(
    "POST",
    "applications/{application_id}/delete",
    "application_id",
    lambda _: {"typed_name": "Shop of acme"},
)
# What the console deleted comes back, and goes again.
_managed("POST", "/api/connectors/{id}/restore", lambda _: {"version": 1})
_managed("DELETE", "/api/connectors/{id}")
# And the one whom it all was about.
_managed("DELETE", "/api/users/{user_id}", name="user_id")

# Each stage takes an hour, and a connector that was replaced is called for a week: it comes first.
STEPS.sort(key=lambda step: not step.route.path.startswith("/receipts/"))
