"""The tenant's own SMS service."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import InvalidConfig
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
)
from watchword.providers.http_sms.connector import WebhookConfig, WebhookConnector

ENDPOINT = "https://sms.example.com/send/?team=1"


def made(config: dict[str, Any] | None = None, **others: Any) -> WebhookConnector:
    given = {"endpoint": ENDPOINT, **(config or {})}
    return WebhookConnector(WebhookConfig.parse(given), context(**others))


class TestHttpSms(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> WebhookConnector:
        return made({"authorization": "Bearer t0ken-of-ours", "signingSecret": "sign-with-this"})

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(202, json={"messageId": "theirs-1"})


def test_its_address_decides_where_secrets_go() -> None:
    moved = {"endpoint": "https://evil.example/"}

    assert WebhookConfig.sends_elsewhere({"endpoint": ENDPOINT}, moved)
    assert not WebhookConfig.sends_elsewhere({"endpoint": ENDPOINT}, {"endpoint": f" {ENDPOINT}\n"})


def test_sends_what_the_contract_says_and_no_more() -> None:
    request = made({"authorization": "Bearer t0ken"}).build_request(MESSAGE)

    assert str(request.url) == ENDPOINT
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.headers["idempotency-key"] == "message-1"
    assert httpx2.Response(200, content=request.content).json() == {
        "to": "447700900123",
        "type": "SignIn",
        "payload": {"code": CODE, "locale": "en"},
        "ip": "203.0.113.9",
    }


@pytest.mark.parametrize("connector", [made({"sendIp": False}), made()])
def test_an_address_is_left_out_when_it_is_not_wanted_or_not_known(
    connector: WebhookConnector,
) -> None:
    message = replace(MESSAGE, client_ip=None) if connector.config.sends_ip else MESSAGE

    assert b"203.0.113.9" not in connector.build_request(message).content


def test_without_an_authorization_there_is_no_header() -> None:
    assert "authorization" not in made({"authorization": ""}).build_request(MESSAGE).headers


def test_a_signing_secret_signs_time_and_body(clock: FakeClock) -> None:
    request = made({"signingSecret": "shared"}, clock=clock).build_request(MESSAGE)
    timestamp = request.headers["x-timestamp"]
    expected = hmac.new(b"shared", f"{timestamp}.".encode() + request.content, hashlib.sha256)

    assert int(timestamp) == int(clock.now().timestamp())
    assert request.headers["x-signature-256"] == f"sha256={expected.hexdigest()}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"messageId": "theirs-1"}', "theirs-1"),
        (b'{"messageId": 5}', None),
        (b'{"messageId": ""}', None),
        (b'["messageId"]', None),
        (b"OK", None),
        (b"", None),
    ],
)
async def test_any_2xx_is_sent_and_an_id_is_kept(body: bytes, expected: str | None) -> None:
    answer = answered_by(made(), lambda _: httpx2.Response(204, content=body))

    assert (await answer.send(MESSAGE)).provider_message_id == expected


def test_the_endpoint_is_needed() -> None:
    with pytest.raises(InvalidConfig):
        WebhookConfig.parse({"endpoint": " "})


@pytest.fixture
async def network() -> AsyncIterator[OutboundClient]:
    """Return a real client: what is no address never gets as far as the network."""
    client = OutboundClient(is_development=True)
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    "endpoint", ["sms.example.com", "ftp://sms.example.com", "https://a.example:port/"]
)
async def test_an_odd_endpoint_can_be_saved_and_fails_as_a_setting(
    network: OutboundClient, endpoint: str
) -> None:
    config = WebhookConfig.parse({"endpoint": endpoint})
    with pytest.raises(InvalidConfig):
        await WebhookConnector(config, ConnectorContext(client=network)).send(MESSAGE)


def test_an_endpoint_that_is_no_address_warns() -> None:
    config = WebhookConfig.parse({"endpoint": "sms.example.com"})

    assert [warning.key for warning in config.warnings()] == ["endpoint"]


@pytest.mark.parametrize("value", ["Bearer 가나다", "a\r\nX-Injected: 1"])
async def test_an_authorization_that_fits_no_header_is_a_setting_to_mend(
    network: OutboundClient, value: str
) -> None:
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    config = WebhookConfig.parse({"endpoint": endpoint, "authorization": value})
    with pytest.raises(InvalidConfig):
        await WebhookConnector(config, ConnectorContext(client=network)).send(MESSAGE)
    server.close()
    assert not any(heard)
