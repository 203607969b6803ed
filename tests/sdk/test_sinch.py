"""Sinch's own package and our connector send the same message."""

import json
from dataclasses import replace

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.sinch import (
    API_TOKEN,
    KEY_ID,
    KEY_SECRET,
    PROJECT_ID,
    SENDER,
    SERVICE_PLAN_ID,
)
from watchword.providers.sinch.config import SinchConfig
from watchword.providers.sinch.connector import SinchConnector

pytestmark = pytest.mark.slow

PLAN = {"servicePlanId": SERVICE_PLAN_ID, "apiToken": API_TOKEN}
PROJECT = {"projectId": PROJECT_ID, "keyId": KEY_ID, "keySecret": KEY_SECRET}
# Their names for the same.
SDK_PLAN = {"service_plan_id": SERVICE_PLAN_ID, "sms_api_token": API_TOKEN}
SDK_PROJECT = {"project_id": PROJECT_ID, "key_id": KEY_ID, "key_secret": KEY_SECRET}


@pytest.fixture
def provider() -> str:
    return "sinch"


@pytest.mark.parametrize(("ours", "theirs"), [(PLAN, SDK_PLAN), (PROJECT, SDK_PROJECT)])
async def test_both_ask_for_the_same(
    emulator: str,
    client: OutboundClient,
    sdk: Sdk,
    ours: dict[str, str],
    theirs: dict[str, str],
) -> None:
    config = SinchConfig.parse({**ours, "sender": SENDER, "templates": default_templates()})
    # Where the reports are to go nobody listens: none of them matters here.
    message = replace(MESSAGE, receipt_url="http://127.0.0.1:9/receipts/instance-1")
    connector = SinchConnector(
        config, ConnectorContext(client=client, base_url_override=emulator, public_receipts=True)
    )
    asked = json.loads(connector.build_request(message).content)

    receipt = await connector.send(message)
    sent = sdk(
        account=theirs,
        to=message.to.digits,
        **{name: asked[name] for name in ("from", "body", "callback_url", "client_reference")},
        expire_at=asked["expire_at"],
    )

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [batch["id"] for batch in taken] == [receipt.provider_message_id, sent["id"]]
    # Each counts from its own moment, and each asks for it in whole seconds.
    moments = [batch["fields"].pop("expire_at") for batch in taken]
    assert [len(moment) for moment in moments] == [20, 20]
    assert taken[0]["fields"] == taken[1]["fields"]
