"""A server imports at start what it signs people in with, and the rest when somebody asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from watchword.core.keys import SecretKeys

TYPED = "import sys; from watchword.cli import Commands; Commands()['serve']; print(*sys.modules)"
COLLECTS = """
import gc
from watchword.cli.serve import application
assert gc.get_freeze_count() == 0
application()
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""
IMPORTED = "import sys, watchword.app as app; app.surfaces(); print(*sys.modules)"

# Some are asked for by some pages, some by administrators, one connector or the command line.
LATER = (
    "aiosmtplib",
    "alembic",
    "markdown_it",
    "rich",
    "segno",
    "smpplib",
    "watchword.account.own_account",
    "watchword.configuration.service",
    "watchword.emulators",
    "watchword.invitations.service",
    "watchword.messaging.statistics.service",
    "watchword.web.console",
    "watchword.web.management",
    "yaml",
    "zxcvbn",
)


@pytest.mark.slow
def test_a_server_starts_without_what_its_start_does_not_need() -> None:
    run = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True
    )
    imported = set(run.stdout.split())

    assert "watchword.web.experience" in imported
    assert imported & {*LATER} == set()
    assert {name for name in imported if name.startswith("watchword.providers.")} == set()


@pytest.mark.slow
def test_a_command_is_imported_without_the_others() -> None:
    run = subprocess.run([sys.executable, "-c", TYPED], capture_output=True, text=True, check=True)
    commands = {name for name in run.stdout.split() if name.startswith("watchword.cli.")}

    assert commands == {"watchword.cli.serve", "watchword.cli.output"}


@pytest.mark.slow
def test_a_server_that_has_started_collects_garbage_again(tmp_path: Path) -> None:
    given = {
        "WATCHWORD_MODE": "development",
        "WATCHWORD_PUBLIC_URL": "http://localhost:3001",
        "WATCHWORD_DATABASE_URL": f"sqlite:///{tmp_path / 'watchword.db'}",
        "WATCHWORD_SECRET_KEYS": SecretKeys.generate("start"),
    }

    run = subprocess.run(
        [sys.executable, "-c", COLLECTS],
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.split()[-2:] == ["True", "True"]
