"""Telnyx's own package and our connector send the same message."""

from dataclasses import replace

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.telnyx import API_KEY, PUBLIC_KEY, SENDER
from watchword.providers.telnyx.config import TelnyxConfig
from watchword.providers.telnyx.connector import TelnyxConnector

# Asked for by both, and never called: it listens to no one.
NOBODY = "http://127.0.0.1:9/receipts/instance-1"

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> str:
    return "telnyx"


async def test_both_ask_for_the_same(emulator: str, client: OutboundClient, sdk: Sdk) -> None:
    config = TelnyxConfig.parse(
        {
            "apiKey": API_KEY,
            "from": SENDER,
            "publicKeyBase64": PUBLIC_KEY,
            "templates": default_templates(),
        }
    )
    connector = TelnyxConnector(
        config, ConnectorContext(client=client, base_url_override=emulator, public_receipts=True)
    )

    message = replace(MESSAGE, receipt_url=NOBODY)

    ours = await connector.send(message)
    theirs = sdk(
        api_key=API_KEY,
        to=message.to.e164,
        text=connector.text_of(message),
        webhook_url=message.receipt_url,
        # Of its own: with ours Telnyx would take both for one message.
        id="message-of-the-package",
        **{"from": SENDER},
    )

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [message["id"] for message in taken] == [ours.provider_message_id, theirs["id"]]
    assert taken[0]["fields"] == taken[1]["fields"]
    assert ours.segments == theirs["parts"]
