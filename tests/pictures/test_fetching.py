"""A picture is fetched within limits, from public places alone, and told by its bytes."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from watchword.connector_kit.outbound import OutboundClient
from watchword.pictures.models import LARGEST, Picture
from watchword.pictures.service import fetched

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
SVG = b'<?xml version="1.0"?>\n<!-- ours --><svg xmlns="http://www.w3.org/2000/svg"/>'


@asynccontextmanager
async def serving(status: str, content: bytes, *headers: str) -> AsyncIterator[str]:
    """Answer every request with the same; yields the address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", "")
        writer.write("\r\n".join(lines).encode() + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/logo"


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """Return a client that may reach this machine."""
    client = OutboundClient(is_development=True)
    yield client
    await client.aclose()


async def test_a_picture_is_told_by_its_bytes_not_by_what_its_server_says(
    client: OutboundClient,
) -> None:
    async with serving("200 OK", PNG, "Content-Type: text/html") as address:
        found = await fetched(client, address)

    assert found == Picture("image/png", PNG)


@pytest.mark.parametrize(
    ("status", "content", "header", "problem"),
    [
        ("200 OK", b"<html><svg></svg></html>", "Content-Type: image/png", "not_a_picture"),
        ("200 OK", b"", "Content-Type: image/png", "not_a_picture"),
        ("200 OK", PNG.ljust(LARGEST + 1, b"\0"), "Content-Type: image/png", "unreadable"),
        ("404 Not Found", PNG, "Content-Type: image/png", "not_found"),
        ("302 Found", b"", "Location: http://169.254.169.254/", "moved"),
    ],
)
async def test_what_is_no_picture_for_a_page_has_a_reason(
    client: OutboundClient, status: str, content: bytes, header: str, problem: str
) -> None:
    async with serving(status, content, header) as address:
        assert await fetched(client, address) == problem


async def test_the_largest_picture_is_taken(client: OutboundClient) -> None:
    content = PNG.ljust(LARGEST, b"\0")

    async with serving("200 OK", content) as address:
        assert await fetched(client, address) == Picture("image/png", content)


async def test_private_places_and_plain_http_are_not_asked() -> None:
    client = OutboundClient(is_development=False)

    async with serving("200 OK", PNG) as address:
        assert await fetched(client, address) == "refused"
    for address in ("https://169.254.169.254/a.png", "https://10.0.0.1/", "http://192.0.2.1/"):
        assert await fetched(client, address) == "refused"
    await client.aclose()


async def test_a_network_that_the_operator_lists_may_hold_pictures() -> None:
    client = OutboundClient(allowed=(ipaddress.ip_network("127.0.0.0/8"),))

    async with serving("200 OK", PNG) as address:
        assert isinstance(await fetched(client, address), Picture)
    await client.aclose()


async def test_a_server_that_is_not_there_is_a_reason(client: OutboundClient) -> None:
    async with serving("200 OK", PNG) as address:
        pass

    assert await fetched(client, address) == "unreachable"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x0a\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x01\x00\x01\x00\x10\x10", "image/x-icon"),
        (SVG, "image/svg+xml"),
        (b"\xef\xbb\xbf\n<svg>", "image/svg+xml"),
        (b'<!DOCTYPE svg PUBLIC "x" "y" [<!ENTITY a "b">]>\n<svg >', "image/svg+xml"),
        (b"<!-- <svg> -->", None),
        (b"<!-- --> " * 20_000, None),
        (b"<svgs>", None),
        (b"%PDF-1.7", None),
    ],
)
def test_pictures_of_six_kinds_are_known(content: bytes, content_type: str | None) -> None:
    found = Picture.of(content)

    assert (found and found.content_type) == content_type
