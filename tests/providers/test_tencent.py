"""Tencent Cloud SMS: what is asked and how it is signed, how both levels of answers are read."""

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
from watchword.providers.tencent.config import TencentConfig
from watchword.providers.tencent.connector import TencentConnector
from watchword.providers.tencent.errors import ERRORS
from watchword.providers.tencent.signing import (
    authorization,
    canonical_request,
    derived_keys,
    scope_of,
    string_to_sign,
)

VECTORS = [
    vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
    if vector["provider"] == "tencent"
]
SECRET_ID = "AKIDEXAMPLE0123456789"
SECRET_KEY = "ExampleSecretKey0123456789"
CHINA = message_to(PhoneNumber("8618501234444"))

# As a console of elsewhere saves it.
CONFIG: dict[str, Any] = {
    "accessKeyId": SECRET_ID,
    "accessKeySecret": SECRET_KEY,
    "signName": "腾讯云",
    "sdkAppId": "1400006666",
    "region": "ap-guangzhou",
    "templates": [
        {"usageType": usage, "templateCode": "1110"}
        for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
    ],
}

# The example in the documentation of SendSms, with a shorter answer.
STATUS = {
    "SerialNo": "5000:1045710669157053657849499619",
    "PhoneNumber": "+8618501234444",
    "Fee": 1,
    "SessionContext": "message-1",
    "Code": "Ok",
    "Message": "send success",
    "IsoCode": "CN",
}


def made(config: dict[str, Any] | None = None, **others: Any) -> TencentConnector:
    return TencentConnector(TencentConfig.parse({**CONFIG, **(config or {})}), context(**others))


def answer_of(response: dict[str, Any], status: int = 200) -> httpx2.Response:
    body = {"Response": {**response, "RequestId": "a0aabda6-cf91-4f3e-a81f-9198114a2279"}}
    return httpx2.Response(status, json=body)


def sent(**changed: Any) -> httpx2.Response:
    return answer_of({"SendStatusSet": [{**STATUS, **changed}]})


def failed(code: str, message: str = "words", status: int = 200) -> httpx2.Response:
    return answer_of({"Error": {"Code": code, "Message": message}}, status)


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def template(**others: Any) -> dict[str, Any]:
    return {"templates": [{**entry, **others} for entry in CONFIG["templates"]]}


class TestTencent(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> TencentConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return sent()


class TestWithEverySetting(TestTencent):
    @pytest.fixture
    def connector(self) -> TencentConnector:
        return made(
            {
                "overseasSignName": "Watchword",
                "region": "ap-singapore",
                "site": "international",
                "messagesPerSecond": 5,
                **template(
                    overseasTemplateCode="2110", language="en", parameters=["code", "minutes"]
                ),
            }
        )


# The signature. The first two are published; the others were made with the official package.


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_signs_as_the_vectors(vector: dict[str, Any]) -> None:
    inputs, expected = vector["inputs"], vector["expected"]
    headers, body = inputs["headers"], inputs["body"].encode()
    timestamp, service = inputs["timestamp"], inputs["service"]

    canonical = canonical_request(headers, body)
    keys = derived_keys(inputs["secretKey"], scope_of(timestamp, service))

    assert canonical == expected["canonicalRequest"]
    assert string_to_sign(canonical, timestamp, service) == expected["stringToSign"]
    assert [key.hex() for key in keys] == [
        expected[name] for name in ("secretDate", "secretService", "secretSigning")
    ]
    assert (
        authorization(
            inputs["secretId"],
            inputs["secretKey"],
            headers=headers,
            body=body,
            timestamp=timestamp,
            service=service,
        )
        == expected["authorization"]
    )


def test_every_vector_is_used() -> None:
    assert len(VECTORS) == 4


def test_the_day_of_a_signature_is_utcs() -> None:
    # 1551113065 is the 25th in London and the 26th in Beijing.
    assert scope_of(1551113065, "cvm") == "2019-02-25/cvm/tc3_request"


# What is asked.


def clock() -> FakeClock:
    clock = FakeClock()
    clock.moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return clock


def test_asks_for_one_message() -> None:
    request = made(clock=clock()).build_request(CHINA)

    assert (request.method, str(request.url)) == ("POST", "https://sms.tencentcloudapi.com/")
    assert body_of(request) == {
        "PhoneNumberSet": ["+8618501234444"],
        "SessionContext": MESSAGE.id,
        "SignName": "腾讯云",
        "SmsSdkAppId": "1400006666",
        "TemplateId": "1110",
        "TemplateParamSet": [CODE],
    }
    headers = request.headers
    assert headers["content-type"] == "application/json"
    assert headers["x-tc-action"] == "SendSms"
    assert headers["x-tc-version"] == "2021-01-11"
    assert headers["x-tc-region"] == "ap-guangzhou"
    assert headers["x-tc-timestamp"] == "1767323045"
    assert headers["authorization"] == authorization(
        SECRET_ID,
        SECRET_KEY,
        headers={
            "content-type": "application/json",
            "host": "sms.tencentcloudapi.com",
            "x-tc-action": "SendSms",
        },
        body=request.content,
        timestamp=1767323045,
    )


def test_the_bytes_that_are_signed_are_the_bytes_that_go_out() -> None:
    request = made().build_request(CHINA)

    assert "腾讯云".encode() in request.content
    assert b'"TemplateParamSet":["135790"]' in request.content


def test_the_host_that_the_request_goes_to_is_signed() -> None:
    redirected = made(base_url_override="http://127.0.0.1:9/emulated", clock=clock())
    request = redirected.build_request(CHINA)

    assert request.headers["authorization"] == authorization(
        SECRET_ID,
        SECRET_KEY,
        headers={
            "content-type": "application/json",
            "host": "127.0.0.1:9",
            "x-tc-action": "SendSms",
        },
        body=request.content,
        timestamp=1767323045,
    )


@pytest.mark.parametrize(
    ("digits", "code", "sign"),
    [
        ("8618501234444", "1110", "腾讯云"),
        # Hong Kong, Macao and Taiwan are abroad to the provider.
        ("85251234567", "2110", "Watchword"),
        ("85366123456", "2110", "Watchword"),
        ("886912345678", "2110", "Watchword"),
        ("13105550123", "2110", "Watchword"),
        ("447700900123", "2110", "Watchword"),
    ],
)
def test_the_country_of_a_number_chooses_template_and_sign(
    digits: str, code: str, sign: str
) -> None:
    connector = made({"overseasSignName": "Watchword", **template(overseasTemplateCode="2110")})
    body = body_of(connector.build_request(message_to(PhoneNumber(digits))))

    assert body["PhoneNumberSet"] == [f"+{digits}"]
    assert (body["TemplateId"], body["SignName"]) == (code, sign)


def test_one_template_and_one_sign_serve_everywhere_where_there_are_no_others() -> None:
    body = body_of(made().build_request(MESSAGE))

    assert (body["TemplateId"], body["SignName"]) == ("1110", "腾讯云")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["code"], [CODE]),
        (["code", "minutes"], [CODE, "10"]),
        (["minutes", "code"], ["10", CODE]),
        ([], []),
    ],
)
def test_only_declared_variables_go_out_in_their_order(
    parameters: list[str], expected: list[str]
) -> None:
    message = replace(CHINA, variables={**CHINA.variables, "uiLocales": "zh-CN en"})
    body = body_of(made(template(parameters=parameters)).build_request(message))

    assert body["TemplateParamSet"] == expected


def test_a_missing_usage_type_falls_back_to_generic() -> None:
    templates = [*CONFIG["templates"][:3], {"usageType": "Generic", "templateCode": "9"}]
    message = replace(CHINA, usage=UsageType.BIND_MFA)

    assert body_of(made({"templates": templates}).build_request(message))["TemplateId"] == "9"


def test_the_international_site_has_a_host_of_its_own() -> None:
    request = made({"site": "international", "region": "ap-singapore"}).build_request(CHINA)

    assert request.url.host == "sms.intl.tencentcloudapi.com"
    assert request.headers["x-tc-region"] == "ap-singapore"


# Settings.


def test_a_config_from_elsewhere_pastes_in_unchanged() -> None:
    config = TencentConfig.parse(CONFIG)

    assert config.reveal() == CONFIG
    assert config.warnings() == []


@pytest.mark.parametrize(
    ("broken", "key", "phrase"),
    [
        ({"templates": CONFIG["templates"][:3]}, "templates", "template_missing"),
        (template(parameters=["password"]), "templates", "unknown_variable"),
        (template(templateCode=""), "templates", "invalid"),
        (template(overseasTemplateCode=""), "templates", "invalid"),
        ({"region": "ap-somewhere"}, "region", "invalid"),
        ({"site": "elsewhere.example"}, "site", "invalid"),
    ],
)
def test_a_setting_that_can_not_do_is_named(broken: dict[str, Any], key: str, phrase: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made(broken)

    assert refused.value.fields == {key: f"connector_kit.form.{phrase}"}


def test_unusual_values_warn_and_are_accepted() -> None:
    config = TencentConfig.parse({**CONFIG, "accessKeyId": "<id>", "sdkAppId": "<app>"})

    assert [warning.key for warning in config.warnings()] == ["accessKeyId", "sdkAppId"]


def test_the_form_starts_with_a_region_and_asks_for_it() -> None:
    [region] = [item for item in TencentConfig.form_items() if item["key"] == "region"]

    assert region["required"]
    assert region["defaultValue"] == "ap-guangzhou"


# What comes back, at two levels.


async def test_the_serial_number_is_kept_for_reports_and_the_segments_are_told() -> None:
    receipt = await answered_by(made(), lambda _: sent(Fee=2)).send(CHINA)

    assert receipt.provider_message_id == STATUS["SerialNo"]
    assert receipt.segments == 2


@pytest.mark.parametrize("code", ["Ok", "OK", "ok"])
async def test_success_is_told_in_any_case_of_letters(code: str) -> None:
    receipt = await answered_by(made(), lambda _: sent(Code=code, Fee=0)).send(CHINA)

    assert (receipt.provider_message_id, receipt.segments) == (STATUS["SerialNo"], None)


@pytest.mark.parametrize("statuses", [[], [STATUS, STATUS], [{}]])
async def test_one_number_is_answered_with_one_status(statuses: list[Any]) -> None:
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: answer_of({"SendStatusSet": statuses})).send(CHINA)


SORTED = {
    "AuthFailure": errors.InvalidCredentials,
    "AuthFailure.InvalidAuthorization": errors.InvalidCredentials,
    "AuthFailure.InvalidSecretId": errors.InvalidCredentials,
    "AuthFailure.SecretIdNotFound": errors.InvalidCredentials,
    "AuthFailure.SignatureFailure": errors.InvalidCredentials,
    "AuthFailure.TokenFailure": errors.InvalidCredentials,
    "AuthFailure.UnauthorizedOperation": errors.InvalidCredentials,
    "UnauthorizedOperation.RequestPermissionDeny": errors.InvalidCredentials,
    "InternalError.SigFieldMissing": errors.InvalidCredentials,
    "InternalError.SigVerificationFail": errors.InvalidCredentials,
    "AuthFailure.SignatureExpire": errors.ProviderSettingsRefused,
    "InternalError.RequestTimeException": errors.ProviderSettingsRefused,
    "UnauthorizedOperation.RequestIpNotInWhitelist": errors.ProviderSettingsRefused,
    "IpInBlacklist": errors.ProviderSettingsRefused,
    "IpNotInWhitelist": errors.ProviderSettingsRefused,
    "InvalidParameter.AppidAndBizId": errors.ProviderSettingsRefused,
    "InvalidParameterValue.SdkAppIdNotExist": errors.ProviderSettingsRefused,
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": errors.ProviderSettingsRefused,
    "UnsupportedRegion": errors.ProviderSettingsRefused,
    "UnauthorizedOperation.SdkAppIdIsDisabled": errors.AccountSuspended,
    "FailedOperation.InsufficientBalanceInSmsPackage": errors.InsufficientBalance,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": errors.InsufficientBalance,
    "FailedOperation.PhoneNumberParseFail": errors.InvalidRecipient,
    "InvalidParameterValue.IncorrectPhoneNumber": errors.InvalidRecipient,
    "FailedOperation.PhoneNumberInBlacklist": errors.RecipientOptedOut,
    "LimitExceeded.AppCountryOrRegionInBlacklist": errors.RegionUnsupported,
    "UnsupportedOperation.UnsupportedRegion": errors.RegionUnsupported,
    "LimitExceeded.DeliveryFrequencyLimit": errors.RecipientThrottled,
    "LimitExceeded.PhoneNumberDailyLimit": errors.RecipientThrottled,
    "LimitExceeded.PhoneNumberOneHourLimit": errors.RecipientThrottled,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": errors.RecipientThrottled,
    "LimitExceeded.PhoneNumberThirtySecondLimit": errors.RecipientThrottled,
    "LimitExceeded.PhoneNumberCountLimit": errors.ProviderRejected,
    "LimitExceeded.AppCountryOrRegionDailyLimit": errors.QuotaExhausted,
    "LimitExceeded.AppDailyLimit": errors.QuotaExhausted,
    "LimitExceeded.AppGlobalDailyLimit": errors.QuotaExhausted,
    "LimitExceeded.AppMainlandChinaDailyLimit": errors.QuotaExhausted,
    "LimitExceeded.DailyLimit": errors.QuotaExhausted,
    "LimitExceeded.GlobalSmsSendingRateLimit": errors.ProviderThrottled,
    "RequestLimitExceeded": errors.ProviderThrottled,
    "FailedOperation.MissingSignatureList": errors.SenderRejected,
    "FailedOperation.SignatureIncorrectOrUnapproved": errors.SenderRejected,
    "FailedOperation.ContainSensitiveWord": errors.TemplateRejected,
    "FailedOperation.MissingTemplateList": errors.TemplateRejected,
    "FailedOperation.TemplateIdNotExist": errors.TemplateRejected,
    "FailedOperation.TemplateIncorrectOrUnapproved": errors.TemplateRejected,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": errors.TemplateRejected,
    "FailedOperation.TemplateUnapprovedOrNotExist": errors.TemplateRejected,
    "InvalidParameter.DirtyWordFound": errors.TemplateRejected,
    "InvalidParameterValue.ContentLengthLimit": errors.TemplateRejected,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": errors.TemplateRejected,
    "InvalidParameterValue.TemplateParameterFormatError": errors.TemplateRejected,
    "InvalidParameterValue.TemplateParameterLengthLimit": errors.TemplateRejected,
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": errors.TemplateRejected,
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber": errors.TemplateRejected,
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": errors.TemplateRejected,
    "InternalError": errors.ProviderUnavailable,
    "InternalError.Timeout": errors.ProviderTimeout,
    "InternalError.OtherError": errors.AnswerLost,
    "InternalError.ParseBackendResponseFail": errors.AnswerLost,
    "InternalError.SendAndRecvFail": errors.AnswerLost,
    "InternalError.UnknownError": errors.AnswerLost,
}
UNLISTED = {
    # New members of families that we know, and codes that nobody knows.
    "AuthFailure.MFAFailure": errors.InvalidCredentials,
    "RequestLimitExceeded.IPLimitExceeded": errors.ProviderThrottled,
    "RequestLimitExceeded.UinLimitExceeded": errors.ProviderThrottled,
    "LimitExceeded.OfTomorrow": errors.ProviderRejected,
    "OfTomorrow": errors.ProviderRejected,
}


def test_every_code_of_the_map_is_tested() -> None:
    assert SORTED.keys() == ERRORS.keys()


@pytest.mark.parametrize(("code", "expected"), [*SORTED.items(), *UNLISTED.items()])
@pytest.mark.parametrize("level", ["call", "number"])
async def test_a_code_says_who_must_act_at_either_level(
    level: str, code: str, expected: type[ConnectorError]
) -> None:
    refusal = failed(code) if level == "call" else sent(Code=code, Message="words", SerialNo="")
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal).send(CHINA)

    assert type(refused.value) is expected
    assert refused.value.words == f"Tencent Cloud {code}: words"


@pytest.mark.parametrize(("status", "code"), [(500, "OfTomorrow"), (503, "OfTomorrow")])
async def test_an_unknown_code_is_sorted_by_its_status(status: int, code: str) -> None:
    with pytest.raises(errors.ProviderUnavailable) as refused:
        await answered_by(made(), lambda _: failed(code, status=status)).send(CHINA)

    assert refused.value.words == f"Tencent Cloud {code}: words"


async def test_a_failing_status_is_no_success_whatever_the_body_says() -> None:
    response = answer_of({"SendStatusSet": [STATUS]}, 500)
    with pytest.raises(errors.ProviderUnavailable):
        await answered_by(made(), lambda _: response).send(CHINA)


# The credential check.


def packages(*listed: tuple[int, int, int]) -> httpx2.Response:
    names = ("PackageExpiredTime", "PackageAmount", "CurrentUsage")
    found = [dict(zip(names, package, strict=True)) for package in listed]
    return answer_of({"SmsPackagesStatisticsSet": found})


def signs(*listed: tuple[str, int]) -> httpx2.Response:
    found = [{"SignName": name, "StatusCode": state} for name, state in listed]
    return answer_of({"DescribeSignListStatusSet": found})


def checked(
    bought: httpx2.Response, signed: httpx2.Response, asked: list[Any] | None = None
) -> Any:
    def answer(request: httpx2.Request) -> httpx2.Response:
        action = request.headers["x-tc-action"]
        if asked is not None:
            asked.append((action, body_of(request)))
        return bought if action == "SmsPackagesStatistics" else signed

    return answered_by(made(), answer, clock=clock()).check_credentials()


NOW = int(clock().moment.timestamp())


async def test_what_is_left_and_how_the_sign_stands_is_asked_at_no_cost() -> None:
    asked: list[Any] = []
    bought = packages((NOW + 60, 1000, 50), (NOW + 60, 500, 0), (NOW - 60, 700, 0))

    words = await checked(bought, signs(("腾讯云", 1), ("腾讯云", 0)), asked)

    assert words == "Tencent Cloud: 1450 texts left in 2 packages; the sign 腾讯云 is approved"
    assert asked == [
        (
            "SmsPackagesStatistics",
            {
                "SmsSdkAppId": "1400006666",
                "Limit": 500,
                "Offset": 0,
                "BeginTime": "2024010303",
                "EndTime": "2026010202",
            },
        ),
        ("DescribeSmsSignList", {"International": 0, "SignIdSet": [], "Limit": 100, "Offset": 0}),
    ]


async def test_an_account_that_pays_afterwards_has_no_packages() -> None:
    words = await checked(packages(), signs(("another", 0)))

    assert words == "Tencent Cloud: no packages; the sign 腾讯云 is not in the list"


async def test_a_sign_that_is_not_approved_is_no_good_although_the_key_is() -> None:
    with pytest.raises(errors.SenderRejected) as refused:
        await checked(packages(), signs(("腾讯云", -1)))

    assert refused.value.words == "Tencent Cloud: the sign 腾讯云 is not approved: in review"


async def test_a_wrong_application_is_found() -> None:
    wrong = failed("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
    with pytest.raises(errors.ProviderSettingsRefused):
        await checked(wrong, signs(("腾讯云", 0)))


# Callbacks.

# The example in the documentation of the status notification, with a number that is nobody's.
CALLED = {
    "user_receive_time": "2015-10-17 08:03:04",
    "nationcode": "86",
    "mobile": "18501234444",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "5000:1045710669157053657849499619",
}


def called(*reports: Any) -> ReportRequest:
    body = json.dumps(list(reports)).encode()
    return ReportRequest("POST", "https://auth.example.com/receipts/i/token", {}, body)


def test_one_callback_may_bring_many_reports() -> None:
    fail = {**CALLED, "report_status": "FAIL", "errmsg": "UNDELIV", "sid": "5000:2"}

    assert made().read_report(called(CALLED, fail)) == [
        DeliveryReport(
            "5000:1045710669157053657849499619",
            "delivered",
            None,
            "Tencent Cloud DELIVRD: 用户短信送达成功",
        ),
        DeliveryReport(
            "5000:2",
            "undelivered",
            "recipient_unreachable",
            "Tencent Cloud UNDELIV: 用户短信送达成功",
        ),
    ]


def test_an_unknown_reason_keeps_the_carriers_words_but_no_number() -> None:
    said = {"report_status": "FAIL", "errmsg": "MK:0001", "description": "18501234444 空号" * 99}
    [read] = made().read_report(called({**CALLED, **said}))

    assert read.error_class == "provider_rejected"
    assert read.words.startswith("Tencent Cloud MK:0001: ••• 空号")
    assert len(read.words) == 200


@pytest.mark.parametrize("nothing", [{}, {"report_status": "SENT"}, {"sid": ""}, {"sid": None}])
def test_what_says_nothing_final_of_any_message_is_passed_over(nothing: dict[str, Any]) -> None:
    report = {**CALLED, **nothing} if nothing else {}

    assert made().read_report(called(report)) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"null", b"\xff", b"[[]]", b"x=1"])
def test_what_is_no_list_of_reports_is_refused(body: bytes) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(replace(called(), body=body))


def test_a_callback_is_answered_as_the_provider_wants() -> None:
    assert made().answer_report(called(CALLED)) == ReportReply(
        200, b'{"result":0,"errmsg":"OK"}', "application/json"
    )
