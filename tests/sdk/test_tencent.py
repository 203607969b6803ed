"""Tencent Cloud's package and our connector send the same message."""

import pytest

from tests import local
from tests.emulators.test_tencent import CONFIG
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE, MESSAGE, message_to
from watchword.core.phone import PhoneNumber
from watchword.emulators.tencent import (
    OVERSEAS_SIGN,
    OVERSEAS_TEMPLATE,
    SDK_APP_ID,
    SECRET_ID,
    SECRET_KEY,
    SIGN,
    TEMPLATE,
)
from watchword.providers.tencent.config import TencentConfig
from watchword.providers.tencent.connector import TencentConnector

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> str:
    return "tencent"


# What a number needs: a sign and a template.
NEEDED = {
    "8618500000123": (SIGN, TEMPLATE),
    "447700900123": (OVERSEAS_SIGN, OVERSEAS_TEMPLATE),
}


@pytest.mark.parametrize("digits", NEEDED)
async def test_both_send_the_same(
    emulator: str, client: OutboundClient, sdk: Sdk, digits: str
) -> None:
    sign, template = NEEDED[digits]
    context = ConnectorContext(client=client, base_url_override=emulator)

    theirs = sdk(
        id=SECRET_ID,
        key=SECRET_KEY,
        region="ap-guangzhou",
        message={
            "PhoneNumberSet": [f"+{digits}"],
            "SessionContext": MESSAGE.id,
            "SignName": sign,
            "SmsSdkAppId": SDK_APP_ID,
            "TemplateId": template,
            "TemplateParamSet": [CODE],
        },
    )
    connector = TencentConnector(TencentConfig.parse(CONFIG), context)
    ours = await connector.send(message_to(PhoneNumber(digits)))

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [message["id"] for message in taken] == [theirs["id"], ours.provider_message_id]
    assert taken[0]["fields"] == taken[1]["fields"]
    assert taken[0]["to"] == taken[1]["to"] == f"+{digits}"
