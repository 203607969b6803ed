"""NAVER Cloud SENS: what is asked, and how answers are read."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.testing import (
    CODE,
    HttpConnectorContract,
    answered_by,
    context,
    message_to,
)
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.providers.naver_sens.config import NaverSensConfig
from watchword.providers.naver_sens.connector import NaverSensConnector
from watchword.providers.naver_sens.errors import ERRORS
from watchword.providers.naver_sens.signing import signature_of

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())

SERVICE_ID = "ncp:sms:kr:000000000000:example"
CONFIG = {
    "accessKey": "MadeUpAccessKey00001",
    "secretKey": "MadeUpSecretKey0123456789abcdefghijklmno",
    "serviceId": SERVICE_ID,
    "from": "0212345678",
    "templates": default_templates(),
}
IN_KOREA = message_to(PhoneNumber("821000000123"))
REQUEST_ID = "VORSSA-1680087131264-3216-57483993-IDKqpXWH"

# From the page "sens-sms-send" of NAVER Cloud's API guide.
ACCEPTED = {
    "requestId": REQUEST_ID,
    "requestTime": "2023-03-29T19:52:11.264",
    "statusCode": "202",
    "statusName": "success",
}


def made(config: dict[str, Any] | None = None, **others: Any) -> NaverSensConnector:
    return NaverSensConnector(
        NaverSensConfig.parse({**CONFIG, **(config or {})}), context(**others)
    )


def saying(content: str) -> NaverSensConnector:
    usages = [template["usageType"] for template in default_templates()]
    return made({"templates": [{"usageType": usage, "content": content} for usage in usages]})


def gateway(code: str, status: int) -> httpx2.Response:
    error = {"errorCode": code, "message": "Denied", "details": "Because."}
    return httpx2.Response(status, json={"error": error})


class TestNaverSens(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> NaverSensConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(202, json=ACCEPTED)


class TestWithEverySetting(TestNaverSens):
    @pytest.fixture
    def connector(self) -> NaverSensConnector:
        return made({"cloud": "government", "messagesPerSecond": 5})


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["provider"] == "naver-sens"])
def test_signs_method_path_and_query(vector: dict[str, Any]) -> None:
    given = vector["inputs"]

    signature = signature_of(
        given["method"],
        given["uri"],
        given["timestampMs"],
        given["accessKey"],
        given["secretKey"],
    )

    assert signature == vector["expected"]["signature"]


def test_asks_sens_to_text_the_code() -> None:
    request = made(clock=FakeClock()).build_request(IN_KOREA)

    target = f"/sms/v2/services/{SERVICE_ID}/messages"
    assert request.method == "POST"
    assert str(request.url) == f"https://sens.apigw.ntruss.com{target}"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["x-ncp-apigw-timestamp"] == "1777626000000"
    assert request.headers["x-ncp-iam-access-key"] == CONFIG["accessKey"]
    assert request.headers["x-ncp-apigw-signature-v2"] == signature_of(
        "POST",
        target,
        "1777626000000",
        "MadeUpAccessKey00001",
        "MadeUpSecretKey0123456789abcdefghijklmno",
    )
    assert json.loads(request.content) == {
        "type": "SMS",
        "contentType": "COMM",
        "countryCode": "82",
        "from": "0212345678",
        "content": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "messages": [{"to": "01000000123"}],
    }


@pytest.mark.parametrize(
    ("digits", "country", "to"),
    [
        ("821012345678", "82", "01012345678"),
        ("82212345678", "82", "0212345678"),
        ("14155550123", "1", "4155550123"),
    ],
)
def test_a_number_is_split_into_country_and_rest(digits: str, country: str, to: str) -> None:
    body = json.loads(made().build_request(message_to(PhoneNumber(digits))).content)

    assert (body["countryCode"], body["messages"]) == (country, [{"to": to}])


@pytest.mark.parametrize(
    ("content", "kind"),
    [("가" * 45, "SMS"), ("x" * 90, "SMS"), ("가" * 45 + "x", "LMS"), ("가" * 1000, "LMS")],
)
def test_90_bytes_of_euc_kr_are_an_sms(content: str, kind: str) -> None:
    assert json.loads(saying(content).build_request(IN_KOREA).content)["type"] == kind


@pytest.mark.parametrize("content", ["{{code}} 😀", "뷁 {{code}}", "é", "가" * 1001])
async def test_what_sens_would_drop_or_cut_is_not_sent(content: str) -> None:
    with pytest.raises(errors.TemplateRejected) as refused:
        await saying(content).send(IN_KOREA)

    assert refused.value.words.startswith("NAVER SENS ")


def test_public_institutions_have_a_host_of_their_own() -> None:
    request = made({"cloud": "government"}).build_request(IN_KOREA)

    assert request.url.host == "sens.apigw.gov-ntruss.com"


def test_there_is_no_third_cloud() -> None:
    with pytest.raises(InvalidConfig):
        made({"cloud": "elsewhere.example"})


def test_an_odd_service_id_stays_inside_the_path_and_is_signed_as_it_is_sent() -> None:
    request = made({"serviceId": "../x?y#z"}, clock=FakeClock()).build_request(IN_KOREA)

    assert request.url.raw_path == b"/sms/v2/services/..%2Fx%3Fy%23z/messages"
    assert request.headers["x-ncp-apigw-signature-v2"] == signature_of(
        "POST",
        request.url.raw_path.decode(),
        "1777626000000",
        "MadeUpAccessKey00001",
        "MadeUpSecretKey0123456789abcdefghijklmno",
    )


def test_unusual_values_warn_and_are_accepted() -> None:
    config = saying("{{code}} 😀").config
    odd = NaverSensConfig.parse({**config.reveal(), "serviceId": "<id>", "from": "<number>"})

    assert [warning.key for warning in odd.warnings()] == ["serviceId", "from", "templates"]
    assert made().config.warnings() == []


async def test_keeps_the_request_id() -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(202, json=ACCEPTED)).send(
        IN_KOREA
    )

    assert receipt.provider_message_id == REQUEST_ID


@pytest.mark.parametrize("wrong", [{"statusName": "fail"}, {"statusCode": "400"}])
async def test_a_success_needs_both_of_its_words(wrong: dict[str, str]) -> None:
    body = {**ACCEPTED, **wrong}
    with pytest.raises(errors.ProviderRejected):
        await answered_by(made(), lambda _: httpx2.Response(202, json=body)).send(IN_KOREA)


async def test_a_success_needs_an_id() -> None:
    body = {name: value for name, value in ACCEPTED.items() if name != "requestId"}
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(202, json=body)).send(IN_KOREA)


@pytest.mark.parametrize(("code", "expected"), [*ERRORS.items()])
async def test_a_code_of_the_gateway_says_who_must_act(
    code: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: gateway(code, 418)).send(IN_KOREA)

    assert type(refused.value) is expected
    assert refused.value.words == f"NAVER SENS {code}: Denied (Because.)"


def test_the_usual_codes_have_the_usual_meaning() -> None:
    assert ERRORS["200"] is errors.InvalidCredentials
    assert ERRORS["400"] is errors.QuotaExhausted
    assert ERRORS["410"] is errors.ProviderThrottled


async def test_an_unknown_code_is_sorted_by_the_status() -> None:
    with pytest.raises(errors.ProviderUnavailable):
        await answered_by(made(), lambda _: gateway("999", 503)).send(IN_KOREA)


async def test_the_service_says_what_it_did_not_like_without_the_number() -> None:
    body = {"status": 400, "errorMessage": "invalid", "errors": ["to 010-0000-0123 is odd"]}
    with pytest.raises(errors.ProviderRejected) as refused:
        await answered_by(made(), lambda _: httpx2.Response(400, json=body)).send(IN_KOREA)

    assert refused.value.words == "NAVER SENS 400: invalid; to ••• is odd"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"statusCode": "202", "statusName": "success", "messages": []}),
        (404, {"status": 404, "errorMessage": "not found", "errors": []}),
        (400, {"status": 400, "errorMessage": "no such request"}),
    ],
)
async def test_who_hears_of_the_service_has_the_right_keys(
    status: int, body: dict[str, Any]
) -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.query, request.content))
        return httpx2.Response(status, json=body)

    assert await answered_by(made(), answer).check_credentials() == "NAVER SENS accepts the keys"
    assert asked == [("GET", b"requestId=credential-check", b"")]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (gateway("200", 401), errors.InvalidCredentials),
        (gateway("210", 401), errors.ProviderSettingsRefused),
        (gateway("300", 404), errors.ProviderSettingsRefused),
        (httpx2.Response(401, json={"status": 401}), errors.InvalidCredentials),
        (httpx2.Response(403, json={"status": 403}), errors.InvalidCredentials),
        (httpx2.Response(500, text="oops"), errors.ProviderUnavailable),
        (httpx2.Response(404, json=[]), errors.ProviderSettingsRefused),
    ],
)
async def test_the_gateway_says_that_the_keys_are_wrong(
    answer: httpx2.Response, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer).check_credentials()

    assert type(refused.value) is expected
