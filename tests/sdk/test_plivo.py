"""Plivo's own package and our connector send the same message."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.plivo import AUTH_ID, AUTH_TOKEN, POWERPACK_UUID, SENDER
from watchword.providers.plivo.config import PlivoConfig
from watchword.providers.plivo.connector import PlivoConnector

pytestmark = pytest.mark.slow

# The package always says these, and what it says is what Plivo takes for granted.
DEFAULTS = {"log": "true", "trackable": False}


@pytest.fixture
def provider() -> str:
    return "plivo"


@pytest.mark.parametrize("way", [{"src": SENDER}, {"powerpackUuid": POWERPACK_UUID}])
async def test_both_ask_for_the_same(
    emulator: str, client: OutboundClient, sdk: Sdk, way: dict[str, Any]
) -> None:
    settings = {"authId": AUTH_ID, "authToken": AUTH_TOKEN, "templates": default_templates()}
    connector = PlivoConnector(
        PlivoConfig.parse({**settings, **way}),
        ConnectorContext(client=client, base_url_override=emulator, public_receipts=True),
    )
    # Where the reports are to go nobody listens: none of them matters here.
    message = replace(MESSAGE, receipt_url="http://127.0.0.1:9/receipts/instance-1")
    asked = json.loads(connector.build_request(message).content)

    ours = await connector.send(message)
    theirs = sdk(
        auth_id=AUTH_ID,
        auth_token=AUTH_TOKEN,
        message={"type_" if name == "type" else name: value for name, value in asked.items()},
    )

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [message["id"] for message in taken] == [ours.provider_message_id, *theirs["ids"]]
    assert {**taken[0]["fields"], **DEFAULTS} == taken[1]["fields"]
