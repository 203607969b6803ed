"""Vonage's own package and our connector ask Vonage for the same."""

from typing import Any

import pytest

from tests import local
from tests.sdk.conftest import Sdk
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.emulators.vonage import ACCOUNTS, API_KEY, API_SECRET, SIGNATURE_SECRET
from watchword.providers.vonage.config import VonageConfig
from watchword.providers.vonage.connector import VonageConnector

pytestmark = pytest.mark.slow

# The package knows no plain MD5 hash.
HMAC_KEYS = [key for key, account in ACCOUNTS.items() if account.method != "md5hash"]


@pytest.fixture
def provider() -> str:
    return "vonage"


async def both(
    sdk: Sdk,
    emulator: str,
    client: OutboundClient,
    settings: dict[str, Any],
    auth: dict[str, str],
    **message: Any,
) -> list[dict[str, Any]]:
    """Send the message with the package, then with the connector; return what was taken."""
    config = VonageConfig.parse({"brandName": "Acme Inc", **settings})
    connector = VonageConnector(config, ConnectorContext(client=client, base_url_override=emulator))
    sdk(
        auth=auth,
        message={
            "from_": "Acme Inc",
            "to": MESSAGE.to.digits,
            "text": connector.text_of(MESSAGE),
            "ttl": 600_000,
            "client_ref": MESSAGE.id,
            **message,
        },
    )
    await connector.send(MESSAGE)
    taken: list[dict[str, Any]] = local.get(f"{emulator}/emulator/messages").json()
    return taken


@pytest.mark.parametrize(("language", "kind"), [("en", {}), ("ko", {"type": "unicode"})])
async def test_both_send_the_same(
    sdk: Sdk, emulator: str, client: OutboundClient, language: str, kind: dict[str, str]
) -> None:
    settings = {
        "apiKey": API_KEY,
        "apiSecret": API_SECRET,
        "templates": default_templates(language),
    }
    auth = {"api_key": API_KEY, "api_secret": API_SECRET}

    theirs, ours = await both(sdk, emulator, client, settings, auth, **kind)

    assert theirs["fields"] == ours["fields"]
    assert not ours["lossy"]


@pytest.mark.parametrize("api_key", HMAC_KEYS)
async def test_both_sign_the_same(
    sdk: Sdk, emulator: str, client: OutboundClient, api_key: str
) -> None:
    method = ACCOUNTS[api_key].method
    settings = {
        "apiKey": api_key,
        "authentication": "signature",
        "signatureSecret": SIGNATURE_SECRET,
        "signatureMethod": method,
        "templates": default_templates(),
    }
    auth = {
        "api_key": api_key,
        "signature_secret": SIGNATURE_SECRET,
        "signature_method": method,
    }

    theirs, ours = await both(sdk, emulator, client, settings, auth)

    assert theirs["fields"] == ours["fields"]
