"""`watchword emulate`: strict stand-ins for providers, on this machine."""

from typing import Annotated

import typer

from watchword import emulators
from watchword.cli.output import fail


def emulate(
    providers: Annotated[
        list[str] | None,
        typer.Argument(help="Which providers; all that speak HTTP if none is named."),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3100,
) -> None:
    """Answer as providers would, so that a connector can be tried without an account."""
    known = [*emulators.names(), emulators.SMSC]
    chosen = providers or emulators.names()
    for name in chosen:
        if name not in known:
            fail(f"No emulator for {name!r}. There are: {', '.join(known)}.", 2)
    if chosen == [emulators.SMSC]:
        emulators.run_smsc(host, port)
    elif emulators.SMSC in chosen:
        fail(f"{emulators.SMSC} speaks no HTTP. Start it by itself, at a port of its own.", 2)
    else:
        emulators.run(chosen, host, port)
