"""Kavenegar's own package and the connector send the same message."""

from typing import Any

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE, message_to
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.kavenegar import API_KEY, SENDER, TEMPLATE
from watchword.providers.kavenegar.config import KavenegarConfig
from watchword.providers.kavenegar.connector import KavenegarConnector

pytestmark = pytest.mark.slow

LOOKUP = {"usageType": "SignIn", "templateCode": TEMPLATE, "parameters": ["code", "minutes"]}
IN_IRAN = message_to(PhoneNumber("989120000123"))


@pytest.fixture
def provider() -> str:
    return "kavenegar"


@pytest.mark.parametrize(
    ("templates", "wording"),
    [
        (
            [LOOKUP, *default_templates()],
            {"template": TEMPLATE, "type": "sms", "token": CODE, "token2": "10"},
        ),
        (default_templates(), {"sender": SENDER}),
    ],
    ids=["template", "text"],
)
async def test_both_are_taken_with_the_same_fields(
    emulator: str,
    client: OutboundClient,
    sdk: Sdk,
    *,
    templates: list[dict[str, Any]],
    wording: dict[str, str],
) -> None:
    config = KavenegarConfig.parse({"apiKey": API_KEY, "sender": SENDER, "templates": templates})
    context = ConnectorContext(client=client, base_url_override=emulator)
    connector = KavenegarConnector(config, context)
    receipt = await connector.send(IN_IRAN)
    text = connector.text_of(IN_IRAN)
    form = {"receptor": "09120000123", **wording, **({"message": text} if text else {})}
    said = sdk(apiKey=API_KEY, form=form)

    ours, theirs = local.get(f"{emulator}/emulator/messages").json()
    assert ours["fields"] == theirs["fields"]
    assert receipt.provider_message_id == ours["id"]
    assert said == {"id": theirs["id"], "credit": 1500032}
