"""Invariant 10: bad input is a 4xx with a stable code, never a 5xx and never half a change."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from sqlalchemy import func, select

from tests.fakes import FakeClock
from tests.invariants.hostile import (
    BODIES,
    COOKIES,
    HEADERS,
    PLACES,
    QUERIES,
    TEXTS,
    TYPES,
    VALUES,
    Right,
    Sent,
    Who,
)
from tests.invariants.hostile import FORM as FORM_T
from tests.invariants.hostile import JSON as JSON_T
from tests.invariants.routes import Route, routes_of
from tests.invariants.world import (
    API,
    CONNECTOR,
    SEND,
    VERIFIER,
    Operator,
    World,
    authorization,
    identifier,
    opened_world,
    prove,
    send,
    start,
)
from watchword.audit.models import SYSTEM
from watchword.core.keys import SecretKeys
from watchword.storage import ServerRepository
from watchword.storage.schema import (
    applications,
    configuration_versions,
    connectors,
    messages,
    oidc_tokens,
    sessions,
    tenants,
    users,
)
from watchword.web.pages.forms import form_token
from watchword.web.problems import JSON_PREFIXES

PHONE = "821012345678"
OTHER_PHONE = "821087654321"
KEPT = (
    users,
    applications,
    connectors,
    configuration_versions,
    messages,
    sessions,
    oidc_tokens,
    tenants,
)
COUNTS = select(
    *(select(func.count()).select_from(table).scalar_subquery().label(table.name) for table in KEPT)
)

NO_BODY = frozenset(
    {
        Route("POST", f"{API}/submit"),
        *(Route(method, "/oidc/{path:path}") for method in ("POST", "PUT", "PATCH", "DELETE")),
    }
)


@dataclass
class Fuzzed:
    """The server, everyone who may ask it something, and what they would rightly ask."""

    portal: BlockingPortal
    world: World
    people: dict[Who, httpx2.AsyncClient] = field(default_factory=dict)
    operator: Operator | None = None
    record_id: str = "r"
    proved_id: str = "p"
    ids: dict[str, str] = field(default_factory=dict)

    async def prepare(self) -> None:
        """Bring the visits to where the most can be asked of them."""
        # Limits on messages and guesses are not what this is about.
        self.world.clock.advance(timedelta(hours=2))
        for who in ("waiting", "proved"):
            self.people[who].cookies.clear()
        waiting = self.people["waiting"]
        await start(waiting, "Register")
        self.record_id = (await send(waiting, PHONE, "Register")).json()["verificationId"]
        await self.world.server.dispatch.drain(timedelta(seconds=5))
        self.proved_id = await prove(self.world, self.people["proved"], OTHER_PHONE)

    async def set_up(self) -> None:
        """Let everyone in."""
        for who in ("stranger", "waiting", "proved"):
            self.people[who] = await self.world.browser()
        self.operator = await self.world.operator()
        self.people["operator"] = self.operator.client
        scope = await self.world.scope()
        created = await scope.configuration.create_application(SYSTEM, _application())
        connector = await scope.connectors.active()
        assert connector is not None
        await self.prepare()
        messages_ = await scope.messaging.list()
        self.ids = {
            "application_id": created.application.id,
            "instance_id": connector.id,
            "message_id": messages_.items[0].id,
            "secret": created.secret or "",
        }

    def reset(self) -> None:
        """Prepare once more."""
        self.portal.call(self.prepare)

    def ask(self, sent: Sent) -> None:
        """Send it, and see that the answer is one that a client can act on."""
        answer, before, after = self.portal.call(self._ask, sent)
        what = f"{sent}\n{answer.status_code} {answer.text[:500]}"
        assert answer.status_code < 500, what
        if answer.status_code < 400:
            if sent.who in {"waiting", "proved"} and sent.route.method != "GET":
                self.reset()
            return
        assert after == before, f"half a change: {what}"
        if not sent.path.startswith(JSON_PREFIXES):
            return
        body = answer.json()
        phrases = self.world.server.phrases
        code = str(body["code"])
        is_known = any(phrases.find("en", f"errors.{code}{end}") for end in ("", ".other"))
        assert is_known, what
        assert body["message"], what

    async def _ask(self, sent: Sent) -> tuple[httpx2.Response, Any, Any]:
        client = self.people[sent.who]
        repository = ServerRepository(self.world.server.storage)
        before = await repository.first(COUNTS)
        cookies = dict(client.cookies)
        headers = [(k.encode(), v.encode("latin-1")) for k, v in sent.headers.items()]
        answer = await client.request(
            sent.route.method, sent.path, content=sent.content, headers=headers
        )
        if answer.status_code >= 400:
            # A refusal may take a cookie away, and the next question would stop at the door.
            client.cookies.clear()
            client.cookies.update(cookies)
        return answer, before, await repository.first(COUNTS)


def _application() -> Any:
    from watchword.applications.models import NewApplication

    return NewApplication(
        name="Shop",
        type="Traditional",
        redirect_uris=("https://shop.example/callback",),
        post_logout_redirect_uris=("https://shop.example/",),
    )


@pytest.fixture
def fuzzed(database_url: str, clock: FakeClock, keys: SecretKeys) -> Iterator[Fuzzed]:
    """Return a server in a thread of its own: Hypothesis calls from this one."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opened_world(database_url, clock, keys)) as world,
    ):
        fuzzed = Fuzzed(portal, world)
        portal.call(fuzzed.set_up)
        yield fuzzed


def right_requests(fuzzed: Fuzzed) -> Iterator[Right]:
    """Return one right request for every route that takes a body, and for every page."""
    yield from _experience(fuzzed)
    yield from _openid(fuzzed)
    yield from _pages(fuzzed)
    yield from _console(fuzzed)
    for path in ("", "/x"):
        instance = fuzzed.ids["instance_id"]
        route = "/receipts/{instance_id}" + ("/{token}" if path else "")
        yield Right(Route("POST", route), f"/receipts/{instance}{path}", body={"id": "1"})
    filled = {Route(r.method, r.path) for r in ()}
    for route in sorted(routes_of(fuzzed.world.app) - filled):
        if route.method == "GET":
            yield _look(fuzzed, route)


def _look(fuzzed: Fuzzed, route: Route) -> Right:
    ids = {
        **fuzzed.ids,
        "tenant": "default",
        "connector_id": CONNECTOR,
        "user_id": "nobody",
        "token": "x",
        "hash": "x",
        "name:path": "tokens.css",
        "path:path": "x",
    }
    path = route.path
    for name, value in ids.items():
        path = path.replace("{" + name + "}", value)
    who: Who = "operator" if path.startswith("/console") else "waiting"
    return Right(route, path, who)


def _experience(fuzzed: Fuzzed) -> Iterator[Right]:
    def api(path: str, who: Who, body: dict[str, Any], method: str = "POST") -> Right:
        return Right(Route(method, path), path, who, body)

    event = {"interactionEvent": "Register"}
    phone = identifier(PHONE)
    yield api(
        f"{SEND}/verify",
        "waiting",
        {"identifier": phone, "verificationId": fuzzed.record_id, "code": "not it"},
    )
    yield api(SEND, "waiting", {"identifier": phone, **event})
    yield api(f"{API}/verification/password", "waiting", {"identifier": phone, "password": "no"})
    yield api(
        f"{API}/verification/password",
        "waiting",
        {"identifier": {"type": "username", "value": "alice"}, "password": "no"},
    )
    yield api(
        f"{API}/verification/new-password-identity",
        "waiting",
        {"identifier": {"type": "username", "value": "alice"}, "password": "weak"},
    )
    yield api(f"{API}/identification", "proved", {"verificationId": "x"})
    for profile in (
        {"type": "phone", "verificationId": "x"},
        {"type": "username", "value": "9"},
        {"type": "password", "value": "weak"},
    ):
        yield api(f"{API}/profile", "proved", profile)
    yield api(f"{API}/interaction-event", "waiting", event, "PUT")
    yield api("/api/interaction/consent", "waiting", {})
    yield api(API, "waiting", event, "PUT")


def _openid(fuzzed: Fuzzed) -> Iterator[Right]:
    def form(path: str, who: Who = "stranger", **fields: str) -> Right:
        return Right(Route("POST", path), path, who, fields, is_form=True)

    client = {"client_id": fuzzed.ids["application_id"], "client_secret": fuzzed.ids["secret"]}
    yield form(
        "/oidc/auth",
        "waiting",
        max_age="1",
        ui_locales="en",
        login_hint="+82",
        claims="{}",
        id_token_hint="x",
        response_mode="query",
        nonce="n",
        **authorization(),
    )
    yield form(
        "/oidc/token",
        **client,
        grant_type="authorization_code",
        code="x",
        redirect_uri="https://shop.example/callback",
        code_verifier=VERIFIER,
    )
    yield form("/oidc/token", **client, grant_type="refresh_token", refresh_token="x", scope="x")
    yield form("/oidc/token", **client, grant_type="client_credentials", resource="x", scope="x")
    yield form("/oidc/token/introspection", **client, token="x", token_type_hint="access_token")
    yield form("/oidc/token/revocation", **client, token="x", token_type_hint="access_token")
    yield form("/oidc/me", access_token="x")
    leave = {
        "client_id": fuzzed.ids["application_id"],
        "id_token_hint": "x",
        "state": "s",
        "post_logout_redirect_uri": "https://shop.example/",
    }
    yield form("/oidc/session/end", **leave)
    yield form("/oidc/session/end/confirm", confirmation="x", **leave)


def _pages(fuzzed: Fuzzed) -> Iterator[Right]:
    def page(path: str, who: Who = "waiting", **fields: str) -> Right:
        token = form_token(_interaction_token(fuzzed.people[who]))
        return Right(Route("POST", path), path, who, {"token": token, **fields}, is_form=True)

    typed = {"identifier": "010-1234-5678", "country": "KR", "agree": "yes"}
    for flow in ("sign-in", "register", "continue"):
        yield page(f"/{flow}/verification-code", code="12345")
        yield page(f"/{flow}/verification-code/resend")
    yield page("/sign-in", **typed, way="code")
    yield page("/register", **typed)
    yield page("/sign-in/password", **typed, password="no")
    yield page("/register/password", identifier="9", country="KR", password="weak")
    yield page("/sign-in/no-account")
    yield page("/register/has-account", "proved")
    yield page("/continue/username", "proved", identifier="9")
    yield page("/continue/password", "proved", password="weak")
    yield page("/continue/phone", "proved", **typed)
    yield page("/consent", decision="deny")


def _interaction_token(client: httpx2.AsyncClient) -> str:
    import json
    from urllib.parse import unquote

    return str(json.loads(unquote(client.cookies["_interaction"]))["_latest"])


def _console(fuzzed: Fuzzed) -> Iterator[Right]:
    assert fuzzed.operator is not None
    csrf = fuzzed.operator.csrf

    def form(path: str, **fields: str) -> Right:
        at = path
        for name, value in {**fuzzed.ids, "tenant": "default", "connector_id": CONNECTOR}.items():
            at = at.replace("{" + name + "}", value)
        who: Who = "operator"
        return Right(Route("POST", path), at, who, {"csrf": csrf, **fields}, is_form=True)

    t = "/console/{tenant}"
    template = {
        "templates": "[]",
        "test_phone": "+821012345678",
        "test_country": "KR",
        "test_usage": "Generic",
        "tested": "x",
        "version": "1",
    }
    yield form("/console/setup", token="x", username="b", password="short")
    yield form("/console/sign-in", username="nobody", password="x", next="/console/default")
    yield form("/console/second-factor", code="x", next="/console/default")
    yield form("/console/appearance", language="xx", theme="x", next="/console/x")
    yield form(f"{t}/applications/new", name="", type="x", redirect_uris="x")
    application = f"{t}/applications/{{application_id}}"
    yield form(
        application,
        name="",
        redirect_uris="x",
        post_logout_redirect_uris="x",
        cors_allowed_origins="x",
        version="99",
    )
    yield form(f"{application}/delete", typed_name="x")
    new = f"{t}/connectors/set-up/{{connector_id}}"
    yield form(new, **template)
    yield form(f"{new}/test", **template)
    yield form(f"{new}/preview", templates="[]", preview_usage="Generic")
    saved = f"{t}/connectors/{{instance_id}}"
    yield form(saved, **{**template, "version": "99"})
    yield form(f"{saved}/test", **template)
    yield form(f"{saved}/check")
    yield form(f"{saved}/restore", version="99")
    yield form(f"{saved}/delete", name="x")
    yield form(f"{t}/messages/{{message_id}}/number")
    yield form(f"{t}/operators/invite", role="x")
    yield form(f"{t}/operators/delete", operator="x")
    yield form(f"{t}/profile/password", present="x", new="x")
    yield form(f"{t}/profile/second-factor/begin")
    yield form(f"{t}/profile/second-factor/enable", sealed="x", code="x")
    yield form(f"{t}/profile/second-factor/disable")
    yield form(f"{t}/profile/sessions/end", session="x")
    yield form(
        f"{t}/security/codes",
        expirationDuration="x",
        maxRetryAttempts="x",
        maxAttempts="x",
        lockoutDuration="x",
        version="99",
    )
    yield form(f"{t}/security/preset", preset="x", version="99")
    yield form(
        f"{t}/security/sending",
        version="99",
        countries="x",
        countries_given="1",
        **{
            f"{name}.{part}": "x"
            for name in ("perNumber", "perAddress", "perSubnet", "testSends")
            for part in ("count", "seconds")
        },
    )
    yield form(f"{t}/security/unblock", identifier="x")
    experience = f"{t}/sign-in-experience"
    yield form(
        f"{experience}/branding",
        primaryColor="x",
        darkPrimaryColor="x",
        logoUrl="x",
        darkLogoUrl="x",
        favicon="x",
        termsOfUseUrl="x",
        privacyPolicyUrl="x",
        agreeToTermsPolicy="x",
        fallbackLanguage="x",
        version="99",
    )
    yield form(f"{experience}/restore", version="99")
    yield form(
        f"{experience}/sign-up-and-sign-in",
        do="save",
        sign_up="x",
        method="x",
        mode="x",
        recovery="x",
        version="99",
        asked_password="yes",
        phone_first="x",
    )
    yield form("/console/sign-out")


def test_every_route_that_takes_a_body_is_asked(fuzzed: Fuzzed) -> None:
    asked = {right.route for right in right_requests(fuzzed)}

    assert routes_of(fuzzed.world.app) - asked == NO_BODY


def test_no_value_in_any_field_brings_the_server_down(fuzzed: Fuzzed) -> None:
    fails = []
    for right in list(right_requests(fuzzed)):
        if right.route.path == "/console/sign-out":
            continue
        for value in TEXTS if right.is_form else VALUES:
            for sent in right.with_value(value):
                try:
                    fuzzed.ask(sent)
                except Exception as e:
                    fails.append(
                        (
                            sent.route,
                            repr(value)[:20],
                            sent.path[:100],
                            (sent.content or b"")[:150],
                            type(e).__name__,
                            str(e)[:300],
                        )
                    )
                except BaseExceptionGroup as e:
                    fails.append((sent.route, repr(value)[:20], str(e)[:300]))
    for f in fails:
        print(*f)
    assert not fails, len(fails)


def _survey(fuzzed, sents):
    fails = {}
    n = 0
    for sent in sents:
        n += 1
        try:
            fuzzed.ask(sent)
        except (Exception, BaseExceptionGroup) as e:
            fails.setdefault(
                (
                    type(e).__name__,
                    str(e)[:200] if not isinstance(e, AssertionError) else str(e)[-400:],
                ),
                [],
            ).append(
                (str(sent.route), sent.path[:80], dict(sent.headers), (sent.content or b"")[:60])
            )
    print("SURVEY", n)
    for k, v in fails.items():
        print("FAIL", k, len(v), v[:3])
    assert not fails


def rights(fuzzed):
    return [r for r in right_requests(fuzzed) if r.route.path != "/console/sign-out"]


def test_bodies(fuzzed):
    _survey(
        fuzzed,
        (
            r.as_sent.with_body(b, t)
            for r in rights(fuzzed)
            if r.body is not None
            for b in BODIES
            for t in (JSON_T, FORM_T)
        ),
    )


def test_types(fuzzed):
    _survey(
        fuzzed,
        (
            r.as_sent.with_body(r.as_sent.content, t)
            for r in rights(fuzzed)
            if r.body is not None
            for t in TYPES
        ),
    )


def test_places(fuzzed):
    _survey(fuzzed, (s for r in rights(fuzzed) for p in PLACES for s in r.with_place(p)))


def test_queries(fuzzed):
    _survey(
        fuzzed,
        (
            r.as_sent.with_query(p)
            for r in rights(fuzzed)
            if r.route.method == "GET"
            for p in QUERIES
        ),
    )


def test_headers(fuzzed):
    _survey(fuzzed, (r.as_sent.with_headers(p) for r in rights(fuzzed) for p in HEADERS))


def test_cookies(fuzzed):
    _survey(
        fuzzed, (r.as_sent.with_headers({"Cookie": p}) for r in rights(fuzzed) for p in COOKIES)
    )
