"""An emulated SMSC as a process of its own, and its control port."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

from tests import local
from tests.emulators.conftest import _wait_for
from tests.ports import free_ports
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.wording import default_templates
from watchword.emulators.smpp import PASSWORD, SYSTEM_ID
from watchword.providers.smpp.config import SmppConfig
from watchword.providers.smpp.connector import SmppConnector

COMMAND = (
    "import asyncio; from datetime import timedelta; from watchword.emulators.smpp import serve; "
    "asyncio.run(serve('127.0.0.1', {port}, {control}, slow=timedelta(seconds=2), "
    "answer_after=timedelta(milliseconds=20)))"
)
# Shorter than the emulator's slow answer, and long for an ordinary one.
PATIENCE = timedelta(seconds=1)


@dataclass(frozen=True)
class RunningSmsc:
    """Where the SMSC is, and what one may ask it."""

    port: int
    control: str

    async def messages(self) -> list[dict[str, Any]]:
        """Return what it accepted."""
        found: list[dict[str, Any]] = (await self._call("GET", "messages")).json()
        return found

    async def sessions(self) -> dict[str, Any]:
        """Return who is bound, how often anyone bound, and the fullest window."""
        found: dict[str, Any] = (await self._call("GET", "sessions")).json()
        return found

    async def forget(self) -> None:
        """Forget what was accepted."""
        await self._call("DELETE", "messages")

    async def throttle(self, is_on: bool) -> None:
        """Let it refuse every message as one too many, or no longer."""
        await self._call("PUT" if is_on else "DELETE", "throttle")

    async def do(self, what: str) -> Any:
        """Drop the connections, unbind, or enquire."""
        answer = await self._call("POST", what)
        return answer.json() if answer.content else None

    async def _call(self, method: str, path: str) -> httpx2.Response:
        async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
            return await client.request(method, f"{self.control}/emulator/{path}")

    def config(self, **settings: Any) -> dict[str, Any]:
        """Return settings that it accepts."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "tls": False,
            "systemId": SYSTEM_ID,
            "password": PASSWORD,
            "sourceAddress": "Watchword",
            "templates": default_templates(),
            **settings,
        }

    def connector(self, total: timedelta = PATIENCE, **settings: Any) -> SmppConnector:
        """Return a connector to it."""
        client = OutboundClient(is_development=True, total=total)
        config = SmppConfig.parse(self.config(**settings))
        return SmppConnector(config, ConnectorContext(client=client))


@contextmanager
def running_smsc() -> Iterator[RunningSmsc]:
    """Run an SMSC for the length of the block."""
    port, control = free_ports(2)
    process = subprocess.Popen([sys.executable, "-c", COMMAND.format(port=port, control=control)])
    try:
        _wait_for(control, process)
        yield RunningSmsc(port, f"http://127.0.0.1:{control}")
    finally:
        process.terminate()
        process.wait(10)


def cleared(smsc: RunningSmsc) -> RunningSmsc:
    """Return it with nothing accepted and nobody bound."""
    with httpx2.Client(verify=local.NO_TLS) as client:
        client.post(f"{smsc.control}/emulator/drop")
        client.delete(f"{smsc.control}/emulator/messages")
        client.delete(f"{smsc.control}/emulator/throttle")
    return smsc


async def until(is_so: Callable[[], Any]) -> None:
    """Wait until *is_so* returns, or its awaitable gives, something true."""
    async with asyncio.timeout(10):
        while True:
            answer = is_so()
            if await answer if asyncio.iscoroutine(answer) else answer:
                return
            await asyncio.sleep(0.02)
