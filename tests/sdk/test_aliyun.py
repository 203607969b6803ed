"""Alibaba Cloud's package and our connector send the same message, with either signature."""

import pytest

from tests import local
from tests.emulators.test_aliyun import CONFIG
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE, MESSAGE, message_to
from watchword.core.phone import PhoneNumber
from watchword.emulators.aliyun import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    OVERSEAS_SIGN,
    OVERSEAS_TEMPLATE,
    SIGN,
    TEMPLATE,
)
from watchword.providers.aliyun.config import AliyunSmsConfig
from watchword.providers.aliyun.connector import AliyunSmsConnector

pytestmark = pytest.mark.slow

# Its package's names for the signatures, and for what is sent.
ALGORITHMS = {"V3": None, "V1": "v2"}
SAID = {
    "8613900000123": {
        "phone_numbers": "13900000123",
        "sign_name": SIGN,
        "template_code": TEMPLATE,
    },
    "447700900123": {
        "phone_numbers": "447700900123",
        "sign_name": OVERSEAS_SIGN,
        "template_code": OVERSEAS_TEMPLATE,
    },
}


@pytest.fixture
def provider() -> str:
    return "aliyun"


@pytest.mark.parametrize("version", ALGORITHMS)
@pytest.mark.parametrize("digits", SAID)
async def test_both_send_the_same(
    emulator: str, client: OutboundClient, sdk: Sdk, version: str, digits: str
) -> None:
    config = AliyunSmsConfig.parse({**CONFIG, "signatureVersion": version})
    context = ConnectorContext(client=client, base_url_override=emulator)

    theirs = sdk(
        key_id=ACCESS_KEY_ID,
        secret=ACCESS_KEY_SECRET,
        algorithm=ALGORITHMS[version],
        message={
            "out_id": MESSAGE.id,
            "template_param": f'{{"code":"{CODE}"}}',
            **SAID[digits],
        },
    )
    ours = await AliyunSmsConnector(config, context).send(message_to(PhoneNumber(digits)))

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [message["id"] for message in taken] == [theirs["id"], ours.provider_message_id]
    assert taken[0]["fields"] == taken[1]["fields"]
    assert taken[0]["to"] == taken[1]["to"] == digits
