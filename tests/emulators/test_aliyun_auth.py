"""The emulator refuses what message authentication refuses; the connector keeps its promises."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from tests import local
from tests.emulators.promises import Promises, ReportPromises
from tests.emulators.test_aliyun import said, signed, system_parameters
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError
from watchword.emulators.aliyun import ACCESS_KEY_ID, ACCESS_KEY_SECRET
from watchword.emulators.aliyun_auth import LENT_SIGN
from watchword.emulators.kit import Trouble
from watchword.providers.aliyun.authentication.config import lent_templates
from watchword.providers.aliyun.authentication.connector import AliyunAuthenticationConnector

CONFIG: dict[str, Any] = {
    "accessKeyId": ACCESS_KEY_ID,
    "accessKeySecret": ACCESS_KEY_SECRET,
    "signName": LENT_SIGN,
    "templates": lent_templates(),
}


@pytest.fixture
def provider() -> str:
    return "aliyun_auth"


class TestAliyunAuth(ReportPromises, Promises):
    connector_type = AliyunAuthenticationConnector
    config: ClassVar[Mapping[str, Any]] = CONFIG
    prefix = "861390000"
    expected: ClassVar[Mapping[Trouble, tuple[type[ConnectorError], str]]] = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "MOBILE_NUMBER_ILLEGAL"),
        Trouble.BLOCKED: (errors.InvalidRecipient, "SECURITY_INTERCEPTED"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "SMS_TEMPLATE_ILLEGAL"),
        Trouble.BALANCE: (errors.InsufficientBalance, "AMOUNT_NOT_ENOUGH"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "InvalidAccessKeyId.NotFound"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "Throttling.User"),
        Trouble.FAULT: (errors.ProviderUnavailable, "InternalError"),
    }
    reports_to_the_message = False
    signs_reports = False

    async def test_a_report_names_the_message_by_our_id_too(self, sent: Any) -> None:
        _, [report] = await sent("0123")

        assert report.message_id == self.message().id


class TestWithTheOlderSignature(TestAliyunAuth):
    config: ClassVar[Mapping[str, Any]] = {**CONFIG, "signatureVersion": "V1"}


PARAMETERS = {
    "PhoneNumber": "13900000123",
    "CountryCode": "86",
    "SignName": LENT_SIGN,
    "TemplateCode": "100001",
    "TemplateParam": '{"code":"135790","min":"10"}',
}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, "OK"),
        ({"PhoneNumber": ""}, "MissingParameter"),
        ({"PhoneNumbers": "13900000123"}, "InvalidParameter"),
        ({"PhoneNumber": "8613900000123"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumber": "+8613900000123"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"CountryCode": "44"}, "MOBILE_NUMBER_ILLEGAL"),
        ({"SignName": "我们的"}, "SMS_SIGNATURE_ILLEGAL"),
        ({"TemplateCode": "SMS_100000001"}, "SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": '{"code":"135790"}'}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"SchemeName": "x" * 21}, "INVALID_PARAMETERS"),
        ({"Action": "SendSms"}, "InvalidAction.NotFound"),
    ],
)
async def test_takes_what_the_service_takes_and_nothing_else(
    emulator: str, changed: dict[str, str], code: str
) -> None:
    parameters = {**system_parameters(Action="SendSmsVerifyCode"), **PARAMETERS, **changed}

    _, answered = await said(emulator, signed(parameters))

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert answered == code
    assert len(taken) == (1 if code == "OK" else 0)
