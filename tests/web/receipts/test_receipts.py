"""Providers' callbacks are believed when their provider wrote them, and refused alike otherwise."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.connectors.provider import (
    CONFIG,
    OTHER_PROVIDER_ID,
    UNSIGNED_PROVIDER_ID,
    ProviderConnector,
    signature,
)
from tests.connectors.rooms import ORIGIN, Rooms, open_rooms
from tests.fakes import FakeClock
from tests.messaging.test_sending import MOMENT, queue
from watchword.connector_kit.errors import ProviderTimeout, ReportRefused
from watchword.connector_kit.models import DeliveryReport, Receipt, ReportReply, ReportRequest
from watchword.connectors.models import SavedConnector
from watchword.core.errors import DomainError
from watchword.core.keys import SecretKeys
from watchword.core.phrases import Phrases
from watchword.messaging.models import MessageState
from watchword.storage import Storage
from watchword.web.problems import on_domain_error, on_invalid_request
from watchword.web.receipts import router
from watchword.web.security import BodyLimit

KEY = str(CONFIG["apiKey"])


class WithScope:
    """Stands in for the front door: says whose the request is."""

    def __init__(self, app: ASGIApp, rooms: Rooms) -> None:
        self.app = app
        self.rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            tenant_scope = SimpleNamespace(
                connectors=self.rooms.connectors, messaging=self.rooms.messaging, origin=ORIGIN
            )
            scope.setdefault("state", {}).update(scope=tenant_scope, languages=("en",))
        await self.app(scope, receive, send)


@pytest.fixture
async def rooms(storage: Storage, clock: FakeClock, keys: SecretKeys) -> Rooms:
    return await open_rooms(storage, clock, keys)


@pytest.fixture
async def client(rooms: Rooms) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI(
        exception_handlers={
            DomainError: on_domain_error,
            RequestValidationError: on_invalid_request,
        }
    )
    app.state.server = SimpleNamespace(phrases=Phrases.load())
    app.include_router(router)
    app.add_middleware(BodyLimit)
    transport = httpx2.ASGITransport(app=WithScope(app, rooms))
    # Behind a proxy: the host that reaches us is not the one that the provider called.
    async with httpx2.AsyncClient(transport=transport, base_url="http://10.0.0.5:3001") as client:
        yield client


async def send_one(rooms: Rooms) -> str:
    rooms.provider.answers.append(Receipt("P1"))
    queued = await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    return queued.id


def report(state: str = "delivered", **extra: Any) -> bytes:
    return json.dumps({"id": "P1", "state": state, **extra}).encode()


async def post_signed(
    client: httpx2.AsyncClient,
    saved: SavedConnector,
    body: bytes,
    *,
    key: str = KEY,
    query: str = "",
) -> httpx2.Response:
    path = f"/receipts/{saved.id}{query}"
    signed = signature(key, f"{ORIGIN}{path}", body)
    return await client.post(path, content=body, headers={"X-Signature": signed})


async def test_a_signed_report_moves_the_message_on(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()
    message_id = await send_one(rooms)

    answer = await post_signed(client, saved, report("undelivered", error="unreachable"))

    assert (answer.status_code, answer.content) == (204, b"")
    message = await rooms.messaging.log.get(message_id)
    assert (message.state, message.error_class) == (MessageState.UNDELIVERED, "unreachable")
    assert message.provider_words == "carrier"


@pytest.mark.proves("S129")
async def test_the_signature_covers_the_public_url_with_its_query(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()
    message_id = await send_one(rooms)

    answer = await post_signed(client, saved, report(), query="?a=%2B1&a=2")

    assert answer.status_code == 204
    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED


@pytest.mark.proves("S129")
async def test_every_refusal_looks_the_same(rooms: Rooms, client: httpx2.AsyncClient) -> None:
    signed = await rooms.set_up()
    message_id = await send_one(rooms)
    unsigned = await rooms.set_up(UNSIGNED_PROVIDER_ID)
    theirs = await open_rooms(rooms.storage, rooms.clock, rooms.keys, tenant_id="acme")
    foreign = await theirs.set_up()

    refused = [
        await client.post("/receipts/nothing", content=report()),
        await client.post(f"/receipts/{signed.id}", content=report()),
        await post_signed(client, signed, report(), key="another key"),
        await post_signed(client, signed, b"\xff\x00 not json"),
        await post_signed(client, foreign, report()),
        await client.post(f"/receipts/{signed.id}/wrong-token", content=report()),
        await client.post(f"/receipts/{unsigned.id}", content=report()),
        await client.post(f"/receipts/{unsigned.id}/wrong-token", content=report()),
        await client.get(f"/receipts/{signed.id}"),
    ]

    assert {(answer.status_code, answer.text) for answer in refused} == {
        (refused[0].status_code, refused[0].text)
    }
    assert refused[0].status_code == 403
    assert await rooms.messaging.log.find_state(message_id) is MessageState.ACCEPTED


async def test_an_unsigned_report_needs_the_token(rooms: Rooms, client: httpx2.AsyncClient) -> None:
    saved = await rooms.set_up(UNSIGNED_PROVIDER_ID)
    message_id = await send_one(rooms)

    path = f"/receipts/{saved.id}/{saved.receipt_token}"
    answer = await client.post(path, content=report())

    assert answer.status_code == 204
    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED


async def test_a_replaced_connector_is_heard_for_seven_days(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()
    message_id = await send_one(rooms)
    await rooms.set_up(OTHER_PROVIDER_ID)

    rooms.clock.advance(timedelta(days=6, hours=23))
    assert (await post_signed(client, saved, report())).status_code == 204
    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED
    rooms.clock.advance(timedelta(hours=2))
    assert (await post_signed(client, saved, report())).status_code == 403


async def test_a_report_of_an_unknown_message_is_taken_and_moves_nothing(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()
    message_id = await send_one(rooms)

    answer = await post_signed(client, saved, report().replace(b"P1", b"P2"))

    assert answer.status_code == 204
    assert await rooms.messaging.log.find_state(message_id) is MessageState.ACCEPTED


async def test_a_long_body_is_refused_before_it_is_read(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()

    answer = await client.post(f"/receipts/{saved.id}", content=b"x" * (64 * 1024 + 1))

    assert answer.status_code == 413


async def lose_answer(rooms: Rooms) -> str:
    rooms.provider.answers.append(ProviderTimeout("no answer"))
    queued = await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    assert await rooms.messaging.log.find_state(queued.id) is MessageState.UNKNOWN
    return queued.id


async def test_a_message_whose_answer_was_lost_is_found_by_the_address_it_gave(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()
    message_id = await lose_answer(rooms)
    called = rooms.provider.sent[-1].receipt_url
    assert called == f"{ORIGIN}/receipts/{saved.id}?message={message_id}"

    answer = await post_signed(client, saved, report(), query=f"?message={message_id}")

    assert answer.status_code == 204
    message = await rooms.messaging.log.get(message_id)
    assert (message.state, message.provider_message_id) == (MessageState.DELIVERED, "P1")
    later = await post_signed(client, saved, report("undelivered"), query=f"?message={message_id}")
    assert later.status_code == 204
    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED


async def test_the_address_names_no_message_of_another_tenant_connector_or_provider_id(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()
    lost = await lose_answer(rooms)
    known = await send_one(rooms)
    theirs = await open_rooms(rooms.storage, rooms.clock, rooms.keys, tenant_id="acme")
    await theirs.set_up(id=saved.id)
    foreign = await lose_answer(theirs)
    other = await rooms.set_up(OTHER_PROVIDER_ID)

    async def reported(to: SavedConnector, message_id: str, body: bytes) -> int:
        answer = await post_signed(client, to, body, query=f"?message={message_id}")
        return answer.status_code

    assert await reported(other, lost, report()) == 204
    assert await reported(saved, foreign, report().replace(b"P1", b"P7")) == 204
    assert await reported(saved, known, report().replace(b"P1", b"P8")) == 204
    assert await reported(saved, "%00", report()) == 400

    assert await rooms.messaging.log.find_state(lost) is MessageState.UNKNOWN
    assert await rooms.messaging.log.find_state(known) is MessageState.ACCEPTED
    assert await theirs.messaging.log.find_state(foreign) is MessageState.UNKNOWN


@pytest.mark.parametrize("ending", [Receipt("P1"), ProviderTimeout("no answer")])
async def test_a_report_that_is_faster_than_the_answer_is_taken_at_once_and_not_lost(
    rooms: Rooms, client: httpx2.AsyncClient, ending: Receipt | ProviderTimeout
) -> None:
    saved = await rooms.set_up()
    rooms.provider.gate = asyncio.Event()
    rooms.provider.answers.append(ending)
    queued = await queue(rooms)
    await rooms.provider.asked.wait()

    # The provider is told so although its own answer is still to come.
    answer = await post_signed(client, saved, report(), query=f"?message={queued.id}")

    assert answer.status_code == 204
    assert await rooms.messaging.log.find_state(queued.id) is MessageState.SENDING
    rooms.provider.gate.set()
    await rooms.messaging.drain(MOMENT)
    await rooms.messaging.reports.match_early()
    message = await rooms.messaging.log.get(queued.id)
    assert (message.state, message.provider_message_id) == (MessageState.DELIVERED, "P1")


async def test_a_report_to_one_address_for_all_is_matched_by_what_it_gives_back(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await rooms.set_up()
    message_id = await lose_answer(rooms)

    answer = await post_signed(client, saved, report(message=message_id))

    assert answer.status_code == 204
    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED


# What the provider hears.


class ParticularConnector(ProviderConnector):
    """Wants to be thanked in JSON, and proves its address with a challenge first."""

    metadata = replace(ProviderConnector.metadata, id="particular-provider")

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Read a report; a challenge is none."""
        if request.method == "GET":
            if dict(request.query).get("verify_token") != self.config.sender:
                raise ReportRefused("not who it says")
            return []
        return super().read_report(request)

    def answer_report(self, request: ReportRequest) -> ReportReply:
        """Give the challenge back, or say thank you."""
        if request.method == "GET":
            challenge = dict(request.query)["challenge"]
            return ReportReply(200, challenge.encode(), "text/plain")
        return ReportReply(200, b'{"code":0,"msg":"OK"}', "application/json")


async def particular(rooms: Rooms) -> SavedConnector:
    names = {"provider": rooms.provider}
    rooms.registry.add(type("Particular", (ParticularConnector,), names))
    rooms.reload()
    return await rooms.set_up(ParticularConnector.metadata.id)


async def test_a_provider_hears_what_it_wants_to_hear(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await particular(rooms)
    message_id = await send_one(rooms)

    answer = await post_signed(client, saved, report())
    unknown = await post_signed(client, saved, report().replace(b"P1", b"P2"))

    for heard in (answer, unknown):
        assert (heard.status_code, heard.json()) == (200, {"code": 0, "msg": "OK"})
        assert heard.headers["content-type"] == "application/json"
    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED


async def test_a_call_that_proves_the_address_is_answered_and_reports_nothing(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await particular(rooms)
    query = f"verify_token={CONFIG['sender']}&challenge=%3Cb%3E1158201444"

    answer = await client.get(f"/receipts/{saved.id}?{query}")

    assert (answer.status_code, answer.text) == (200, "<b>1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_wrong_or_broken_proof_of_the_address_is_refused_like_any_other(
    rooms: Rooms, client: httpx2.AsyncClient
) -> None:
    saved = await particular(rooms)
    nobody = await client.get("/receipts/nothing")

    for query in (
        "",
        "?verify_token=wrong&challenge=1",
        # Proved, but with nothing to give back.
        f"?verify_token={CONFIG['sender']}",
    ):
        answer = await client.get(f"/receipts/{saved.id}{query}")
        assert (answer.status_code, answer.text) == (nobody.status_code, nobody.text)
