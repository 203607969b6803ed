"""Amazon SNS: what is asked, how it is signed, and how answers are read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
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
from watchword.providers.aws_sns.config import AwsSnsConfig
from watchword.providers.aws_sns.connector import AwsSnsConnector
from watchword.providers.aws_sns.errors import ERRORS, IN_WORDS, error_type_of
from watchword.providers.aws_sns.signing import Signer, canonical_request, string_to_sign

VECTORS = [
    vector
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text())
    if vector["provider"] == "aws-sns"
]
PUBLISH = next(vector for vector in VECTORS if vector["inputs"]["service"] == "sns")

CONFIG = {
    "accessKeyId": "AKIAMADEUPKEY0000001",
    "accessKeySecret": "MadeUpSecretAccessKey/0123456789abcdefgh",
    "templates": default_templates(),
}
MESSAGE_ID = "567910cd-659e-55d4-8ccb-5aaf14679dc0"

# The examples of the SNS API reference.
ACCEPTED = (
    '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
    f"<MessageId>{MESSAGE_ID}</MessageId></PublishResult><ResponseMetadata>"
    "<RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata>"
    "</PublishResponse>"
)
IN_INDIA = message_to(PhoneNumber("919876500123"))


def made(config: dict[str, Any] | None = None, **others: Any) -> AwsSnsConnector:
    return AwsSnsConnector(AwsSnsConfig.parse({**CONFIG, **(config or {})}), context(**others))


def refusal(code: str, status: int, words: str = "no") -> httpx2.Response:
    body = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{words}</Message></Error>"
        "<RequestId>1</RequestId></ErrorResponse>"
    )
    return httpx2.Response(status, text=body)


def form_of(request: httpx2.Request) -> dict[str, str]:
    return dict(httpx2.QueryParams(request.content.decode()))


def attributes_of(request: httpx2.Request) -> dict[str, tuple[str, str]]:
    form, found = form_of(request), {}
    for number in range(1, 10):
        entry = f"MessageAttributes.entry.{number}"
        if f"{entry}.Name" in form:
            kind, value = form[f"{entry}.Value.DataType"], form[f"{entry}.Value.StringValue"]
            found[form[f"{entry}.Name"]] = (kind, value)
    return found


class TestAwsSns(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> AwsSnsConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, text=ACCEPTED)


class TestWithEverySetting(TestAwsSns):
    @pytest.fixture
    def connector(self) -> AwsSnsConnector:
        return made(
            {
                "sessionToken": "made-up-session-token",
                "region": "ap-northeast-2",
                "senderId": "Acme",
                "originationNumber": "+12065550100",
                "smsType": "Promotional",
                "maxPrice": 0.1,
                "entityId": "1101",
                "dltTemplateId": "1107",
            }
        )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["inputs"]["service"])
def test_signs_as_aws_publishes_and_as_botocore_does(vector: dict[str, Any]) -> None:
    given, expected = vector["inputs"], vector["expected"]
    signer = Signer(
        access_key_id=given["accessKeyId"],
        secret=given["secretAccessKey"],
        region=given["region"],
        service=given["service"],
    )
    body, moment = given["body"].encode(), given["amzDate"]
    scope = f"{moment[:8]}/{given['region']}/{given['service']}/aws4_request"

    canonical = canonical_request(
        given["method"], given["path"], given["headers"], body, given["query"]
    )
    signed = signer.authorization(
        given["method"], given["path"], given["headers"], body, given["query"]
    )

    assert canonical == expected["canonicalRequest"]
    assert string_to_sign(moment, scope, canonical) == expected["stringToSign"]
    assert signer.key(moment).hex() == expected["signingKey"]
    assert signed == expected["authorization"]


def test_asks_sns_exactly_as_botocore_does() -> None:
    given, clock = PUBLISH["inputs"], FakeClock()
    clock.moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    text = "Your verification code is {{code}}"
    config = {
        "accessKeyId": given["accessKeyId"],
        "accessKeySecret": given["secretAccessKey"],
        "senderId": "Acme",
        "templates": [{**template, "content": text} for template in default_templates()],
    }
    message = message_to(PhoneNumber("14155550123"), variables={"code": "123456"})

    request = made(config, clock=clock).build_request(message)

    assert str(request.url) == "https://sns.us-east-1.amazonaws.com/"
    assert request.content.decode() == given["body"]
    assert {name: request.headers[name] for name in given["headers"]} == given["headers"]
    assert request.headers["authorization"] == PUBLISH["expected"]["authorization"]


def test_runs_of_spaces_in_a_signed_header_are_one() -> None:
    canonical = canonical_request("GET", "/", {"x": "  a   b "}, b"")

    assert "\nx:a b\n" in canonical


def test_a_session_token_is_sent_and_signed() -> None:
    request = made({"sessionToken": "made-up-token"}).build_request(MESSAGE)

    assert request.headers["x-amz-security-token"] == "made-up-token"
    assert "x-amz-date;x-amz-security-token, " in request.headers["authorization"]


def test_codes_are_transactional_by_default() -> None:
    assert attributes_of(made().build_request(MESSAGE)) == {
        "AWS.SNS.SMS.SMSType": ("String", "Transactional")
    }


def test_every_setting_becomes_an_attribute() -> None:
    config = {
        "senderId": "Acme",
        "originationNumber": "+12065550100",
        "smsType": "Promotional",
        "maxPrice": 0.00645,
    }

    assert attributes_of(made(config).build_request(MESSAGE)) == {
        "AWS.SNS.SMS.SMSType": ("String", "Promotional"),
        "AWS.SNS.SMS.SenderID": ("String", "Acme"),
        "AWS.SNS.SMS.MaxPrice": ("Number", "0.00645"),
        "AWS.MM.SMS.OriginationNumber": ("String", "+12065550100"),
    }


def test_a_tiny_price_has_no_exponent() -> None:
    attributes = attributes_of(made({"maxPrice": 0.00001}).build_request(MESSAGE))

    assert attributes["AWS.SNS.SMS.MaxPrice"] == ("Number", "0.00001")


def test_the_register_of_india_is_named_for_numbers_in_india_alone() -> None:
    own = {"usageType": "SignIn", "content": "{{code}}", "dltTemplateId": "1108"}
    config = {"entityId": "1101", "dltTemplateId": "1107"}
    with_own = made({**config, "templates": [own, *default_templates()]})

    abroad = attributes_of(made(config).build_request(MESSAGE))
    general = attributes_of(made(config).build_request(IN_INDIA))
    special = attributes_of(with_own.build_request(IN_INDIA))

    assert "AWS.MM.SMS.EntityId" not in abroad
    assert general["AWS.MM.SMS.EntityId"] == ("String", "1101")
    assert general["AWS.MM.SMS.TemplateId"] == ("String", "1107")
    assert special["AWS.MM.SMS.TemplateId"] == ("String", "1108")


def test_a_template_of_india_needs_its_entity() -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"dltTemplateId": "1107"})

    assert list(refused.value.fields) == ["entityId"]


def test_the_region_is_in_the_host_and_in_the_signature() -> None:
    request = made({"region": "ap-northeast-2"}).build_request(MESSAGE)

    assert request.url.host == "sns.ap-northeast-2.amazonaws.com"
    assert "/ap-northeast-2/sns/aws4_request" in request.headers["authorization"]


@pytest.mark.parametrize("region", ["us-gov-west-1", "il-central-1", "ap-southeast-10"])
def test_new_regions_are_regions(region: str) -> None:
    assert made({"region": region}).build_request(MESSAGE).url.host.startswith(f"sns.{region}.")


@pytest.mark.parametrize(
    "region",
    ["evil.example/", "us-east-1.evil.example", "us-east-1@x", "us_east_1", "useast", "-1"],
)
def test_a_region_is_part_of_a_host_and_nothing_more(region: str) -> None:
    with pytest.raises(InvalidConfig):
        made({"region": region})


@pytest.mark.parametrize("price", [0, -1, "inf", 1000])
def test_a_price_is_an_amount_of_money(price: Any) -> None:
    with pytest.raises(InvalidConfig):
        made({"maxPrice": price})


def test_unusual_values_warn_and_are_accepted() -> None:
    odd = {"accessKeyId": "<id>", "accessKeySecret": "<secret>", "senderId": "12345"}

    assert [warning.key for warning in made(odd).config.warnings()] == [*odd]


async def test_keeps_the_message_id() -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, text=ACCEPTED)).send(MESSAGE)

    assert receipt.provider_message_id == MESSAGE_ID


@pytest.mark.parametrize(
    "body",
    [
        "<MessageId>1</MessageId>",
        ACCEPTED.replace(MESSAGE_ID, ""),
        ACCEPTED.replace("PublishRes", "OtherRes"),
        '<!DOCTYPE x [<!ENTITY a "b">]><PublishResult><MessageId>&a;<x/></MessageId>',
    ],
)
async def test_a_success_is_a_result_with_an_id(body: str) -> None:
    with pytest.raises(errors.UnreadableAnswer):
        await answered_by(made(), lambda _: httpx2.Response(200, text=body)).send(MESSAGE)


@pytest.mark.parametrize(
    ("code", "expected"), [*ERRORS.items(), ("OfTomorrow", errors.ProviderRejected)]
)
async def test_a_code_says_who_must_act(code: str, expected: type[ConnectorError]) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, 400, "&lt;why&gt;")).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"Amazon SNS {code}: <why>"


@pytest.mark.parametrize(("said", "expected"), IN_WORDS.items())
async def test_some_codes_say_more_in_their_words(
    said: tuple[str, str], expected: type[ConnectorError]
) -> None:
    code, sign = said
    answer = refusal(code, 400, f"Invalid: {sign} Reason")
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer).send(MESSAGE)

    assert type(refused.value) is expected


def test_the_usual_codes_have_the_usual_meaning() -> None:
    assert error_type_of("SignatureDoesNotMatch", "") is errors.InvalidCredentials
    assert error_type_of("InvalidParameter", "PhoneNumber") is errors.InvalidRecipient
    assert error_type_of("InvalidParameter", "SenderID") is errors.ProviderSettingsRefused
    assert error_type_of("AuthorizationError", "") is errors.ProviderSettingsRefused
    assert error_type_of("Throttled", "") is errors.ProviderThrottled
    assert error_type_of("OptedOut", "") is errors.RecipientOptedOut


async def test_the_account_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(form_of(request)["Action"])
        entry = "<entry><key>MonthlySpendLimit</key><value>50</value></entry>"
        return httpx2.Response(200, text=f"<attributes>{entry}</attributes>")

    assert await answered_by(made(), answer).check_credentials() == "Amazon SNS: 50 USD a month"
    assert asked == ["GetSMSAttributes", "GetSMSSandboxAccountStatus"]


@pytest.mark.parametrize(
    ("sandbox", "words"),
    [
        (
            httpx2.Response(200, text="<IsInSandbox>true</IsInSandbox>"),
            "Amazon SNS accepts the key; in the SMS sandbox, which texts verified numbers only",
        ),
        (
            httpx2.Response(200, text="<IsInSandbox>false</IsInSandbox>"),
            "Amazon SNS accepts the key",
        ),
        (refusal("AuthorizationError", 403), "Amazon SNS accepts the key"),
    ],
)
async def test_the_sandbox_is_named_where_the_key_may_ask(
    sandbox: httpx2.Response, words: str
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        is_first = form_of(request)["Action"] == "GetSMSAttributes"
        return httpx2.Response(200, text="<attributes/>") if is_first else sandbox

    assert await answered_by(made(), answer).check_credentials() == words


async def test_a_wrong_key_fails_the_check() -> None:
    connector = answered_by(made(), lambda _: refusal("InvalidClientTokenId", 403))
    with pytest.raises(errors.InvalidCredentials):
        await connector.check_credentials()


def test_the_text_is_the_templates() -> None:
    assert CODE in made().text_of(MESSAGE)
