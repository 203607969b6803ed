"""The emulator as a process of its own."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from watchword.connector_kit.outbound import OutboundClient

START = 20.0

COMMAND = "from watchword.emulators import run; run(['twilio'], '127.0.0.1', {port})"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """Return the address of a running Twilio emulator."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", COMMAND.format(port=port)])
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the emulator did not start")


@pytest.fixture(autouse=True)
async def _fresh(emulator: str) -> None:
    async with httpx2.AsyncClient() as client:
        await client.delete(f"{emulator}/emulator/messages")


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """Return a client that may reach this machine."""
    client = OutboundClient(is_development=True)
    yield client
    await client.aclose()


class Callbacks:
    """A server that keeps the bodies and headers it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self._arrived = asyncio.Event()

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one call."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.calls.append((headers, body))
        self._arrived.set()
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def wait_for(self, count: int) -> None:
        """Wait until there were *count* calls."""
        async with asyncio.timeout(10):
            while len(self.calls) < count:
                self._arrived.clear()
                await self._arrived.wait()


@pytest.fixture
async def callbacks() -> AsyncIterator[tuple[str, Callbacks]]:
    """Return an address that status callbacks may go to, and what came there."""
    received = Callbacks()
    server = await asyncio.start_server(received.listen, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/receipts/instance-1", received
    server.close()
