"""SOLAPI: what is asked, how answers and webhooks are read."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, ReportRefused
from watchword.connector_kit.models import DeliveryReport, ReportRequest, SmsMessage
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
    message_to,
)
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.providers.solapi.config import SolapiConfig
from watchword.providers.solapi.connector import SolapiConnector
from watchword.providers.solapi.errors import MESSAGE_ERRORS, REQUEST_ERRORS
from watchword.providers.solapi.signing import authorization, iso_date

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())

CONFIG = {
    "apiKey": "NCSAAAAAAAAAAAAA",
    "apiSecret": "MADEUPSECRET0123456789ABCDEFGHIJ",
    "from": "0212345678",
    "templates": default_templates(),
}
ALIMTALK = {
    "usageType": "SignIn",
    "content": "로그인 인증번호 {{code}}",
    "templateCode": "KA01TP1",
    "parameters": {"인증번호": "code", "#{유효시간}": "minutes"},
}
IN_KOREA = message_to(PhoneNumber("821000000123"), language="ko")
MESSAGE_ID = "M4V20260102120405ABCDEFGHIJKLMNO"


def made(config: dict[str, Any] | None = None, **others: Any) -> SolapiConnector:
    return SolapiConnector(SolapiConfig.parse({**CONFIG, **(config or {})}), context(**others))


def with_alimtalk(template: dict[str, Any] = ALIMTALK, **others: Any) -> SolapiConnector:
    rest = [text for text in default_templates("ko") if text["usageType"] != "SignIn"]
    return made({"pfId": "KA01PF1", "templates": [*rest, template], **others})


def body_of(connector: SolapiConnector, message: SmsMessage) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(connector.build_request(message).content)
    return body


def answer(failed: list[dict[str, Any]] | None = None, **charged: Any) -> dict[str, Any]:
    # After the samples in SOLAPI's documentation and its Python package 5.0.3.
    taken = {"messageId": MESSAGE_ID, "statusCode": "2000", "statusMessage": "정상 접수"}
    count = {"total": 1, "registeredFailed": 0, "registeredSuccess": 1}
    if failed:
        count = {"total": 1, "registeredFailed": 1, "registeredSuccess": 0}
    return {
        "failedMessageList": failed or [],
        "messageList": [] if failed else [taken],
        "groupInfo": {"groupId": "G4V1", "count": count, "countForCharge": charged},
    }


class TestSolapi(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> SolapiConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=answer())


class TestWithEverySetting(TestSolapi):
    @pytest.fixture
    def connector(self) -> SolapiConnector:
        return with_alimtalk()


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["provider"] == "solapi"])
def test_signs_as_the_official_package_does(vector: dict[str, Any]) -> None:
    given = vector["inputs"]

    signed = authorization(given["apiKey"], given["apiSecret"], given["date"], given["salt"])

    assert signed == vector["expected"]["authorization"]


def test_the_date_is_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 6789, tzinfo=UTC)

    assert iso_date(moment) == "2026-01-02T03:04:05.006Z"


def test_asks_solapi_to_text_the_code() -> None:
    request = made(clock=FakeClock()).build_request(IN_KOREA)

    assert request.method == "POST"
    assert str(request.url) == "https://api.solapi.com/messages/v4/send-many/detail"
    assert request.headers["content-type"] == "application/json"
    assert "Date=2026-05-01T09:00:00.000Z" in request.headers["authorization"]
    assert json.loads(request.content) == {
        "messages": [
            {
                "to": "01000000123",
                "country": "82",
                "from": "0212345678",
                "text": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
                "autoTypeDetect": True,
                "customFields": {"messageId": "message-1"},
            }
        ],
        "allowDuplicates": False,
        "showMessageList": True,
    }


def test_no_two_requests_have_one_signature() -> None:
    connector = made(clock=FakeClock())

    signed = {connector.build_request(IN_KOREA).headers["authorization"] for _ in range(3)}

    assert len(signed) == 3


@pytest.mark.parametrize(
    ("digits", "country", "to"),
    [
        ("821012345678", "82", "01012345678"),
        ("82212345678", "82", "0212345678"),
        ("14155550123", "1", "4155550123"),
        ("447700900123", "44", "7700900123"),
    ],
)
def test_a_number_is_split_into_country_and_rest(digits: str, country: str, to: str) -> None:
    [message] = body_of(made(), message_to(PhoneNumber(digits)))["messages"]

    assert (message["country"], message["to"]) == (country, to)


def test_the_sender_may_be_written_with_hyphens() -> None:
    assert made({"from": "02-1234-5678"}).config.sender == "0212345678"


def test_an_alimtalk_template_goes_first_in_korea_and_declares_what_it_takes() -> None:
    [message] = body_of(with_alimtalk(), IN_KOREA)["messages"]

    # A text beside it would have to be the template's own.
    assert "text" not in message
    assert message["kakaoOptions"] == {
        "pfId": "KA01PF1",
        "templateId": "KA01TP1",
        "variables": {"#{인증번호}": CODE, "#{유효시간}": "10"},
        "disableSms": False,
    }
    assert with_alimtalk().text_of(IN_KOREA) is None


def test_abroad_the_text_goes_out_although_there_is_an_alimtalk_template() -> None:
    abroad = replace(MESSAGE, language="ko")
    [message] = body_of(with_alimtalk(), abroad)["messages"]

    assert "kakaoOptions" not in message
    assert message["text"] == with_alimtalk().text_of(abroad)


def test_variables_of_one_name_may_be_a_list() -> None:
    template = {**ALIMTALK, "parameters": ["code", "minutes"]}
    [message] = body_of(with_alimtalk(template), IN_KOREA)["messages"]

    assert message["kakaoOptions"]["variables"] == {"#{code}": CODE, "#{minutes}": "10"}


def test_alimtalk_needs_a_channel() -> None:
    with pytest.raises(InvalidConfig) as refused:
        with_alimtalk(pfId="")

    assert list(refused.value.fields) == ["pfId"]


def test_an_unknown_variable_is_refused_by_name() -> None:
    template = {**ALIMTALK, "parameters": {"인증번호": "secretOfOurs"}}
    with pytest.raises(InvalidConfig) as refused:
        with_alimtalk(template)

    assert refused.value.fields == {"templates": "connector_kit.form.unknown_variable"}
    assert "secretOfOurs" in refused.value.words


def test_letters_that_carriers_refuse_are_warned_of() -> None:
    smiling = {"usageType": "SignIn", "content": "인증번호 {{code}} 😀"}
    [warning] = made({"templates": [*default_templates(), smiling]}).config.warnings()

    assert warning.key == "templates"
    assert "😀" in warning.shape["ko"]
    assert made().config.warnings() == []


async def test_keeps_the_message_id_and_says_what_kind_is_charged() -> None:
    body = answer(sms={}, lms={"82": 1})
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(IN_KOREA)

    assert receipt.provider_message_id == MESSAGE_ID
    assert receipt.words == "SOLAPI 2000: 정상 접수, LMS"


def failed(code: str) -> dict[str, Any]:
    item = {"to": "01000000123", "messageId": MESSAGE_ID, "type": "SMS", "country": "82"}
    return answer([{**item, "statusCode": code, "statusMessage": "안 됨 010-0000-0123"}])


@pytest.mark.parametrize(
    ("code", "expected"),
    [*MESSAGE_ERRORS.items(), ("1999", errors.ProviderRejected)],
)
async def test_http_200_with_a_failure_inside_is_a_failure(
    code: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: httpx2.Response(200, json=failed(code))).send(IN_KOREA)

    assert type(refused.value) is expected
    assert refused.value.words == f"SOLAPI {code}: 안 됨 •••"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1024", errors.ProviderUnavailable),
        ("1030", errors.InsufficientBalance),
        ("1031", errors.TemplateRejected),
        ("1041", errors.ProviderSettingsRefused),
        ("1060", errors.InvalidRecipient),
        ("1061", errors.RecipientOptedOut),
        ("1062", errors.SenderRejected),
        ("2063", errors.AccountSuspended),
        ("3032", errors.InvalidRecipient),
        ("3043", errors.RecipientUnreachable),
        ("3054", errors.TemplateRejected),
    ],
)
def test_a_code_says_who_must_act(code: str, expected: type[ConnectorError]) -> None:
    assert MESSAGE_ERRORS[code] is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [*REQUEST_ERRORS.items(), ("OfTomorrow", errors.InvalidCredentials)],
)
async def test_a_refused_request_is_sorted_by_its_code(
    code: str, expected: type[ConnectorError]
) -> None:
    body = {"errorCode": code, "errorMessage": "왜냐하면"}
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: httpx2.Response(403, json=body)).send(IN_KOREA)

    assert type(refused.value) is expected
    assert refused.value.words == f"SOLAPI {code}: 왜냐하면"


async def test_nothing_registered_and_nothing_failed_is_no_success() -> None:
    body = answer()
    body["groupInfo"]["count"]["registeredSuccess"] = 0
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(IN_KOREA)


async def test_the_balance_is_asked_for_at_no_cost() -> None:
    asked = []

    def balance(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, request.content))
        return httpx2.Response(200, json={"balance": 1234.5, "point": 50})

    connector = answered_by(made(), balance)

    assert await connector.check_credentials() == "SOLAPI: balance 1234.5, points 50"
    assert asked == [("GET", "/cash/v1/balance", b"")]


def webhook(*events: Any) -> ReportRequest:
    body = json.dumps(events, ensure_ascii=False).encode()
    return ReportRequest("POST", "https://auth.example.com/receipts/instance-1/t", {}, body)


def event(code: str, **more: Any) -> dict[str, Any]:
    data = {"messageId": MESSAGE_ID, "statusCode": code, "statusMessage": "상태", **more}
    return {"eventDataId": "WH01ED1", "retryCount": 0, "data": data}


def test_a_delivery_is_read_with_our_own_id() -> None:
    [report] = made().read_report(webhook(event("4000", customFields={"messageId": "m1"})))

    assert report == DeliveryReport(MESSAGE_ID, "delivered", None, "SOLAPI 4000: 상태", "m1")


def test_a_failure_is_read_with_its_reason() -> None:
    [report] = made().read_report(webhook(event("3043")))

    assert (report.state, report.error_class) == ("undelivered", "recipient_unreachable")
    assert report.words == "SOLAPI 3043: 상태"
    assert report.message_id is None


@pytest.mark.parametrize("code", ["2000", "3000", "", "9999", "3104"])
def test_stations_on_the_way_move_no_message(code: str) -> None:
    # 3104 among them: the text in place of the Alimtalk message is still to come.
    assert made().read_report(webhook(event(code))) == []


def test_one_webhook_brings_many_reports_and_those_of_groups_are_passed_over() -> None:
    group = {"eventDataId": "WH01ED2", "data": {"groupId": "G4V1", "count": {"total": 1}}}
    read = made().read_report(webhook(event("4000"), group, event("1999"), {"data": None}))

    assert [(report.state, report.error_class) for report in read] == [
        ("delivered", None),
        ("undelivered", "provider_rejected"),
    ]


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"\xff", b'"x"'])
def test_what_is_no_list_is_no_report(body: bytes) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(replace(webhook(), body=body))


def test_a_webhook_is_answered_with_200() -> None:
    assert made().answer_report(webhook(event("4000"))).status == 200


def test_odd_custom_fields_are_harmless() -> None:
    for odd in ({"messageId": 5}, None, {}):
        [report] = made().read_report(webhook(event("4000", customFields=odd)))
        assert report.message_id is None
