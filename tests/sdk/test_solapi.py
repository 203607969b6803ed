"""SOLAPI's own package and the connector send the same message."""

from typing import Any

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.models import SmsMessage
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import message_to
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.solapi import API_KEY, API_SECRET, CHANNEL_ID, SENDER, TEMPLATE_ID
from watchword.providers.solapi.config import SolapiConfig
from watchword.providers.solapi.connector import SolapiConnector

pytestmark = pytest.mark.slow

CREDENTIALS = {"apiKey": API_KEY, "apiSecret": API_SECRET}
ALIMTALK = {
    "usageType": "SignIn",
    "content": "{{code}}",
    "templateCode": TEMPLATE_ID,
    "parameters": {"인증번호": "code", "유효시간": "minutes"},
}
IN_KOREA = message_to(PhoneNumber("821000000123"))
ABROAD = message_to(PhoneNumber("14155550123"))


@pytest.fixture
def provider() -> str:
    return "solapi"


@pytest.mark.parametrize(
    ("templates", "message", "to"),
    [
        (default_templates(), IN_KOREA, {"to": "010-0000-0123"}),
        (default_templates(), ABROAD, {"to": "4155550123", "country": "1"}),
        ([ALIMTALK, *default_templates()], IN_KOREA, {"to": "01000000123"}),
    ],
    ids=["text", "abroad", "alimtalk"],
)
async def test_both_are_taken_with_the_same_fields(
    emulator: str,
    client: OutboundClient,
    sdk: Sdk,
    *,
    templates: list[dict[str, Any]],
    message: SmsMessage,
    to: dict[str, str],
) -> None:
    config = {**CREDENTIALS, "from": SENDER, "pfId": CHANNEL_ID, "templates": templates}
    connector = SolapiConnector(
        SolapiConfig.parse(config), ConnectorContext(client=client, base_url_override=emulator)
    )
    receipt = await connector.send(message)
    text = connector.text_of(message)
    wording = {"text": text} if text else {"kakaoOptions": _kakao()}
    said = sdk(
        **CREDENTIALS,
        message={**to, "from": SENDER, "customFields": {"messageId": message.id}, **wording},
    )

    ours, theirs = local.get(f"{emulator}/emulator/messages").json()
    # The package says what it runs on.
    del theirs["fields"]["agent"]
    assert ours["fields"] == theirs["fields"]
    assert receipt.provider_message_id == ours["id"]
    assert (said["id"], said["status"], said["balance"]) == (theirs["id"], "2000", 12345.6)


def _kakao() -> dict[str, Any]:
    variables = {"인증번호": "135790", "유효시간": "10"}
    return {"pfId": CHANNEL_ID, "templateId": TEMPLATE_ID, "variables": variables}
