"""A server imports at start what it signs people in with, and the rest when somebody asks."""

import subprocess
import sys

import pytest

IMPORTED = "import sys, watchword.app as app; app.surfaces(); print(*sys.modules)"

# Some are asked for by some pages, some by one connector, some by the command line.
LATER = (
    "aiosmtplib",
    "alembic",
    "markdown_it",
    "rich",
    "segno",
    "smpplib",
    "watchword.emulators",
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
