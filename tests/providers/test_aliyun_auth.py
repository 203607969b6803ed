"""Alibaba Cloud's message authentication: what is asked, and for whom nothing is asked at all."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.models import DeliveryReport, ReportReply, ReportRequest, UsageType
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
    message_to,
)
from watchword.core.phone import PhoneNumber
from watchword.providers.aliyun.authentication.config import (
    AliyunAuthenticationConfig,
    lent_templates,
)
from watchword.providers.aliyun.authentication.connector import AliyunAuthenticationConnector
from watchword.providers.aliyun.signing import signature_v1

SECRET = "ExampleAccessKeySecret0123456789"
CHINA = message_to(PhoneNumber("8613900001234"))

# As a console of elsewhere saves it.
CONFIG: dict[str, Any] = {
    "accessKeyId": "LTAI5tExampleKeyId",
    "accessKeySecret": SECRET,
    "signName": "守望验证",
    "templates": lent_templates(),
}

ACCEPTED = {
    "Code": "OK",
    "Message": "成功",
    "RequestId": "CC3BB6D2-2FDF-4321-9DCE-B38165CE4C47",
    "Success": True,
    "Model": {
        "BizId": "112231421412414124123^4",
        "OutId": "message-1",
        "RequestId": "a3671ccf-0102-4c8e-8797-a3678e091d09",
    },
}


def made(config: dict[str, Any] | None = None, **others: Any) -> AliyunAuthenticationConnector:
    return AliyunAuthenticationConnector(
        AliyunAuthenticationConfig.parse({**CONFIG, **(config or {})}), context(**others)
    )


def form_of(request: httpx2.Request) -> dict[str, str]:
    return dict(httpx2.QueryParams(request.content.decode()))


class TestAliyunAuth(HttpConnectorContract):
    message = CHINA

    @pytest.fixture
    def connector(self) -> AliyunAuthenticationConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=ACCEPTED)


class TestWithEverySetting(TestAliyunAuth):
    @pytest.fixture
    def connector(self) -> AliyunAuthenticationConnector:
        return made({"schemeName": "ours", "signatureVersion": "V1", "messagesPerSecond": 5})


def test_asks_for_one_code() -> None:
    request = made().build_request(CHINA)

    assert (request.method, str(request.url)) == ("POST", "https://dypnsapi.aliyuncs.com/")
    assert request.headers["x-acs-action"] == "SendSmsVerifyCode"
    assert request.headers["x-acs-version"] == "2017-05-25"
    assert request.headers["authorization"].startswith("ACS3-HMAC-SHA256 ")
    assert form_of(request) == {
        "CountryCode": "86",
        "OutId": MESSAGE.id,
        "PhoneNumber": "13900001234",
        "SignName": "守望验证",
        "TemplateCode": "100001",
        "TemplateParam": '{"code":"135790","min":"10"}',
    }


def test_the_older_signature_signs_the_same() -> None:
    form = form_of(made({"signatureVersion": "V1"}).build_request(CHINA))

    assert form["Action"] == "SendSmsVerifyCode"
    assert form["RegionId"] == "cn-hangzhou"
    assert form.pop("Signature") == signature_v1(form, SECRET)


@pytest.mark.parametrize(
    ("variables", "left", "said"),
    [
        ({"code": CODE, "minutes": "5"}, timedelta(minutes=3), "5"),
        ({"code": CODE}, timedelta(minutes=3), "3"),
    ],
)
def test_the_text_says_how_long_the_code_works(
    variables: dict[str, str], left: timedelta, said: str
) -> None:
    message = replace(CHINA, variables=variables, time_left=left)
    form = form_of(made().build_request(message))

    assert json.loads(form["TemplateParam"]) == {"code": CODE, "min": said}


@pytest.mark.parametrize(
    ("usage", "code"),
    [
        (UsageType.SIGN_IN, "100001"),
        (UsageType.REGISTER, "100001"),
        (UsageType.GENERIC, "100001"),
        (UsageType.ORGANIZATION_INVITATION, "100001"),
        (UsageType.MFA_VERIFICATION, "100001"),
        (UsageType.BIND_MFA, "100001"),
        (UsageType.BIND_NEW_IDENTIFIER, "100002"),
        (UsageType.FORGOT_PASSWORD, "100003"),
        (UsageType.USER_PERMISSION_VALIDATION, "100005"),
    ],
)
def test_the_form_starts_with_a_lent_template_for_each_use(usage: UsageType, code: str) -> None:
    [item] = [
        item for item in AliyunAuthenticationConfig.form_items() if item["key"] == "templates"
    ]
    connector = made({"templates": item["defaultValue"]})
    form = form_of(connector.build_request(replace(CHINA, usage=usage)))

    assert form["TemplateCode"] == code


@pytest.mark.parametrize("usage", [*UsageType])
def test_each_of_the_nine_templates_must_be_there(usage: UsageType) -> None:
    templates = [entry for entry in CONFIG["templates"] if entry["usageType"] != usage]
    with pytest.raises(InvalidConfig) as refused:
        made({"templates": templates})

    assert refused.value.fields.keys() == {"templates"}
    assert usage.value in refused.value.words


def test_a_config_from_elsewhere_pastes_in_unchanged() -> None:
    config = AliyunAuthenticationConfig.parse(CONFIG)

    assert config.reveal() == CONFIG
    assert config.warnings() == []


def test_a_scheme_of_ones_own_goes_along() -> None:
    assert form_of(made({"schemeName": "ours"}).build_request(CHINA))["SchemeName"] == "ours"
    with pytest.raises(InvalidConfig):
        made({"schemeName": "x" * 21})


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("447700900123", errors.RegionUnsupported),
        ("85251234567", errors.RegionUnsupported),
        ("85366123456", errors.RegionUnsupported),
        ("886912345678", errors.RegionUnsupported),
        # Eleven digits that begin as a mobile number of the mainland does.
        ("13105550123", errors.RegionUnsupported),
        ("862012345678", errors.InvalidRecipient),
    ],
)
async def test_for_any_but_a_mobile_number_of_the_mainland_nothing_is_asked(
    digits: str, expected: type[ConnectorError]
) -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json=ACCEPTED)

    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), answer).send(message_to(PhoneNumber(digits)))

    assert type(refused.value) is expected
    assert refused.value.is_outcome_known
    assert asked == []


@pytest.mark.parametrize("body", [ACCEPTED, {**ACCEPTED, "Model": None}, {"Code": "OK"}])
async def test_the_receipts_id_is_kept_where_there_is_one(body: dict[str, Any]) -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(CHINA)

    expected = "112231421412414124123^4" if body is ACCEPTED else None
    assert receipt.provider_message_id == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("BUSINESS_LIMIT_CONTROL", errors.RecipientThrottled),
        ("isv.BUSINESS_LIMIT_CONTROL", errors.RecipientThrottled),
        ("FREQUENCY_FAIL", errors.RecipientThrottled),
        ("MOBILE_NUMBER_ILLEGAL", errors.InvalidRecipient),
        ("SECURITY_INTERCEPTED", errors.InvalidRecipient),
        ("BIZ_NOT_OPEN_STATUS", errors.AccountSuspended),
        ("FUNCTION_NOT_OPENED", errors.AccountSuspended),
        ("AMOUNT_NOT_ENOUGH", errors.InsufficientBalance),
        ("SMS_SIGNATURE_ILLEGAL", errors.SenderRejected),
        ("SMS_TEMPLATE_ILLEGAL", errors.TemplateRejected),
        ("INVALID_PARAMETERS", errors.ProviderRejected),
        ("SMS_SYSTEM_ERROR", errors.ProviderUnavailable),
        ("InternalError", errors.ProviderUnavailable),
        ("SignatureDoesNotMatch", errors.InvalidCredentials),
        ("OF_TOMORROW", errors.ProviderRejected),
    ],
)
async def test_a_code_says_who_must_act(code: str, expected: type[ConnectorError]) -> None:
    body = {"Code": code, "Message": "words", "RequestId": "1"}
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(CHINA)

    assert type(refused.value) is expected
    assert refused.value.words == f"Aliyun {code}: words"


def test_a_push_is_read_and_answered() -> None:
    # The example in the documentation of DypnsSmsVerifyReport, with a number that is nobody's.
    body = [
        {
            "phone_number": "13900001234",
            "send_time": "2017-01-01 00:00:00",
            "report_time": "2017-01-01 00:00:00",
            "success": True,
            "err_code": "DELIVERED",
            "err_msg": "用户接收成功",
            "sms_size": "1",
            "biz_id": "112231421412414124123^4",
            "out_id": "m1",
        }
    ]
    url = "https://auth.example.com/receipts/i/token"
    request = ReportRequest("POST", url, {}, json.dumps(body).encode())

    assert made().read_report(request) == [
        DeliveryReport(
            "112231421412414124123^4",
            "delivered",
            None,
            "Aliyun DELIVERED: 用户接收成功",
            message_id="m1",
        )
    ]
    assert made().answer_report(request) == ReportReply(
        200, b'{"code":0,"msg":"OK"}', "application/json"
    )
