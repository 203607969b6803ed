"""Invariant 7: nobody who asks learns which numbers have an account."""

import re
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.invariants.world import (
    API,
    BY_CODE_OR_PASSWORD,
    World,
    arrive,
    identifier,
    send,
    start,
    verify,
)
from tests.web.pages.browser import Page
from tests.web.pages.conftest import Provider, ScriptedConnector
from watchword.audit.models import SYSTEM
from watchword.connector_kit.errors import InvalidRecipient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.phone import PhoneNumber
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

TAKES = 0.2
ASKED = 200


@pytest.fixture
async def provider(world: World) -> Provider:
    """Return the provider of a tenant with two accounts; it does as it is told."""
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
    for first in ("/sign-in", "/register"):
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


async def by_guessing(world: World, phone: str) -> Answers:
    """Guess until the number is locked, then go on."""
    await world.set_up(sentinelPolicy={"maxAttempts": 4, "lockoutDuration": 60})
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


@pytest.mark.parametrize("story", [by_api, by_pages, by_guessing, by_flooding])
async def test_the_answers_are_the_same(world: World, provider: Provider, story: Story) -> None:
    for mode in ("SignInAndRegister", "SignIn"):
        await world.set_up(signInMode=mode, **BY_CODE_OR_PASSWORD)
        told = []
        for phone in PHONES:
            world.clock.advance(timedelta(hours=3))
            told.append(await story(world, phone))

        assert len(told[0]) >= 4
        assert told[0] == told[1] == told[2], mode


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


async def test_sending_takes_the_same_time(world: World, provider: Provider) -> None:
    # Where nobody can sign up, only accounts get a message, and a slow provider would show it.
    await world.set_up(signInMode="SignIn")
    provider.takes = TAKES
    client = await world.browser()
    spent: dict[str, list[float]] = {WITH_PASSWORD: [], UNKNOWN: []}

    for turn in range(ASKED):
        if turn % 40 == 0:
            await start(client)
        world.clock.advance(timedelta(seconds=61))
        # Each goes first as often: a message on its way makes the next request a little slower.
        for phone in (WITH_PASSWORD, UNKNOWN)[:: 1 if turn % 2 else -1]:
            before = time.perf_counter()
            answer = await send(client, phone)
            spent[phone].append(time.perf_counter() - before)
            assert answer.status_code == 200, answer.text

    await world.server.dispatch.drain(timedelta(seconds=5))
    assert {message.to.digits for message in provider.messages} == {WITH_PASSWORD}
    known, unknown = (statistics.median(seconds) for seconds in spent.values())
    assert abs(known - unknown) < TAKES / 2


async def test_a_wrong_password_takes_the_same_time(world: World, provider: Provider) -> None:
    await world.set_up(sentinelPolicy={"maxAttempts": 100, "lockoutDuration": 1})
    client = await world.browser()
    await start(client)
    spent: dict[str, list[float]] = {phone: [] for phone in PHONES}

    for _ in range(15):
        for phone, seconds in spent.items():
            before = time.perf_counter()
            answer = await _password(client, phone)
            seconds.append(time.perf_counter() - before)
            assert answer.json()["code"] == "session.invalid_credentials", answer.text

    # Hashing is nearly all of it: without it an answer takes a tenth of the time.
    medians = [statistics.median(seconds) for seconds in spent.values()]
    assert min(medians) > max(medians) / 2
