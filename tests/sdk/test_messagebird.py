"""MessageBird's own package and our connector send the same message."""

from dataclasses import replace

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.messagebird import ACCESS_KEY, NAME, SIGNING_KEY
from watchword.providers.messagebird.config import MessageBirdConfig
from watchword.providers.messagebird.connector import MessageBirdConnector

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> str:
    return "messagebird"


@pytest.mark.parametrize(("language", "datacoding"), [("en", "plain"), ("ko", "unicode")])
async def test_both_ask_for_the_same(
    emulator: str, client: OutboundClient, sdk: Sdk, language: str, datacoding: str
) -> None:
    config = MessageBirdConfig.parse(
        {
            "accessKey": ACCESS_KEY,
            "originator": NAME,
            "signingKey": SIGNING_KEY,
            "templates": default_templates(language),
        }
    )
    connector = MessageBirdConnector(
        config, ConnectorContext(client=client, base_url_override=emulator, public_receipts=True)
    )
    # Where the reports are to go nobody listens: none of them matters here.
    message = replace(MESSAGE, receipt_url="http://127.0.0.1:9/receipts/instance-1")

    ours = await connector.send(message)
    theirs = sdk(
        access_key=ACCESS_KEY,
        originator=NAME,
        to=message.to.digits,
        body=connector.text_of(message),
        params={
            "datacoding": datacoding,
            "validity": 600,
            "reference": message.id,
            "reportUrl": message.receipt_url,
        },
    )

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [each["id"] for each in taken] == [ours.provider_message_id, theirs["id"]]
    assert taken[0]["text"] == taken[1]["text"]
    # The package joins its list with commas; both ways are documented.
    mine, other = (each["fields"] for each in taken)
    assert {**mine, "recipients": ",".join(mine["recipients"])} == other
