"""`watchword serve` and `watchword migrate`."""

import os
from typing import Annotated

import typer
import uvicorn

from watchword.cli.output import fail, migrate_embedded, run, settings_or_fail
from watchword.settings import PREFIX, Settings, is_loopback
from watchword.storage.database import storage_for
from watchword.storage.schema_version import require_current_schema
from watchword.web.logging import configure_logging

GRACEFUL_SECONDS = 20


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3001,
    workers: Annotated[int, typer.Option(help="Server processes; PostgreSQL only.", min=1)] = 1,
) -> None:
    """Serve sign-in, the APIs and the console. Production unless WATCHWORD_MODE says otherwise."""
    mode = os.environ.get(f"{PREFIX}MODE")
    if mode == "development" and f"{PREFIX}PUBLIC_URL" not in os.environ:
        os.environ[f"{PREFIX}PUBLIC_URL"] = f"http://localhost:{port}"
    settings = settings_or_fail()
    if settings.is_development and not is_loopback(host):
        fail("Development mode listens on loopback only. Set WATCHWORD_MODE=production.", 2)
    if workers > 1 and settings.uses_sqlite:
        fail(
            "SQLite has one writer, so it serves one process. For --workers, set "
            "WATCHWORD_DATABASE_URL to a PostgreSQL database.",
            2,
        )
    configure_logging(
        settings.log_format or ("text" if settings.is_development else "json"),
        settings.log_level,
    )
    run(migrate_embedded(settings))
    run(_try_database(settings))
    uvicorn.run(
        "watchword.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers if workers > 1 else None,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )


async def _try_database(settings: Settings) -> None:
    """Find here, where one line says it, what would otherwise end each server process."""
    storage = storage_for(settings.database_url)
    await storage.open()
    try:
        await require_current_schema(storage)
        await storage.ping()
    finally:
        await storage.close()


def migrate() -> None:
    """Bring the database to this version's schema."""
    from watchword.storage.migrate import migrate as run_migrations

    settings = settings_or_fail()
    run(run_migrations(settings.database_url))
    print("The database has this version's schema.")
