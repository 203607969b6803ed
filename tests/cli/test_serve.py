"""What stops a start, or any command, is said in one line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Watchword
from watchword.core.keys import SecretKeys


def test_a_number_that_is_no_port_is_refused(watchword: Watchword) -> None:
    ended = watchword("serve", "--port", "99999")

    assert ended.code == 2
    assert "--port" in ended.stderr


def test_a_file_that_is_no_database_is_named_once(
    watchword: Watchword, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.db").write_text("not a database" * 100)
    monkeypatch.setenv("WATCHWORD_DATABASE_URL", f"sqlite:///{tmp_path}/notes.db")

    ended = watchword("tenants", "list")

    assert ended.code == 1
    assert ended.stderr.count("The database") == 1
    assert "notes.db" in ended.stderr


def test_a_command_seals_nothing_with_a_key_that_the_server_does_not_have(
    watchword: Watchword, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = ("apps", "create", "--name", "Job", "--type", "MachineToMachine")
    assert watchword(*register).code == 0
    monkeypatch.setenv("WATCHWORD_SECRET_KEYS", SecretKeys.generate("other"))

    ended = watchword(*register)

    assert ended.code == 1
    assert "the key 'cli' is missing; it seals applications.secret" in ended.stderr
