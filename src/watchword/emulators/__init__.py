"""Strict stand-ins for providers' APIs, for development and tests; never for production."""

from collections.abc import Callable, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from watchword.emulators.twilio import TwilioEmulator

EMULATORS: dict[str, Callable[[], ASGIApp]] = {
    "twilio": lambda: TwilioEmulator().app,
}


def app_of(names: Sequence[str]) -> ASGIApp:
    """Return one emulator at `/`, or several, each at `/<name>`."""
    if len(names) == 1:
        return EMULATORS[names[0]]()
    return Starlette(routes=[Mount(f"/{name}", EMULATORS[name]()) for name in names])


def run(names: Sequence[str], host: str, port: int) -> None:
    """Serve the named emulators until interrupted."""
    # A slow answer that is under way must not keep the process.
    uvicorn.run(
        app_of(names), host=host, port=port, log_level="warning", timeout_graceful_shutdown=1
    )
