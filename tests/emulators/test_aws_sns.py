"""The SNS emulator refuses what SNS refuses; the connector and it understand each other."""

import hashlib
import hmac
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises
from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.testing import message_to
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.aws_sns import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    REGION,
    SESSION_TOKEN,
    TEMPORARY_KEY_ID,
)
from watchword.emulators.kit import Trouble
from watchword.providers.aws_sns.connector import AwsSnsConnector

FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
FORM = {
    "Action": "Publish",
    "Version": "2010-03-31",
    "PhoneNumber": "+447700900123",
    "Message": "Your code is 135790",
}
ENTRY = "MessageAttributes.entry."
KIND = {
    f"{ENTRY}1.Name": "AWS.SNS.SMS.SMSType",
    f"{ENTRY}1.Value.DataType": "String",
    f"{ENTRY}1.Value.StringValue": "Transactional",
}


@pytest.fixture
def provider() -> str:
    return "aws_sns"


class TestAwsSns(Promises):
    connector_type = AwsSnsConnector
    config: ClassVar[dict[str, Any]] = {
        "accessKeyId": ACCESS_KEY_ID,
        "accessKeySecret": ACCESS_KEY_SECRET,
        "senderId": "Acme",
        "maxPrice": 0.1,
        "templates": default_templates(),
    }
    expected: ClassVar[Any] = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "InvalidParameter"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "SignatureDoesNotMatch"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "Throttled"),
        Trouble.FAULT: (errors.ProviderUnavailable, "InternalError"),
    }
    absent: ClassVar[dict[Trouble, str]] = {
        Trouble.BLOCKED: "SNS accepts it, gives an id and drops it",
        Trouble.TEMPLATE: "SNS wants no approval of texts",
        Trouble.BALANCE: "SNS says only in its delivery logs that the spend limit is reached",
    }

    async def test_a_temporary_key_goes_with_its_token(
        self, connect: Connect, emulator: str
    ) -> None:
        key = {"accessKeyId": TEMPORARY_KEY_ID}
        await connect({**key, "sessionToken": SESSION_TOKEN}).send(self.message())
        for token in ({}, {"sessionToken": "another-token"}):
            with pytest.raises(errors.InvalidCredentials):
                await connect({**key, **token}).send(self.message())

        assert len(await self.accepted(emulator)) == 1

    async def test_every_setting_arrives(self, connect: Connect, emulator: str) -> None:
        config = {"originationNumber": "+12065550100", "entityId": "11", "dltTemplateId": "12"}
        await connect(config).send(message_to(PhoneNumber("919876500123")))
        [taken] = await self.accepted(emulator)

        assert taken["attributes"] == {
            "AWS.SNS.SMS.SMSType": "Transactional",
            "AWS.SNS.SMS.SenderID": "Acme",
            "AWS.SNS.SMS.MaxPrice": "0.1",
            "AWS.MM.SMS.OriginationNumber": "+12065550100",
            "AWS.MM.SMS.EntityId": "11",
            "AWS.MM.SMS.TemplateId": "12",
        }

    async def test_korean_and_symbols_are_signed_as_they_are_sent(
        self, connect: Connect, emulator: str
    ) -> None:
        odd = "인증번호 {{code}} ~*()!'%+&=\n/?"
        texts = [{**text, "content": odd} for text in default_templates()]
        await connect({"templates": texts}).send(self.message())
        [taken] = await self.accepted(emulator)

        assert taken["text"] == odd.replace("{{code}}", "135790")

    async def test_the_account_is_described(self, connect: Connect) -> None:
        assert await connect().check_credentials() == (
            "Amazon SNS: 1 USD a month; in the SMS sandbox, which texts verified numbers only"
        )
        with pytest.raises(errors.InvalidCredentials):
            await connect({"accessKeyId": "AKIAUNKNOWN000000001"}).check_credentials()

    async def test_another_region_is_refused(self, connect: Connect) -> None:
        with pytest.raises(errors.InvalidCredentials):
            await connect({"region": "eu-west-1"}).send(self.message())

    @pytest.mark.parametrize("late", [timedelta(minutes=16), timedelta(minutes=-16)])
    async def test_a_clock_that_is_wrong_is_the_administrators_matter(
        self, connect: Connect, late: timedelta
    ) -> None:
        connector, clock = connect(), FakeClock()
        clock.moment = datetime.now(UTC) - late
        wrong = AwsSnsConnector(connector.config, replace(connector.context, clock=clock))
        with pytest.raises(errors.ProviderSettingsRefused) as refused:
            await wrong.send(self.message())

        assert "Signature " in refused.value.words


def signed(
    host: str,
    body: bytes,
    *,
    secret: str = ACCESS_KEY_SECRET,
    key_id: str = ACCESS_KEY_ID,
    content_type: str = FORM_TYPE,
    names: str = "content-type;host;x-amz-date",
    service: str = "sns",
) -> dict[str, str]:
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    headers = {"content-type": content_type, "host": host, "x-amz-date": moment}
    lines = "".join(f"{name}:{headers[name]}\n" for name in names.split(";"))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{REGION}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}".encode()
    signature = hmac.new(key, text, "sha256").hexdigest()
    said = f"Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    del headers["host"]
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 {said}"}


async def post(emulator: str, form: Any, **signing: Any) -> httpx2.Response:
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    headers = signed(emulator.removeprefix("http://"), body, **signing)
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(f"{emulator}/", content=body, headers=headers)


def code_of(response: httpx2.Response) -> str:
    found = re.search("<Code>(.+)</Code>", response.text)
    return found[1] if found else ""


async def accepted(emulator: str) -> Any:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return (await client.get(f"{emulator}/emulator/messages")).json()


async def test_answers_as_sns_does(emulator: str) -> None:
    response = await post(emulator, {**FORM, **KIND})

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/xml")
    assert re.search("<PublishResult><MessageId>[0-9a-f-]{36}</MessageId>", response.text)
    [taken] = await accepted(emulator)
    assert taken["attributes"] == {"AWS.SNS.SMS.SMSType": "Transactional"}


@pytest.mark.parametrize(
    ("signing", "code"),
    [
        ({"secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"key_id": "AKIAUNKNOWN000000001"}, "InvalidClientTokenId"),
        ({"names": "host;x-amz-date"}, "SignatureDoesNotMatch"),
        ({"service": "sqs"}, "SignatureDoesNotMatch"),
    ],
)
async def test_refuses_a_wrong_signature(emulator: str, signing: dict[str, str], code: str) -> None:
    response = await post(emulator, FORM, **signing)

    assert (response.status_code, code_of(response)) == (403, code)
    assert await accepted(emulator) == []


async def test_a_body_that_was_changed_is_refused(emulator: str) -> None:
    body = urlencode(FORM).encode()
    headers = signed(emulator.removeprefix("http://"), body)
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        changed = await client.post(f"{emulator}/", content=body + b"1", headers=headers)
        bare = await client.post(f"{emulator}/", content=body, headers={"content-type": FORM_TYPE})

    assert code_of(changed) == "SignatureDoesNotMatch"
    assert (bare.status_code, code_of(bare)) == (403, "MissingAuthenticationToken")


@pytest.mark.parametrize(
    "form",
    [
        {**FORM, "PhoneNumber": "447700900123"},
        {**FORM, "PhoneNumber": ""},
        # A plus that was not escaped is a space.
        b"Action=Publish&Version=2010-03-31&PhoneNumber=+447700900123&Message=x",
        {**FORM, "Message": ""},
        {**FORM, "Message": "가" * 534},
        {**FORM, "TopicArn": "arn:aws:sns:us-east-1:1:x"},
        {**FORM, **KIND, f"{ENTRY}1.Name": "AWS.SNS.SMS.SmsType"},
        {**FORM, **KIND, f"{ENTRY}1.Value.DataType": "Number"},
        {**FORM, **KIND, f"{ENTRY}1.Value.StringValue": "transactional"},
        {**FORM, f"{ENTRY}1.Name": "AWS.SNS.SMS.SMSType"},
        {**FORM, **{name.replace("1", "0"): value for name, value in KIND.items()}},
        {
            **FORM,
            f"{ENTRY}1.Name": "AWS.SNS.SMS.SenderID",
            f"{ENTRY}1.Value.DataType": "String",
            f"{ENTRY}1.Value.StringValue": "123456",
        },
        b"nonsense",
        b"Action=Publish&Action=Publish",
    ],
)
async def test_refuses_what_sns_refuses(emulator: str, form: Any) -> None:
    response = await post(emulator, form)

    assert (response.status_code, code_of(response)) == (400, "InvalidParameter")
    assert await accepted(emulator) == []


@pytest.mark.parametrize(
    "form", [{**FORM, "Action": "Fly"}, {**FORM, "Version": "2011-01-01"}, {"Message": "x"}]
)
async def test_knows_few_actions_of_one_version(emulator: str, form: dict[str, str]) -> None:
    assert code_of(await post(emulator, form)) == "InvalidAction"


async def test_the_form_says_what_it_is(emulator: str) -> None:
    response = await post(emulator, FORM, content_type="application/json")

    assert (response.status_code, code_of(response)) == (400, "InvalidParameter")
