"""Alibaba Cloud's package and our connector send the same code, with either signature."""

import pytest

from tests import local
from tests.emulators.test_aliyun_auth import CONFIG
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE, MESSAGE, message_to
from watchword.core.phone import PhoneNumber
from watchword.emulators.aliyun import ACCESS_KEY_ID, ACCESS_KEY_SECRET
from watchword.emulators.aliyun_auth import LENT_SIGN
from watchword.providers.aliyun.authentication.config import AliyunAuthenticationConfig
from watchword.providers.aliyun.authentication.connector import AliyunAuthenticationConnector

pytestmark = pytest.mark.slow


@pytest.fixture
def provider() -> str:
    return "aliyun_auth"


@pytest.mark.parametrize(("version", "algorithm"), [("V3", None), ("V1", "v2")])
async def test_both_send_the_same(
    emulator: str, client: OutboundClient, sdk: Sdk, version: str, algorithm: str | None
) -> None:
    config = AliyunAuthenticationConfig.parse({**CONFIG, "signatureVersion": version})
    connector = AliyunAuthenticationConnector(
        config, ConnectorContext(client=client, base_url_override=emulator)
    )

    theirs = sdk(
        key_id=ACCESS_KEY_ID,
        secret=ACCESS_KEY_SECRET,
        algorithm=algorithm,
        message={
            "phone_number": "13900000123",
            "country_code": "86",
            "sign_name": LENT_SIGN,
            "template_code": "100001",
            "template_param": f'{{"code":"{CODE}","min":"10"}}',
            "out_id": MESSAGE.id,
        },
    )
    ours = await connector.send(message_to(PhoneNumber("8613900000123")))

    taken = local.get(f"{emulator}/emulator/messages").json()
    assert [message["id"] for message in taken] == [theirs["id"], ours.provider_message_id]
    assert taken[0]["fields"] == taken[1]["fields"]
