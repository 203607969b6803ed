"""`watchword emulate`: strict stand-ins for providers, on this machine."""

from typing import Annotated

import typer

from watchword import emulators
from watchword.cli.output import fail


def emulate(
    providers: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which providers, by name or connector id; all that speak HTTP if none is named."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3100,
) -> None:
    """Answer as providers would, so that a connector can be tried without an account."""
    chosen = [_known(text) for text in providers] if providers else emulators.names()
    if chosen == [emulators.SMSC]:
        emulators.run_smsc(host, port)
    elif emulators.SMSC in chosen:
        fail(f"{emulators.SMSC} speaks no HTTP. Start it by itself, at a port of its own.", 2)
    else:
        emulators.run(chosen, host, port)


def _known(text: str) -> str:
    name = emulators.find(text)
    if name is None:
        known = ", ".join([*emulators.names(), emulators.SMSC])
        fail(f"No emulator for {text!r}. There are: {known}.", 2)
    return name
