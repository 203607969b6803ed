"""Sinch: what is asked, how answers and callbacks are read, and how a project gets its token."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, ReportRefused
from watchword.connector_kit.models import ReportRequest
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
)
from watchword.connector_kit.wording import default_templates
from watchword.providers.sinch.config import SinchConfig
from watchword.providers.sinch.connector import AccessToken, SinchConnector, signature_of
from watchword.providers.sinch.errors import ERRORS, REPORT_ERRORS

[VECTOR] = [
    vector
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text())
    if vector["provider"] == "sinch"
]
PLAN = "0123456789abcdef0123456789abcdef"
TOKEN = "fake-service-plan-token"
SECRET = VECTOR["inputs"]["secret"]
BATCH = "01FC66621XXXXX119Z8PMV1QPQ"
URL = "https://auth.example.com/receipts/instance-1/token"
PROJECT_ID = "01234567-89ab-cdef-0123-456789abcdef"

CONFIG = {
    "servicePlanId": PLAN,
    "apiToken": TOKEN,
    "sender": "447418310508",
    "templates": default_templates(),
}
PROJECT = {
    "servicePlanId": None,
    "apiToken": None,
    "projectId": PROJECT_ID,
    "keyId": "fake-key-id",
    "keySecret": "fake-key-secret",
}

# After the example in Sinch's documentation of batches.
ACCEPTED = {
    "id": BATCH,
    "to": ["447700900123"],
    "from": "447418310508",
    "canceled": False,
    "body": f"{CODE} is your code",
    "type": "mt_text",
    "created_at": "2026-05-01T09:00:00.000Z",
    "modified_at": "2026-05-01T09:00:00.000Z",
}


def made(config: dict[str, Any] | None = None, **others: Any) -> SinchConnector:
    settings = SinchConfig.parse({**CONFIG, **(config or {})})
    return SinchConnector(settings, context(**{"clock": FakeClock(), **others}))


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


class TestSinch(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> SinchConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(201, json=ACCEPTED)


class TestWithEverySettingOfAServicePlan(TestSinch):
    @pytest.fixture
    def connector(self) -> SinchConnector:
        return made({"region": "eu", "callbackSecret": SECRET}, public_receipts=True)


def test_asks_sinch_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == f"https://us.sms.api.sinch.com/xms/v1/{PLAN}/batches"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert body_of(request) == {
        "to": ["447700900123"],
        "from": "447418310508",
        "body": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "type": "mt_text",
        "expire_at": "2026-05-01T09:10:00Z",
        "client_reference": "message-1",
        "delivery_report": "none",
    }


def test_a_text_waits_three_days_at_most() -> None:
    request = made().build_request(replace(MESSAGE, time_left=timedelta(days=9)))

    assert body_of(request)["expire_at"] == "2026-05-04T09:00:00Z"


def test_the_account_may_choose_the_sender() -> None:
    assert "from" not in body_of(made({"sender": None}).build_request(MESSAGE))


def test_reports_are_asked_for_only_where_sinch_can_reach_us() -> None:
    body = body_of(made(public_receipts=True).build_request(MESSAGE))

    assert body["callback_url"] == MESSAGE.receipt_url
    assert body["delivery_report"] == "per_recipient_final"
    assert "callback_url" not in body_of(made().build_request(MESSAGE))


@pytest.mark.parametrize("region", ["us", "eu", "au", "br", "ca"])
def test_the_region_is_in_the_host(region: str) -> None:
    plan, project = made({"region": region}), made({"region": region, **PROJECT})

    assert plan.build_request(MESSAGE).url.host == f"{region}.sms.api.sinch.com"
    assert project.build_request(MESSAGE).url.host == f"zt.{region}.sms.api.sinch.com"


@pytest.mark.parametrize("region", ["de", "us.evil.example/", "US"])
def test_there_are_five_regions(region: str) -> None:
    with pytest.raises(InvalidConfig):
        made({"region": region})


def test_an_odd_plan_stays_inside_the_path() -> None:
    url = made({"servicePlanId": "../x?y#z"}).build_request(MESSAGE).url

    assert url.raw_path == b"/xms/v1/..%2Fx%3Fy%23z/batches"


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"servicePlanId": None, "apiToken": None}, "servicePlanId"),
        ({"apiToken": None}, "apiToken"),
        ({"servicePlanId": ""}, "servicePlanId"),
        ({**PROJECT, "projectId": None}, "projectId"),
        ({**PROJECT, "keyId": None}, "keyId"),
        ({**PROJECT, "keySecret": None}, "keySecret"),
        ({**PROJECT, "apiToken": TOKEN}, "projectId"),
    ],
)
def test_a_plan_or_a_project_is_given_whole(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made(settings)
    assert set(refused.value.fields) == {key}


async def test_keeps_the_batchs_id() -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(201, json=ACCEPTED)).send(MESSAGE)

    assert (receipt.provider_message_id, receipt.words) == (BATCH, "Sinch: accepted")


@pytest.mark.parametrize("wrong", [{"id": None}, {"id": 7}])
async def test_a_batch_without_an_id_may_have_gone_out(wrong: dict[str, Any]) -> None:
    body = {**ACCEPTED, **wrong}
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(201, json=body)).send(MESSAGE)


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_code_says_who_must_act(code: str) -> None:
    answer = httpx2.Response(400, json={"code": code, "text": "words"})
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer).send(MESSAGE)

    assert type(refused.value) is ERRORS[code]
    assert refused.value.words == f"Sinch {code}: words"


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("syntax_invalid_parameter_format", "an MSISDN is wrong", errors.InvalidRecipient),
        ("syntax_invalid_parameter_format", "[to.0] is wrong", errors.InvalidRecipient),
        ("syntax_invalid_parameter_format", "[from] is wrong", errors.SenderRejected),
        ("syntax_constraint_violation", "'from' is required", errors.SenderRejected),
        ("syntax_constraint_violation", "[body] is too long", errors.TemplateRejected),
        ("syntax_constraint_violation", "failed to read from body", errors.ProviderRejected),
        ("unknown_campaign", "[to] whom", errors.SenderRejected),
        ("a_new_code", "[to] whom", errors.ProviderRejected),
    ],
)
async def test_a_syntax_code_is_about_the_field_that_it_names(
    code: str, text: str, expected: type[ConnectorError]
) -> None:
    answer = httpx2.Response(400, json={"code": code, "text": text})
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer).send(MESSAGE)
    assert type(refused.value) is expected


async def test_an_empty_answer_says_its_status() -> None:
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(made(), lambda _: httpx2.Response(401)).send(MESSAGE)
    assert refused.value.words == "Sinch 401: Unauthorized"


async def test_a_dry_run_checks_the_credentials_and_sends_nothing() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, body_of(request)))
        return httpx2.Response(200, json={"number_of_recipients": 1, "number_of_messages": 1})

    words = await answered_by(made(), answer).check_credentials()

    assert words == "Sinch: a dry run would send 1 part"
    body = {"to": ["15551231234"], "body": "000000", "type": "mt_text", "from": "447418310508"}
    assert asked == [("POST", f"/xms/v1/{PLAN}/batches/dry_run", body)]


# A project: its key is exchanged for a token, which is kept.


class Sinch:
    """Answers for both of Sinch's hosts, and counts the tokens it gave out."""

    def __init__(self) -> None:
        self.tokens = 0
        self.sent: list[str] = []
        self.withdrawn: set[str] = set()
        self.answer: Callable[[httpx2.Request], httpx2.Response] | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/oauth2/token"):
            if self.answer is not None:
                return self.answer(request)
            self.tokens += 1
            token = f"fake-token-{self.tokens}"
            return httpx2.Response(200, json={"access_token": token, "expires_in": 3600})
        token = request.headers["authorization"].removeprefix("Bearer ")
        if token in self.withdrawn:
            return httpx2.Response(401)
        self.sent.append(token)
        return httpx2.Response(201, json={**ACCEPTED, "number_of_messages": 1})


@pytest.fixture
def sinch() -> Sinch:
    return Sinch()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def project(sinch: Sinch, clock: FakeClock) -> SinchConnector:
    return SinchConnector(SinchConfig.parse({**CONFIG, **PROJECT}), context(sinch, clock=clock))


async def test_a_projects_key_is_exchanged_for_a_token_first(project: SinchConnector) -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return Sinch()(request)

    await answered_by(project, answer).send(MESSAGE)

    assert [str(request.url) for request in asked] == [
        "https://auth.sinch.com/oauth2/token",
        f"https://zt.us.sms.api.sinch.com/xms/v1/{PROJECT_ID}/batches",
    ]
    assert asked[0].headers["authorization"] == "Basic ZmFrZS1rZXktaWQ6ZmFrZS1rZXktc2VjcmV0"
    assert asked[0].content == b"grant_type=client_credentials"
    assert asked[1].headers["authorization"] == "Bearer fake-token-1"


async def test_an_operator_can_redirect_both_calls(project: SinchConnector) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        return Sinch()(request)

    await answered_by(project, answer, base_url_override="http://127.0.0.1:9/x").send(MESSAGE)

    assert asked == ["127.0.0.1", "127.0.0.1"]


async def test_a_token_is_kept_until_shortly_before_it_expires(
    project: SinchConnector, sinch: Sinch, clock: FakeClock
) -> None:
    await project.send(MESSAGE)
    clock.moment += timedelta(seconds=3539)
    await project.send(MESSAGE)
    clock.moment += timedelta(seconds=1)
    await project.send(MESSAGE)

    assert sinch.sent == ["fake-token-1", "fake-token-1", "fake-token-2"]


async def test_many_messages_at_once_share_one_token(project: SinchConnector, sinch: Sinch) -> None:
    async def slow(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        return sinch(request)

    client = OutboundClient(transport=httpx2.MockTransport(slow))
    connector = SinchConnector(project.config, replace(project.context, client=client))

    await asyncio.gather(*(connector.send(MESSAGE) for _ in range(8)))

    assert sinch.tokens == 1
    assert len(sinch.sent) == 8


async def test_a_withdrawn_token_is_replaced_once(project: SinchConnector, sinch: Sinch) -> None:
    await project.send(MESSAGE)
    sinch.withdrawn.add("fake-token-1")

    await project.send(MESSAGE)
    assert sinch.sent == ["fake-token-1", "fake-token-2"]

    sinch.withdrawn |= {"fake-token-2", "fake-token-3"}
    with pytest.raises(errors.InvalidCredentials):
        await project.send(MESSAGE)
    assert sinch.tokens == 3


async def test_a_new_token_that_is_refused_is_not_tried_again(
    project: SinchConnector, sinch: Sinch
) -> None:
    sinch.withdrawn.add("fake-token-1")

    with pytest.raises(errors.InvalidCredentials):
        await project.send(MESSAGE)
    assert sinch.tokens == 1


async def test_a_refused_key_is_said_plainly(project: SinchConnector, sinch: Sinch) -> None:
    body = {"error": "invalid_client", "error_description": "fake-key-secret is wrong"}
    sinch.answer = lambda _: httpx2.Response(401, json=body)

    for ask in (project.send(MESSAGE), project.check_credentials()):
        with pytest.raises(errors.InvalidCredentials) as refused:
            await ask
        assert refused.value.words.startswith("Sinch invalid_client: ")
        assert "fake-key-secret" not in refused.value.words


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, b"", errors.ProviderThrottled),
        (503, b"", errors.ProviderUnavailable),
        (504, b"", errors.ProviderUnavailable),
        (200, b"<html>", errors.ProviderUnavailable),
    ],
)
async def test_without_a_token_nothing_was_sent(
    project: SinchConnector,
    sinch: Sinch,
    status: int,
    body: bytes,
    expected: type[ConnectorError],
) -> None:
    sinch.answer = lambda _: httpx2.Response(status, content=body)

    with pytest.raises(expected) as failed:
        await project.send(MESSAGE)
    assert failed.value.is_outcome_known
    assert sinch.sent == []


async def test_a_lost_token_is_no_lost_message(project: SinchConnector, sinch: Sinch) -> None:
    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("lost", request=request)

    sinch.answer = lost

    with pytest.raises(errors.ProviderUnavailable) as failed:
        await project.send(MESSAGE)
    assert failed.value.is_outcome_known


async def test_a_project_is_checked_with_a_dry_run_too(project: SinchConnector) -> None:
    assert await project.check_credentials() == "Sinch: a dry run would send 1 part"


def test_a_token_is_in_no_repr() -> None:
    assert "fake-token" not in repr(AccessToken("fake-token-1", FakeClock().now()))


# Callbacks. The vector was made with Sinch's package 2.3.0.


def event(status: str, code: Any = 0, **others: Any) -> dict[str, Any]:
    found = {"type": "recipient_delivery_report_sms", "batch_id": BATCH, "recipient": "44"}
    return {**found, "code": code, "status": status, **others}


def called(body: dict[str, Any], **headers: str) -> ReportRequest:
    return ReportRequest("POST", URL, headers, json.dumps(body).encode())


def signed(request: ReportRequest, secret: str = SECRET) -> ReportRequest:
    headers = {
        "x-sinch-webhook-signature-nonce": "nonce",
        "x-sinch-webhook-signature-timestamp": "1767323045",
        "x-sinch-webhook-signature": signature_of(request.body, "nonce", "1767323045", secret),
    }
    return replace(request, headers=headers)


def test_signs_as_the_vector_does() -> None:
    given = VECTOR["inputs"]
    signature = signature_of(given["body"].encode(), given["nonce"], given["timestamp"], SECRET)

    assert signature == VECTOR["expected"]["signature"]


def test_the_vector_is_read_as_a_delivery() -> None:
    given = VECTOR["inputs"]
    headers = {
        "x-sinch-webhook-signature-nonce": given["nonce"],
        "x-sinch-webhook-signature-timestamp": given["timestamp"],
        "x-sinch-webhook-signature": VECTOR["expected"]["signature"],
    }
    request = ReportRequest("POST", URL, headers, given["body"].encode())
    [read] = made({"callbackSecret": SECRET}).read_report(request)

    assert (read.provider_message_id, read.state) == (BATCH, "delivered")


def test_with_a_secret_only_signed_callbacks_are_believed() -> None:
    genuine = called(event("DELIVERED"))
    connector = made({"callbackSecret": SECRET})

    assert connector.read_report(signed(genuine))
    for forged in (
        genuine,
        signed(genuine, "another secret"),
        replace(signed(genuine), body=genuine.body + b" "),
        replace(genuine, headers={"x-sinch-webhook-signature": "ü"}),
    ):
        with pytest.raises(ReportRefused):
            connector.read_report(forged)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("DELIVERED", ["delivered"]),
        ("Delivered", ["delivered"]),
        ("FAILED", ["undelivered"]),
        ("Aborted", ["undelivered"]),
        ("REJECTED", ["undelivered"]),
        ("EXPIRED", ["undelivered"]),
        ("CANCELLED", ["undelivered"]),
        ("DELETED", ["undelivered"]),
        ("UNKNOWN", []),
        ("QUEUED", []),
        ("DISPATCHED", []),
    ],
)
def test_only_a_final_status_moves_a_message(status: str, expected: list[str]) -> None:
    assert [found.state for found in made().read_report(called(event(status)))] == expected


@pytest.mark.parametrize("code", sorted(REPORT_ERRORS))
def test_an_undelivered_message_says_why(code: int) -> None:
    [read] = made().read_report(called(event("ABORTED", code, client_reference="message-1")))

    error_type, meaning = REPORT_ERRORS[code]
    assert read.error_class == error_type.error_class
    assert read.words == f"Sinch {code}: {meaning}"
    assert read.message_id == "message-1"


@pytest.mark.parametrize(
    ("status", "code", "error_class"),
    [
        ("EXPIRED", None, "recipient_unreachable"),
        ("REJECTED", 0, "recipient_unreachable"),
        ("FAILED", 77, "recipient_unreachable"),
        ("ABORTED", 77, "provider_rejected"),
    ],
)
def test_without_a_known_code_the_status_says_why(
    status: str, code: int | None, error_class: str
) -> None:
    [read] = made().read_report(called(event(status, code)))

    assert read.error_class == error_class


def test_the_report_of_a_batch_is_that_of_its_one_message() -> None:
    summary = {
        "type": "delivery_report_sms",
        "batch_id": BATCH,
        "total_message_count": 1,
        "client_reference": "message-1",
        "statuses": [{"code": 412, "status": "Aborted", "count": 1, "recipients": ["44"]}],
    }
    [read] = made().read_report(called(summary))

    assert (read.provider_message_id, read.message_id) == (BATCH, "message-1")
    assert read.error_class == "region_unsupported"


def test_somebodys_answer_is_no_report() -> None:
    assert made().read_report(called({"type": "mo_text", "from": "44", "body": "STOP"})) == []
