"""Invariant 7 beyond phones at sign-in: addresses, what an account lacks, the Account API."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.invariants.own_account import open_account_center
from tests.invariants.test_known_and_unknown import PHONES, Watched, portrait, watched
from tests.invariants.world import API, ORIGIN, SEND, VERIFIER, World, resume, start, submit
from tests.web.pages.browser import Page
from tests.web.pages.conftest import Provider, ScriptedConnector, ScriptedEmailConnector
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connector_kit.wording import default_email_templates
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser

pytestmark = pytest.mark.slow
__all__ = ["watched"]  # a fixture of these tests, too

Answers = list[dict[str, Any]]
Story = Callable[[World, str], Awaitable[Answers]]

ADDRESSES = ("ada.one@example.com", "ada.two@example.com", "ada.six@example.com")
"""As the numbers: of somebody with a password, of somebody without one, and of nobody."""
MINE = "821077778888"
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
PASSWORD = "Good-pass-4-Phone"


def method(identifier: str) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "password": True,
        "verificationCode": identifier != "username",
        "isPasswordPrimary": False,
    }


SETTINGS: dict[str, Any] = {
    "signUp": {
        "identifiers": ["username"],
        "password": True,
        "verify": True,
        "secondaryIdentifiers": [{"identifier": "emailOrPhone", "verify": True}],
    },
    "signIn": {"methods": [method(name) for name in ("username", "email", "phone")]},
    "forgotPasswordMethods": ["EmailVerificationCode", "PhoneVerificationCode"],
}


@pytest.fixture
async def provider(world: World) -> Provider:
    """Return the provider of a tenant where everything can be asked, with its accounts."""
    provider = ScriptedConnector.provider = ScriptedEmailConnector.provider = Provider()
    world.server.registry = ConnectorRegistry([ScriptedConnector, ScriptedEmailConnector])
    await world.server.forget("default")
    connectors = (await world.scope()).configuration.connectors
    await connectors.create(SYSTEM, "scripted", {})
    config = {"templates": default_email_templates()}
    await connectors.create(SYSTEM, "scripted-email", config)
    await open_account_center(world, "default")
    users = (await world.scope()).users
    for phone, address in zip(PHONES[:2], ADDRESSES[:2], strict=True):
        new = NewUser(
            primary_phone=PhoneNumber(phone),
            is_phone_verified=True,
            primary_email=address,
            is_email_verified=True,
        )
        user = await users.create(new)
        if phone == PHONES[0]:
            await users.set_password(user.id, PASSWORD)
    await users.create(NewUser(primary_phone=PhoneNumber(MINE), is_phone_verified=True))
    return provider


def named(value: str) -> dict[str, str]:
    return {"type": "email" if "@" in value else "phone", "value": value}


async def _send(client: httpx2.AsyncClient, value: str, event: str) -> httpx2.Response:
    body = {"identifier": named(value), "interactionEvent": event}
    return await client.post(SEND, json=body)


async def _verify(client: httpx2.AsyncClient, value: str, id_: str, code: str) -> httpx2.Response:
    body = {"identifier": named(value), "verificationId": id_, "code": code}
    return await client.post(f"{SEND}/verify", json=body)


async def by_api(world: World, value: str) -> Answers:
    """Ask for everything that can be asked without the code, in each event."""
    answers = []
    for event in ("SignIn", "Register", "ForgotPassword"):
        client = await world.browser()
        await start(client, event)
        sent = await _send(client, value, event)
        proof = {"verificationId": sent.json().get("verificationId", "none")}
        wrong = {"identifier": named(value), "password": "wrong"}
        answers += [
            sent,
            await client.get(f"{API}/interaction"),
            await _verify(client, value, proof["verificationId"], "wrong"),
            await client.post(f"{API}/identification", json=proof),
            await client.post(f"{API}/profile", json={"type": named(value)["type"], **proof}),
            await client.put(f"{API}/profile/password", json={"password": PASSWORD}),
            await client.post(f"{API}/submit"),
            await client.post(f"{API}/verification/password", json=wrong),
        ]
    return _portraits(answers, value)


async def by_recovering_on_pages(world: World, value: str) -> Answers:
    """Say on the page that the password is forgotten."""
    client = await world.browser()
    client.headers["accept"] = "text/html"
    await start(client)
    page = Page(await client.get("/forgot-password"))
    typed = {"identifier": value if "@" in value else f"+{value}", "country": "KR"}
    asked = await client.post(page.forms[0].action, data={**page.forms[0].fields, **typed})
    shown = await client.get(asked.headers["location"])
    form = Page(shown).forms[0]
    wrong = await client.post(form.action, data={**form.fields, "code": "000000"})
    delivery = await client.get("/forgot-password/verification-code/delivery")
    return _portraits([asked, shown, wrong, delivery], value)


async def by_completing_an_account(world: World, value: str) -> Answers:
    """Sign up as far as a number or an address is asked for, as after a provider's word, too."""
    client = await world.browser()
    await start(client, "Register")
    body = {"identifier": {"type": "username", "value": "newcomer"}, "password": PASSWORD}
    made = await client.post(f"{API}/verification/new-password-identity", json=body)
    proof = {"verificationId": made.json()["verificationId"]}
    lacking = await client.post(f"{API}/identification", json=proof)
    assert lacking.json()["code"] == "user.missing_profile"
    client.headers["accept"] = "text/html"
    page = Page(await client.get("/continue/email-or-phone"))
    typed = {"identifier": value if "@" in value else f"+{value}", "country": "KR"}
    asked = await client.post(page.forms[0].action, data={**page.forms[0].fields, **typed})
    shown = await client.get(asked.headers["location"])
    form = Page(shown).forms[0]
    wrong = await client.post(form.action, data={**form.fields, "code": "000000"})
    return _portraits([asked, shown, wrong], value)


async def by_account(world: World, value: str) -> Answers:
    """Say that it is to be one's own number or address, as somebody who is signed in."""
    client = await world.browser()
    client.headers["authorization"] = f"Bearer {await _token(world, client)}"
    own = await client.post(
        "/api/verifications/verification-code", json={"identifier": named(MINE)}
    )
    proof = own.json()["verificationRecordId"]
    await _proved(world, client, MINE, proof)
    sent = await client.post(
        "/api/verifications/verification-code", json={"identifier": named(value)}
    )
    new = sent.json()["verificationRecordId"]
    body = {"identifier": named(value), "verificationId": new, "code": "wrong"}
    wrong = await client.post("/api/verifications/verification-code/verify", json=body)
    type_ = named(value)["type"]
    unproved = await client.post(
        f"/api/my-account/primary-{type_}",
        json={type_: value, "newIdentifierVerificationRecordId": new},
        headers={"logto-verification-id": proof},
    )
    return _portraits([sent, wrong, unproved], value)


async def _proved(world: World, client: httpx2.AsyncClient, value: str, record_id: str) -> None:
    await world.server.dispatch.drain(timedelta(seconds=5))
    body = {"identifier": named(value), "verificationId": record_id}
    code = ScriptedConnector.provider.code
    answer = await client.post(
        "/api/verifications/verification-code/verify", json={**body, "code": code}
    )
    assert answer.status_code == 200, answer.text


async def _token(world: World, client: httpx2.AsyncClient) -> str:
    await start(client)
    record_id = (await _send(client, MINE, "SignIn")).json()["verificationId"]
    await world.server.dispatch.drain(timedelta(seconds=5))
    await _verify(client, MINE, record_id, ScriptedConnector.provider.code)
    await client.post(f"{API}/identification", json={"verificationId": record_id})
    await client.post(f"{API}/profile", json={"type": "username", "value": "mine"})
    await client.post(f"{API}/profile", json={"type": "password", "value": PASSWORD})
    back = await resume(client, await submit(client))
    asked = {
        "grant_type": "authorization_code",
        "client_id": "demo-app",
        "redirect_uri": f"{ORIGIN}/demo-app",
        "code": parse_qs(urlsplit(back.headers["location"]).query)["code"][0],
        "code_verifier": VERIFIER,
    }
    answer = await client.post("/oidc/token", data=asked)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def _portraits(answers: list[httpx2.Response], value: str) -> Answers:
    return [_anonymous(portrait(answer), value) for answer in answers]


def _anonymous(told: dict[str, Any], value: str) -> dict[str, Any]:
    spelled = (value, value.replace("@", "%40"), value.partition("@")[0])
    for text in spelled:
        told["body"] = told["body"].replace(text, "•")
    told["body"] = MOMENT.sub("…", told["body"])
    return told


@pytest.mark.parametrize("values", [ADDRESSES, PHONES], ids=["email", "phone"])
@pytest.mark.parametrize(
    ("story", "mode"),
    [
        (by_api, "SignInAndRegister"),
        (by_api, "SignIn"),
        (by_recovering_on_pages, "SignInAndRegister"),
        (by_completing_an_account, "SignInAndRegister"),
        (by_account, "SignIn"),
    ],
)
@pytest.mark.proves("S60", "S61")
async def test_the_answers_and_the_statements_are_the_same(
    world: World,
    provider: Provider,
    watched: Watched,
    *,
    story: Story,
    mode: str,
    values: tuple[str, ...],
) -> None:
    await world.set_up(signInMode=mode, **SETTINGS)
    # Somebody else comes first: what is read once for all is no answer to anyone.
    await story(world, "bob.one@example.com" if "@" in values[0] else "821099990000")
    told, done = [], []
    for value in values:
        world.clock.advance(timedelta(hours=3))
        watched.begin()
        told.append(await story(world, value))
        done.append((watched.statements, watched.hashings))
        await world.server.dispatch.drain(timedelta(seconds=5))

    assert len(told[0]) >= 3
    assert told[0] == told[1] == told[2]
    assert len(done[0][0]) >= len(told[0])
    assert done[0] == done[1] == done[2]
