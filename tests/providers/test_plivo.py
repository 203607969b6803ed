"""Plivo: what is asked, how answers and callbacks are read."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, ReportRefused
from watchword.connector_kit.models import ReportRequest
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
)
from watchword.connector_kit.wording import default_templates
from watchword.providers.plivo.config import PlivoConfig
from watchword.providers.plivo.connector import PlivoConnector
from watchword.providers.plivo.errors import REPORT_ERRORS
from watchword.providers.plivo.signing import is_signed, signature_of

[VECTOR] = [
    vector
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text())
    if vector["provider"] == "plivo"
]
ACCOUNT = "MA0123456789ABCDEF01"
TOKEN = VECTOR["inputs"]["authToken"]
POWERPACK = "2b24f6e2-9f2a-4a8e-8f3a-000000000000"
UUID = "db3ce55a-7f1d-11e1-8ea7-1231380bc196"
URL = VECTOR["inputs"]["url"]
NONCE = VECTOR["inputs"]["nonce"]

CONFIG = {
    "authId": ACCOUNT,
    "authToken": TOKEN,
    "src": "14155550100",
    "templates": default_templates(),
}

# After the example in Plivo's documentation of "Send a message".
ACCEPTED = {"message": "message(s) queued", "message_uuid": [UUID], "api_id": "api-1"}


def made(config: dict[str, Any] | None = None, **others: Any) -> PlivoConnector:
    return PlivoConnector(PlivoConfig.parse({**CONFIG, **(config or {})}), context(**others))


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def refusal(status: int, words: str) -> httpx2.Response:
    return httpx2.Response(status, json={"api_id": "api-1", "error": words})


class TestPlivo(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> PlivoConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(202, json=ACCEPTED)


class TestWithAPowerpack(TestPlivo):
    @pytest.fixture
    def connector(self) -> PlivoConnector:
        return made({"src": None, "powerpackUuid": POWERPACK}, public_receipts=True)


def test_asks_plivo_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == f"https://api.plivo.com/v1/Account/{ACCOUNT}/Message/"
    # `printf 'MA…:Example…' | base64`
    assert request.headers["authorization"] == (
        "Basic TUEwMTIzNDU2Nzg5QUJDREVGMDE6RXhhbXBsZVBsaXZvQXV0aFRva2Vu"
    )
    assert request.headers["content-type"] == "application/json"
    assert body_of(request) == {
        "src": "14155550100",
        "dst": "447700900123",
        "text": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "type": "sms",
        "message_expiry": 600,
    }


@pytest.mark.parametrize(
    ("left", "expected"),
    [(timedelta(seconds=2), 5), (timedelta(seconds=59.9), 59), (timedelta(days=2), 10800)],
)
def test_a_text_waits_no_longer_than_its_code_works(left: timedelta, expected: int) -> None:
    request = made().build_request(replace(MESSAGE, time_left=left))

    assert body_of(request)["message_expiry"] == expected


def test_a_powerpack_takes_the_place_of_a_sender() -> None:
    body = body_of(made({"src": "", "powerpackUuid": POWERPACK}).build_request(MESSAGE))

    assert body["powerpack_uuid"] == POWERPACK
    assert "src" not in body


@pytest.mark.parametrize(
    ("settings", "key"),
    [({"src": None}, "src"), ({"powerpackUuid": POWERPACK}, "powerpackUuid")],
)
def test_there_is_one_way_to_send(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made(settings)
    assert set(refused.value.fields) == {key}


def test_reports_are_asked_for_only_where_plivo_can_reach_us() -> None:
    body = body_of(made(public_receipts=True).build_request(MESSAGE))

    assert (body["url"], body["method"]) == (MESSAGE.receipt_url, "POST")
    assert "url" not in body_of(made().build_request(MESSAGE))


def test_an_odd_auth_id_stays_inside_the_path() -> None:
    url = made({"authId": "../x?y#z"}).build_request(MESSAGE).url

    assert url.raw_path == b"/v1/Account/..%2Fx%3Fy%23z/Message/"


async def test_keeps_the_first_id_of_the_list() -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(202, json=ACCEPTED)).send(MESSAGE)

    assert (receipt.provider_message_id, receipt.words) == (UUID, "Plivo: message(s) queued")


@pytest.mark.parametrize("ids", [[], [None], None, [5]])
async def test_a_queued_message_without_an_id_may_have_gone_out(ids: Any) -> None:
    body = {**ACCEPTED, "message_uuid": ids}
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(202, json=body)).send(MESSAGE)


async def test_a_number_on_the_list_of_refused_ones_was_refused() -> None:
    body = {**ACCEPTED, "message_uuid": [], "invalid_number": ["447700900123"]}
    with pytest.raises(errors.InvalidRecipient) as refused:
        await answered_by(made(), lambda _: httpx2.Response(202, json=body)).send(MESSAGE)
    assert "900123" not in refused.value.words


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (400, "dst is not a valid phone number", errors.InvalidRecipient),
        (400, "src parameter is invalid", errors.SenderRejected),
        (400, "powerpack_uuid does not exist", errors.SenderRejected),
        (400, "text is too long", errors.TemplateRejected),
        (400, "something else", errors.ProviderRejected),
        (401, "could not verify your access level for src", errors.InvalidCredentials),
        (402, "insufficient credit", errors.InsufficientBalance),
        (403, "geo permission to dst is not enabled", errors.RegionUnsupported),
        (404, "not found", errors.ProviderSettingsRefused),
        (405, "method not allowed", errors.ProviderSettingsRefused),
        (429, "too many requests", errors.ProviderThrottled),
        (500, "server error", errors.ProviderUnavailable),
    ],
)
async def test_a_refusal_says_who_must_act(
    status: int, words: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(status, words)).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"Plivo {status}: {words}"


async def test_the_account_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path))
        body = {"cash_credits": "96.88", "billing_mode": "prepaid", "state": ""}
        return httpx2.Response(200, json=body)

    assert await answered_by(made(), answer).check_credentials() == "Plivo: 96.88 USD, prepaid"
    assert asked == [("GET", f"/v1/Account/{ACCOUNT}/")]


async def test_a_forbidden_account_is_no_question_of_countries() -> None:
    connector = answered_by(made(), lambda _: refusal(403, "forbidden"))
    with pytest.raises(errors.InvalidCredentials):
        await connector.check_credentials()


# Callbacks. The vector was made with Plivo's package 4.63.0, and so were the other two values.


def test_signs_as_the_vector_does() -> None:
    fields = [*VECTOR["inputs"]["params"].items()]

    assert signature_of(URL, fields, NONCE, TOKEN) == VECTOR["expected"]["signature"]


def test_signs_an_address_with_a_query_and_one_without_a_form() -> None:
    fields = [*VECTOR["inputs"]["params"].items()]

    with_query = signature_of(f"{URL}?message=m1&a=%20", fields, NONCE, TOKEN)
    without_form = signature_of(f"{URL}?message=m1", [], NONCE, TOKEN)
    assert with_query == "afRHAZ20OB8cnZPY5L7hkfi2v35RFJb/LDl0k7Q6sbk="
    assert without_form == "+KzH7w+t/E6/AkBKc4S5wOWMtw76P/XS+SYF/VGVLTI="


def test_one_of_several_signatures_is_enough() -> None:
    fields, right = [*VECTOR["inputs"]["params"].items()], VECTOR["expected"]["signature"]

    assert is_signed(URL, fields, NONCE, f"abc, {right}", TOKEN)
    assert not is_signed(URL, fields, NONCE, "abc,def", TOKEN)
    assert not is_signed(URL, fields, NONCE, "", TOKEN)


def called(fields: dict[str, str], url: str = URL) -> ReportRequest:
    headers = {
        "x-plivo-signature-v3": signature_of(url, [*fields.items()], NONCE, TOKEN),
        "x-plivo-signature-v3-nonce": NONCE,
    }
    return ReportRequest("POST", url, headers, urlencode(fields).encode())


def status(name: str, **others: str) -> dict[str, str]:
    return {"MessageUUID": UUID, "Status": name, "To": "447700900123", **others}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("delivered", ["delivered"]),
        ("undelivered", ["undelivered"]),
        ("failed", ["undelivered"]),
        ("rejected", ["undelivered"]),
        ("queued", []),
        ("sent", []),
        ("of tomorrow", []),
    ],
)
def test_only_a_final_status_moves_a_message(name: str, expected: list[str]) -> None:
    assert [found.state for found in made().read_report(called(status(name)))] == expected


@pytest.mark.parametrize("code", sorted(REPORT_ERRORS))
def test_an_undelivered_message_says_why(code: str) -> None:
    error_type, meaning = REPORT_ERRORS[code]
    for spelling in (code, code.zfill(3)):
        [read] = made().read_report(called(status("failed", ErrorCode=spelling)))

        assert read.error_class == error_type.error_class
        assert read.words == f"Plivo {code}: {meaning}"


@pytest.mark.parametrize("code", ["", "000", "77", "x", "9" * 5000])
def test_an_unknown_reason_is_no_reason_to_fail(code: str) -> None:
    [read] = made().read_report(called(status("undelivered", ErrorCode=code)))

    assert read.error_class == "provider_rejected"
    assert len(read.words) < 100


def test_a_part_is_reported_under_its_whole() -> None:
    part = status("delivered", ParentMessageUUID="whole", PartInfo="2 of 2")
    [read] = made().read_report(called(part))

    assert read.provider_message_id == "whole"


def test_a_callback_that_plivo_did_not_sign_is_refused() -> None:
    genuine = called(status("delivered"), f"{URL}?message=m1")

    assert made().read_report(genuine)
    for forged in (
        replace(genuine, headers={}),
        replace(genuine, url=f"{URL}?message=m2"),
        replace(genuine, body=genuine.body.replace(b"delivered", b"failed")),
        replace(genuine, method="GET"),
        replace(genuine, headers={**genuine.headers, "x-plivo-signature-v3-nonce": "1"}),
        replace(genuine, headers={**genuine.headers, "x-plivo-signature-v3": "ü"}),
    ):
        with pytest.raises(ReportRefused):
            made().read_report(forged)
