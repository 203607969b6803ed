"""Twilio: what is asked, how answers and status callbacks are read."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.connector import basic_auth
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, ReportRefused
from watchword.connector_kit.models import ReportRequest, UsageType
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
)
from watchword.connector_kit.wording import default_templates
from watchword.providers.twilio.config import TwilioConfig
from watchword.providers.twilio.connector import TwilioConnector
from watchword.providers.twilio.errors import ERRORS, REPORT_ERRORS
from watchword.providers.twilio.signing import is_signed, signature_of, spellings

ACCOUNT = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
TOKEN = "0123456789abcdef0123456789abcdef"
SERVICE = "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
SID = "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

CONFIG = {
    "accountSID": ACCOUNT,
    "authToken": TOKEN,
    "fromMessagingServiceSID": SERVICE,
    "templates": default_templates(),
}

# After the example in Twilio's documentation of the Messages resource.
ACCEPTED = {
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "body": f"{CODE} is your code",
    "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
    "error_code": None,
    "error_message": None,
    "from": None,
    "messaging_service_sid": SERVICE,
    "num_media": "0",
    "num_segments": "0",
    "sid": SID,
    "status": "accepted",
    "to": "+447700900123",
}


def made(config: dict[str, Any] | None = None, **others: Any) -> TwilioConnector:
    return TwilioConnector(TwilioConfig.parse({**CONFIG, **(config or {})}), context(**others))


def form_of(request: httpx2.Request) -> dict[str, str]:
    return dict(httpx2.QueryParams(request.content.decode()))


def refusal(code: int, status: int, words: str = "no") -> httpx2.Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": words, "more_info": more, "status": status}
    return httpx2.Response(status, json=body)


class TestTwilio(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> TwilioConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(201, json=ACCEPTED)


class TestWithEverySetting(TestTwilio):
    @pytest.fixture
    def connector(self) -> TwilioConnector:
        return made(
            {
                "from": "+15005550006",
                "apiKeySID": "SKaaaa",
                "apiKeySecret": "key-secret",
                "webhookSecret": "shared-key-secret",
                "disableRiskCheck": True,
                "region": "ie1",
                "edge": "tokyo",
            }
        )


def test_asks_twilio_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert str(request.url) == (
        f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    )
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    # The worked example of RFC 7617's rule in our notes on Twilio.
    assert request.headers["authorization"] == (
        "Basic QUNhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYTowMTIzNDU2Nzg5YWJj"
        "ZGVmMDEyMzQ1Njc4OWFiY2RlZg=="
    )
    assert b"To=%2B447700900123" in request.content
    assert form_of(request) == {
        "To": "+447700900123",
        "MessagingServiceSid": SERVICE,
        "Body": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "RiskCheck": "enable",
        "ValidityPeriod": "600",
        "MessageIntent": "otp",
    }


@pytest.mark.parametrize(
    ("left", "expected"),
    [(timedelta(seconds=2), "6"), (timedelta(seconds=59.9), "59"), (timedelta(days=2), "36000")],
)
def test_a_text_waits_no_longer_than_its_code_works(left: timedelta, expected: str) -> None:
    request = made().build_request(replace(MESSAGE, time_left=left))

    assert form_of(request)["ValidityPeriod"] == expected


def test_reports_are_asked_for_only_where_twilio_can_reach_us() -> None:
    public = made(public_receipts=True)

    assert "StatusCallback" not in form_of(made().build_request(MESSAGE))
    assert form_of(public.build_request(MESSAGE))["StatusCallback"] == MESSAGE.receipt_url
    for url in (None, "https://under_score.example/receipts/1"):
        request = public.build_request(replace(MESSAGE, receipt_url=url))
        assert "StatusCallback" not in form_of(request)


def test_one_number_does_where_there_is_no_messaging_service() -> None:
    form = form_of(
        made({"fromMessagingServiceSID": "", "from": "+15005550006"}).build_request(MESSAGE)
    )

    assert form["From"] == "+15005550006"
    assert "MessagingServiceSid" not in form


def test_some_sender_there_must_be() -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"fromMessagingServiceSID": None})

    assert refused.value.fields.keys() == {"fromMessagingServiceSID"}
    assert refused.value.texts["fromMessagingServiceSID"].keys() == {"en", "ko"}


@pytest.mark.parametrize("half", [{"apiKeySID": "SK1"}, {"apiKeySecret": "s"}])
def test_half_an_api_key_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(InvalidConfig):
        made(half)


API_KEY = {"apiKeySID": "SK1", "apiKeySecret": "hush"}


def test_an_api_key_needs_no_auth_token_and_then_asks_for_no_reports_it_cannot_check() -> None:
    alone = made({**API_KEY, "authToken": ""}, public_receipts=True)
    with_shared_key = made(
        {**API_KEY, "authToken": None, "webhookSecret": "shared-key-secret"}, public_receipts=True
    )

    assert "StatusCallback" not in form_of(alone.build_request(MESSAGE))
    assert "StatusCallback" in form_of(with_shared_key.build_request(MESSAGE))
    with pytest.raises(ReportRefused):
        alone.read_report(report(UNDELIVERED, x_twilio_signature=SIGNATURE))


def test_nobody_sends_without_a_token_or_a_key() -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"authToken": ""})

    assert refused.value.fields == {"authToken": "connector_kit.form.required"}


def test_an_api_key_sends_in_place_of_the_auth_token() -> None:
    request = made({"apiKeySID": "SK1", "apiKeySecret": "hush"}).build_request(MESSAGE)

    assert request.headers["authorization"] == "Basic U0sxOmh1c2g="
    assert f"/Accounts/{ACCOUNT}/" in str(request.url)


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ({}, "api.twilio.com"),
        ({"region": "ie1"}, "api.dublin.ie1.twilio.com"),
        ({"region": "au1", "edge": "singapore"}, "api.singapore.au1.twilio.com"),
        ({"edge": "tokyo"}, "api.tokyo.us1.twilio.com"),
    ],
)
def test_region_and_edge_are_in_the_host(place: dict[str, str], host: str) -> None:
    assert made(place).build_request(MESSAGE).url.host == host


@pytest.mark.parametrize("edge", ["evil.example/", "a.b", "x@y", "-"])
def test_an_edge_is_part_of_a_host_and_nothing_more(edge: str) -> None:
    with pytest.raises(InvalidConfig):
        made({"edge": edge})


def test_an_odd_account_sid_stays_inside_the_path() -> None:
    url = made({"accountSID": "../x?y#z"}).build_request(MESSAGE).url

    assert url.raw_path == b"/2010-04-01/Accounts/..%2Fx%3Fy%23z/Messages.json"


def test_a_config_from_elsewhere_pastes_in() -> None:
    # The contract's five keys, and its four required usage types.
    usage_types = ("SignIn", "Register", "ForgotPassword", "Generic")
    config = TwilioConfig.parse(
        {
            "accountSID": ACCOUNT,
            "authToken": TOKEN,
            "fromMessagingServiceSID": SERVICE,
            "disableRiskCheck": True,
            "templates": [
                {"usageType": usage, "content": f"{usage}: {{{{code}}}}"} for usage in usage_types
            ],
        }
    )
    form = form_of(TwilioConnector(config, context()).build_request(MESSAGE))

    assert (form["Body"], form["RiskCheck"]) == (f"SignIn: {CODE}", "disable")
    assert config.warnings() == []


def test_unusual_values_warn_and_are_accepted() -> None:
    config = TwilioConfig.parse(
        {**CONFIG, "accountSID": "<sid>", "authToken": "<token>", "from": "?"}
    )

    assert [warning.key for warning in config.warnings()] == ["accountSID", "authToken", "from"]


async def test_keeps_the_sid_for_reports_and_the_segments_when_they_are_known() -> None:
    body = {**ACCEPTED, "status": "queued", "num_segments": "2"}
    sent = await answered_by(made(), lambda _: httpx2.Response(201, json=body)).send(MESSAGE)
    pooled = await answered_by(made(), lambda _: httpx2.Response(201, json=ACCEPTED)).send(MESSAGE)

    assert (sent.provider_message_id, sent.segments) == (SID, 2)
    assert (pooled.provider_message_id, pooled.segments) == (SID, None)


@pytest.mark.parametrize("wrong", [{"sid": None}, {"sid": 5}, {"error_code": 30001}])
async def test_a_created_message_needs_a_sid_and_no_error(wrong: dict[str, Any]) -> None:
    body = {**ACCEPTED, **wrong}
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(201, json=body)).send(MESSAGE)


CODES: list[tuple[int, int, type[ConnectorError]]] = [
    (10001, 400, errors.AccountSuspended),
    (20003, 401, errors.InvalidCredentials),
    (20005, 403, errors.AccountSuspended),
    (20404, 404, errors.ProviderSettingsRefused),
    (20429, 429, errors.ProviderThrottled),
    (20500, 500, errors.ProviderUnavailable),
    (20503, 503, errors.ProviderUnavailable),
    (21211, 400, errors.InvalidRecipient),
    (21212, 400, errors.SenderRejected),
    (21408, 403, errors.RegionUnsupported),
    (21601, 400, errors.SenderRejected),
    (21602, 400, errors.ProviderRejected),
    (21603, 400, errors.ProviderRejected),
    (21604, 400, errors.ProviderRejected),
    (21605, 400, errors.TemplateRejected),
    (21606, 400, errors.SenderRejected),
    (21608, 400, errors.AccountSuspended),
    (21609, 400, errors.ProviderRejected),
    (21610, 400, errors.RecipientOptedOut),
    (21611, 429, errors.ProviderThrottled),
    (21612, 400, errors.RecipientUnreachable),
    (21614, 400, errors.InvalidRecipient),
    (21617, 400, errors.TemplateRejected),
    (21635, 400, errors.InvalidRecipient),
    (21659, 400, errors.SenderRejected),
    (21660, 400, errors.SenderRejected),
    (21661, 400, errors.SenderRejected),
    (21701, 400, errors.SenderRejected),
    (21703, 400, errors.SenderRejected),
    (21704, 400, errors.SenderRejected),
    (21705, 400, errors.SenderRejected),
    (30450, 400, errors.RegionUnsupported),
    (63038, 429, errors.QuotaExhausted),
]
UNKNOWN_CODES: list[tuple[int, int, type[ConnectorError]]] = [
    (21999, 400, errors.ProviderRejected),
    (20999, 401, errors.InvalidCredentials),
]


@pytest.mark.parametrize(("code", "status", "expected"), [*CODES, *UNKNOWN_CODES])
async def test_a_code_says_who_must_act(
    code: int, status: int, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, status, "words")).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"Twilio {code}: words"


def test_no_code_is_mapped_untested() -> None:
    assert {code for code, _, _ in CODES} == ERRORS.keys()


async def test_the_account_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path))
        if request.url.path.endswith("/Balance.json"):
            return httpx2.Response(200, json={"balance": "0.05", "currency": "USD"})
        return httpx2.Response(200, json={"friendly_name": "Acme", "status": "active"})

    assert await answered_by(made(), answer).check_credentials() == "Twilio: Acme, active, 0.05 USD"
    assert asked == [
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json"),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Balance.json"),
    ]


async def test_an_account_that_tells_no_balance_is_as_good() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/Balance.json"):
            return refusal(20003, 401)
        return httpx2.Response(200, json={"friendly_name": "Acme", "status": "active"})

    assert await answered_by(made(), answer).check_credentials() == "Twilio: Acme, active"


async def test_an_api_key_asks_for_what_it_may_read() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path.endswith("/Balance.json")
        return httpx2.Response(200, json={"balance": "0.05", "currency": "USD"})

    connector = made({"apiKeySID": "SK1", "apiKeySecret": "hush"})
    assert await answered_by(connector, answer).check_credentials() == "Twilio: 0.05 USD"


async def test_a_suspended_account_is_no_good_although_the_token_is_right() -> None:
    body = {"friendly_name": "Acme", "status": "suspended"}
    with pytest.raises(errors.AccountSuspended):
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).check_credentials()


async def test_a_wrong_token_is_said_plainly() -> None:
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(
            made(), lambda _: refusal(20003, 401, f"{TOKEN} is wrong")
        ).check_credentials()
    assert TOKEN not in refused.value.words


# Signatures: Twilio's published example, and others made with its SDK 9.13.0.

VECTORS: dict[str, dict[str, Any]] = {
    vector["name"]: vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text())
    if vector["provider"] == "twilio"
}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_signs_and_authenticates_as_the_vectors_say(vector: dict[str, Any]) -> None:
    given, expected = vector["inputs"], vector["expected"]
    if "authorization" in expected:
        header = basic_auth(given["accountSid"], given["authToken"])
        assert header["Authorization"] == expected["authorization"]
        return
    # Of a JSON body only the address is signed, which holds the body's hash.
    fields = [*given.get("params", {}).items()]
    secret, algorithm = given.get("secret", given.get("authToken")), "sha1"
    if "secret" in given:
        algorithm = "sha256"
    signatures = [value for name, value in expected.items() if name.startswith("signature")]
    assert signatures
    for signature in signatures:
        assert is_signed(given["url"], fields, signature, secret, algorithm)
        assert not is_signed(given["url"] + "&", fields, signature, secret, algorithm)


URL = "https://auth.example.com/callbacks/twilio"
UNDELIVERED = {
    "ApiVersion": "2010-04-01",
    "AccountSid": ACCOUNT,
    "From": "+15017122661",
    "MessageSid": SID,
    "MessageStatus": "undelivered",
    "ErrorCode": "30005",
    "SmsSid": SID,
    "SmsStatus": "undelivered",
    "To": "+15558675310",
    "MessagingServiceSid": SERVICE,
}
SIGNATURE = "EMTjRdBa/Tu3jZtj+6J0HWdVrqU="
SIGNATURE_SHA256 = "xc30m1pNTUIw6LEmNa/+AetWRU4dRs/KvxnsY1b8SbQ="


def test_the_default_port_may_be_in_the_signature_or_not() -> None:
    assert [*spellings("https://a.example/x?y=1")] == [
        "https://a.example/x?y=1",
        "https://a.example:443/x?y=1",
    ]
    assert [*spellings("http://[::1]:8080/x")] == ["http://[::1]:8080/x", "http://[::1]/x"]


def test_repeated_fields_are_signed_once_and_sorted() -> None:
    repeated = [("b", "2"), ("a", "1"), ("b", "2"), ("b", "1")]

    assert signature_of(URL, repeated, TOKEN) == signature_of(
        URL, [("a", "1"), ("b", "1"), ("b", "2")], TOKEN
    )


def report(
    fields: dict[str, str] | list[tuple[str, str]], url: str = URL, **headers: str
) -> ReportRequest:
    items = [*fields.items()] if isinstance(fields, dict) else fields
    signed = {"x-twilio-signature": signature_of(url, items, TOKEN)}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ReportRequest("POST", url, {**signed, **named}, urlencode(items).encode())


def test_an_undelivered_message_says_why() -> None:
    [read] = made().read_report(report(UNDELIVERED, x_twilio_signature=SIGNATURE))

    assert read.provider_message_id == SID
    assert read.state == "undelivered"
    assert read.error_class == "invalid_recipient"
    assert read.words == "Twilio 30005: nobody has this number"


def test_the_message_that_the_address_names_is_signed_with_it() -> None:
    genuine = report(UNDELIVERED, f"{URL}?message=m1")

    assert len(made().read_report(genuine)) == 1
    with pytest.raises(ReportRefused):
        made().read_report(replace(genuine, url=f"{URL}?message=m2"))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("delivered", "delivered"),
        ("undelivered", "undelivered"),
        ("failed", "undelivered"),
        ("accepted", None),
        ("queued", None),
        ("sending", None),
        ("sent", None),
        ("canceled", "undelivered"),
        ("of tomorrow", None),
    ],
)
def test_only_a_final_status_moves_a_message(status: str, state: str | None) -> None:
    fields = {"MessageSid": SID, "MessageStatus": status}
    read = made().read_report(report(fields))

    assert [found.state for found in read] == ([state] if state else [])


@pytest.mark.parametrize(
    ("code", "error_class"),
    [
        ("30001", "provider_throttled"),
        ("30002", "account_suspended"),
        ("30003", "recipient_unreachable"),
        ("30004", "recipient_unreachable"),
        ("30005", "invalid_recipient"),
        ("30006", "recipient_unreachable"),
        ("30007", "template_rejected"),
        ("30008", "provider_rejected"),
        ("30034", "sender_rejected"),
        ("30036", "provider_unavailable"),
        ("30450", "region_unsupported"),
    ],
)
def test_a_reported_code_says_who_must_act(code: str, error_class: str) -> None:
    fields = {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": code}
    [read] = made().read_report(report(fields))

    assert code in REPORT_ERRORS
    assert read.error_class == error_class
    assert read.words.startswith(f"Twilio {code}: ")


@pytest.mark.parametrize("code", ["", "99999", "x", "٣", "9" * 5000])
def test_an_unknown_reason_is_no_reason_to_fail(code: str) -> None:
    fields = {"MessageSid": SID, "MessageStatus": "failed", "ErrorCode": code}
    [read] = made().read_report(report(fields))

    assert read.error_class == "provider_rejected"
    assert len(read.words) < 100


def test_new_fields_are_signed_and_harmless() -> None:
    fields = {"MessageSid": SID, "MessageStatus": "delivered", "Empty": "", "New": "ü &="}

    assert len(made().read_report(report(fields))) == 1


def test_the_newer_signature_is_checked_with_the_shared_key() -> None:
    settings = "key=k1,algorithm=HMAC_SHA256"
    request = report(
        UNDELIVERED,
        x_twilio_signature=SIGNATURE_SHA256,
        x_twilio_webhooks_signature_settings=settings,
    )

    assert len(made({"webhookSecret": "shared-key-secret"}).read_report(request)) == 1
    for wrong in (made(), made({"webhookSecret": "another secret"})):
        with pytest.raises(ReportRefused):
            wrong.read_report(request)


@pytest.mark.parametrize(
    "headers",
    [
        {"x_twilio_signature": ""},
        {"x_twilio_signature": "EMTjRdBa/Tu3jZtj+6J0HWdVrqV="},
        {"x_twilio_signature": "ü"},
        {"x_twilio_webhooks_signature_settings": "algorithm=none"},
        {"x_twilio_webhooks_signature_settings": "algorithm=HMAC_SHA256"},
    ],
)
def test_a_wrong_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(report(UNDELIVERED, **headers))


def test_a_report_for_another_address_or_with_a_changed_field_is_refused() -> None:
    genuine = report(UNDELIVERED)
    changed = genuine.body.replace(b"undelivered", b"delivered")
    for forged in (
        replace(genuine, url="https://auth.example.com/receipts/another"),
        replace(genuine, body=changed),
        replace(genuine, body=genuine.body + b"&Extra=1"),
    ):
        with pytest.raises(ReportRefused):
            made().read_report(forged)


def test_a_message_without_a_code_is_no_otp() -> None:
    invitation = replace(
        MESSAGE,
        usage=UsageType.ORGANIZATION_INVITATION,
        variables={"link": "https://auth.example.com/i/1"},
    )

    assert "MessageIntent" not in form_of(made().build_request(invitation))
