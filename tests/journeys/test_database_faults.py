"""The database is missing, read-only, full or away: a clear word, and nothing half done."""

import ctypes
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import local
from tests.journeys.browser import Browser
from tests.journeys.provider import Provider
from tests.journeys.rows import until
from tests.journeys.server import PYTHON, Installation, Server

pytestmark = pytest.mark.slow

ALICE = "447700900123"


def test_a_missing_folder_stops_the_start_with_its_name(tmp_path: Path) -> None:
    blocking = tmp_path / "a-file"
    blocking.touch()
    installation = Installation(f"sqlite:///{blocking}/watchword.db", tmp_path)

    ended = installation.command("serve")

    assert ended.returncode != 0
    assert str(blocking) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_several_workers_on_sqlite_are_refused_with_the_reason(tmp_path: Path) -> None:
    installation = Installation(f"sqlite:///{tmp_path}/watchword.db", tmp_path)

    ended = installation.command("serve", "--workers", "2")

    assert ended.returncode == 2
    assert "one writer" in ended.stderr


def test_an_unreachable_server_stops_the_start_with_its_reason(tmp_path: Path) -> None:
    installation = Installation("postgresql://nobody@127.0.0.1:9/nothing", tmp_path)

    ended = installation.command("serve")

    assert ended.returncode != 0
    assert "database" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="gives up root's privilege as Linux does")
def test_a_read_only_file_stops_the_start_with_its_name(tmp_path: Path) -> None:
    installation = Installation(f"sqlite:///{tmp_path}/watchword.db", tmp_path)
    assert installation.command("migrate").returncode == 0
    for path in tmp_path.iterdir():
        path.chmod(0o444)
    tmp_path.chmod(0o555)

    ended = subprocess.run(
        [PYTHON, "-m", "watchword", "serve", "--port", str(installation.port)],
        env=installation.environment,
        cwd=tmp_path,
        preexec_fn=_obey_permissions,  # one call, in the child alone
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    tmp_path.chmod(0o755)
    assert ended.returncode != 0
    assert "watchword.db" in ended.stderr
    assert "Traceback" not in ended.stderr


def _obey_permissions() -> None:
    """Give up, as root, the right to write where permissions forbid it."""
    pr_capbset_drop, cap_dac_override = 24, 1
    ctypes.CDLL(None).prctl(pr_capbset_drop, cap_dac_override, 0, 0, 0)


def test_a_full_disk_is_a_503_and_corrupts_nothing(
    installation: Installation, provider: Provider, database_url: str, database_kind: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("a full disk is that of PostgreSQL's own machine")
    client_id = installation.seed_phone_sign_in(provider.url)
    path = Path(database_url.removeprefix("sqlite:///"))
    largest = path.stat().st_size + 64 * 1024

    def limit_file_size() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    with installation.server(before_start=limit_file_size) as server:
        statuses = _visit_until_refused(server, client_id)
        assert statuses[-1] == 503
        assert set(statuses) <= {303, 503}
        assert local.get(f"{server.address}/health/live", timeout=60).status_code == 200

    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    with installation.server() as server, Browser(server.address, client_id) as browser:
        browser.begin("Register")


def _visit_until_refused(server: Server, client_id: str) -> list[int]:
    statuses: list[int] = []
    with Browser(server.address, client_id) as browser:
        while len(statuses) < 2000 and 503 not in statuses:
            statuses.append(browser.authorize(state="s" * 200).status_code)
    return statuses


class Cable:
    """A TCP connection to the database's server that a test can pull out."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.is_plugged = True
        self.sockets: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        """Break every connection, and let no new one through."""
        self.is_plugged = False
        for end in self.sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def plug(self) -> None:
        """Let connections through again."""
        self.is_plugged = True

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.is_plugged:
                near.close()
                continue
            far = socket.create_connection(self.target)
            self.sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


def test_a_database_that_was_away_is_used_again(
    provider: Provider, database_url: str, database_kind: str, tmp_path: Path
) -> None:
    if database_kind != "postgresql":
        pytest.skip("a file is not away")
    parts = urlsplit(database_url)
    cable = Cable(parts.hostname or "", parts.port or 0)
    through = parts._replace(netloc=f"{parts.username}@127.0.0.1:{cable.port}").geturl()
    installation = Installation(through, tmp_path)
    client_id = installation.seed_phone_sign_in(provider.url)
    with installation.server() as server, Browser(server.address, client_id) as browser:
        browser.begin("Register")
        cable.pull()

        away = browser.send_code(ALICE, "Register")
        assert (away.status_code, away.json()["code"]) == (503, "server.storage_unavailable")
        assert local.get(f"{server.address}/health/ready", timeout=60).status_code == 503
        assert local.get(f"{server.address}/health/live", timeout=60).status_code == 200
        assert provider.messages == []

        cable.plug()
        assert until(
            lambda: local.get(f"{server.address}/health/ready", timeout=60).status_code == 200
        )
        record = browser.send_code(ALICE, "Register").json()["verificationId"]
        code = provider.next_code(ALICE)
        assert browser.verify_code(ALICE, record, code).status_code == 200
    cable.listener.close()
