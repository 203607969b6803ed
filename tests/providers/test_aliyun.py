"""Alibaba Cloud SMS: what is asked and how it is signed, how answers and pushes are read."""

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
from watchword.providers.aliyun.config import AliyunSmsConfig
from watchword.providers.aliyun.connector import HOSTS, AliyunSmsConnector
from watchword.providers.aliyun.errors import ERRORS
from watchword.providers.aliyun.signing import (
    authorization_v3,
    canonical_request_v3,
    query_of,
    signature_v1,
    string_to_sign_v1,
)

VECTORS = [
    vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
    if vector["provider"] == "aliyun"
]
KEY_ID = "LTAI5tExampleKeyId"
SECRET = "ExampleAccessKeySecret0123456789"
CODES = {"china": "SMS_154950909", "overseas": "SMS_246570111"}
CHINA = message_to(PhoneNumber("8613900001234"))

CONFIG: dict[str, Any] = {
    "accessKeyId": KEY_ID,
    "accessKeySecret": SECRET,
    "signName": "测试签名",
    "templates": [
        {"usageType": usage, "templateCode": CODES}
        for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
    ],
}

# As a console of elsewhere saves it: two shapes of template, kinds, gaps and a switch.
PASTED: dict[str, Any] = {
    "accessKeyId": KEY_ID,
    "accessKeySecret": SECRET,
    "signName": "测试签名",
    "strictPhoneRegionNumberCheck": True,
    "templates": [
        {"usageType": "SignIn", "templateCode": CODES, "type": 2},
        {"usageType": "Register", "templateCode": "SMS_154950909"},
        {"usageType": "ForgotPassword", "templateCode": "<template-code>"},
        {"usageType": "Generic", "templateCode": "SMS_154950910", "type": 0},
    ],
}

# After the example in the documentation of SendSms.
ACCEPTED = {
    "Message": "OK",
    "RequestId": "873043AC-BCDA-44DB-9052-2E204C6ED20F",
    "Code": "OK",
    "BizId": "607300000000000000^0",
}


def made(config: dict[str, Any] | None = None, **others: Any) -> AliyunSmsConnector:
    return AliyunSmsConnector(
        AliyunSmsConfig.parse({**CONFIG, **(config or {})}), context(**others)
    )


def form_of(request: httpx2.Request) -> dict[str, str]:
    return dict(httpx2.QueryParams(request.content.decode()))


def template(**others: Any) -> dict[str, Any]:
    return {"templates": [{**entry, **others} for entry in CONFIG["templates"]]}


class TestAliyun(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> AliyunSmsConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=ACCEPTED)


class TestWithEverySetting(TestAliyun):
    @pytest.fixture
    def connector(self) -> AliyunSmsConnector:
        return made(
            {
                "overseasSignName": "Watchword",
                "region": "ap-southeast-1",
                "signatureVersion": "V1",
                "strictPhoneRegionNumberCheck": True,
                "messagesPerSecond": 5,
                **template(type=2, language="en", parameters={"number": "code"}),
            }
        )


# Signatures. The first of each kind is published; the others were made with the official packages.


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if "V1" in v["name"]], ids=lambda vector: vector["name"]
)
def test_signs_as_the_vectors_of_v1(vector: dict[str, Any]) -> None:
    inputs, expected = vector["inputs"], vector["expected"]
    parameters, method = inputs["params"], inputs["method"]

    signature = signature_v1(parameters, inputs["accessKeySecret"], method)

    assert query_of(parameters) == expected["canonicalizedQuery"]
    assert string_to_sign_v1(parameters, method) == expected["stringToSign"]
    assert signature == expected["signature"]
    assert query_of({**parameters, "Signature": signature}) == expected["formBody"]


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if "V3" in v["name"]], ids=lambda vector: vector["name"]
)
def test_signs_as_the_vectors_of_v3(vector: dict[str, Any]) -> None:
    inputs, expected = vector["inputs"], vector["expected"]

    canonical = canonical_request_v3(
        inputs["method"], inputs["path"], inputs["query"], inputs["headers"]
    )

    assert canonical == expected["canonicalRequest"]
    assert (
        authorization_v3(
            inputs["accessKeyId"], inputs["accessKeySecret"], canonical, inputs["headers"]
        )
        == expected["authorization"]
    )


def test_every_vector_is_used() -> None:
    assert len(VECTORS) == 7
    assert all(("V1" in vector["name"]) != ("V3" in vector["name"]) for vector in VECTORS)


# What is asked.


def clock() -> FakeClock:
    clock = FakeClock()
    clock.moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return clock


def test_asks_for_one_message_signed_with_v3() -> None:
    request = made(clock=clock()).build_request(CHINA)

    assert (request.method, str(request.url)) == ("POST", "https://dysmsapi.aliyuncs.com/")
    assert form_of(request) == {
        "OutId": MESSAGE.id,
        "PhoneNumbers": "13900001234",
        "SignName": "测试签名",
        "TemplateCode": "SMS_154950909",
        "TemplateParam": '{"code":"135790"}',
    }
    headers = request.headers
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert headers["x-acs-action"] == "SendSms"
    assert headers["x-acs-version"] == "2017-05-25"
    assert headers["x-acs-date"] == "2026-01-02T03:04:05Z"
    names = (
        "accept;content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version"
    )
    signed = {name: headers[name] for name in names.split(";")}
    assert headers["authorization"] == authorization_v3(
        KEY_ID, SECRET, canonical_request_v3("POST", "/", {}, signed), signed
    )


def test_asks_for_one_message_signed_with_v1() -> None:
    request = made({"signatureVersion": "V1"}, clock=clock()).build_request(CHINA)
    form = form_of(request)

    assert "authorization" not in request.headers
    assert form.pop("Signature") == signature_v1(form, SECRET)
    assert len(form.pop("SignatureNonce")) == 32
    assert form == {
        "AccessKeyId": KEY_ID,
        "Action": "SendSms",
        "Format": "JSON",
        "OutId": MESSAGE.id,
        "PhoneNumbers": "13900001234",
        "RegionId": "cn-hangzhou",
        "SignName": "测试签名",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_154950909",
        "TemplateParam": '{"code":"135790"}',
        "Timestamp": "2026-01-02T03:04:05Z",
        "Version": "2017-05-25",
    }


@pytest.mark.parametrize("version", ["V1", "V3"])
def test_neither_number_nor_code_nor_key_is_in_the_address(version: str) -> None:
    url = str(made({"signatureVersion": version}).build_request(CHINA).url)

    assert url == "https://dysmsapi.aliyuncs.com/"


def test_a_nonce_is_used_once() -> None:
    connector = made()
    nonces = {connector.build_request(CHINA).headers["x-acs-signature-nonce"] for _ in range(20)}

    assert len(nonces) == 20


def test_the_host_and_path_that_the_request_goes_to_are_signed() -> None:
    redirected = made(base_url_override="http://127.0.0.1:9/emulated")
    request = redirected.build_request(CHINA)
    signed = {
        name: request.headers[name]
        for name in request.headers["authorization"].split("=")[2].split(",")[0].split(";")
    }

    assert signed["host"] == "127.0.0.1:9"
    assert request.headers["authorization"] == authorization_v3(
        KEY_ID, SECRET, canonical_request_v3("POST", "/emulated/", {}, signed), signed
    )


@pytest.mark.parametrize(
    ("digits", "sent", "code", "sign"),
    [
        ("8613900001234", "13900001234", CODES["china"], "测试签名"),
        # Hong Kong, Macao and Taiwan are abroad to the provider.
        ("85251234567", "85251234567", CODES["overseas"], "Watchword"),
        ("85366123456", "85366123456", CODES["overseas"], "Watchword"),
        ("886912345678", "886912345678", CODES["overseas"], "Watchword"),
        # Eleven digits that begin as a mobile number of the mainland does.
        ("13105550123", "13105550123", CODES["overseas"], "Watchword"),
        ("447700900123", "447700900123", CODES["overseas"], "Watchword"),
    ],
)
def test_the_country_of_a_number_chooses_template_and_sign(
    digits: str, sent: str, code: str, sign: str
) -> None:
    connector = made({"overseasSignName": "Watchword"})
    form = form_of(connector.build_request(message_to(PhoneNumber(digits))))

    assert (form["PhoneNumbers"], form["TemplateCode"], form["SignName"]) == (sent, code, sign)


def test_one_sign_serves_everywhere_where_there_is_no_other() -> None:
    assert form_of(made().build_request(MESSAGE))["SignName"] == "测试签名"


@pytest.mark.parametrize("strict", [True, False])
def test_the_strict_check_of_other_consoles_changes_nothing(strict: bool) -> None:
    connector = made({"strictPhoneRegionNumberCheck": strict})

    assert form_of(connector.build_request(MESSAGE)) == form_of(made().build_request(MESSAGE))
    assert connector.config.reveal()["strictPhoneRegionNumberCheck"] is strict


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (["code"], {"code": CODE}),
        (["code", "minutes"], {"code": CODE, "minutes": "10"}),
        ({"number": "code", "min": "minutes"}, {"number": CODE, "min": "10"}),
    ],
)
def test_only_declared_variables_go_out_under_the_providers_names(
    parameters: Any, expected: dict[str, str]
) -> None:
    message = replace(CHINA, variables={**CHINA.variables, "uiLocales": "zh-CN en"})
    form = form_of(made(template(parameters=parameters)).build_request(message))

    assert json.loads(form["TemplateParam"]) == expected


def test_a_template_without_variables_gets_none() -> None:
    form = form_of(made(template(parameters=[])).build_request(CHINA))

    assert "TemplateParam" not in form


def test_a_missing_usage_type_falls_back_to_generic() -> None:
    templates = [*CONFIG["templates"][:3], {"usageType": "Generic", "templateCode": "SMS_9"}]
    message = replace(CHINA, usage=UsageType.BIND_MFA)

    assert form_of(made({"templates": templates}).build_request(message))["TemplateCode"] == "SMS_9"


@pytest.mark.parametrize(("region", "host"), [*HOSTS.items()])
def test_each_region_has_its_host(region: str, host: str) -> None:
    request = made({"region": region, "signatureVersion": "V1"}).build_request(CHINA)

    assert request.url.host == host
    assert form_of(request)["RegionId"] == region


def test_the_hosts_are_the_official_ones() -> None:
    # Of alibabacloud-dysmsapi20170525 4.6.0.
    assert HOSTS["ap-southeast-1"] == "dysmsapi.ap-southeast-1.aliyuncs.com"
    assert HOSTS["cn-hongkong"] == "dysmsapi-xman.cn-hongkong.aliyuncs.com"
    assert all(host.endswith(".aliyuncs.com") for host in HOSTS.values())


# Settings.


def test_a_config_from_elsewhere_pastes_in_unchanged() -> None:
    config = AliyunSmsConfig.parse(PASTED)

    assert config.reveal() == PASTED
    assert config.warnings() == []


@pytest.mark.parametrize(
    ("broken", "key", "phrase"),
    [
        ({"templates": CONFIG["templates"][:3]}, "templates", "template_missing"),
        (template(parameters=["password"]), "templates", "unknown_variable"),
        (template(parameters={"code": "secret.part"}), "templates", "unknown_variable"),
        (template(templateCode={"china": "SMS_1"}), "templates", "invalid"),
        (template(templateCode=""), "templates", "invalid"),
        ({"region": "elsewhere.example"}, "region", "invalid"),
        ({"signatureVersion": "V2"}, "signatureVersion", "invalid"),
    ],
)
def test_a_setting_that_can_not_do_is_named(broken: dict[str, Any], key: str, phrase: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made(broken)

    assert refused.value.fields == {key: f"connector_kit.form.{phrase}"}


def test_unusual_values_warn_and_are_accepted() -> None:
    config = AliyunSmsConfig.parse({**CONFIG, "accessKeyId": "<access-key-id>"})

    assert [warning.key for warning in config.warnings()] == ["accessKeyId"]


# What comes back.


async def test_the_receipts_id_is_kept_for_reports() -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, json=ACCEPTED)).send(CHINA)

    assert receipt.provider_message_id == ACCEPTED["BizId"]


SORTED = {
    "InvalidAccessKeyId.NotFound": errors.InvalidCredentials,
    "InvalidAccessKeyId.Inactive": errors.InvalidCredentials,
    "SignatureDoesNotMatch": errors.InvalidCredentials,
    "IncompleteSignature": errors.InvalidCredentials,
    "InvalidTimeStamp.Expired": errors.ProviderSettingsRefused,
    "SignatureNonceUsed": errors.ProviderUnavailable,
    "InvalidVersion": errors.ProviderRejected,
    "InvalidAction.NotFound": errors.ProviderRejected,
    "Throttling": errors.ProviderThrottled,
    "Throttling.User": errors.ProviderThrottled,
    "ServiceUnavailable": errors.ProviderUnavailable,
    "InternalError": errors.ProviderUnavailable,
    "isp.RAM_PERMISSION_DENY": errors.InvalidCredentials,
    "isp.SYSTEM_ERROR": errors.ProviderUnavailable,
    "isv.SMS_SYSTEM_ERROR": errors.ProviderUnavailable,
    "isv.OUT_OF_SERVICE": errors.InsufficientBalance,
    "isv.AMOUNT_NOT_ENOUGH": errors.InsufficientBalance,
    "isv.ACCOUNT_NOT_EXISTS": errors.AccountSuspended,
    "isv.ACCOUNT_ABNORMAL": errors.AccountSuspended,
    "isv.PRODUCT_UN_SUBSCRIPT": errors.AccountSuspended,
    "isv.PRODUCT_UNSUBSCRIBE": errors.AccountSuspended,
    "isv.FUNCTION_NOT_OPENED": errors.AccountSuspended,
    "isv.BIZ_NOT_OPEN_STATUS": errors.AccountSuspended,
    "isv.DENY_IP_RANGE": errors.ProviderSettingsRefused,
    "isv.MOBILE_NUMBER_ILLEGAL": errors.InvalidRecipient,
    "isv.BLACK_KEY_CONTROL_LIMIT": errors.InvalidRecipient,
    "isv.SECURITY_INTERCEPTED": errors.InvalidRecipient,
    "isv.CUSTOMER_REFUSED": errors.RecipientOptedOut,
    "isv.BUSINESS_LIMIT_CONTROL": errors.RecipientThrottled,
    "isv.FREQUENCY_FAIL": errors.RecipientThrottled,
    "isv.MOBILE_COUNT_OVER_LIMIT": errors.ProviderRejected,
    "isv.DAY_LIMIT_CONTROL": errors.QuotaExhausted,
    "isv.MONTH_LIMIT_CONTROL": errors.QuotaExhausted,
    "isv.SMS_SIGNATURE_ILLEGAL": errors.SenderRejected,
    "isv.SMS_SIGN_ILLEGAL": errors.SenderRejected,
    "isv.SIGN_STATE_ILLEGAL": errors.SenderRejected,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": errors.SenderRejected,
    "isv.SMS_TEMPLATE_ILLEGAL": errors.TemplateRejected,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": errors.TemplateRejected,
    "isv.TEMPLATE_MISSING_PARAMETERS": errors.TemplateRejected,
    "isv.TEMPLATE_PARAMS_ILLEGAL": errors.TemplateRejected,
    "isv.PARAM_NOT_SUPPORT_URL": errors.TemplateRejected,
    "isv.PARAM_LENGTH_LIMIT": errors.TemplateRejected,
    "isv.INVALID_JSON_PARAM": errors.TemplateRejected,
    "isv.SMS_CONTENT_ILLEGAL": errors.TemplateRejected,
    "isv.INVALID_PARAMETERS": errors.ProviderRejected,
    "isv.EXTEND_CODE_ERROR": errors.ProviderRejected,
}
UNLISTED = [
    # A new member of a family that we know, and codes that nobody knows: the status decides.
    ("Throttling.Api", 400, errors.ProviderThrottled),
    ("isv.OF_TOMORROW", 200, errors.ProviderRejected),
    ("OfTomorrow", 403, errors.InvalidCredentials),
    ("OfTomorrow", 503, errors.ProviderUnavailable),
]


def test_every_code_of_the_map_is_tested() -> None:
    assert SORTED.keys() == ERRORS.keys()


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [*((code, 200, expected) for code, expected in SORTED.items()), *UNLISTED],
)
async def test_a_code_says_who_must_act(
    code: str, status: int, expected: type[ConnectorError]
) -> None:
    body = {"Code": code, "Message": "words", "RequestId": "1"}
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: httpx2.Response(status, json=body)).send(CHINA)

    assert type(refused.value) is expected
    assert refused.value.words == f"Aliyun {code}: words"


async def test_a_throttle_says_for_how_long() -> None:
    body = {"Code": "Throttling.User", "Message": "slow down", "RequestId": "1"}
    response = httpx2.Response(400, json=body, headers={"Retry-After": "3"})
    with pytest.raises(errors.ProviderThrottled) as refused:
        await answered_by(made(), lambda _: response).send(CHINA)

    assert refused.value.retry_after is not None
    assert refused.value.retry_after.total_seconds() == 3


@pytest.mark.parametrize(
    "words", ["server string to sign is:{signed}", "CanonicalRequest is [{signed}]", ""]
)
async def test_a_gateway_that_repeats_the_request_gives_nothing_of_it_away(words: str) -> None:
    link = "https://auth.example.com/i/1"
    message = replace(CHINA, variables={"code": CODE, "link": link})

    def answer(request: httpx2.Request) -> httpx2.Response:
        repeated = words.format(signed=string_to_sign_v1(form_of(request)))
        said = f"Specified signature is not matched with our calculation. {repeated}"
        return httpx2.Response(400, json={"Code": "SignatureDoesNotMatch", "Message": said})

    connector = made({"signatureVersion": "V1", **template(parameters=["code", "link"])})
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(connector, answer).send(message)

    assert refused.value.words == (
        "Aliyun SignatureDoesNotMatch: Specified signature is not matched with our calculation"
    )


# The credential check.


def signs(*listed: tuple[str, str]) -> httpx2.Response:
    body = [{"SignName": name, "AuditStatus": state} for name, state in listed]
    return httpx2.Response(200, json={"Code": "OK", "Message": "OK", "SmsSignList": body})


async def test_the_signs_are_asked_for_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.headers["x-acs-action"], form_of(request)))
        return signs(("另一个", "AUDIT_STATE_INIT"), ("测试签名", "AUDIT_STATE_PASS"))

    words = await answered_by(made(), answer).check_credentials()

    assert words == "Aliyun: the key is accepted, the sign 测试签名 is approved"
    assert asked == [("QuerySmsSignList", {"PageIndex": "1", "PageSize": "50"})]


async def test_a_sign_that_is_not_listed_is_said_and_is_no_failure() -> None:
    words = await answered_by(made(), lambda _: signs()).check_credentials()

    assert words == "Aliyun: the key is accepted; the sign 测试签名 is not in the list"


async def test_a_sign_that_is_not_approved_is_no_good_although_the_key_is() -> None:
    pending = signs(("测试签名", "AUDIT_STATE_NOT_PASS"))
    with pytest.raises(errors.SenderRejected) as refused:
        await answered_by(made(), lambda _: pending).check_credentials()

    assert refused.value.words.endswith("is not approved: AUDIT_STATE_NOT_PASS")


async def test_a_wrong_key_is_said_plainly() -> None:
    body = {"Code": "InvalidAccessKeyId.NotFound", "Message": f"{SECRET} is wrong"}
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(made(), lambda _: httpx2.Response(404, json=body)).check_credentials()

    assert SECRET not in refused.value.words


# Pushes.

# The example in the documentation of SmsReport over HTTP, with a number that is nobody's.
PUSHED = {
    "phone_number": "13900001234",
    "send_time": "2017-01-01 00:00:00",
    "report_time": "2017-01-01 00:00:00",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "607300000000000000^0",
    "out_id": "m1",
}
PUSHED_ABROAD = {
    "To": "447700900123",
    "SendDate": "2017-01-01 00:00:00",
    "ReceiveDate": "2017-01-01 00:00:05",
    "Status": "1",
    "ErrorCode": "DELIVERED",
    "ErrorDescription": "success",
    "TaskId": "",
    "SmsSize": "1",
    "MessageId": "608000000000000000^0",
}


def pushed(*reports: Any) -> ReportRequest:
    body = json.dumps(list(reports)).encode()
    return ReportRequest("POST", "https://auth.example.com/receipts/i/token", {}, body)


def test_one_push_may_bring_reports_of_both_kinds() -> None:
    failed = {**PUSHED, "success": False, "err_code": "UNDELIV", "out_id": "m2"}

    assert made().read_report(pushed(PUSHED, failed, PUSHED_ABROAD)) == [
        DeliveryReport(
            "607300000000000000^0",
            "delivered",
            None,
            "Aliyun DELIVERED: 用户接收成功",
            message_id="m1",
        ),
        DeliveryReport(
            "607300000000000000^0",
            "undelivered",
            "recipient_unreachable",
            "Aliyun UNDELIV: 用户接收成功",
            message_id="m2",
        ),
        DeliveryReport("608000000000000000^0", "delivered", None, "Aliyun DELIVERED: success"),
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [("1", "delivered"), (1, "delivered"), ("2", "undelivered"), ("6", "undelivered"), ("3", None)],
)
def test_abroad_a_number_says_what_became_of_a_message(status: Any, state: str | None) -> None:
    read = made().read_report(pushed({**PUSHED_ABROAD, "Status": status}))

    assert [report.state for report in read] == ([state] if state else [])


def test_an_unknown_reason_keeps_the_carriers_words_but_no_number() -> None:
    failed = {
        **PUSHED,
        "success": False,
        "err_code": "MK:0001",
        "err_msg": "13900001234 空号" + "x" * 900,
    }
    [read] = made().read_report(pushed(failed))

    assert read.error_class == "provider_rejected"
    assert read.words.startswith("Aliyun MK:0001: ••• 空号")
    assert len(read.words) == 200


@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {**PUSHED, "success": "maybe"},
        {**PUSHED, "success": None},
        {**PUSHED, "biz_id": "", "out_id": ""},
    ],
)
def test_what_says_nothing_final_of_any_message_is_passed_over(nothing: dict[str, Any]) -> None:
    assert made().read_report(pushed(nothing)) == []


def test_a_report_may_name_the_message_by_our_id_alone() -> None:
    [read] = made().read_report(pushed({**PUSHED, "biz_id": None}))

    assert (read.provider_message_id, read.message_id) == ("", "m1")


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"null", b"\xff", b"[[]]", b"x=1"])
def test_what_is_no_list_of_reports_is_refused(body: bytes) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(replace(pushed(), body=body))


def test_a_push_is_answered_as_the_provider_wants() -> None:
    reply = made().answer_report(pushed(PUSHED))

    assert reply == ReportReply(200, b'{"code":0,"msg":"OK"}', "application/json")
