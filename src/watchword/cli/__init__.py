"""The `watchword` command."""

import gc
from collections.abc import Callable, Iterator, Mapping
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

COMMANDS = {
    "serve": "serve:serve",
    "migrate": "serve:migrate",
    "emulate": "emulate:emulate",
    "doctor": "doctor:doctor",
    "apps": "apps:cli",
    "config": "config:cli",
    "connectors": "connectors:cli",
    # One is begun, many are listed: either word will do.
    "connector": "connectors:cli",
    "keys": "keys:cli",
    "operators": "operators:cli",
    "tenants": "tenants:cli",
}
UNLISTED = frozenset({"connector"})


class Commands(Mapping[str, Any]):
    """Commands by name; each is imported when somebody types it, so that none waits for others."""

    def __getitem__(self, name: str) -> Any:
        """Import the command; raises KeyError."""
        path = COMMANDS[name]
        # What an import makes stays: there is nothing to collect.
        gc.disable()
        found = resolve_name(f"watchword.cli.{path}")
        gc.enable()
        command = get_group(found) if isinstance(found, typer.Typer) else _command_of(found, name)
        command.name, command.hidden = name, name in UNLISTED
        return command

    def __iter__(self) -> Iterator[str]:
        """Name all that there are; none is imported for it."""
        return iter(COMMANDS)

    def __len__(self) -> int:
        """Count them."""
        return len(COMMANDS)


def _command_of(function: Callable[..., None], name: str) -> Any:
    alone = typer.Typer(add_completion=False)
    alone.command(name)(function)
    return get_command(alone)


class Group(TyperGroup):
    """The root: what `watchword` alone means."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = Commands()  # type: ignore[assignment]  # nobody adds to it


cli = typer.Typer(
    name="watchword",
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@cli.callback()
def watchword() -> None:
    """A sign-in server for phone numbers that a team runs itself."""


def main() -> None:
    """Run the command line."""
    cli()
