"""Strict stand-ins for providers' APIs, for development and tests; never for production."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

SMSC = "smpp"
"""Stands for whoever speaks SMPP; it listens by itself, for it speaks no HTTP."""

NOT_OVER_HTTP = {"kit", "oauth_kit", "smpp_units", SMSC}

# The only connector whose id does not begin with the name of its emulator.
BY_ANOTHER_NAME = {"aliyun_short_message_auth_service": "aliyun_auth"}


def names() -> list[str]:
    """Return the providers that can be emulated: one module each, with `emulator()`."""
    return sorted(
        module.name for module in iter_modules(__path__) if module.name not in NOT_OVER_HTTP
    )


def find(text: str) -> str | None:
    """Return which emulator *text* means: its name, with `-` or `_`, or its connector's id."""
    asked = text.lower().replace("-", "_")
    asked = BY_ANOTHER_NAME.get(asked, asked)
    fitting = (name for name in [*names(), SMSC] if f"{asked}_".startswith(f"{name}_"))
    return max(fitting, key=len, default=None)


def emulator(name: str) -> ASGIApp:
    """Return one emulated provider; each call makes one with nothing accepted yet."""
    make: Callable[[], ASGIApp] = import_module(f"{__name__}.{name}").emulator
    return make()


def app_of(chosen: Sequence[str]) -> ASGIApp:
    """Return one emulator at `/`, or several, each at `/<name>`."""
    if len(chosen) == 1:
        return emulator(chosen[0])
    return Starlette(routes=[Mount(f"/{name}", emulator(name)) for name in chosen])


def run(chosen: Sequence[str], host: str, port: int) -> None:
    """Serve the named emulators at one port until interrupted."""
    uvicorn.run(app_of(chosen), host=host, port=port, **OPTIONS)


def run_smsc(host: str, port: int) -> None:
    """Serve an emulated SMSC until interrupted, and what it took over HTTP at the next port."""
    smpp = import_module(f"{__name__}.{SMSC}")
    asyncio.run(smpp.serve(host, port))


def run_apart(ports: Mapping[str, int], host: str = "127.0.0.1") -> None:
    """Serve each named emulator at a port of its own, for clients that know no paths."""
    by_port = {port: emulator(name) for name, port in ports.items()}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await by_port[scope["server"][1]](scope, receive, send)

    sockets = [socket.create_server((host, port)) for port in by_port]
    # One server with many sockets: of several servers only one would hear that it is to stop.
    uvicorn.Server(uvicorn.Config(app, lifespan="off", **OPTIONS)).run(sockets)


# A slow answer that is under way must not keep the process.
OPTIONS: dict[str, Any] = {"log_level": "warning", "timeout_graceful_shutdown": 1}
