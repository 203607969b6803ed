"""MessageBird: what is asked, how answers and callbacks are read."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

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
from watchword.providers.messagebird.config import MessageBirdConfig
from watchword.providers.messagebird.connector import MessageBirdConnector
from watchword.providers.messagebird.errors import ERRORS, REASONS
from watchword.providers.messagebird.signing import is_signed

[VECTOR] = [
    vector
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text())
    if vector["provider"] == "messagebird"
]
KEY = "fakeAccessKey000000000000"
SIGNING_KEY = VECTOR["inputs"]["signingKey"]
NOW = datetime.fromtimestamp(VECTOR["inputs"]["claims"]["nbf"], UTC)
ID = "e8077d803532c0b5937c639b60216938"
URL = "https://auth.example.com/receipts/instance-1?message=m1"

CONFIG = {
    "accessKey": KEY,
    "originator": "Acme",
    "signingKey": SIGNING_KEY,
    "templates": default_templates(),
}


def answer(status: str = "sent", **others: Any) -> httpx2.Response:
    # After the example in MessageBird's documentation of "Send a message".
    item = {"recipient": 447700900123, "status": status, "statusDatetime": "2026-01-02T03:04:05Z"}
    found = {"id": ID, "recipients": {"totalCount": 1, "items": [item]}, **others}
    return httpx2.Response(201, json=found)


def made(config: dict[str, Any] | None = None, **others: Any) -> MessageBirdConnector:
    clock = FakeClock()
    clock.moment = NOW
    settings = MessageBirdConfig.parse({**CONFIG, **(config or {})})
    return MessageBirdConnector(settings, context(clock=clock, **others))


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def refusal(code: int, status: int, parameter: str | None = None) -> httpx2.Response:
    error = {"code": code, "description": "words", "parameter": parameter}
    return httpx2.Response(status, json={"errors": [error]})


class TestMessageBird(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> MessageBirdConnector:
        return made({"signingKey": None})

    def accepted(self) -> httpx2.Response:
        return answer()


class TestWithEverySetting(TestMessageBird):
    @pytest.fixture
    def connector(self) -> MessageBirdConnector:
        return made(public_receipts=True)


def test_asks_messagebird_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == "https://rest.messagebird.com/messages"
    assert request.headers["authorization"] == f"AccessKey {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert body_of(request) == {
        "originator": "Acme",
        "recipients": ["447700900123"],
        "body": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "datacoding": "plain",
        "validity": 600,
        "reference": "message-1",
    }


@pytest.mark.parametrize(
    ("text", "datacoding"),
    [("{{code}} € {ok}", "plain"), ("인증번호 {{code}}", "unicode"), ("“{{code}}”", "unicode")],
)
def test_unicode_is_asked_for_only_where_the_text_needs_it(text: str, datacoding: str) -> None:
    templates = [{**each, "content": text} for each in default_templates()]

    body = body_of(made({"templates": templates}).build_request(MESSAGE))

    assert body["datacoding"] == datacoding


@pytest.mark.parametrize(
    ("left", "expected"),
    [(timedelta(seconds=0.5), 1), (timedelta(seconds=59.9), 59), (timedelta(days=9), 172_800)],
)
def test_a_text_waits_no_longer_than_its_code_works(left: timedelta, expected: int) -> None:
    assert body_of(made().build_request(replace(MESSAGE, time_left=left)))["validity"] == expected


def test_reports_are_asked_for_only_where_they_can_come_and_be_checked() -> None:
    public = made(public_receipts=True)

    assert body_of(public.build_request(MESSAGE))["reportUrl"] == MESSAGE.receipt_url
    for connector, message in (
        (made(), MESSAGE),
        (public, replace(MESSAGE, receipt_url=None)),
        (made({"signingKey": None}, public_receipts=True), MESSAGE),
    ):
        assert "reportUrl" not in body_of(connector.build_request(message))


@pytest.mark.parametrize("key", ["accessKey", "originator"])
def test_a_key_and_a_sender_there_must_be(key: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({key: " "})
    assert refused.value.fields == {key: "connector_kit.form.required"}


async def test_keeps_the_id() -> None:
    receipt = await answered_by(made(), lambda _: answer()).send(MESSAGE)

    assert (receipt.provider_message_id, receipt.words) == (ID, "MessageBird: sent")


async def test_a_created_message_needs_an_id() -> None:
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: answer(id=None)).send(MESSAGE)


async def test_a_message_that_failed_at_once_was_not_sent() -> None:
    with pytest.raises(errors.RecipientUnreachable) as refused:
        await answered_by(made(), lambda _: answer("delivery_failed")).send(MESSAGE)
    assert refused.value.words == "MessageBird delivery_failed"


@pytest.mark.parametrize("status", [200, 422])
@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_code_says_who_must_act(code: int, status: int) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, status)).send(MESSAGE)

    assert type(refused.value) is ERRORS[code]
    assert refused.value.words == f"MessageBird {code}: words"


@pytest.mark.parametrize(
    ("code", "status", "parameter", "expected"),
    [
        (2, 401, "access_key", errors.InvalidCredentials),
        (9, 422, "recipient", errors.InvalidRecipient),
        (10, 422, "recipients", errors.InvalidRecipient),
        (10, 422, "originator", errors.SenderRejected),
        (10, 422, "body", errors.TemplateRejected),
        (10, 422, "validity", errors.ProviderRejected),
        (25, 402, "originator", errors.InsufficientBalance),
        (99, 500, None, errors.ProviderUnavailable),
        # Not in our table: the status decides.
        (77, 422, "recipient", errors.ProviderRejected),
        (77, 404, None, errors.ProviderSettingsRefused),
    ],
)
async def test_a_wrong_parameter_is_somebodys_to_mend(
    code: int, status: int, parameter: str | None, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, status, parameter)).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"MessageBird {code}: words" + (
        f" ({parameter})" if parameter else ""
    )


async def test_an_empty_answer_says_its_status() -> None:
    with pytest.raises(errors.ProviderThrottled) as refused:
        await answered_by(made(), lambda _: httpx2.Response(429)).send(MESSAGE)
    assert refused.value.words == "MessageBird 429: Too Many Requests"


async def test_the_balance_is_asked_at_no_cost() -> None:
    asked = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, str(request.url), request.headers["authorization"]))
        return httpx2.Response(200, json={"payment": "prepaid", "type": "credits", "amount": 9.2})

    words = await answered_by(made(), respond).check_credentials()

    assert words == "MessageBird: 9.2 credits, prepaid"
    assert asked == [("GET", "https://rest.messagebird.com/balance", f"AccessKey {KEY}")]


# Callbacks. The vector is one that MessageBird's package 2.2.0 accepts.


def test_the_vector_is_signed() -> None:
    given, token = VECTOR["inputs"], VECTOR["expected"]["jwt"]
    body = given["body"].encode()

    assert is_signed(token, given["url"], body, SIGNING_KEY, NOW)
    for url, changed, key, now in (
        (given["url"] + "&x=1", body, SIGNING_KEY, NOW),
        (given["url"], body + b" ", SIGNING_KEY, NOW),
        (given["url"], b"", SIGNING_KEY, NOW),
        (given["url"], body, "another signing key", NOW),
        (given["url"], body, SIGNING_KEY, NOW - timedelta(seconds=2)),
    ):
        assert not is_signed(token, url, changed, key, now)


def token_for(url: str, body: bytes = b"", algorithm: str = "HS256", **changes: Any) -> str:
    claims = {
        "iss": "MessageBird",
        "nbf": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
        "url_hash": sha256(url.encode()).hexdigest(),
        **({"payload_hash": sha256(body).hexdigest()} if body else {}),
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    key = OctKey.import_key(SIGNING_KEY.encode())
    return jwt.encode({"alg": algorithm}, kept, key, algorithms=[algorithm])


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_three_algorithms_are_right(algorithm: str) -> None:
    assert is_signed(token_for(URL, algorithm=algorithm), URL, b"", SIGNING_KEY, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "Mallory"},
        {"iss": None},
        {"nbf": None},
        {"exp": None},
        {"nbf": int(NOW.timestamp()) + 2},
        {"exp": int(NOW.timestamp()) - 2},
        {"url_hash": None},
        {"url_hash": 5},
        {"payload_hash": sha256(b"").hexdigest()},
    ],
)
def test_every_claim_has_to_be_right(changes: dict[str, Any]) -> None:
    assert not is_signed(token_for(URL, **changes), URL, b"", SIGNING_KEY, NOW)


@pytest.mark.parametrize("leeway", [{"nbf": 1}, {"exp": 0}])
def test_a_second_more_or_less_does_not_matter(leeway: dict[str, int]) -> None:
    changes: dict[str, Any] = {
        name: int(NOW.timestamp()) + offset for name, offset in leeway.items()
    }

    assert is_signed(token_for(URL, **changes), URL, b"", SIGNING_KEY, NOW)


@pytest.mark.parametrize("token", ["", "a.b.c", "ü", "eyJhbGciOiJub25lIn0.e30.", "x" * 9000])
def test_what_is_no_token_signs_nothing(token: str) -> None:
    assert not is_signed(token, URL, b"", SIGNING_KEY, NOW)


def called(**fields: str) -> ReportRequest:
    given = {"id": ID, "reference": "message-1", "recipient": "447700900123", **fields}
    url = str(httpx2.URL(URL).copy_merge_params(given))
    return ReportRequest("GET", url, {"messagebird-signature-jwt": token_for(url)}, b"")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("delivered", ["delivered"]),
        ("delivery_failed", ["undelivered"]),
        ("expired", ["undelivered"]),
        ("scheduled", []),
        ("buffered", []),
        ("sent", []),
        ("of tomorrow", []),
    ],
)
def test_only_a_final_status_moves_a_message(status: str, expected: list[str]) -> None:
    read = made().read_report(called(status=status))

    assert [found.state for found in read] == expected
    assert {(found.provider_message_id, found.message_id) for found in read} <= {(ID, "message-1")}


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_an_undelivered_message_says_why(reason: str) -> None:
    error_type, meaning = REASONS[reason]
    for spelling in (reason, reason.replace(" ", "_"), reason.replace(" ", "-").upper()):
        given = called(status="delivery_failed", statusReason=spelling, statusErrorCode="34")
        [read] = made().read_report(given)

        assert read.error_class == error_type.error_class
        assert read.words == f"MessageBird 34: {meaning}"


@pytest.mark.parametrize("reason", ["", "of tomorrow", "9" * 5000])
def test_an_unknown_reason_is_no_reason_to_fail(reason: str) -> None:
    [read] = made().read_report(called(status="delivery_failed", statusReason=reason))

    assert read.error_class == "provider_rejected"
    assert len(read.words) < 100


def test_a_message_of_which_nothing_was_heard_is_not_undelivered() -> None:
    assert made().read_report(called(status="expired", statusReason="DLR not received")) == []


def test_a_callback_that_messagebird_did_not_sign_is_refused() -> None:
    genuine = called(status="delivered")

    assert made().read_report(genuine)
    for forged in (
        replace(genuine, headers={}),
        replace(genuine, url=genuine.url.replace("message=m1", "message=m2")),
        replace(genuine, body=b"x"),
    ):
        with pytest.raises(ReportRefused):
            made().read_report(forged)
    with pytest.raises(ReportRefused):
        made({"signingKey": None}).read_report(genuine)
