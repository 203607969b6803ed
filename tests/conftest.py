"""Fixtures that every test may use: both databases, a clock, keys."""

import asyncio
import base64
import gc
import hashlib
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import asyncpg
import hypothesis
import jinja2
import pytest

from tests.databases import PostgresqlDatabases
from tests.fakes import FakeClock
from tests.postgresql import postgresql_server
from watchword.core.keys import SecretKeys
from watchword.storage.database import Storage, storage_for
from watchword.storage.migrate import migrate

DATABASES = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")  # noqa: S108  # a folder with a name of its own is made in it
ENOUGH_MEMORY = 2**30
"""Bytes; a container may have a few megabytes only."""
SLOW_FOLDERS = tuple(f"{Path(__file__).parent / name}{os.sep}" for name in ("emulators", "sdk"))
PAGE_FOLDERS = tuple(
    f"{Path(__file__).parent / 'web' / name}{os.sep}" for name in ("console", "pages")
)
"""Pages say what services did: the services' own tests, the APIs' and a walk of every route
(`tests/invariants`) meet both databases."""

# The same examples in every run: a new counterexample is found by whoever looks for one
# (HYPOTHESIS_PROFILE=default), not by whoever happens to commit.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make quick` leave PostgreSQL out."""
    parser.addoption(
        "--databases", default=",".join(DATABASES), help="comma-separated: sqlite,postgresql"
    )


def pytest_configure() -> None:
    """Let Ctrl-C end a test with no handler of asyncio's around each of its runs."""
    # Taking that handler away, `signal` writes out the task with its result, a whole server
    # with every setting, only to see that it is none of its constants: half of a fixture's time.
    is_ours_to_set = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours_to_set and current_thread() is main_thread():
        signal.signal(signal.SIGINT, _interrupted)


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among modules and tests, which stay to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        # Servers come and go whole: looking rarely is enough, as the server itself does.
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep compiled templates from run to run, as Python keeps its modules."""
    # Tests that draw no page import no templates either.
    templating = sys.modules.get("watchword.web.templating")
    if templating is None or not hasattr(session.config, "cache"):
        return
    # What a template is compiled to depends on the settings in that module, too.
    made_by = jinja2.__version__.encode() + Path(str(templating.__file__)).read_bytes()
    folder = session.config.cache.mkdir(f"templates-{hashlib.sha256(made_by).hexdigest()[:16]}")
    templating.environment().bytecode_cache = jinja2.FileSystemBytecodeCache(str(folder))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what talks to other processes out of `make quick`."""
    for item in items:
        if str(item.path).startswith(SLOW_FOLDERS):
            item.add_marker(pytest.mark.slow)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that touches a database on each of them, unless one tells enough."""
    if "database_kind" in metafunc.fixturenames:
        kinds = metafunc.config.getoption("--databases").split(",")
        if _needs_one_database(metafunc.definition):
            kinds = kinds[:1]
        metafunc.parametrize("database_kind", kinds, indirect=True, scope="session")


def _needs_one_database(test: pytest.Item) -> bool:
    if test.get_closest_marker("both_databases"):
        return False
    is_about_pages = str(test.path).startswith(PAGE_FOLDERS)
    return is_about_pages or test.get_closest_marker("one_database") is not None


def run_apart(work: Coroutine[Any, Any, Any]) -> None:
    """Run *work* on a loop of its own thread: the browser driver keeps one on the main thread."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    """Return which database this test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    run_apart(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return where databases are: in memory if there is room, since commits wait for a disk."""
    if not (MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY):
        yield tmp_path_factory.mktemp("databases")
        return
    with TemporaryDirectory(prefix="watchword-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Return the address of a PostgreSQL server with a migrated database named `template`."""
    # Statistics that change by themselves would change plans.
    with postgresql_server("-cautovacuum=off") as url:
        run_apart(_sql(url, "CREATE DATABASE template"))
        run_apart(migrate(f"{url}/template"))
        yield url


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_url: str) -> Iterator[PostgresqlDatabases]:
    """Return the migrated databases that tests borrow, one after the other."""
    with PostgresqlDatabases(postgresql_url) as databases:
        yield databases


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of a fresh, migrated database."""
    if database_kind == "sqlite":
        with TemporaryDirectory(dir=request.getfixturevalue("sqlite_folder")) as folder:
            path = Path(folder) / "watchword.db"
            shutil.copy(request.getfixturevalue("sqlite_template"), path)
            yield f"sqlite:///{path}"
        return
    databases: PostgresqlDatabases = request.getfixturevalue("postgresql_databases")
    with databases.borrowed() as url:
        yield url


async def _sql(server: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def storage(database_url: str) -> AsyncIterator[Storage]:
    """Return an open storage on a fresh database."""
    storage = storage_for(database_url)
    await storage.open()
    yield storage
    await storage.close()


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def keys() -> SecretKeys:
    """Return two secret keys; the first one is current."""
    encoded = [base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2)]
    return SecretKeys.parse(f"k2:{encoded[1]},k1:{encoded[0]}")
