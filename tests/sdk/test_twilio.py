"""Twilio's own package and our connector ask Twilio for the same."""

from typing import Any

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.twilio import (
    ACCOUNT_SID,
    API_KEY_SECRET,
    API_KEY_SID,
    AUTH_TOKEN,
    MESSAGING_SERVICE_SID,
    SENDER,
)
from watchword.providers.twilio.config import TwilioConfig
from watchword.providers.twilio.connector import TwilioConnector
from watchword.providers.twilio.signing import signature_of

pytestmark = pytest.mark.slow

SERVICE = {"authToken": AUTH_TOKEN, "fromMessagingServiceSID": MESSAGING_SERVICE_SID}
NUMBER = {"apiKeySID": API_KEY_SID, "apiKeySecret": API_KEY_SECRET, "from": SENDER}
URL = "https://auth.example.com/receipts/instance-1?message=message-1"
REPORT = {"MessageSid": "SM1", "MessageStatus": "delivered", "Empty": "", "Odd": "ü &="}


@pytest.mark.parametrize(
    ("settings", "sender"),
    [(SERVICE, {"messaging_service_sid": MESSAGING_SERVICE_SID}), (NUMBER, {"from_": SENDER})],
    ids=["messaging service", "API key and number"],
)
async def test_both_send_the_same(
    sdk: Sdk,
    emulator: str,
    client: OutboundClient,
    settings: dict[str, str],
    sender: dict[str, str],
) -> None:
    config = TwilioConfig.parse(
        {"accountSID": ACCOUNT_SID, "templates": default_templates("ko"), **settings}
    )
    connector = TwilioConnector(config, ConnectorContext(client=client, base_url_override=emulator))
    theirs = sdk(
        user=settings.get("apiKeySID", ACCOUNT_SID),
        password=settings.get("apiKeySecret", AUTH_TOKEN),
        account=ACCOUNT_SID,
        message={
            "to": "+447700900123",
            "body": connector.text_of(MESSAGE),
            "validity_period": 600,
            "risk_check": "enable",
            "message_intent": "otp",
            **sender,
        },
    )
    ours = await connector.send(MESSAGE)

    taken: list[dict[str, Any]] = local.get(f"{emulator}/emulator/messages").json()
    assert [message["id"] for message in taken] == [theirs["id"], ours.provider_message_id]
    assert taken[0]["fields"] == taken[1]["fields"]


def test_both_sign_a_callback_alike(sdk: Sdk) -> None:
    theirs = sdk(password=AUTH_TOKEN, report={"url": URL, "fields": REPORT})

    assert theirs == {"signature": signature_of(URL, [*REPORT.items()], AUTH_TOKEN)}
