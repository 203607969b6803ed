"""GatewayAPI: what is asked, how answers and notifications are read."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

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
from watchword.providers.gatewayapi.config import EU, GLOBAL, GatewayApiConfig
from watchword.providers.gatewayapi.connector import GatewayApiConnector
from watchword.providers.gatewayapi.errors import ERRORS, REPORT_ERRORS
from watchword.providers.gatewayapi.signing import claims_of

VECTORS = {
    vector["name"]: vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
    if vector["provider"] == "gatewayapi"
}
PUBLISHED = VECTORS["X-Gwapi-Signature published documentation token"]
CONSTRUCTED = VECTORS["X-Gwapi-Signature constructed"]
BASIC = VECTORS["Basic authorization header (token as user name, empty password)"]

SECRET = "webhook-auth-token"
CONFIG = {
    "apiToken": "Go-Create-an-API-token",
    "sender": "ExampleSMS",
    "templates": default_templates(),
}
# After the example in the provider's documentation.
ACCEPTED = {
    "ids": [421332671],
    "usage": {"countries": {"DK": 1}, "currency": "DKK", "total_cost": 0.15},
}


def made(config: dict[str, Any] | None = None, **others: Any) -> GatewayApiConnector:
    parsed = GatewayApiConfig.parse({**CONFIG, **(config or {})})
    return GatewayApiConnector(parsed, context(**others))


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def refusal(code: str | None, status: int, message: str = "no", *variables: str) -> httpx2.Response:
    body: dict[str, Any] = {"incident_uuid": "d8127429-fa0c-4316-b1f2-e610c3958f43"}
    body |= {"message": message}
    if code is not None:
        body |= {"code": code}
    if variables:
        body |= {"variables": [*variables]}
    return httpx2.Response(status, json=body)


class TestGatewayApi(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> GatewayApiConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=ACCEPTED)


class TestWithEverySetting(TestGatewayApi):
    @pytest.fixture
    def connector(self) -> GatewayApiConnector:
        settings = {"endpoint": EU, "webhookToken": SECRET, "messagesPerSecond": 5}
        return made(settings, public_receipts=True)


def test_asks_gatewayapi_to_text_the_code() -> None:
    request = made(public_receipts=True).build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == "https://gatewayapi.com/rest/mtsms"
    assert request.headers["content-type"] == "application/json"
    assert body_of(request) == {
        "message": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "sender": "ExampleSMS",
        "recipients": [{"msisdn": 447700900123}],
        "userref": "message-1",
        "validity_period": 600,
    }


def test_the_token_is_a_user_without_a_password() -> None:
    request = made(BASIC["inputs"]).build_request(MESSAGE)

    assert request.headers["authorization"] == BASIC["expected"]["authorization"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("{{code}} ok", None),
        ("{{code}} costs 5 € [~]", None),
        ("Günaydın {{code}}", "UCS2"),
        ("인증번호 {{code}}", "UCS2"),
        ("{{code}} “quoted”", "UCS2"),
        ("{{code}} 🔑", "UCS2"),
    ],
)
def test_the_wide_encoding_is_asked_for_where_the_text_needs_it(
    text: str, encoding: str | None
) -> None:
    texts = [{**template, "content": text} for template in default_templates()]

    assert body_of(made({"templates": texts}).build_request(MESSAGE)).get("encoding") == encoding


@pytest.mark.parametrize(
    ("left", "expected"),
    [(timedelta(seconds=2), 60), (timedelta(seconds=90.9), 90), (timedelta(days=2), 172_800)],
)
def test_a_text_waits_no_longer_than_its_code_works(left: timedelta, expected: int) -> None:
    request = made().build_request(replace(MESSAGE, time_left=left))

    assert body_of(request)["validity_period"] == expected


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [(None, "gatewayapi.com"), (GLOBAL, "gatewayapi.com"), (EU, "gatewayapi.eu")],
)
def test_there_are_two_platforms(endpoint: str | None, host: str) -> None:
    request = made({"endpoint": endpoint}).build_request(MESSAGE)

    assert (request.url.host, request.url.path) == (host, "/rest/mtsms")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://gatewayapi.com/rest/mtsms",
        "https://gatewayapi.com.evil.example/rest/mtsms",
        "https://gatewayapi.com@evil.example/rest/mtsms",
        "https://127.0.0.1/rest/mtsms",
    ],
)
def test_no_third_place_gets_the_token(endpoint: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"endpoint": endpoint})

    assert refused.value.fields == {"endpoint": "connector_kit.form.invalid"}


def test_a_config_from_elsewhere_pastes_in() -> None:
    pasted = {
        "endpoint": "https://gatewayapi.eu/rest/mtsms",
        "apiToken": "<token>",
        "sender": "ExampleSMS",
        "templates": [
            {"usageType": usage, "content": f"Your {usage} code is {{{{code}}}}."}
            for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
        ],
    }

    assert GatewayApiConfig.parse(pasted).reveal() == pasted


@pytest.mark.parametrize(
    ("sender", "is_usual"),
    [("ExampleSMS1", True), ("ExampleSMS12", False), ("4" * 15, True), ("4" * 16, False)],
)
def test_an_unusual_sender_warns_and_is_accepted(sender: str, is_usual: bool) -> None:
    config = GatewayApiConfig.parse({**CONFIG, "sender": sender})

    assert [warning.key for warning in config.warnings()] == ([] if is_usual else ["sender"])


async def test_keeps_the_id_for_reports() -> None:
    sent = await answered_by(made(), lambda _: httpx2.Response(200, json=ACCEPTED)).send(MESSAGE)

    assert sent.provider_message_id == "421332671"


@pytest.mark.parametrize("ids", [[], [1, 2], ["x"], None, "1"])
async def test_a_success_has_one_id(ids: Any) -> None:
    body = {**ACCEPTED, "ids": ids}
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(MESSAGE)


STATUSES = {
    "0x0213": 403,
    "0x0214": 403,
    "0x0215": 403,
    "0x0216": 403,
    "0x0217": 403,
    "0x021f": 403,
    "0x0218": 422,
    "0x021e": 500,
    "0x021d": 403,
    "0x022a": 403,
    "0x0220": 400,
    "0x0221": 400,
    "0x0222": 400,
    "0x0310": 422,
    "0x0311": 422,
    "0x0312": 422,
}


@pytest.mark.parametrize(("code", "expected"), [*ERRORS.items()])
@pytest.mark.parametrize("spelling", [str.lower, lambda code: "0x" + code[2:].upper()])
async def test_a_code_says_who_must_act(
    code: str, expected: type[ConnectorError], spelling: Any
) -> None:
    said = spelling(code)
    answer = refusal(said, STATUSES.get(code, 401), "words")
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"GatewayAPI {said}: words"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("0x0210", errors.InvalidCredentials),
        ("0x0213", errors.ProviderSettingsRefused),
        ("0x0214", errors.RecipientThrottled),
        ("0x0215", errors.RecipientOptedOut),
        ("0x0216", errors.InsufficientBalance),
        ("0x0217", errors.RegionUnsupported),
        ("0x021F", errors.RegionUnsupported),
        ("0x021D", errors.AccountSuspended),
        ("0x022A", errors.AccountSuspended),
        ("0x0229", errors.InvalidCredentials),
        ("0x0310", errors.ProviderRejected),
        ("0x0312", errors.TemplateRejected),
    ],
)
def test_the_codes_that_matter_most(code: str, expected: type[ConnectorError]) -> None:
    assert ERRORS[code.lower()] is expected


@pytest.mark.parametrize(
    ("code", "status", "expected", "words"),
    [
        (None, 500, errors.ProviderUnavailable, "GatewayAPI 500: words"),
        (None, 429, errors.ProviderThrottled, "GatewayAPI 429: words"),
        ("0x0299", 401, errors.InvalidCredentials, "GatewayAPI 0x0299: words"),
        ("0x0299", 422, errors.ProviderRejected, "GatewayAPI 0x0299: words"),
        ("٣", 422, errors.ProviderRejected, "GatewayAPI ٣: words"),
    ],
)
async def test_without_a_code_that_we_know_the_status_decides(
    code: str | None, status: int, expected: type[ConnectorError], words: str
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, status, "words")).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == words


async def test_the_words_are_filled_in() -> None:
    message = "From %1 to %2, not %11"
    variables = ["1.2.3.4", "you", *"cdefghij", "k"]
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal("0x0213", 403, message, *variables)).send(
            MESSAGE
        )

    assert refused.value.words == "GatewayAPI 0x0213: From 1.2.3.4 to you, not k"


async def test_the_credit_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, request.content))
        return httpx2.Response(200, json={"credit": 1234.56, "currency": "DKK", "id": 12345})

    assert await answered_by(made(), answer).check_credentials() == "GatewayAPI: 1234.56 DKK"
    assert asked == [("GET", "/rest/me", b"")]


async def test_a_wrong_token_is_said_plainly() -> None:
    token = str(CONFIG["apiToken"])
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(
            made(), lambda _: refusal("0x0229", 401, "%1 is wrong", token)
        ).check_credentials()

    assert token not in refused.value.words


# Notifications.

URL = "https://auth.example.com/receipts/instance-1"


def signed(claims: Any, secret: str = SECRET, algorithm: str = "HS256") -> str:
    header = {"typ": "JWT", "alg": algorithm}
    return jwt.encode(header, claims, OctKey.import_key(secret.encode()), algorithms=[algorithm])


def report(token: str | None, body: bytes = b"{}") -> ReportRequest:
    headers = {} if token is None else {"x-gwapi-signature": token}
    return ReportRequest("POST", URL, headers, body)


def reporting(secret: str = SECRET) -> GatewayApiConnector:
    return made({"webhookToken": secret})


# Anyone may choose a short token, and the library warns of it.
@pytest.mark.filterwarnings("ignore:Key size:joserfc.errors.SecurityWarning")
def test_reads_the_published_token() -> None:
    inputs, expected = PUBLISHED["inputs"], PUBLISHED["expected"]

    assert claims_of(inputs["jwt"], inputs["secret"]) == expected["claims"]
    [read] = reporting(inputs["secret"]).read_report(report(inputs["jwt"]))
    assert (read.provider_message_id, read.state, read.message_id) == ("2381703", "delivered", None)


def test_reads_the_constructed_token() -> None:
    inputs, expected = CONSTRUCTED["inputs"], CONSTRUCTED["expected"]

    assert claims_of(expected["jwt"], inputs["secret"]) == inputs["claims"]
    [read] = reporting(inputs["secret"]).read_report(report(expected["jwt"]))
    assert (read.provider_message_id, read.state) == ("1000001", "delivered")
    assert read.message_id == "msg_01"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("DELIVERED", "delivered"),
        ("EXPIRED", "undelivered"),
        ("DELETED", "undelivered"),
        ("UNDELIVERABLE", "undelivered"),
        ("REJECTED", "undelivered"),
        ("SKIPPED", "undelivered"),
        ("ACCEPTED", None),
        ("UNKNOWN", None),
        ("SCHEDULED", None),
        ("BUFFERED", None),
        ("ENROUTE", None),
        ("OF_TOMORROW", None),
        (None, None),
    ],
)
def test_only_a_final_status_moves_a_message(status: str | None, state: str | None) -> None:
    read = reporting().read_report(report(signed({"id": 1, "status": status})))

    assert [found.state for found in read] == ([state] if state else [])


@pytest.mark.parametrize(
    ("code", "error_type", "meaning"),
    [(code, *reason) for code, reason in REPORT_ERRORS.items()],
)
def test_an_undelivered_message_says_why(
    code: str, error_type: type[ConnectorError], meaning: str
) -> None:
    claims = {"id": 1, "status": "UNDELIVERABLE", "code": code, "error": None}
    [read] = reporting().read_report(report(signed(claims)))

    assert read.error_class == error_type.error_class
    assert read.words == f"GatewayAPI {code} UNDELIVERABLE: {meaning}"


@pytest.mark.parametrize("code", [None, "", "0x9999", 7, ["x"]])
def test_an_unknown_reason_is_no_reason_to_fail(code: Any) -> None:
    claims = {"id": 1, "status": "EXPIRED", "code": code, "error": "their words"}
    [read] = reporting().read_report(report(signed(claims)))

    assert read.error_class == "provider_rejected"
    assert read.words.endswith("EXPIRED: their words")


def test_the_signature_is_believed_and_not_the_body() -> None:
    token = signed({"id": 1, "status": "ENROUTE"})
    body = json.dumps({"id": 1, "status": "DELIVERED"}).encode()

    assert reporting().read_report(report(token, body)) == []


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_its_longer_signatures_are_as_good(algorithm: str) -> None:
    token = signed({"id": 1, "status": "DELIVERED"}, SECRET * 4, algorithm)

    assert len(reporting(SECRET * 4).read_report(report(token))) == 1


DELIVERED = signed({"id": 1, "status": "DELIVERED"})
UNSIGNED = "eyJhbGciOiJub25lIn0.eyJpZCI6MSwic3RhdHVzIjoiREVMSVZFUkVEIn0."


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "x",
        "a.b.c",
        "ü.ü.ü",
        UNSIGNED,
        DELIVERED[:-4] + "AAAA",
        DELIVERED.rpartition(".")[0] + ".",
        signed({"id": 1, "status": "DELIVERED"}, "another authentication token"),
    ],
)
def test_a_wrong_signature_is_refused(token: str | None) -> None:
    with pytest.raises(ReportRefused):
        reporting().read_report(report(token, b'{"id": 1, "status": "DELIVERED"}'))


def test_without_a_webhook_token_nothing_is_believed() -> None:
    with pytest.raises(ReportRefused):
        made().read_report(report(DELIVERED))
