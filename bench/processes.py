"""The server and the database as processes, and what they have used."""

import asyncio
import compileall
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.ports import free_port
from tests.postgresql import postgresql_server

import watchword
from bench.connection import Connection
from watchword.core.keys import SecretKeys

METRICS_TOKEN = "bench"
START_SECONDS = 30


@dataclass(frozen=True)
class Database:
    """Where the rows are, and which process serves them (none for SQLite)."""

    kind: str
    url: str
    process: psutil.Process | None

    def cpu_seconds(self) -> float:
        """Return the processor time of the database's processes so far."""
        return 0.0 if self.process is None else _cpu_of_family(self.process)


@contextmanager
def running_database(kind: str, folder: Path) -> Iterator[Database]:
    """Bring a database that does not exist yet."""
    if kind == "sqlite":
        yield Database(kind, f"sqlite:///{folder / 'bench.db'}", None)
        return
    ours = psutil.Process()
    before = set(ours.children())
    with postgresql_server() as url:
        started = [child for child in ours.children() if child not in before]
        postmaster = next(child for child in started if "postgres" in child.name())
        yield Database(kind, f"{url}/postgres", postmaster)


@dataclass(frozen=True)
class Server:
    """One server process."""

    origin: str
    process: psutil.Process
    cold_start: float

    def cpu_seconds(self) -> float:
        """Return its processor time so far."""
        return _cpu_of_family(self.process)

    def memory_mb(self) -> float:
        """Return its resident memory."""
        return float(self.process.memory_info().rss) / 1e6

    async def statements(self) -> float:
        """Return how many SQL statements it has run, by its own metrics."""
        connection = Connection(self.origin)
        answer = await connection.request(
            "GET", "/metrics", {"authorization": f"Bearer {METRICS_TOKEN}"}
        )
        connection.close()
        for line in answer.body.decode().splitlines():
            if line.startswith("watchword_sql_statements_total "):
                return float(line.split()[1])
        raise RuntimeError("the server's metrics do not count statements")


def environment(database: Database, port: int) -> dict[str, str]:
    """Return a production server's environment, on loopback and behind a trusted proxy: us."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("WATCHWORD_")},
        "WATCHWORD_MODE": "production",
        "WATCHWORD_DATABASE_URL": database.url,
        "WATCHWORD_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "WATCHWORD_SECRET_KEYS": SecretKeys.generate("bench"),
        "WATCHWORD_TRUSTED_PROXIES": "127.0.0.0/8",
        "WATCHWORD_OUTBOUND_ALLOW": "127.0.0.0/8",
        "WATCHWORD_METRICS_TOKEN": METRICS_TOKEN,
        "WATCHWORD_LOG_LEVEL": "info",
    }


def new_environment(database: Database) -> tuple[dict[str, str], int]:
    """Return an environment and the port it names."""
    port = free_port()
    return environment(database, port), port


def compile_source() -> None:
    """Compile our modules to bytecode, as whoever installs a package does: a start must not."""
    compileall.compile_dir(Path(watchword.__file__).parent, quiet=1)


@asynccontextmanager
async def running_server(
    variables: dict[str, str], port: int, folder: Path
) -> AsyncIterator[Server]:
    """Start `watchword serve` and wait for its first answer."""
    command = [sys.executable, "-m", "watchword", "serve", "--port", str(port)]
    started = time.perf_counter()
    with (folder / "server.log").open("ab") as log:
        child = subprocess.Popen(  # noqa: ASYNC220  # returns at once
            command, env=variables, cwd=folder, stdout=log, stderr=log
        )
    origin = f"http://127.0.0.1:{port}"
    try:
        await _first_answer(origin, child, folder)
        yield Server(origin, psutil.Process(child.pid), time.perf_counter() - started)
    finally:
        child.terminate()
        child.wait(timeout=60)  # nothing else runs any more


async def _first_answer(origin: str, child: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(START_SECONDS * 100):
        if child.poll() is not None:
            break
        connection = Connection(origin)
        try:
            answer = await connection.request("GET", "/api/.well-known/sign-in-exp", {})
        except OSError:
            await asyncio.sleep(0.01)
            continue
        connection.close()
        if answer.status == 200:
            return
        await asyncio.sleep(0.01)
    raise RuntimeError(f"the server did not start:\n{(folder / 'server.log').read_text()[-2000:]}")


def _cpu_of_family(process: psutil.Process) -> float:
    times = process.cpu_times()
    # What ended children used is in their parent's account.
    total = float(times.user + times.system + times.children_user + times.children_system)
    for child in process.children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total
