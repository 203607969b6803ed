"""The way out: which addresses, how long, how much."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from watchword.connector_kit.errors import (
    AddressRefused,
    AnswerLost,
    ProviderSettingsRefused,
    ProviderTimeout,
    ProviderUnavailable,
    UnreadableAnswer,
)
from watchword.connector_kit.outbound import Destinations, OutboundClient

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "54.172.60.0", "2600:1f18::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.proves("S128")
def test_private_addresses_are_refused_in_every_guise(address: str) -> None:
    assert not Destinations().permits(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached_over_https_only(address: str) -> None:
    assert Destinations().permits(ipaddress.ip_address(address))
    assert not Destinations(allows_public=False).permits(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_a_listed_network_is_reached(address: str) -> None:
    listed = Destinations((ipaddress.ip_network("10.0.0.0/8"),), allows_public=False)

    assert listed.permits(ipaddress.ip_address(address))
    assert not listed.permits(ipaddress.ip_address("192.168.1.1"))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_development_reaches_its_own_machine_and_no_other_private_one(address: str) -> None:
    development = Destinations(allows_loopback=True)

    assert development.permits(ipaddress.ip_address(address))
    assert not development.permits(ipaddress.ip_address("10.0.0.1"))


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk, **others: Any) -> AsyncIterator[int]:
    """Serve on a free port of loopback."""

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0, **others)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    client = OutboundClient(is_development=True, total=timedelta(seconds=1))
    yield client
    await client.aclose()


def answering(raw: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()

    return talk


async def get(client: OutboundClient, url: str) -> httpx2.Response:
    return await client.send(httpx2.Request("GET", url))


async def test_the_name_stays_in_the_host_header(client: OutboundClient) -> None:
    heard = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    async with serving(talk) as port:
        response = await get(client, f"http://localhost:{port}/x")

    assert response.text == "hi"
    assert f"host: localhost:{port}".encode() in heard[0].lower()
    assert b"accept-encoding: identity" in heard[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "https://127.0.0.1:9/",
        "https://localhost:9/",
        "https://[::1]:9/",
        "https://[::ffff:127.0.0.1]:9/",
        "https://2130706433:9/",
        "https://0x7f.1:9/",
        "http://169.254.169.254/latest/meta-data/",
        "http://8.8.8.8:9/",
    ],
)
@pytest.mark.proves("S128")
async def test_production_refuses_before_it_connects(url: str) -> None:
    production = OutboundClient()
    with pytest.raises(AddressRefused) as refused:
        await get(production, url)
    await production.aclose()

    assert refused.value.is_outcome_known
    assert refused.value.acts == "administrator"


@pytest.mark.proves("S128")
async def test_a_name_is_resolved_once_and_its_address_pinned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    asked = []

    async def rebinding(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        found = answers[min(len(asked), 2) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    connected = []

    async def connect(_: object, host: str, *rest: object) -> Any:
        import httpcore2

        connected.append(host)
        raise httpcore2.ConnectError("nobody there")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", rebinding)
    monkeypatch.setattr("httpcore2.AnyIOBackend.connect_tcp", connect)
    production = OutboundClient()
    with pytest.raises(ProviderUnavailable):
        await get(production, "https://rebinding.example/")
    assert connected == ["93.184.215.14"]
    assert asked == ["rebinding.example"]

    with pytest.raises(AddressRefused):
        await get(production, "https://rebinding.example/")
    assert connected == ["93.184.215.14"]
    await production.aclose()


async def test_tls_checks_the_certificate_for_the_name(client: OutboundClient) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _sock, name, _context: names.append(name)

    async with serving(answering(b""), ssl=context) as port:
        with pytest.raises(ProviderUnavailable) as failed:
            await get(client, f"https://localhost:{port}/")

    assert names == ["localhost"]
    assert failed.value.is_outcome_known


async def test_no_listener_is_known_to_have_got_nothing(client: OutboundClient) -> None:
    async with serving(answering(b"")) as port:
        pass
    with pytest.raises(ProviderUnavailable) as failed:
        await get(client, f"http://127.0.0.1:{port}/")
    assert failed.value.is_outcome_known


async def test_a_name_that_does_not_resolve_is_known_to_have_got_nothing(
    client: OutboundClient,
) -> None:
    with pytest.raises(ProviderUnavailable) as failed:
        await get(client, "https://does-not-exist.invalid/")
    assert failed.value.is_outcome_known


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{"])
async def test_a_broken_connection_may_have_sent(client: OutboundClient, begins: bytes) -> None:
    async with serving(answering(begins)) as port:
        with pytest.raises(AnswerLost) as failed:
            await get(client, f"http://127.0.0.1:{port}/")
    assert not failed.value.is_outcome_known


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
async def test_the_total_time_holds_even_while_something_trickles_in(
    client: OutboundClient, begins: bytes
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begins)
        for _ in range(30):
            await asyncio.sleep(0.1)
            if begins:
                writer.write(b"x")

    started = asyncio.get_running_loop().time()
    async with serving(talk) as port:
        with pytest.raises(ProviderTimeout) as failed:
            await get(client, f"http://127.0.0.1:{port}/")
    assert asyncio.get_running_loop().time() - started < 2
    assert not failed.value.is_outcome_known


async def test_a_large_answer_is_not_read_to_its_end(client: OutboundClient) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            pass

    async with serving(talk) as port:
        with pytest.raises(UnreadableAnswer):
            await get(client, f"http://127.0.0.1:{port}/")


async def test_a_packed_answer_is_not_unpacked(client: OutboundClient) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx"
    async with serving(answering(raw)) as port:
        with pytest.raises(UnreadableAnswer):
            await get(client, f"http://127.0.0.1:{port}/")


@pytest.mark.proves("S128")
async def test_a_redirect_is_an_answer(client: OutboundClient) -> None:
    raw = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    async with serving(answering(raw)) as port:
        response = await get(client, f"http://127.0.0.1:{port}/")
    assert response.status_code == 302


@pytest.mark.parametrize("url", ["ftp://example.com/", "nothing", "/path"])
async def test_what_is_no_address_is_the_administrators_to_mend(
    client: OutboundClient, url: str
) -> None:
    with pytest.raises(ProviderSettingsRefused):
        await get(client, url)
