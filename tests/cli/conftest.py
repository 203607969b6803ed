"""Commands in this process, on a database of their own."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.emulators.conftest import emulator, emulators, provider
from watchword.cli import cli
from watchword.core.keys import SecretKeys
from watchword.providers.twilio.connector import TwilioConnector

__all__ = ["emulator", "emulators", "provider"]


@dataclass(frozen=True)
class Ended:
    """What a command said, and how it left."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Return the answer that a script would read."""
        return json.loads(self.stdout)


Watchword = Callable[..., Ended]


@pytest.fixture
def database(sqlite_folder: Path, sqlite_template: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a migrated database; it seems to be in the test's own folder."""
    with TemporaryDirectory(dir=sqlite_folder) as folder:
        file = Path(shutil.copy(sqlite_template, Path(folder) / "watchword.db"))
        seen = tmp_path / file.name
        seen.symlink_to(file)
        yield seen


@pytest.fixture
def watchword(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watchword:
    """Return what runs a command of a production installation on SQLite."""
    for name in os.environ:
        if name.startswith("WATCHWORD_"):
            monkeypatch.delenv(name)
    for name, value in {
        "MODE": "production",
        "DATABASE_URL": f"sqlite:///{database}",
        "PUBLIC_URL": "http://127.0.0.1:3001",
        "SECRET_KEYS": SecretKeys.generate("cli"),
        "OUTBOUND_ALLOW": "127.0.0.0/8",
    }.items():
        monkeypatch.setenv(f"WATCHWORD_{name}", value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, given: str = "") -> Ended:
        done = CliRunner().invoke(cli, arguments, input=given)
        # Anything else than an exit is a defect, to be seen with its own traceback.
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def twilio(emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let Twilio's connector send to the emulator, and return its address."""
    redirected = json.dumps({TwilioConnector.metadata.id: emulator})
    monkeypatch.setenv("WATCHWORD_PROVIDER_BASE_URLS", redirected)
    return emulator
