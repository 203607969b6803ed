"""SMS Aero's own package and our connector send the same message."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.smsaero import API_KEY, EMAIL, OWN_SENDER
from watchword.providers.smsaero.config import SmsAeroConfig
from watchword.providers.smsaero.connector import SmsAeroConnector

pytestmark = pytest.mark.slow

CONFIG = {
    "email": EMAIL,
    "apiKey": API_KEY,
    "senderName": OWN_SENDER,
    "templates": default_templates(),
}


@pytest.fixture
def provider() -> str:
    return "smsaero"


async def test_both_send_the_same(sdk: Sdk, emulator: str, client: OutboundClient) -> None:
    context = ConnectorContext(client=client, base_url_override=emulator, public_receipts=True)
    connector = SmsAeroConnector(SmsAeroConfig.parse(CONFIG), context)
    message = replace(MESSAGE, receipt_url="http://127.0.0.1:9/receipts/instance-1")
    receipt = await connector.send(message)

    theirs = sdk(
        email=EMAIL,
        key=API_KEY,
        sender=OWN_SENDER,
        number=int(MESSAGE.to.digits),
        text=connector.text_of(message),
        callback=message.receipt_url,
    )

    async with httpx2.AsyncClient(verify=local.NO_TLS) as asked:
        taken: list[dict[str, Any]] = (await asked.get(f"{emulator}/emulator/messages")).json()
    assert [entry["id"] for entry in taken] == [receipt.provider_message_id, theirs["id"]]
    assert taken[0]["fields"] == taken[1]["fields"]
