"""Every command that changes something says so in the audit log."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tests.cli.conftest import Watchword
from tests.cli.test_connectors import CONFIG, ID, TO
from watchword.cli import cli

READING = {
    "apps list",
    "config compare",
    "config export",
    "config history",
    "config plan",
    "config schema",
    "config sealing-key",
    "connectors check",
    "connectors list",
    "connectors new",
    "doctor",
    "emulate",
    "keys new",
    "operators list",
    "tenants list",
}
WITHOUT_A_LOG = {"migrate", "serve"}
"""One makes the log; the other is the server itself, and audits what it is asked for."""


def commands(group: Any = None, *path: str) -> Iterator[str]:
    """Name every command there is."""
    found: Any = get_command(cli) if group is None else group
    for name, command in found.commands.items():
        if command.hidden:
            continue
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name))


def told_by_commands() -> set[str]:
    """Return the ids of what the log says, of whichever tenant, that the command line did."""
    with closing(sqlite3.connect("watchword.db")) as database:
        rows = database.execute("SELECT id FROM audit_log WHERE actor = 'system:cli'")
        return {row[0] for row in rows}


@pytest.mark.slow
def test_every_command_that_writes_leaves_a_row(
    watchword: Watchword, twilio: str, tmp_path: Path
) -> None:
    settings, norway, sweden = (tmp_path / name for name in ("config.json", "no.yaml", "se.yaml"))
    settings.write_text(json.dumps(CONFIG))
    norway.write_text("version: 1\nguard: {allowedCountries: [NO]}\n")
    sweden.write_text("version: 1\nguard: {allowedCountries: [SE]}\n")
    moves = ("--from", "default", "--to", "acme", "--only", "guard")
    steps = [
        ("apps create", "--name", "Shop", "--type", "SPA"),
        ("config apply", str(norway)),
        ("config apply", str(sweden)),
        ("config restore", "guard", "1"),
        ("connectors test", "--connector", ID, "--to", TO, "--config", str(settings)),
        ("keys rotate",),
        ("keys rotate-signing", "--algorithm", "ES256"),
        ("operators invite",),
        ("tenants create", "acme"),
        ("tenants rename", "acme", "Acme Inc."),
        ("config promote", *moves, "--expect", "2"),
        ("tenants tag", "acme", "production"),
        ("tenants delete", "acme", "--confirm", "acme"),
    ]
    assert {step[0] for step in steps} | READING | WITHOUT_A_LOG == {*commands()}

    for command, *given in steps:
        before = told_by_commands()
        ended = watchword(*command.split(), *given)

        assert ended.code == 0, (command, ended.stderr)
        assert told_by_commands() - before, command
