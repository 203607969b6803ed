"""SMS Aero: what is asked, how answers and callbacks are read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from watchword.providers.smsaero.config import SmsAeroConfig
from watchword.providers.smsaero.connector import SmsAeroConnector

VECTORS = [
    vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
    if vector["provider"] == "smsaero"
]
CONFIG = {
    "email": "user@example.com",
    "apiKey": "0123456789abcdef0123456789abcdef",
    "senderName": "Watchword",
    "templates": default_templates(),
}
DATA = {
    "id": 12345,
    "from": "Watchword",
    "number": "447700900123",
    "text": f"{CODE} is your code",
    "status": 0,
    "extendStatus": "queue",
    "channel": "FREE SIGN",
    "cost": 5.49,
    "dateCreate": 1719119523,
    "dateSend": 1719119523,
}
# After an answer that a client of the provider's keeps as an example.
ACCEPTED = {"success": True, "data": DATA, "message": None}


def made(config: dict[str, Any] | None = None, **others: Any) -> SmsAeroConnector:
    return SmsAeroConnector(SmsAeroConfig.parse({**CONFIG, **(config or {})}), context(**others))


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def refusal(message: str | None, data: Any = None, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, json={"success": False, "data": data, "message": message})


class TestSmsAero(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> SmsAeroConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=ACCEPTED)


class TestWithEverySetting(TestSmsAero):
    @pytest.fixture
    def connector(self) -> SmsAeroConnector:
        return made({"gateway": "gate.smsaero.org", "messagesPerSecond": 5}, public_receipts=True)


def test_asks_sms_aero_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == "https://gate.smsaero.ru/v2/sms/send"
    assert request.headers["content-type"] == "application/json"
    assert body_of(request) == {
        "number": 447700900123,
        "sign": "Watchword",
        "text": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_identifies_itself_as_the_vector_says(vector: dict[str, Any]) -> None:
    request = made(vector["inputs"]).build_request(MESSAGE)

    assert request.headers["authorization"] == vector["expected"]["authorization"]


def test_there_is_a_vector() -> None:
    assert len(VECTORS) == 1


@pytest.mark.parametrize("host", ["gate.smsaero.ru", "gate.smsaero.org", "gate.smsaero.net"])
def test_another_gateway_can_be_chosen(host: str) -> None:
    assert made({"gateway": host}).build_request(MESSAGE).url.host == host


def test_no_other_gateway_can() -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"gateway": "gate.example"})

    assert refused.value.fields == {"gateway": "connector_kit.form.invalid"}


def test_reports_are_asked_for_only_where_sms_aero_can_reach_us() -> None:
    public = made(public_receipts=True)

    assert "callbackUrl" not in body_of(made().build_request(MESSAGE))
    assert "callbackUrl" not in body_of(public.build_request(replace(MESSAGE, receipt_url=None)))
    assert (
        body_of(public.build_request(MESSAGE)).items()
        >= {
            "callbackUrl": MESSAGE.receipt_url,
            "callbackFormat": "JSON",
        }.items()
    )


def test_a_config_from_elsewhere_pastes_in() -> None:
    pasted = {
        "email": "user@example.com",
        "apiKey": "0123456789abcdef0123456789abcdef",
        "senderName": "SMSAero",
        "templates": [
            {"usageType": usage, "content": f"Your {usage} code is {{{{code}}}}."}
            for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
        ],
    }

    assert SmsAeroConfig.parse(pasted).reveal() == pasted


def test_unusual_values_warn_and_are_accepted() -> None:
    config = SmsAeroConfig.parse({**CONFIG, "email": "nobody", "apiKey": "short"})

    assert [warning.key for warning in config.warnings()] == ["email", "apiKey"]


async def test_keeps_the_id_for_reports_and_says_where_the_message_stands() -> None:
    moderated = {**ACCEPTED, "data": {**DATA, "status": 8, "extendStatus": "moderation"}}
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, json=moderated)).send(
        MESSAGE
    )

    assert receipt.provider_message_id == "12345"
    assert receipt.words == "SMS Aero: moderation"


async def test_a_message_that_is_turned_down_at_once_was_not_sent() -> None:
    rejected = {**ACCEPTED, "data": {**DATA, "status": 6, "extendStatus": "reject"}}
    with pytest.raises(errors.ProviderRejected) as refused:
        await answered_by(made(), lambda _: httpx2.Response(200, json=rejected)).send(MESSAGE)

    assert refused.value.is_outcome_known


REFUSALS: list[tuple[str | None, Any, type[ConnectorError], str]] = [
    (
        "Your request was made with invalid credentials.",
        None,
        errors.InvalidCredentials,
        "Your request was made with invalid credentials.",
    ),
    (
        "Validation error.",
        {"number": ["incorrect"]},
        errors.InvalidRecipient,
        "Validation error.; number: incorrect",
    ),
    (
        "Validation error.",
        {"sign": ["incorrect", "unknown"]},
        errors.SenderRejected,
        "Validation error.; sign: incorrect, unknown",
    ),
    (
        "Validation error.",
        {"text": "too long"},
        errors.TemplateRejected,
        "Validation error.; text: too long",
    ),
    ("Not enough money.", None, errors.InsufficientBalance, "Not enough money."),
    (
        "Something of tomorrow.",
        {"new": 1},
        errors.ProviderRejected,
        "Something of tomorrow.; new: 1",
    ),
    (None, None, errors.ProviderRejected, ""),
]


@pytest.mark.parametrize(("message", "data", "expected", "words"), REFUSALS)
@pytest.mark.parametrize("status", [200, 400])
async def test_a_refusal_is_one_with_and_without_a_status(
    message: str | None,
    data: Any,
    expected: type[ConnectorError],
    words: str,
    status: int,
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(message, data, status)).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"SMS Aero{' 400' if status == 400 else ''}: {words}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, errors.InvalidCredentials),
        (402, errors.InsufficientBalance),
        (429, errors.ProviderThrottled),
        (500, errors.ProviderUnavailable),
    ],
)
async def test_a_telling_status_comes_before_the_body(
    status: int, expected: type[ConnectorError]
) -> None:
    body = refusal("Validation error.", {"number": ["incorrect"]}, status)
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: body).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words.startswith(f"SMS Aero {status}: Validation error.")


@pytest.mark.parametrize(
    ("body", "expected", "words"),
    [
        ({"result": "no credits"}, errors.InsufficientBalance, "no credits"),
        (
            {"result": "reject", "reason": "stop word"},
            errors.TemplateRejected,
            "reject; stop word",
        ),
        ({"result": "of tomorrow"}, errors.ProviderRejected, "of tomorrow"),
    ],
)
async def test_the_older_shape_is_understood(
    body: dict[str, str], expected: type[ConnectorError], words: str
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"SMS Aero: {words}"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {**ACCEPTED, "success": "true"}, errors.UnreadableAnswer),
        (200, {**ACCEPTED, "success": 1}, errors.UnreadableAnswer),
        (200, {**ACCEPTED, "data": {**DATA, "id": None}}, errors.UnreadableAnswer),
        (200, {**ACCEPTED, "data": None}, errors.UnreadableAnswer),
        (400, ACCEPTED, errors.ProviderRejected),
    ],
)
async def test_a_success_needs_the_field_the_status_and_an_id(
    status: int, body: dict[str, Any], expected: type[ConnectorError]
) -> None:
    with pytest.raises(expected):
        await answered_by(made(), lambda _: httpx2.Response(status, json=body)).send(MESSAGE)


# The check of credentials.


def account(senders: dict[str, Any]) -> Any:
    answers = {
        "/v2/auth": {"success": True, "data": None, "message": "Successful authorization."},
        "/v2/balance": {"success": True, "data": {"balance": 337.03}, "message": None},
        "/v2/sign/list": {"success": True, "data": senders, "message": None},
    }
    return lambda request: httpx2.Response(200, json=answers[request.url.path])


def sender(name: str, standing: str = "approve", **operators: str) -> dict[str, Any]:
    by_operator = {
        str(number): {"extendOperator": operator, "extendStatus": status}
        for number, (operator, status) in enumerate(operators.items())
    }
    return {"name": name, "extendStatus": standing, "statusOperators": by_operator}


@pytest.mark.parametrize(
    ("config", "senders", "words"),
    [
        (
            {},
            {"totalCount": "1", "0": sender("Watchword", MTS="approve"), "links": {}},
            "balance 337.03, sender Watchword approved",
        ),
        (
            {},
            {"totalCount": "1", "0": sender("Watchword", MTS="pending", TELE2="approve")},
            "balance 337.03, sender Watchword approved, but not by MTS",
        ),
        (
            {"senderName": "SMS Aero"},
            {"totalCount": "0"},
            "balance 337.03, shared sender SMS Aero",
        ),
        (
            {},
            {"totalCount": "70", "0": sender("Another")},
            "balance 337.03, sender Watchword is not on the first page of the list",
        ),
    ],
)
async def test_key_money_and_sender_are_checked_at_no_cost(
    config: dict[str, str], senders: dict[str, Any], words: str
) -> None:
    connector = answered_by(made(config), account(senders))

    assert await connector.check_credentials() == f"SMS Aero: {words}"


@pytest.mark.parametrize(
    ("senders", "words"),
    [
        ({"totalCount": "1", "0": sender("Another")}, "only Another"),
        ({"totalCount": "0"}, "only none"),
        ({"totalCount": "1", "0": sender("Watchword", "pending")}, "not approved: pending"),
    ],
)
async def test_a_sender_that_is_not_ours_is_found_before_anyone_waits_for_a_code(
    senders: dict[str, Any], words: str
) -> None:
    with pytest.raises(errors.SenderRejected) as refused:
        await answered_by(made(), account(senders)).check_credentials()

    assert words in refused.value.words


async def test_a_wrong_key_is_said_plainly() -> None:
    said = f"{CONFIG['apiKey']}: invalid credentials"
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(made(), lambda _: refusal(said)).check_credentials()

    assert str(CONFIG["apiKey"]) not in refused.value.words


# Callbacks.

URL = "https://auth.example.com/receipts/instance-1/token?message=m1"


def report(status: Any, *, kind: str = "application/json", **others: Any) -> ReportRequest:
    fields = {"id": 12345, "number": "447700900123", "status": status, **others}
    is_json = kind == "application/json"
    body = json.dumps(fields) if is_json else str(httpx2.QueryParams(fields))
    return ReportRequest("POST", URL, {"content-type": kind}, body.encode())


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    ("status", "state", "error_class"),
    [
        (0, None, None),
        (1, "delivered", None),
        (2, "undelivered", "recipient_unreachable"),
        (3, None, None),
        (4, None, None),
        (6, "undelivered", "provider_rejected"),
        (8, None, None),
        (99, None, None),
    ],
)
def test_only_a_final_status_moves_a_message(
    kind: str, status: int, state: str | None, error_class: str | None
) -> None:
    read = made().read_report(report(status, kind=kind))

    assert [(found.provider_message_id, found.state, found.error_class) for found in read] == (
        [("12345", state, error_class)] if state else []
    )
    assert all(f"SMS Aero status {status}: " in found.words for found in read if error_class)


def test_the_address_names_the_message_where_the_body_does_not() -> None:
    body = b'{"status": "1"}'
    [read] = made().read_report(
        ReportRequest("POST", URL, {"content-type": "application/json"}, body)
    )

    assert (read.provider_message_id, read.state) == ("", "delivered")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'{"id": 1}'),
        ("application/json", b'{"id": 1, "status": null}'),
        ("application/json", b'{"id": 1, "status": "delivered"}'),
        ("application/x-www-form-urlencoded", b"id=1"),
        ("", b""),
    ],
)
def test_what_says_nothing_is_no_report(kind: str, body: bytes) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(ReportRequest("POST", URL, {"content-type": kind}, body))


def test_a_callback_is_answered_with_the_only_success_that_counts() -> None:
    assert made().answer_report(report(1)).status == 200
