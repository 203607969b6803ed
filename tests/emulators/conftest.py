"""Emulators as processes of their own, and a place that they may call back."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from tests import local
from tests.ports import free_ports
from watchword.connector_kit.models import ReportRequest
from watchword.connector_kit.outbound import OutboundClient
from watchword.emulators import names as known_emulators

START = 90.0

COMMAND = "from watchword.emulators import run_apart; run_apart({ports})"

Addresses = Mapping[str, str]
"""Where each emulated provider is, by its module's name."""


@pytest.fixture(scope="session")
def emulators() -> Iterator[Addresses]:
    """Return the addresses of all emulated providers, which run in a process of their own."""
    names = known_emulators()
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    process = subprocess.Popen([sys.executable, "-c", COMMAND.format(ports=ports)])
    try:
        _wait_for(ports[names[-1]], process)
        yield {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def provider() -> str:
    """Return which emulated provider a test module is about; modules say it anew."""
    return "twilio"


@pytest.fixture
def emulator(emulators: Addresses, provider: str) -> str:
    """Return the address of the emulated provider, where nothing has been accepted yet."""
    address = emulators[provider]
    local.delete(f"{address}/emulator/messages")
    local.delete(f"{address}/emulator/receipts")
    return address


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


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """Return a client that may reach this machine."""
    client = OutboundClient(is_development=True)
    yield client
    await client.aclose()


class Callbacks:
    """A server that keeps what it was called with, as `/receipts` would see it."""

    def __init__(self) -> None:
        self.calls: list[ReportRequest] = []
        self.address = ""
        self._arrived = asyncio.Event()

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one call."""
        start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = start.split(" ")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        origin = self.address.partition("/receipts")[0]
        self.calls.append(ReportRequest(method, origin + target, headers, body))
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
    port = server.sockets[0].getsockname()[1]
    received.address = f"http://127.0.0.1:{port}/receipts/instance-1"
    yield received.address, received
    server.close()
