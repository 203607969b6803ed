"""Infobip's own package and our connector send the same message."""

from dataclasses import replace

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.infobip import API_KEY, SENDER
from watchword.providers.infobip.config import InfobipConfig
from watchword.providers.infobip.connector import InfobipConnector

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> str:
    return "infobip"


async def test_both_ask_for_the_same(emulator: str, client: OutboundClient, sdk: Sdk) -> None:
    settings = {"apiKey": API_KEY, "sender": SENDER, "templates": default_templates()}
    connector = InfobipConnector(
        InfobipConfig.parse(settings),
        ConnectorContext(client=client, base_url_override=emulator, public_receipts=True),
    )
    # Where the reports are to go nobody listens: none of them matters here.
    message = replace(MESSAGE, receipt_url="http://127.0.0.1:9/receipts/instance-1")

    ours = await connector.send(message)
    theirs = sdk(
        api_key=API_KEY,
        sender=SENDER,
        to=message.to.digits,
        text=connector.text_of(message),
        seconds=600,
        url=message.receipt_url,
        callback_data=message.id,
    )

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [each["id"] for each in taken] == [ours.provider_message_id, theirs["id"]]
    assert taken[0]["fields"] == taken[1]["fields"]
    assert ours.segments == theirs["parts"]
