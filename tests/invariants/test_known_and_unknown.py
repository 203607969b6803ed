"""Invariant 7: nobody who asks learns which numbers have an account."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Executable

from tests.fakes import FakeClock
from tests.invariants.world import (
    API,
    BY_CODE_OR_PASSWORD,
    World,
    arrive,
    identifier,
    send,
    serving,
    start,
    verify,
)
from tests.web.pages.browser import Page
from tests.web.pages.conftest import Provider, ScriptedConnector
from watchword.audit.models import SYSTEM
from watchword.connector_kit.errors import InvalidRecipient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.storage.compiled import compile_for
from watchword.storage.database import Database
from watchword.users.models import NewUser

pytestmark = pytest.mark.slow

WITH_PASSWORD = "821012345678"
WITHOUT_PASSWORD = "821055556666"
UNKNOWN = "821087654321"
PHONES = (WITH_PASSWORD, WITHOUT_PASSWORD, UNKNOWN)
PASSWORD = "Good-pass-4-Phone"

PERSONAL = re.compile(r"1234-?5678|5555-?6666|8765-?4321|5678|6666|4321")
DRAWN = re.compile(r"[0-9A-Za-z_-]{20,}")
"""Tokens and ids, which no two answers share."""

FORGOT = "ForgotPassword"


@pytest.fixture
async def provider(world: World) -> Provider:
    """Return the provider of a tenant with two accounts; it does as it is told."""
    return await prepared(world)


async def prepared(world: World) -> Provider:
    """Give the tenant a scripted provider and two accounts."""
    provider = ScriptedConnector.provider = Provider()
    world.server.registry = ConnectorRegistry([ScriptedConnector])
    await world.server.forget("default")
    scope = await world.scope()
    await scope.configuration.connectors.create(SYSTEM, "scripted", {})
    for phone in (WITH_PASSWORD, WITHOUT_PASSWORD):
        user = await scope.users.create(
            NewUser(primary_phone=PhoneNumber(phone), is_phone_verified=True)
        )
        if phone == WITH_PASSWORD:
            await scope.users.set_password(user.id, PASSWORD)
    return provider


@dataclass
class Watched:
    """The statements that the test's own requests run; those of other tasks are none of them."""

    statements: list[str] = field(default_factory=list)
    hashings: int = 0
    """Of passwords, which take longer than all the rest of an answer."""
    task: "asyncio.Task[Any] | None" = None

    def begin(self) -> None:
        """Watch the task that is running, from here."""
        self.task = asyncio.current_task()
        self.statements, self.hashings = [], 0


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Return what will have been run."""
    seen = Watched()

    def watch(name: str) -> None:
        run = getattr(Database, name)

        async def watching(
            database: Database, statement: Executable, values: Any, for_tenant: bool = False
        ) -> Any:
            if asyncio.current_task() is seen.task:
                seen.statements.append(compile_for(database.dialect, statement).sql)
            return await run(database, statement, values, for_tenant)

        monkeypatch.setattr(Database, name, watching)

    for name in ("first", "all", "run"):
        watch(name)
    verify = PasswordHasher.verify

    def counting(hasher: PasswordHasher, digest: str, password: str) -> bool:
        seen.hashings += 1
        return verify(hasher, digest, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    return seen


def portrait(answer: httpx2.Response) -> dict[str, Any]:
    """Return all that an answer tells, but for what is drawn anew each time."""
    return {
        "status": answer.status_code,
        "headers": sorted(
            (name, "" if name in {"content-length", "x-correlation-id"} else _plain(value))
            for name, value in answer.headers.multi_items()
        ),
        "body": _plain(answer.text),
        "length": len(answer.content) if "json" in answer.headers.get("content-type", "") else None,
    }


def _plain(text: str) -> str:
    # Drawn first: a token that happens to hold a number's digits is still one token.
    return PERSONAL.sub("•", DRAWN.sub("…", text))


Answers = list[dict[str, Any]]
Story = Callable[[World, str], Awaitable[Answers]]


async def by_api(world: World, phone: str) -> Answers:
    """Ask the API for everything that can be asked without the code."""
    answers = []
    for event in ("SignIn", "Register"):
        client = await world.browser()
        await start(client, event)
        sent = await send(client, phone, event)
        answers.append(sent)
        record_id = sent.json().get("verificationId", "none")
        answers.append(await client.get(f"{API}/interaction"))
        answers.append(await verify(client, phone, record_id, "wrong"))
        proof = {"verificationId": record_id}
        answers.append(await client.post(f"{API}/identification", json=proof))
        answers.append(await client.post(f"{API}/profile", json={"type": "phone", **proof}))
        answers.append(await client.post(f"{API}/submit"))
        answers.append(await _password(client, phone))
    return [portrait(answer) for answer in answers]


async def by_pages(world: World, phone: str) -> Answers:
    """Walk the pages as far as one gets without the code."""
    answers = []
    for first in ("/sign-in", "/register", "/forgot-password"):
        client = await world.browser()
        client.headers["accept"] = "text/html"
        await arrive(client)
        page = Page(await client.get(first))
        if not page.forms:
            continue
        typed = {"identifier": f"+{phone}", "country": "KR"}
        asked = await _fill(client, page, **typed)
        answers.append(asked)
        shown = await client.get(asked.headers["location"])
        answers.append(shown)
        answers.append(await client.get(f"{first}/verification-code/delivery"))
        answers.append(await _fill(client, Page(shown), code="000000"))
        world.clock.advance(timedelta(minutes=1))
        again = Page(await client.get(asked.headers["location"]))
        resend = next(f for f in again.forms if "resend" in f.action)
        answers.append(await client.post(resend.action, data=resend.fields))
        if first == "/sign-in":
            typed_password = Page(await client.get("/sign-in/password"))
            answers.append(typed_password.response)
            answers.append(await _fill(client, typed_password, password="wrong"))
    return [portrait(answer) for answer in answers]


async def by_forgetting(world: World, phone: str) -> Answers:
    """Ask the API for everything a person who forgot their password can ask for."""
    client = await world.browser()
    await start(client, FORGOT)
    sent = await send(client, phone, FORGOT)
    record_id = sent.json().get("verificationId", "none")
    answers = [
        sent,
        await client.get(f"{API}/interaction"),
        await verify(client, phone, record_id, "wrong"),
        await client.post(f"{API}/identification", json={"verificationId": record_id}),
        await client.put(f"{API}/profile/password", json={"password": PASSWORD}),
        await client.post(f"{API}/submit"),
    ]
    return [portrait(answer) for answer in answers]


async def by_guessing(world: World, phone: str) -> Answers:
    """Guess until the number is locked, then go on."""
    client = await world.browser()
    await start(client)
    record_id = (await send(client, phone)).json()["verificationId"]
    answers = [await verify(client, phone, record_id, "wrong") for _ in range(3)]
    answers += [await _password(client, phone) for _ in range(3)]
    world.clock.advance(timedelta(hours=3))
    await start(client)
    answers += [await _password(client, phone) for _ in range(6)]
    return [portrait(answer) for answer in answers]


async def by_flooding(world: World, phone: str) -> Answers:
    """Ask for more messages than anyone gets."""
    client = await world.browser()
    await start(client)
    return [portrait(await send(client, phone)) for _ in range(12)]


async def _password(client: httpx2.AsyncClient, phone: str) -> httpx2.Response:
    body = {"identifier": identifier(phone), "password": "wrong"}
    return await client.post(f"{API}/verification/password", json=body)


async def _fill(client: httpx2.AsyncClient, page: Page, **typed: str) -> httpx2.Response:
    form = page.forms[0]
    return await client.post(form.action, data={**form.fields, **typed})


SETTINGS: dict[Story, dict[str, Any]] = {
    by_guessing: {"sentinelPolicy": {"maxAttempts": 4, "lockoutDuration": 60}}
}
STORIES = [by_api, by_pages, by_forgetting, by_guessing, by_flooding]


@pytest.mark.parametrize("mode", ["SignInAndRegister", "SignIn"])
@pytest.mark.parametrize("story", STORIES)
@pytest.mark.proves("S60", "S61", "S62")
async def test_the_answers_and_the_statements_are_the_same(
    world: World, provider: Provider, watched: Watched, story: Story, mode: str
) -> None:
    settings = {**BY_CODE_OR_PASSWORD, **SETTINGS.get(story, {})}
    await world.set_up(signInMode=mode, **settings)
    # Somebody else comes first: what is read once for all is no answer to anyone.
    await story(world, "821011112222")
    told, done = [], []
    for phone in PHONES:
        world.clock.advance(timedelta(hours=3))
        watched.begin()
        told.append(await story(world, phone))
        done.append((watched.statements, watched.hashings))
        await world.server.dispatch.drain(timedelta(seconds=5))

    assert len(told[0]) >= 4
    assert told[0] == told[1] == told[2]
    assert len(done[0][0]) >= len(told[0])
    assert done[0] == done[1] == done[2]


@pytest.mark.proves("S60")
async def test_what_a_provider_says_of_a_number_tells_nothing(
    world: World, provider: Provider
) -> None:
    await world.set_up(signInMode="SignIn")
    provider.refusal = InvalidRecipient("no such subscriber")

    told = [await by_api(world, phone) for phone in PHONES]
    world.clock.advance(timedelta(hours=1))
    told_by_pages = [await by_pages(world, phone) for phone in PHONES]

    assert provider.messages
    assert told[0] == told[1] == told[2]
    assert told_by_pages[0] == told_by_pages[1] == told_by_pages[2]


@pytest.mark.parametrize(("mode", "event"), [("SignIn", "SignIn"), ("SignInAndRegister", FORGOT)])
@pytest.mark.proves("S61")
async def test_no_request_waits_for_a_provider_where_only_accounts_get_messages(
    database_url: str, clock: FakeClock, keys: SecretKeys, mode: str, event: str
) -> None:
    async with serving(database_url, clock, keys, delivery_wait=timedelta(hours=1)) as world:
        provider = await prepared(world)
        await world.set_up(signInMode=mode, **BY_CODE_OR_PASSWORD)
        # It never answers, so whoever waits for it is stuck.
        provider.silent = asyncio.Event()
        client = await world.browser()
        await start(client, event)

        async with asyncio.timeout(60):
            for phone in (WITH_PASSWORD, UNKNOWN):
                assert (await send(client, phone, event)).status_code == 200

        provider.silent.set()
        await world.server.dispatch.drain(timedelta(seconds=5))
        assert {message.to.digits for message in provider.messages} == {WITH_PASSWORD}
