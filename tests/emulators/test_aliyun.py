"""The emulator refuses what Alibaba Cloud SMS refuses, and the connector keeps its promises."""

import hmac
import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import ConnectorError
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE
from watchword.emulators.aliyun import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    OVERSEAS_SIGN,
    OVERSEAS_TEMPLATE,
    PENDING_SIGN,
    SIGN,
    TEMPLATE,
    TEMPLATE_WITH_MINUTES,
)
from watchword.emulators.kit import Trouble
from watchword.providers.aliyun.config import AliyunSmsConfig
from watchword.providers.aliyun.connector import AliyunSmsConnector

CODES = {"china": TEMPLATE, "overseas": OVERSEAS_TEMPLATE}
CONFIG: dict[str, Any] = {
    "accessKeyId": ACCESS_KEY_ID,
    "accessKeySecret": ACCESS_KEY_SECRET,
    "signName": SIGN,
    "overseasSignName": OVERSEAS_SIGN,
    "templates": [
        {"usageType": usage, "templateCode": CODES}
        for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
    ],
}


@pytest.fixture
def provider() -> str:
    return "aliyun"


class AliyunPromises(ReportPromises, Promises):
    connector_type = AliyunSmsConnector
    expected: ClassVar[Mapping[Trouble, tuple[type[ConnectorError], str]]] = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "isv.MOBILE_NUMBER_ILLEGAL"),
        Trouble.BLOCKED: (errors.InvalidRecipient, "isv.BLACK_KEY_CONTROL_LIMIT"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "isv.SMS_TEMPLATE_ILLEGAL"),
        Trouble.BALANCE: (errors.InsufficientBalance, "isv.AMOUNT_NOT_ENOUGH"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "InvalidAccessKeyId.NotFound"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "Throttling.User"),
        Trouble.FAULT: (errors.ProviderUnavailable, "isp.SYSTEM_ERROR"),
    }
    reports_to_the_message = False
    signs_reports = False

    async def test_credentials_are_checked_with_the_sign(self, connect: Connect) -> None:
        assert await connect().check_credentials() == (
            f"Aliyun: the key is accepted, the sign {SIGN} is approved"
        )
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()
        with pytest.raises(errors.SenderRejected):
            await connect({"signName": PENDING_SIGN}).check_credentials()


class TestAliyun(AliyunPromises):
    config = CONFIG
    prefix = "861390000"

    async def test_a_report_names_the_message_by_our_id_too(self, sent: Any) -> None:
        _, [report] = await sent("0123")

        assert report.message_id == self.message().id

    async def test_a_template_may_have_names_of_its_own(
        self, connect: Connect, emulator: str
    ) -> None:
        named = {
            "templateCode": TEMPLATE_WITH_MINUTES,
            "parameters": {"number": "code", "min": "minutes"},
        }
        templates = [{**template, **named} for template in CONFIG["templates"]]

        await connect({"templates": templates}).send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["parameters"] == {"number": CODE, "min": "10"}

    async def test_a_template_for_abroad_is_refused(self, connect: Connect) -> None:
        templates = [{**t, "templateCode": OVERSEAS_TEMPLATE} for t in CONFIG["templates"]]
        connector = connect({"templates": templates, "signName": OVERSEAS_SIGN})

        with pytest.raises(errors.TemplateRejected) as refused:
            await connector.send(self.message())
        assert "isv.DOMESTIC_NUMBER_NOT_SUPPORTED" in refused.value.words


class TestAliyunAbroad(AliyunPromises):
    """With the older signature, and with the other form of reports."""

    prefix = "44770090"
    config: ClassVar[Mapping[str, Any]] = {**CONFIG, "signatureVersion": "V1"}

    async def test_template_and_sign_are_those_for_abroad(
        self, connect: Connect, emulator: str
    ) -> None:
        await connect().send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["template"] == OVERSEAS_TEMPLATE
        assert taken["fields"]["SignName"] == OVERSEAS_SIGN

    async def test_a_template_of_the_mainland_is_refused(self, connect: Connect) -> None:
        templates = [{**t, "templateCode": TEMPLATE} for t in CONFIG["templates"]]

        with pytest.raises(errors.InvalidRecipient):
            await connect({"templates": templates, "overseasSignName": SIGN}).send(self.message())


# What is refused. Signed here once more, by the letter of the documentation.

PARAMETERS = {
    "PhoneNumbers": "13900000123",
    "SignName": SIGN,
    "TemplateCode": TEMPLATE,
    "TemplateParam": '{"code":"135790"}',
}


def system_parameters(**others: str) -> dict[str, str]:
    return {
        "AccessKeyId": ACCESS_KEY_ID,
        "Action": "SendSms",
        "Format": "JSON",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": secrets.token_hex(8),
        "SignatureVersion": "1.0",
        "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "Version": "2017-05-25",
        **others,
    }


def signed(parameters: dict[str, str], secret: str = ACCESS_KEY_SECRET) -> dict[str, str]:
    pairs = "&".join(
        f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(parameters.items())
    )
    to_sign = f"POST&%2F&{quote(pairs, safe='~')}"
    mac = hmac.digest(f"{secret}&".encode(), to_sign.encode(), "sha1")
    return {**parameters, "Signature": b64encode(mac).decode()}


async def post(emulator: str, parameters: dict[str, str]) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(f"{emulator}/", data=parameters)


async def said(emulator: str, parameters: dict[str, str]) -> tuple[int, str]:
    response = await post(emulator, parameters)
    return response.status_code, response.json()["Code"]


async def test_takes_what_is_signed_by_the_letter(emulator: str) -> None:
    assert await said(emulator, signed({**system_parameters(), **PARAMETERS})) == (200, "OK")


@pytest.mark.parametrize("form", ["+8613900000123", "8613900000123", "008613900000123"])
async def test_takes_a_number_of_the_mainland_with_its_country_code(
    emulator: str, form: str
) -> None:
    parameters = {**PARAMETERS, "PhoneNumbers": form}

    assert await said(emulator, signed({**system_parameters(), **parameters})) == (200, "OK")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"PhoneNumbers": ""}, "MissingParameter"),
        ({"PhoneNumber": "13900000123"}, "InvalidParameter"),
        ({"PhoneNumbers": "02012345678"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "447700900123"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"SignName": "未知"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"SignName": PENDING_SIGN}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"SignName": OVERSEAS_SIGN}, "isv.SMS_SIGNATURE_SCENE_ILLEGAL"),
        ({"TemplateCode": "SMS_9"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": "code"}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": '{"code":135790}'}, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "{}"}, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": '{"code":"1","uiLocales":"en"}'}, "isv.TEMPLATE_PARAMS_ILLEGAL"),
        ({"TemplateParam": '{"code":"zh-CN en"}'}, "isv.TEMPLATE_PARAMS_ILLEGAL"),
        ({"TemplateParam": json.dumps({"code": "1" * 21})}, "isv.PARAM_LENGTH_LIMIT"),
    ],
)
async def test_refuses_what_the_service_refuses(
    emulator: str, changed: dict[str, str], code: str
) -> None:
    status, answered = await said(
        emulator, signed({**system_parameters(), **PARAMETERS, **changed})
    )

    assert answered == code
    assert status == (200 if code.startswith("isv.") else 400)
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("447700900123", "OK"),
        ("13105550123", "OK"),
        ("8613900000123", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
        ("13900000123", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
        ("+447700900123", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("0447700900123", "isv.MOBILE_NUMBER_ILLEGAL"),
    ],
)
async def test_a_template_for_abroad_takes_the_digits_of_another_country(
    emulator: str, number: str, code: str
) -> None:
    abroad = {"SignName": OVERSEAS_SIGN, "TemplateCode": OVERSEAS_TEMPLATE, "PhoneNumbers": number}

    assert await said(emulator, signed({**system_parameters(), **PARAMETERS, **abroad})) == (
        200,
        code,
    )


def ago(minutes: int) -> str:
    return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"AccessKeyId": "LTAI5tUnknown"}, "InvalidAccessKeyId.NotFound"),
        ({"Timestamp": ago(24 * 60)}, "InvalidTimeStamp.Expired"),
        ({"Timestamp": ago(-24 * 60)}, "InvalidTimeStamp.Expired"),
        ({"Timestamp": "today"}, "InvalidParameter"),
        ({"Version": "2016-09-27"}, "InvalidVersion"),
        ({"Action": "SendSMS"}, "InvalidAction.NotFound"),
        ({"SignatureMethod": "HMAC-SHA256"}, "InvalidParameter"),
    ],
)
async def test_the_gateway_refuses_what_is_not_signed_rightly_and_now(
    emulator: str, changed: dict[str, str], code: str
) -> None:
    _, answered = await said(emulator, signed({**system_parameters(**changed), **PARAMETERS}))

    assert answered == code


async def test_a_signature_covers_every_parameter(emulator: str) -> None:
    parameters = signed({**system_parameters(), **PARAMETERS})
    for changed in ({"PhoneNumbers": "13900000124"}, {"OutId": "m2"}, {"Format": "json"}):
        assert await said(emulator, {**parameters, **changed}) == (400, "SignatureDoesNotMatch")
    del parameters["Signature"]
    assert await said(emulator, parameters) == (400, "MissingParameter")


async def test_a_request_that_comes_again_is_refused(emulator: str) -> None:
    parameters = signed({**system_parameters(), **PARAMETERS})

    assert await said(emulator, parameters) == (200, "OK")
    assert await said(emulator, parameters) == (400, "SignatureNonceUsed")


async def test_who_does_not_ask_for_json_gets_xml(emulator: str) -> None:
    parameters = system_parameters()
    del parameters["Format"]
    response = await post(emulator, signed({**parameters, **PARAMETERS}))

    assert response.headers["content-type"].startswith("text/xml")
    assert "<Code>OK</Code>" in response.text


@pytest.fixture
def connector(emulator: str, client: OutboundClient) -> AliyunSmsConnector:
    """Return a connector with the newer signature, whose requests are then changed."""
    context = ConnectorContext(client=client, base_url_override=emulator)
    return AliyunSmsConnector(AliyunSmsConfig.parse(CONFIG), context)


async def code_of(request: httpx2.Request) -> str:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return str((await client.send(request)).json()["Code"])


async def test_the_newer_signature_is_used_once(connector: AliyunSmsConnector) -> None:
    request = connector.build_request(TestAliyun().message())

    assert await code_of(request) == "OK"
    assert await code_of(request) == "SignatureNonceUsed"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x-acs-date", "2026-01-02T03:04:05Z", "SignatureDoesNotMatch"),
        ("x-acs-signature-nonce", "another", "SignatureDoesNotMatch"),
        ("x-acs-content-sha256", "0" * 64, "SignatureDoesNotMatch"),
        ("x-acs-new", "unsigned", "InvalidParameter"),
        ("authorization", "Basic nonsense", "InvalidParameter"),
    ],
)
async def test_the_newer_signature_covers_the_headers(
    connector: AliyunSmsConnector, name: str, value: str, code: str
) -> None:
    request = connector.build_request(TestAliyun().message())
    request.headers[name] = value

    assert await code_of(request) == code


async def test_the_newer_signature_covers_body_and_query(
    connector: AliyunSmsConnector, emulator: str
) -> None:
    signed = connector.build_request(TestAliyun().message())
    headers = {k: v for k, v in signed.headers.items() if k != "content-length"}
    for address, body in (
        (emulator, signed.content.replace(b"1390000", b"1390001")),
        (f"{emulator}/?SmsUpExtendCode=1", signed.content),
    ):
        changed = httpx2.Request("POST", address, headers=headers, content=body)
        assert await code_of(changed) == "SignatureDoesNotMatch"


async def test_a_body_is_a_form_without_repetition(emulator: str) -> None:
    parameters = signed({**system_parameters(), **PARAMETERS})
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        as_json = await client.post(f"{emulator}/", json=parameters)
        twice = await client.post(f"{emulator}/?OutId=1", data={**parameters, "OutId": "1"})
        nonsense = await client.post(
            f"{emulator}/",
            content=b"nonsense",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

    assert {response.json()["Code"] for response in (as_json, twice, nonsense)} == {
        "InvalidParameter"
    }


async def test_other_paths_are_the_gateways_404(emulator: str) -> None:
    body = urlencode(signed({**system_parameters(), **PARAMETERS}))
    response = local.post(f"{emulator}/send", content=body.encode())

    assert (response.status_code, response.json()["Code"]) == (404, "InvalidAction.NotFound")


@pytest.mark.parametrize("size", ["0", "51", "many"])
async def test_a_page_of_signs_has_a_size(emulator: str, size: str) -> None:
    asked = signed({**system_parameters(Action="QuerySmsSignList"), "PageSize": size})

    assert await said(emulator, asked) == (400, "InvalidParameter")
