"""The proof of work over the Experience API: asked for before a code, once for each identifier."""

import asyncio

import httpx2
import pytest

from tests.interactions.test_work import solve
from tests.interactions.world import OUTBOX
from tests.web.experience.conftest import Site
from tests.web.experience.test_experience import API, OTHER, identify, prove, send, start, submit

ASKED = {"captchaPolicy": {"enabled": True}}


@pytest.fixture
async def client(site: Site) -> httpx2.AsyncClient:
    await site.set_up(**ASKED)
    return await site.started()


async def answer_of(client: httpx2.AsyncClient) -> str:
    asked = (await client.get(f"{API}/proof-of-work")).json()
    assert (asked["isRequired"], asked["bits"]) == (True, 16)
    return solve(asked["challenge"])


async def begin(client: httpx2.AsyncClient, answer: str) -> httpx2.Response:
    return await client.put(API, json={"interactionEvent": "SignIn", "captchaToken": answer})


@pytest.mark.proves("S46")
async def test_nothing_is_sent_without_it(client: httpx2.AsyncClient) -> None:
    await start(client)

    refused = await send(client)

    assert (refused.status_code, refused.json()["code"]) == (422, "session.captcha_required")
    assert OUTBOX == []


@pytest.mark.proves("S46")
async def test_with_it_a_code_is_sent_and_people_sign_up(client: httpx2.AsyncClient) -> None:
    await start(client, "Register")
    answer = await answer_of(client)
    began = await client.put(API, json={"interactionEvent": "Register", "captchaToken": answer})
    assert began.status_code == 204

    record_id = await prove(client, event="Register")
    assert (await identify(client, record_id)).status_code in {201, 204}

    assert await submit(client)


@pytest.mark.proves("S46")
async def test_an_answer_is_good_once_and_for_one_identifier(client: httpx2.AsyncClient) -> None:
    answer = await answer_of(client)
    assert (await begin(client, answer)).status_code == 204
    assert (await send(client)).status_code == 200
    assert (await send(client)).status_code == 200

    assert (await send(client, OTHER)).json()["code"] == "session.captcha_required"
    again = await begin(client, answer)

    assert (again.status_code, again.json()["code"]) == (422, "session.captcha_failed")


@pytest.mark.proves("S46")
async def test_a_start_without_an_answer_makes_the_old_ones_no_good(
    client: httpx2.AsyncClient,
) -> None:
    answer = await answer_of(client)
    await start(client)

    assert (await begin(client, answer)).json()["code"] == "session.captcha_failed"


@pytest.mark.proves("S46")
async def test_of_many_numbers_at_once_one_gets_a_code(client: httpx2.AsyncClient) -> None:
    await begin(client, await answer_of(client))

    sent = await asyncio.gather(*(send(client, f"8210{n}2345678"[:12]) for n in range(1, 9)))

    assert [answer.status_code for answer in sent].count(200) == 1
    assert len(OUTBOX) == 1


async def test_while_it_is_off_nobody_is_asked(site: Site) -> None:
    client = await site.started()
    asked = (await client.get(f"{API}/proof-of-work")).json()
    assert asked["isRequired"] is False
    assert (await begin(client, "nonsense")).status_code == 204

    assert (await send(client)).status_code == 200
