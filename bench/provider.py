"""A provider that answers at once and remembers the codes: the other end of the HTTP connector."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httptools
import orjson

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Provider:
    """Receives messages and gives each code to the person who waits for it."""

    def __init__(self) -> None:
        self.url = ""
        self._codes: dict[str, asyncio.Future[str]] = {}

    def expect(self, digits: str) -> asyncio.Future[str]:
        """Return what will hold the next code for that number."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._codes[digits] = future
        return future

    def deliver(self, body: bytes) -> None:
        """Take one message."""
        message = orjson.loads(body)
        waiting = self._codes.pop(str(message["to"]).lstrip("+"), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message["payload"]["code"])


class _Receiver(asyncio.Protocol):
    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._body = b""
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.provider.deliver(self._body)
        self._body = b""
        self._transport.write(OK)


@asynccontextmanager
async def running_provider() -> AsyncIterator[Provider]:
    """Listen on a free port of loopback."""
    provider = Provider()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Receiver(provider), "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/messages"
    try:
        yield provider
    finally:
        server.close()
