"""The emulator refuses what Tencent Cloud SMS refuses, and the connector keeps its promises."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError
from watchword.connector_kit.testing import CODE, MESSAGE
from watchword.emulators.kit import Trouble
from watchword.emulators.tencent import (
    OVERSEAS_SIGN,
    OVERSEAS_TEMPLATE,
    PENDING_SIGN,
    SDK_APP_ID,
    SECRET_ID,
    SECRET_KEY,
    SIGN,
    TEMPLATE,
    TEMPLATE_WITH_MINUTES,
)
from watchword.providers.tencent.connector import TencentConnector

CONFIG: dict[str, Any] = {
    "accessKeyId": SECRET_ID,
    "accessKeySecret": SECRET_KEY,
    "sdkAppId": SDK_APP_ID,
    "signName": SIGN,
    "overseasSignName": OVERSEAS_SIGN,
    "region": "ap-guangzhou",
    "templates": [
        {
            "usageType": usage,
            "templateCode": TEMPLATE,
            "overseasTemplateCode": OVERSEAS_TEMPLATE,
        }
        for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
    ],
}


@pytest.fixture
def provider() -> str:
    return "tencent"


class TencentPromises(ReportPromises, Promises):
    connector_type = TencentConnector
    config = CONFIG
    expected: ClassVar[Mapping[Trouble, tuple[type[ConnectorError], str]]] = {
        Trouble.LANDLINE: (
            errors.InvalidRecipient,
            "InvalidParameterValue.IncorrectPhoneNumber",
        ),
        Trouble.BLOCKED: (errors.RecipientOptedOut, "FailedOperation.PhoneNumberInBlacklist"),
        Trouble.TEMPLATE: (
            errors.TemplateRejected,
            "FailedOperation.TemplateIncorrectOrUnapproved",
        ),
        Trouble.BALANCE: (
            errors.InsufficientBalance,
            "FailedOperation.InsufficientBalanceInSmsPackage",
        ),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "AuthFailure.SecretIdNotFound"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "RequestLimitExceeded"),
        Trouble.FAULT: (errors.ProviderUnavailable, "InternalError"),
    }
    reports_to_the_message = False
    signs_reports = False


class TestTencent(TencentPromises):
    prefix = "861850000"

    async def test_the_message_carries_our_id(self, connect: Connect, emulator: str) -> None:
        await connect().send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["fields"]["SessionContext"] == MESSAGE.id

    async def test_a_template_may_have_two_places(self, connect: Connect, emulator: str) -> None:
        two = {"templateCode": TEMPLATE_WITH_MINUTES, "parameters": ["code", "minutes"]}
        templates = [{**template, **two} for template in CONFIG["templates"]]

        await connect({"templates": templates}).send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["parameters"] == [CODE, "10"]

    async def test_a_template_for_abroad_is_refused(self, connect: Connect) -> None:
        templates = [{**t, "templateCode": OVERSEAS_TEMPLATE} for t in CONFIG["templates"]]

        with pytest.raises(errors.TemplateRejected) as refused:
            await connect({"templates": templates}).send(self.message())
        assert "GlobalTemplateToChineseMainlandPhone" in refused.value.words

    async def test_credentials_are_checked_with_application_and_sign(
        self, connect: Connect
    ) -> None:
        assert await connect().check_credentials() == (
            f"Tencent Cloud: 1450 texts left in 2 packages; the sign {SIGN} is approved"
        )
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()
        with pytest.raises(errors.ProviderSettingsRefused):
            await connect({"sdkAppId": "1400000000"}).check_credentials()
        with pytest.raises(errors.SenderRejected):
            await connect({"signName": PENDING_SIGN}).check_credentials()


class TestTencentAbroad(TencentPromises):
    prefix = "44770090"

    async def test_number_template_and_sign_are_those_for_abroad(
        self, connect: Connect, emulator: str
    ) -> None:
        await connect().send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["fields"]["PhoneNumberSet"] == ["+447700900123"]
        assert taken["template"] == OVERSEAS_TEMPLATE
        assert taken["fields"]["SignName"] == OVERSEAS_SIGN

    async def test_a_template_of_the_mainland_is_refused(self, connect: Connect) -> None:
        only = [
            {"usageType": t["usageType"], "templateCode": TEMPLATE} for t in CONFIG["templates"]
        ]

        with pytest.raises(errors.TemplateRejected) as refused:
            await connect({"templates": only}).send(self.message())
        assert "ChineseMainlandTemplateToGlobalPhone" in refused.value.words


# What is refused. Signed here once more, by the letter of the documentation.

PARAMETERS: dict[str, Any] = {
    "PhoneNumberSet": ["+8618500000123"],
    "SmsSdkAppId": SDK_APP_ID,
    "SignName": SIGN,
    "TemplateId": TEMPLATE,
    "TemplateParamSet": ["135790"],
}


def mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def signed(
    address: str, body: bytes, *, moment: datetime | None = None, day: str | None = None
) -> dict[str, str]:
    moment = moment or datetime.now(UTC)
    stamp, day = str(int(moment.timestamp())), day or f"{moment:%Y-%m-%d}"
    host = address.removeprefix("http://")
    lines = f"content-type:application/json\nhost:{host}\n"
    canonical = f"POST\n/\n\n{lines}\ncontent-type;host\n{hashlib.sha256(body).hexdigest()}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = mac(mac(mac(f"TC3{SECRET_KEY}".encode(), day), "sms"), "tc3_request")
    signature = mac(key, f"TC3-HMAC-SHA256\n{stamp}\n{day}/sms/tc3_request\n{digest}").hex()
    return {
        "Authorization": f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{day}/sms/tc3_request, "
        f"SignedHeaders=content-type;host, Signature={signature}",
        "Content-Type": "application/json",
        "X-TC-Action": "SendSms",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": stamp,
        "X-TC-Version": "2021-01-11",
    }


async def said(address: str, body: bytes, headers: dict[str, str]) -> str:
    """Return the code of the answer, from either level."""
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        response = await client.post(f"{address}/", content=body, headers=headers)
    answer = response.json()["Response"]
    assert response.status_code == 200
    assert answer["RequestId"]
    refused = answer.get("Error") or answer["SendStatusSet"][0]
    return str(refused["Code"])


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, "Ok"),
        ({"PhoneNumberSet": ["18500000123"]}, "Ok"),
        ({"PhoneNumberSet": ["8618500000123"]}, "Ok"),
        ({"PhoneNumberSet": ["008618500000123"]}, "Ok"),
        ({"PhoneNumberSet": ["447700900123"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
        ({"PhoneNumberSet": ["+862012345678"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
        ({"PhoneNumberSet": []}, "MissingParameter.EmptyPhoneNumberSet"),
        ({"PhoneNumberSet": "+8618500000123"}, "InvalidParameter"),
        ({"PhoneNumberSet": ["+8618500000123"] * 2}, "LimitExceeded.PhoneNumberCountLimit"),
        ({"TemplateParamSet": []}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
        (
            {"TemplateParamSet": ["135790", "zh-CN en"]},
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        ),
        (
            {"TemplateParamSet": ["1357901"]},
            "InvalidParameterValue.TemplateParameterFormatError",
        ),
        ({"TemplateParamSet": ["abc"]}, "InvalidParameterValue.TemplateParameterFormatError"),
        ({"TemplateParamSet": [135790]}, "InvalidParameter"),
        ({"TemplateId": "9"}, "FailedOperation.TemplateIncorrectOrUnapproved"),
        ({"TemplateId": 1110}, "InvalidParameter"),
        ({"SignName": ""}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"SignName": PENDING_SIGN}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"SignName": OVERSEAS_SIGN}, "FailedOperation.SignatureIncorrectOrUnapproved"),
        ({"SmsSdkAppId": "1400000000"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        ({"SessionContext": "x" * 512}, "InvalidParameter.InvalidParameters"),
        ({"PhoneNumber": "+8618500000123"}, "UnknownParameter"),
    ],
)
async def test_takes_what_the_service_takes_and_nothing_else(
    emulator: str, changed: dict[str, Any], code: str
) -> None:
    body = json.dumps({**PARAMETERS, **changed}).encode()

    assert await said(emulator, body, signed(emulator, body)) == code
    taken = local.get(f"{emulator}/emulator/messages").json()
    assert len(taken) == (1 if code == "Ok" else 0)


@pytest.mark.parametrize("missing", ["PhoneNumberSet", "SmsSdkAppId", "TemplateId"])
async def test_what_must_be_there_is_missed(emulator: str, missing: str) -> None:
    body = json.dumps({k: v for k, v in PARAMETERS.items() if k != missing}).encode()

    assert await said(emulator, body, signed(emulator, body)) == "MissingParameter"


async def test_abroad_a_sign_is_not_needed(emulator: str) -> None:
    abroad = {
        **PARAMETERS,
        "PhoneNumberSet": ["+447700900123"],
        "TemplateId": OVERSEAS_TEMPLATE,
        "SignName": "",
    }
    body = json.dumps(abroad).encode()

    assert await said(emulator, body, signed(emulator, body)) == "Ok"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Authorization", "", "AuthFailure.InvalidAuthorization"),
        ("Authorization", "TC3-HMAC-SHA256 nonsense", "AuthFailure.InvalidAuthorization"),
        # It is signed: one more charset is another content type.
        ("Content-Type", "application/json; charset=utf-8", "AuthFailure.SignatureFailure"),
        ("Content-Type", "application/x-www-form-urlencoded", "InvalidRequest"),
        ("X-TC-Action", "SendSMS", "InvalidAction"),
        ("X-TC-Version", "2019-07-11", "NoSuchVersion"),
        ("X-TC-Region", "eu-frankfurt", "UnsupportedRegion"),
        ("X-TC-Timestamp", "now", "InvalidParameter"),
    ],
)
async def test_every_header_counts(emulator: str, name: str, value: str, code: str) -> None:
    body = json.dumps(PARAMETERS).encode()

    assert await said(emulator, body, {**signed(emulator, body), name: value}) == code


async def test_another_key_is_not_found(emulator: str) -> None:
    body = json.dumps(PARAMETERS).encode()
    headers = signed(emulator, body)
    headers["Authorization"] = headers["Authorization"].replace(SECRET_ID, "AKIDUnknown")

    assert await said(emulator, body, headers) == "AuthFailure.SecretIdNotFound"


async def test_the_signature_is_over_the_exact_bytes(emulator: str) -> None:
    body = json.dumps(PARAMETERS).encode()
    spaced = json.dumps(PARAMETERS, separators=(",", ":")).encode()

    assert await said(emulator, spaced, signed(emulator, body)) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_signature_is_good_for_five_minutes(emulator: str, minutes: int) -> None:
    body = json.dumps(PARAMETERS).encode()
    moment = datetime.now(UTC) + timedelta(minutes=minutes)

    assert (
        await said(emulator, body, signed(emulator, body, moment=moment))
        == "AuthFailure.SignatureExpire"
    )


async def test_the_day_of_a_signature_is_the_timestamps(emulator: str) -> None:
    body = json.dumps(PARAMETERS).encode()
    headers = signed(emulator, body, day="2019-02-25")

    assert await said(emulator, body, headers) == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("body", [b"nonsense", b"[]"])
async def test_a_body_is_an_object(emulator: str, body: bytes) -> None:
    assert await said(emulator, body, signed(emulator, body)) == "InvalidParameter"


@pytest.mark.parametrize(
    ("action", "changed", "code"),
    [
        ("DescribeSmsSignList", {"International": 2}, "InvalidParameterValue.InvalidInternational"),
        ("DescribeSmsSignList", {"Limit": 101}, "InvalidParameterValue.LimitVerifyFail"),
        (
            "SmsPackagesStatistics",
            {"BeginTime": "today"},
            "InvalidParameterValue.BeginTimeVerifyFail",
        ),
        (
            "SmsPackagesStatistics",
            {"EndTime": "2999010100"},
            "InvalidParameterValue.EndTimeVerifyFail",
        ),
    ],
)
async def test_a_question_about_the_account_has_rules_of_its_own(
    emulator: str, action: str, changed: dict[str, Any], code: str
) -> None:
    asked: dict[str, dict[str, Any]] = {
        "DescribeSmsSignList": {"International": 0, "SignIdSet": [], "Limit": 10, "Offset": 0},
        "SmsPackagesStatistics": {
            "SmsSdkAppId": SDK_APP_ID,
            "Limit": 10,
            "Offset": 0,
            "BeginTime": "2025010100",
            "EndTime": "2025010200",
        },
    }
    body = json.dumps({**asked[action], **changed}).encode()

    assert await said(emulator, body, {**signed(emulator, body), "X-TC-Action": action}) == code


async def test_other_paths_and_methods_are_no_request(emulator: str) -> None:
    for response in (local.get(f"{emulator}/"), local.post(f"{emulator}/send")):
        assert response.json()["Response"]["Error"]["Code"] == "InvalidRequest"
