"""`watchword emulate`: strict stand-ins for providers, on this machine."""

from typing import Annotated

import typer

from watchword.cli.output import fail
from watchword.emulators import EMULATORS, run


def emulate(
    providers: Annotated[
        list[str] | None, typer.Argument(help="Which providers; all of them if none is named.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3100,
) -> None:
    """Answer as providers would, so that a connector can be tried without an account."""
    names = providers or list(EMULATORS)
    for name in names:
        if name not in EMULATORS:
            fail(f"No emulator for {name!r}. There are: {', '.join(sorted(EMULATORS))}.", 2)
    run(names, host, port)
