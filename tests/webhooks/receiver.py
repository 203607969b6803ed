"""A tenant's own server, on a socket of its own: it takes events, checks them, or misbehaves."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Receiver:
    """Answers with the next of `answers`, and with 200 once they are used up."""

    address: str = ""
    answers: list[int] = field(default_factory=list)
    is_hanging: bool = False
    received: "list[Received]" = field(default_factory=list)
    open_requests: int = 0
    most_at_once: int = 0
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Return what the requests said, in the order of their arrival."""
        return [one.json for one in self.received]

    @property
    def events(self) -> list[str]:
        """Return which events were told."""
        return [body["event"] for body in self.bodies]

    @property
    def ids(self) -> list[str]:
        """Return the deliveries' ids, as the requests name them."""
        return [one.headers["webhook-id"] for one in self.received]

    async def until(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(20):
            while len(self.received) < count:
                await self.arrival.wait()
                self.arrival.clear()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and answer it; then the connection ends."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Received(head[0].split()[1], headers, body))
            self.arrival.set()
            self.open_requests += 1
            self.most_at_once = max(self.most_at_once, self.open_requests)
            if self.is_hanging:
                await self.release.wait()
            self.open_requests -= 1
            status = self.answers.pop(0) if self.answers else 200
            more = "Location: http://127.0.0.1:9/elsewhere\r\n" if 300 <= status < 400 else ""
            end = "Content-Length: 0\r\nConnection: close\r\n\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{more}{end}".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            # Whoever asked was killed, or waited for long enough.
            pass
        finally:
            writer.close()


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Return what it says."""
        document: dict[str, Any] = json.loads(self.body)
        return document

    def is_signed_with(self, key: str) -> bool:
        """Check it as the how-to tells receivers to."""
        expected = hmac.new(key.encode(), self.body, "sha256").hexdigest()
        return hmac.compare_digest(expected, self.headers["logto-signature-sha-256"])


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Open a receiver on a free port of the loopback interface."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.address = f"http://127.0.0.1:{port}/events"
    try:
        yield receiver
    finally:
        receiver.release.set()
        server.close()
