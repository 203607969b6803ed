"""Vonage: what is asked, how answers and the three kinds of receipts are read."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

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
from watchword.providers.vonage.config import VonageConfig
from watchword.providers.vonage.connector import VonageConnector
from watchword.providers.vonage.errors import ERRORS, REPORT_ERRORS
from watchword.providers.vonage.signing import SignatureMethod, is_token_for, signature_of

SECRET = "ExampleSignatureSecret0123456789"
CONFIG = {
    "apiKey": "abcd1234",
    "apiSecret": "ExampleApiSecret",
    "brandName": "Acme",
    "templates": default_templates(),
}
SIGNED = {"signatureSecret": SECRET, "signatureMethod": "sha256"}

# After the example of the SMS API's definition, with the fields of a real part.
PART = {
    "to": "447700900123",
    "message-id": "0A0000000123ABCD1",
    "status": "0",
    "remaining-balance": "3.14159265",
    "message-price": "0.03330000",
    "network": "23410",
    "client-ref": "message-1",
}
MESSAGE_ID = PART["message-id"]


def made(config: dict[str, Any] | None = None, **others: Any) -> VonageConnector:
    return VonageConnector(VonageConfig.parse({**CONFIG, **(config or {})}), context(**others))


def form_of(request: httpx2.Request) -> dict[str, str]:
    return dict(httpx2.QueryParams(request.content.decode()))


def answer(*parts: dict[str, str]) -> httpx2.Response:
    return httpx2.Response(200, json={"message-count": str(len(parts)), "messages": list(parts)})


def refusal(status: str, words: str = "words") -> dict[str, str]:
    return {"status": status, "error-text": words}


class TestVonage(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> VonageConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return answer(PART)


class TestWithEverySetting(TestVonage):
    @pytest.fixture
    def connector(self) -> VonageConnector:
        return made({**SIGNED, "authentication": "signature"})


class TestWithSecretsInTheBody(TestVonage):
    @pytest.fixture
    def connector(self) -> VonageConnector:
        return made({**SIGNED, "authentication": "secret"})


def test_asks_vonage_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert str(request.url) == "https://rest.nexmo.com/sms/json"
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == "Basic YWJjZDEyMzQ6RXhhbXBsZUFwaVNlY3JldA=="
    assert form_of(request) == {
        "from": "Acme",
        "to": "447700900123",
        "text": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "ttl": "600000",
        "client-ref": "message-1",
    }


def test_secrets_go_into_the_body_only_where_that_was_chosen() -> None:
    request = made({"authentication": "secret"}).build_request(MESSAGE)
    form = form_of(request)

    assert "authorization" not in request.headers
    assert (form["api_key"], form["api_secret"]) == ("abcd1234", "ExampleApiSecret")


def test_a_signed_request_holds_no_secret(clock: FakeClock) -> None:
    config = {**SIGNED, "authentication": "signature"}
    request = made(config, clock=clock).build_request(MESSAGE)
    form = form_of(request)

    signature = form.pop("sig")
    assert form["timestamp"] == str(int(clock.now().timestamp()))
    assert signature == signature_of(form.items(), SECRET, "sha256")
    assert "authorization" not in request.headers
    assert form["api_key"] == "abcd1234"
    assert "api_secret" not in form


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        ({"apiSecret": ""}, "apiSecret"),
        ({"apiSecret": "", "authentication": "secret"}, "apiSecret"),
        ({"authentication": "signature"}, "signatureSecret"),
    ],
)
def test_an_authentication_needs_its_secret(config: dict[str, str], missing: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made(config)

    assert refused.value.fields == {missing: "connector_kit.form.required"}


def test_a_signature_needs_no_api_secret() -> None:
    config = {"apiSecret": "", "authentication": "signature", "signatureSecret": SECRET}

    assert "sig" in form_of(made(config).build_request(MESSAGE))


@pytest.mark.parametrize(
    ("brand", "sender"),
    [("Acme Inc", "Acme Inc"), ("+15005550006", "15005550006"), ("15005550006", "15005550006")],
)
def test_a_number_is_a_sender_without_its_plus(brand: str, sender: str) -> None:
    assert form_of(made({"brandName": brand}).build_request(MESSAGE))["from"] == sender


@pytest.mark.parametrize(
    ("content", "kind"),
    [("{{code}} [€~]", None), ("{{code}} “quoted”", "unicode"), ("인증번호 {{code}}", "unicode")],
)
def test_only_a_text_that_needs_it_is_unicode(content: str, kind: str | None) -> None:
    templates = [{**template, "content": content} for template in default_templates()]
    form = form_of(made({"templates": templates}).build_request(MESSAGE))

    assert form.get("type") == kind


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(seconds=3), "20000"),
        (timedelta(seconds=59.9), "59000"),
        (timedelta(days=30), "604800000"),
    ],
)
def test_vonage_tries_no_longer_than_the_code_works(left: timedelta, expected: str) -> None:
    assert form_of(made().build_request(replace(MESSAGE, time_left=left)))["ttl"] == expected


def test_reports_are_asked_for_where_vonage_can_reach_us_at_a_short_address() -> None:
    public = made(public_receipts=True)
    ours = "https://auth.example.com/receipts/i1/token"
    message = replace(MESSAGE, receipt_url=f"{ours}?message=message-1")

    assert form_of(public.build_request(message))["callback"] == ours
    assert "callback" not in form_of(made().build_request(message))
    for url in (None, f"https://auth.example.com/{'x' * 76}"):
        request = public.build_request(replace(MESSAGE, receipt_url=url))
        assert "callback" not in form_of(request)


def test_a_config_from_elsewhere_pastes_in() -> None:
    usage_types = ("SignIn", "Register", "ForgotPassword", "Generic")
    config = VonageConfig.parse(
        {
            "apiKey": "abcd1234",
            "apiSecret": "ExampleApiSecret",
            "brandName": "Acme",
            "templates": [
                {"usageType": usage, "content": f"{usage}: {{{{code}}}}"} for usage in usage_types
            ],
        }
    )

    assert config.warnings() == []
    assert VonageConnector(config, context()).text_of(MESSAGE) == f"SignIn: {CODE}"


async def test_keeps_the_first_parts_id_and_counts_the_parts() -> None:
    second = {**PART, "message-id": "0A0000000123ABCD2"}
    receipt = await answered_by(made(), lambda _: answer(PART, second)).send(MESSAGE)

    assert (receipt.provider_message_id, receipt.segments) == (MESSAGE_ID, 2)
    assert receipt.words == "Vonage 0: accepted, balance 3.14159265"


CODES: dict[str, type[ConnectorError]] = {
    "1": errors.ProviderThrottled,
    "2": errors.ProviderRejected,
    "3": errors.ProviderRejected,
    "4": errors.InvalidCredentials,
    "5": errors.ProviderUnavailable,
    "6": errors.InvalidRecipient,
    "7": errors.RecipientUnreachable,
    "8": errors.AccountSuspended,
    "9": errors.InsufficientBalance,
    "10": errors.ProviderThrottled,
    "11": errors.AccountSuspended,
    "12": errors.TemplateRejected,
    "14": errors.InvalidCredentials,
    "15": errors.SenderRejected,
    "22": errors.ProviderRejected,
    "23": errors.ProviderRejected,
    "29": errors.AccountSuspended,
    "32": errors.ProviderRejected,
    "33": errors.InvalidRecipient,
}


@pytest.mark.parametrize(("status", "expected"), [*CODES.items(), ("987", errors.ProviderRejected)])
async def test_a_status_says_who_must_act(status: str, expected: type[ConnectorError]) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer(refusal(status))).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"Vonage {status}: words"
    assert refused.value.is_outcome_known


def test_no_status_is_mapped_untested() -> None:
    assert CODES.keys() == ERRORS.keys()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Invalid to param", errors.InvalidRecipient),
        ("Invalid request :: Invalid 'to' address", errors.InvalidRecipient),
        ("Invalid from param", errors.ProviderRejected),
        ("Failed to parse parameters", errors.ProviderRejected),
    ],
)
async def test_a_wrong_number_is_told_from_another_wrong_field(
    words: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer(refusal("3", words))).send(MESSAGE)

    assert type(refused.value) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("1", errors.ProviderRejected),
        ("5", errors.ProviderRejected),
        ("9", errors.InsufficientBalance),
    ],
)
async def test_a_text_of_which_a_part_went_out_is_not_sent_again(
    status: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer(PART, refusal(status))).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.acts != "nobody"


@pytest.mark.parametrize(
    "body", [{"messages": []}, {"messages": [{}]}, {"messages": [{"status": "0"}]}]
)
async def test_an_answer_without_parts_or_ids_is_unreadable(body: dict[str, Any]) -> None:
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(MESSAGE)


async def test_the_balance_is_asked_for_at_no_cost() -> None:
    asked = []

    def balance(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, str(request.url), request.headers["authorization"]))
        return httpx2.Response(200, json={"value": 10.171275, "autoReload": False})

    assert await answered_by(made(), balance).check_credentials() == "Vonage: balance 10.171275"
    assert asked == [
        (
            "GET",
            "https://rest.nexmo.com/account/get-balance",
            "Basic YWJjZDEyMzQ6RXhhbXBsZUFwaVNlY3JldA==",
        )
    ]


async def test_wrong_credentials_are_said_plainly() -> None:
    body = {"error-code": "401", "error-code-label": "authentication failed"}
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(made(), lambda _: httpx2.Response(401, json=body)).check_credentials()

    assert refused.value.words == "Vonage 401: authentication failed"


async def test_a_signature_alone_has_nothing_to_ask() -> None:
    config = {"apiSecret": "", "authentication": "signature", "signatureSecret": SECRET}

    assert await made(config).check_credentials() is None


# Signatures.

VECTORS: dict[str, dict[str, Any]] = {
    vector["name"]: vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text())
    if vector["provider"] == "vonage"
}
METHODS: dict[str, SignatureMethod] = {
    "sig parameter, HMAC-md5": "md5",
    "sig parameter, HMAC-sha1": "sha1",
    "sig parameter, HMAC-sha256": "sha256",
    "sig parameter, HMAC-sha512": "sha512",
    'sig parameter, plain MD5 hash (account setting "MD5 hash signature")': "md5hash",
}
TOKEN_VECTOR = next(vector for name, vector in VECTORS.items() if name not in METHODS)


@pytest.mark.parametrize(("name", "method"), METHODS.items())
def test_signs_as_the_vectors_say(name: str, method: SignatureMethod) -> None:
    fields = {key: str(value) for key, value in VECTORS[name]["inputs"]["params"].items()}

    assert signature_of(fields.items(), SECRET, method) == VECTORS[name]["expected"]["sig"]


ISSUED = datetime.fromtimestamp(TOKEN_VECTOR["inputs"]["claims"]["iat"], UTC)
TOKEN = TOKEN_VECTOR["expected"]["jwt"]
BODY = TOKEN_VECTOR["inputs"]["body"].encode()


def test_believes_the_vectors_token_for_its_body_and_its_time_alone() -> None:
    assert is_token_for(TOKEN, BODY, SECRET, ISSUED)
    assert not is_token_for(TOKEN, BODY + b" ", SECRET, ISSUED)
    assert not is_token_for(TOKEN, BODY, "another secret", ISSUED)
    assert not is_token_for(TOKEN, BODY, SECRET, ISSUED + timedelta(days=2))
    assert not is_token_for(TOKEN, BODY, SECRET, ISSUED - timedelta(hours=1))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c",
        "ü.ü.ü",
        # {"alg":"none"} without a signature, and an array for a header.
        "eyJhbGciOiJub25lIn0." + TOKEN.split(".")[1] + ".",
        "W10." + TOKEN.split(".")[1] + "." + TOKEN.split(".")[2],
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert not is_token_for(token, BODY, SECRET, ISSUED)


def token_for(body: bytes, algorithm: str = "HS256") -> str:
    claims = {
        "iat": int(ISSUED.timestamp()),
        "payload_hash": hashlib.sha256(body).hexdigest(),
    }
    parts = ".".join(
        urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": algorithm}, claims)
    )
    signature = hmac.digest(SECRET.encode(), parts.encode(), "sha256")
    return f"{parts}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_a_token_says_how_it_is_signed_and_vouches_for_no_empty_body() -> None:
    assert is_token_for(token_for(BODY), BODY, SECRET, ISSUED)
    assert not is_token_for(token_for(BODY, "HS512"), BODY, SECRET, ISSUED)
    assert not is_token_for(token_for(b""), b"", SECRET, ISSUED)


# Receipts, after the documented example.

DELIVERED = {
    "msisdn": "447700900123",
    "to": "Acme",
    "network-code": "23410",
    "messageId": MESSAGE_ID,
    "price": "0.03330000",
    "status": "delivered",
    "scts": "2605010900",
    "err-code": "0",
    "api-key": "abcd1234",
    "client-ref": "message-1",
    "message-timestamp": "2026-05-01 09:00:00",
}
URL = "https://auth.example.com/receipts/instance-1/token"


def as_get(fields: dict[str, str]) -> ReportRequest:
    return ReportRequest("GET", f"{URL}?{urlencode(fields)}", {}, b"")


def as_form(fields: dict[str, str]) -> ReportRequest:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return ReportRequest("POST", URL, headers, urlencode(fields).encode())


def as_json(fields: dict[str, str]) -> ReportRequest:
    return ReportRequest(
        "POST", URL, {"content-type": "application/json"}, json.dumps(fields).encode()
    )


def signed(
    fields: dict[str, str], at: datetime, method: SignatureMethod = "sha256"
) -> dict[str, str]:
    signed = {**fields, "nonce": "nonce-1", "timestamp": str(int(at.timestamp()))}
    return {**signed, "sig": signature_of(signed.items(), SECRET, method).upper()}


KINDS = [as_get, as_form, as_json]


@pytest.mark.parametrize("kind", KINDS)
def test_a_delivery_is_read_from_every_kind_of_callback(kind: Any) -> None:
    [read] = made().read_report(kind(DELIVERED))

    assert (read.provider_message_id, read.message_id) == (MESSAGE_ID, "message-1")
    assert (read.state, read.error_class) == ("delivered", None)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("delivered", "delivered"),
        ("expired", "undelivered"),
        ("failed", "undelivered"),
        ("rejected", "undelivered"),
        ("accepted", None),
        ("buffered", None),
        ("unknown", None),
        ("of tomorrow", None),
    ],
)
def test_only_a_final_status_moves_a_message(status: str, state: str | None) -> None:
    read = made().read_report(as_form({**DELIVERED, "status": status}))

    assert [found.state for found in read] == ([state] if state else [])


REPORT_CODES = {
    "1": "provider_rejected",
    "2": "recipient_unreachable",
    "3": "invalid_recipient",
    "4": "recipient_unreachable",
    "5": "recipient_unreachable",
    "6": "template_rejected",
    "7": "recipient_unreachable",
    "8": "provider_unavailable",
    "9": "invalid_recipient",
    "10": "template_rejected",
    "11": "recipient_unreachable",
    "12": "recipient_unreachable",
    "13": "recipient_unreachable",
    "14": "recipient_unreachable",
    "15": "recipient_unreachable",
    "39": "sender_rejected",
    "50": "template_rejected",
    "99": "provider_rejected",
}


@pytest.mark.parametrize(
    ("code", "error_class"),
    [*REPORT_CODES.items(), ("", "provider_rejected"), ("9" * 5000, "provider_rejected")],
)
def test_a_failure_says_who_must_act(code: str, error_class: str) -> None:
    fields = {**DELIVERED, "status": "failed", "err-code": code}
    [read] = made().read_report(as_form(fields))

    assert (read.state, read.error_class) == ("undelivered", error_class)
    assert 10 < len(read.words) < 100


def test_no_reported_code_is_mapped_untested() -> None:
    assert REPORT_CODES.keys() == REPORT_ERRORS.keys()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS.values())
def test_a_signed_receipt_is_believed(kind: Any, method: SignatureMethod, clock: FakeClock) -> None:
    connector = made({**SIGNED, "signatureMethod": method}, clock=clock)

    assert len(connector.read_report(kind(signed(DELIVERED, clock.now(), method)))) == 1


def test_a_receipt_that_vonage_repeats_the_day_after_is_believed(clock: FakeClock) -> None:
    receipt = as_json(signed(DELIVERED, clock.now()))
    clock.advance(timedelta(hours=24))
    connector = made(SIGNED, clock=clock)

    assert len(connector.read_report(receipt)) == 1
    clock.advance(timedelta(hours=1))
    with pytest.raises(ReportRefused):
        connector.read_report(receipt)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "change",
    [
        {"status": "failed"},
        {"sig": ""},
        {"sig": "0" * 64},
        {"sig": "ü"},
        {"timestamp": "9999999999"},
        {"timestamp": "x"},
        {"timestamp": "²"},
        {"extra": "1"},
    ],
)
def test_a_changed_receipt_is_refused(kind: Any, change: dict[str, str], clock: FakeClock) -> None:
    fields = {**signed(DELIVERED, clock.now()), **change}
    with pytest.raises(ReportRefused):
        made(SIGNED, clock=clock).read_report(kind(fields))


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_signature_secret_an_unsigned_receipt_is_refused(kind: Any) -> None:
    with pytest.raises(ReportRefused):
        made(SIGNED).read_report(kind(DELIVERED))


def test_another_method_or_secret_is_refused(clock: FakeClock) -> None:
    receipt = as_form(signed(DELIVERED, clock.now(), "md5"))
    for config in ({**SIGNED}, {"signatureSecret": "another", "signatureMethod": "md5"}):
        with pytest.raises(ReportRefused):
            made(config, clock=clock).read_report(receipt)


def bearing(token: str, request: ReportRequest) -> ReportRequest:
    return replace(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def test_a_receipt_may_bear_a_token_in_place_of_a_signature(clock: FakeClock) -> None:
    clock.moment = ISSUED
    connector = made(SIGNED, clock=clock)
    genuine = bearing(TOKEN, replace(as_json({}), body=BODY))

    [read] = connector.read_report(genuine)

    assert read.provider_message_id == "0A0000001234567B"
    for forged in (
        replace(genuine, body=BODY.replace(b"delivered", b"rejected")),
        # The fields of an address are in no body that a token vouches for.
        replace(as_get(DELIVERED), headers=genuine.headers),
        bearing(TOKEN[:-2], genuine),
    ):
        with pytest.raises(ReportRefused):
            connector.read_report(forged)


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"null", b'"x"'])
def test_what_is_no_receipt_is_refused_or_says_nothing(body: bytes) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(replace(as_json({}), body=body))
    assert made().read_report(replace(as_form({}), body=body)) == []
