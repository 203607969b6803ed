"""boto3 and the connector publish the same message."""

from typing import Any

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
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
from watchword.providers.aws_sns.config import AwsSnsConfig
from watchword.providers.aws_sns.connector import AwsSnsConnector

pytestmark = pytest.mark.slow

SETTINGS = {
    "senderId": "Acme",
    "maxPrice": 0.25,
    "originationNumber": "+12065550100",
    "entityId": "1101",
    "dltTemplateId": "1107",
}
ATTRIBUTES = {
    "AWS.SNS.SMS.SMSType": ("String", "Transactional"),
    "AWS.SNS.SMS.SenderID": ("String", "Acme"),
    "AWS.SNS.SMS.MaxPrice": ("Number", "0.25"),
    "AWS.MM.SMS.OriginationNumber": ("String", "+12065550100"),
    "AWS.MM.SMS.EntityId": ("String", "1101"),
    "AWS.MM.SMS.TemplateId": ("String", "1107"),
}
KOREAN = "인증번호 {{code}} ~*()!'%+&=\n/?"
IN_INDIA = message_to(PhoneNumber("919876500123"))


@pytest.fixture
def provider() -> str:
    return "aws_sns"


@pytest.mark.parametrize(
    ("key_id", "token"), [(ACCESS_KEY_ID, None), (TEMPORARY_KEY_ID, SESSION_TOKEN)]
)
async def test_both_are_taken_with_the_same_fields(
    emulator: str, client: OutboundClient, sdk: Sdk, *, key_id: str, token: str | None
) -> None:
    config: dict[str, Any] = {
        **SETTINGS,
        "accessKeyId": key_id,
        "accessKeySecret": ACCESS_KEY_SECRET,
        "sessionToken": token,
        "templates": [{**text, "content": KOREAN} for text in default_templates()],
    }
    connector = AwsSnsConnector(
        AwsSnsConfig.parse(config), ConnectorContext(client=client, base_url_override=emulator)
    )
    receipt = await connector.send(IN_INDIA)
    said = sdk(
        keyId=key_id,
        secret=ACCESS_KEY_SECRET,
        token=token,
        region=REGION,
        message={
            "PhoneNumber": "+919876500123",
            "Message": connector.text_of(IN_INDIA),
            "MessageAttributes": {
                name: {"DataType": kind, "StringValue": value}
                for name, (kind, value) in ATTRIBUTES.items()
            },
        },
    )

    ours, theirs = local.get(f"{emulator}/emulator/messages").json()
    assert ours["fields"] == theirs["fields"]
    assert receipt.provider_message_id == ours["id"]
    assert said == {"id": theirs["id"], "limit": "1", "sandbox": True}
