"""What holds for every command."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from watchword.cli import cli

# These run until they are stopped, or print a document that is JSON anyway.
WITHOUT = {"serve", "emulate", "config schema"}


def commands(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Yield each command with its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path), command
        return
    for name, one in inner.items():
        yield from commands(one, *path, name)


def test_every_command_that_ends_answers_scripts_in_json() -> None:
    lacking = {
        name
        for name, command in commands(get_command(cli))
        if not any("--json" in parameter.opts for parameter in command.params)
    }

    assert lacking == WITHOUT
