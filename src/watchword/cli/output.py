"""How commands speak: text for people, JSON for scripts, one line and an exit code for errors."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from watchword.core.errors import DomainError
from watchword.settings import InvalidSettings, Settings, load_settings
from watchword.storage import StorageUnavailable
from watchword.storage.database import storage_for
from watchword.storage.key_check import check_keys
from watchword.storage.schema_version import (
    SchemaNotCurrent,
    newest_revision,
    require_current_schema,
)
from watchword.tenants.models import TenantTag

if TYPE_CHECKING:
    from watchword.web.scope import ServerScope

Result = TypeVar("Result")

DATABASE = "The database: "
"""How an error of the database begins on the terminal."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Tenant = Annotated[str, typer.Option("--tenant", help="The tenant's id.")]


def fail(message: str, code: int = 1) -> NoReturn:
    """Print *message* to standard error and leave."""
    print(message, file=sys.stderr)
    raise typer.Exit(code)


def say(as_json: bool, value: Any, text: str) -> None:
    """Print *value* as JSON, or *text* for a person."""
    print(json.dumps(value, ensure_ascii=False, default=str) if as_json else text)


def settings_or_fail(**given: Any) -> Settings:
    """Return the settings, or leave with what is wrong with them."""
    try:
        return load_settings(**given)
    except InvalidSettings as error:
        fail(str(error), 2)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run *work*; an error a person can act on becomes one line.

    What is printed on the way, such as a warning or the development inbox's messages, goes to
    standard error: it is not the answer that a script reads.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return asyncio.run(work)
    except (StorageUnavailable, SchemaNotCurrent) as error:
        fail(f"{DATABASE}{error.detail}")
    except DomainError as error:
        fail(f"{error.code}: {error.detail}" if error.detail else error.code)


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator["ServerScope"]:
    """Open the database as the server would, without serving."""

    from watchword.app import assemble

    await migrate_embedded(settings)
    server = assemble(settings)
    await server.storage.open()
    try:
        await require_current_schema(server.storage)
        # What a command seals with a key that no server is given, nobody would ever open.
        await check_keys(server.storage, settings.keys, server.clock)
        await server.directory.ensure_default(
            TenantTag.DEVELOPMENT if settings.is_development else TenantTag.PRODUCTION
        )
        yield server
    finally:
        await server.outbound.aclose()
        await server.storage.close()


async def migrate_embedded(settings: Settings) -> None:
    """Bring a SQLite file to this version's schema; PostgreSQL waits for `watchword migrate`."""
    if not settings.uses_sqlite or await _is_current(settings.database_url):
        return
    # In a process of its own: a server has no use for Alembic, and it takes memory.
    migration = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "watchword", "migrate"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, words = await migration.communicate()
    if migration.returncode != 0:
        # It named the database already, as this process is about to.
        raise StorageUnavailable(words.decode().strip().removeprefix(DATABASE))


async def _is_current(url: str) -> bool:
    storage = storage_for(url)
    try:
        await storage.open()
    except StorageUnavailable:
        return False
    try:
        return await storage.revision() == newest_revision()
    finally:
        await storage.close()
