"""A provider for the HTTP connector whose mood a test can set."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Mood = Literal["well", "slow", "garbled", "unauthorized", "holding", "echoing"]


class Provider(ThreadingHTTPServer):
    """Takes messages; `messages` holds what it took, in order."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.mood: Mood = "well"
        self.messages: list[dict[str, Any]] = []
        self.arrived = threading.Semaphore(0)
        self.release = threading.Event()

    @property
    def url(self) -> str:
        """Return the endpoint to configure."""
        return f"http://127.0.0.1:{self.server_port}/messages"

    def next_code(self, phone: str, seconds: float = 60) -> str:
        """Wait for the next message, which must be for *phone*, and return its code."""
        assert self.arrived.acquire(timeout=seconds), "no message arrived"
        message = self.messages[-1]
        assert message["to"].lstrip("+") == phone
        return str(message["payload"]["code"])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that hang up: that is what some tests make them do."""


class _Receiver(BaseHTTPRequestHandler):
    server: Provider
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a message as the mood says."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.messages.append(json.loads(body))
        self.server.arrived.release()
        match self.server.mood:
            case "slow":
                self.server.release.wait(30)
                self._answer(200, {})
            case "holding":
                self.server.release.wait(30)
                self._answer(200, {"messageId": "late"})
            case "garbled":
                self.wfile.write(b"\x00\x01 not HTTP at all\r\n\r\n")
                self.close_connection = True
            case "unauthorized":
                self._answer(401, {"error": "the key sk-journey-1 is not known here"})
            case "echoing":
                key = self.headers["authorization"]
                self._answer(400, {"error": f"{key} may not send {body.decode()}"})
            case _:
                self._answer(200, {"messageId": f"m{len(self.server.messages)}"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Listen on a free port until the block ends."""
    provider = Provider()
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        provider.release.set()
        provider.shutdown()
        thread.join()
        provider.server_close()


def closed_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
