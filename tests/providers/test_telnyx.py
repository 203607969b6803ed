"""Telnyx: what is asked, how answers and webhooks are read."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes import FakeClock
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
from watchword.providers.telnyx.config import TelnyxConfig
from watchword.providers.telnyx.connector import TelnyxConnector
from watchword.providers.telnyx.errors import ERRORS
from watchword.providers.telnyx.signing import is_signed

[VECTOR] = [
    vector
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text())
    if vector["provider"] == "telnyx"
]
KEY = "KEY0000000000000000000000000000_fake"
PROFILE = "400174af-0a13-4e28-b4f5-000000000000"
PUBLIC_KEY = VECTOR["expected"]["publicKeyBase64"]
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["inputs"]["privateSeedHex"]))
NOW = datetime.fromtimestamp(int(VECTOR["inputs"]["timestamp"]), UTC)
ID = "40385f64-5717-4562-b3fc-000000000000"
URL = "https://auth.example.com/receipts/instance-1"

CONFIG = {
    "apiKey": KEY,
    "from": "+13125550001",
    "publicKeyBase64": PUBLIC_KEY,
    "templates": default_templates(),
}

# After the example in Telnyx's documentation of "Send a message".
ACCEPTED = {
    "data": {
        "record_type": "message",
        "direction": "outbound",
        "id": ID,
        "type": "SMS",
        "from": {"phone_number": "+13125550001", "carrier": "", "line_type": ""},
        "to": [
            {
                "phone_number": "+447700900123",
                "status": "queued",
                "carrier": "",
                "line_type": "Wireless",
            }
        ],
        "text": "hello",
        "parts": 1,
        "encoding": "GSM-7",
        "errors": [],
    }
}


def made(config: dict[str, Any] | None = None, **others: Any) -> TelnyxConnector:
    clock = FakeClock()
    clock.moment = NOW
    settings = TelnyxConfig.parse({**CONFIG, **(config or {})})
    return TelnyxConnector(settings, context(clock=clock, **others))


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def refusal(code: str, status: int, pointer: str = "/to") -> httpx2.Response:
    error = {"code": code, "title": "Words", "detail": "More.", "source": {"pointer": pointer}}
    return httpx2.Response(status, json={"errors": [error]})


class TestTelnyx(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> TelnyxConnector:
        return made({"publicKeyBase64": None})

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=ACCEPTED)


class TestWithEverySetting(TestTelnyx):
    @pytest.fixture
    def connector(self) -> TelnyxConnector:
        return made({"messagingProfileId": PROFILE}, public_receipts=True)


def test_asks_telnyx_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == "https://api.telnyx.com/v2/messages"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == "message-1"
    assert body_of(request) == {
        "to": "+447700900123",
        "from": "+13125550001",
        "text": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "type": "SMS",
        "encoding": "auto",
    }


def test_a_profile_may_choose_the_sender() -> None:
    body = body_of(made({"from": None, "messagingProfileId": PROFILE}).build_request(MESSAGE))

    assert body["messaging_profile_id"] == PROFILE
    assert "from" not in body


@pytest.mark.parametrize(
    ("sender", "key"), [(None, "from"), ("", "from"), ("Acme", "messagingProfileId")]
)
def test_without_a_profile_there_must_be_a_number(sender: str | None, key: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"from": sender})
    assert set(refused.value.fields) == {key}


def test_a_name_goes_with_a_profile() -> None:
    assert made({"from": "Acme", "messagingProfileId": PROFILE}).config.sender == "Acme"


def test_reports_are_asked_for_only_where_they_can_come_and_be_checked() -> None:
    public = made(public_receipts=True)

    assert body_of(public.build_request(MESSAGE))["webhook_url"] == MESSAGE.receipt_url
    for connector, message in (
        (made(), MESSAGE),
        (public, replace(MESSAGE, receipt_url=None)),
        (made({"publicKeyBase64": None}, public_receipts=True), MESSAGE),
    ):
        assert "webhook_url" not in body_of(connector.build_request(message))


def test_unusual_values_warn_and_are_accepted() -> None:
    odd = {"apiKey": "x", "from": "+1", "messagingProfileId": "p", "publicKeyBase64": "k"}
    config = TelnyxConfig.parse({**CONFIG, **odd})

    assert {warning.key for warning in config.warnings()} == set(odd)


async def test_keeps_the_id_and_counts_the_segments() -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, json=ACCEPTED)).send(MESSAGE)

    assert (receipt.provider_message_id, receipt.segments) == (ID, 1)
    assert receipt.words == "Telnyx: queued"


async def test_a_message_with_errors_was_not_taken_although_the_status_is_200() -> None:
    errors_inside = [{"code": "40001", "title": "Not routable"}]
    body = {"data": {**ACCEPTED["data"], "errors": errors_inside}}
    with pytest.raises(errors.RecipientUnreachable) as refused:
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(MESSAGE)
    assert refused.value.words == "Telnyx 40001: Not routable"


async def test_a_message_without_an_id_may_have_gone_out() -> None:
    body = {"data": {**ACCEPTED["data"], "id": None}}
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(MESSAGE)


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_code_says_who_must_act(code: str) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, 400)).send(MESSAGE)

    assert type(refused.value) is ERRORS[code][0]
    assert refused.value.words == f"Telnyx {code}: Words: More."


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("10009", 401, errors.InvalidCredentials),
        ("10008", 408, errors.ProviderTimeout),
        ("10011", 429, errors.ProviderThrottled),
        ("10016", 400, errors.InvalidRecipient),
        ("20100", 402, errors.InsufficientBalance),
        ("40001", 400, errors.RecipientUnreachable),
        ("40003", 400, errors.SenderRejected),
        ("40009", 400, errors.TemplateRejected),
        ("40300", 409, errors.RecipientOptedOut),
        ("40313", 400, errors.SenderRejected),
        # Not in our table: the status decides.
        ("99999", 400, errors.ProviderRejected),
        ("99999", 403, errors.InvalidCredentials),
    ],
)
async def test_codes_are_sorted_as_the_guide_says(
    code: str, status: int, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, status)).send(MESSAGE)
    assert type(refused.value) is expected


@pytest.mark.parametrize("code", ["10001", "10002", "10016"])
async def test_a_bad_sender_is_not_the_persons_fault(code: str) -> None:
    with pytest.raises(errors.SenderRejected):
        await answered_by(made(), lambda _: refusal(code, 400, "/from")).send(MESSAGE)


async def test_the_balance_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, str(request.url), request.headers["authorization"]))
        return httpx2.Response(200, json={"data": {"balance": "300.00", "currency": "USD"}})

    assert await answered_by(made(), answer).check_credentials() == "Telnyx: 300.00 USD"
    assert asked == [("GET", "https://api.telnyx.com/v2/balance", f"Bearer {KEY}")]


async def test_a_key_that_no_header_can_carry_is_refused_before_anything_is_asked() -> None:
    connector = made({"apiKey": "KEY“quoted”"})

    for ask in (connector.send(MESSAGE), connector.check_credentials()):
        with pytest.raises(InvalidConfig):
            await ask


# Webhooks. The vector was made with Ed25519 after the rule in Telnyx's own package.


def signed(body: bytes, at: datetime = NOW, headers: dict[str, str] | None = None) -> ReportRequest:
    timestamp = str(int(at.timestamp()))
    signature = b64encode(SIGNER.sign(timestamp.encode() + b"|" + body)).decode()
    found = {"telnyx-timestamp": timestamp, "telnyx-signature-ed25519": signature}
    return ReportRequest("POST", URL, {**found, **(headers or {})}, body)


def event(status: str, event_type: str = "message.finalized", **others: Any) -> ReportRequest:
    payload = {"id": ID, "to": [{"phone_number": "+447700900123", "status": status}], **others}
    data = {"event_type": event_type, "record_type": "event", "payload": payload}
    return signed(json.dumps({"data": data}).encode())


def test_the_vector_is_signed() -> None:
    body, timestamp = VECTOR["inputs"]["body"].encode(), VECTOR["inputs"]["timestamp"]
    signature = VECTOR["expected"]["signature"]

    assert is_signed(body, timestamp, signature, PUBLIC_KEY)
    assert not is_signed(body + b" ", timestamp, signature, PUBLIC_KEY)
    assert not is_signed(body, "1767323046", signature, PUBLIC_KEY)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("delivered", ["delivered"]),
        ("delivery_failed", ["undelivered"]),
        ("sending_failed", ["undelivered"]),
        ("delivery_unconfirmed", []),
        ("sent", []),
        ("of tomorrow", []),
    ],
)
def test_only_a_final_status_moves_a_message(status: str, expected: list[str]) -> None:
    assert [found.state for found in made().read_report(event(status))] == expected


@pytest.mark.parametrize("event_type", ["message.sent", "message.received"])
def test_only_the_last_event_counts(event_type: str) -> None:
    assert made().read_report(event("delivered", event_type)) == []


def test_an_undelivered_message_says_why_in_words_of_ours() -> None:
    reasons = [{"code": "40300", "title": "Blocked", "detail": "to '+447700900123'"}]
    [read] = made().read_report(event("delivery_failed", errors=reasons))

    assert (read.provider_message_id, read.error_class) == (ID, "recipient_opted_out")
    assert read.words == "Telnyx 40300: the person replied STOP"


@pytest.mark.parametrize("found", [None, [], [{"code": "77777"}], [{"code": "9" * 500}]])
def test_an_unknown_reason_is_no_reason_to_fail(found: Any) -> None:
    [read] = made().read_report(event("delivery_failed", errors=found))

    assert read.error_class == "provider_rejected"
    assert len(read.words) < 100


@pytest.mark.parametrize("late", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_an_old_webhook_is_refused_though_it_was_signed(late: timedelta) -> None:
    body = event("delivered").body

    assert made().read_report(signed(body, NOW - late * (300 / 301)))
    with pytest.raises(ReportRefused):
        made().read_report(signed(body, NOW - late))


@pytest.mark.parametrize(
    "headers",
    [
        {"telnyx-signature-ed25519": ""},
        {"telnyx-signature-ed25519": "ü"},
        {"telnyx-signature-ed25519": b64encode(bytes(64)).decode()},
        {"telnyx-timestamp": ""},
        {"telnyx-timestamp": "٣"},
        {"telnyx-timestamp": "9" * 400},
        {"telnyx-timestamp": str(int(NOW.timestamp()) + 1)},
    ],
)
def test_a_webhook_that_telnyx_did_not_sign_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(signed(event("delivered").body, headers=headers))


@pytest.mark.parametrize("key", [None, "nonsense", b64encode(bytes(31)).decode()])
def test_without_a_good_public_key_nothing_is_believed(key: str | None) -> None:
    with pytest.raises(ReportRefused):
        made({"publicKeyBase64": key}).read_report(event("delivered"))
