"""`watchword serve` and `watchword migrate`."""

import contextlib
import gc
import os
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from watchword.cli.output import AsJson, fail, migrate_embedded, run, say, settings_or_fail
from watchword.core.clock import Clock
from watchword.core.hosts import is_loopback
from watchword.settings import PREFIX, Settings
from watchword.storage.database import storage_for
from watchword.storage.key_check import check_keys
from watchword.storage.schema_version import newest_revision, require_current_schema
from watchword.tenants.models import Tenant
from watchword.tenants.service import TenantDirectory
from watchword.web.logging import configure_logging

if TYPE_CHECKING:
    from fastapi import FastAPI

GRACEFUL_SECONDS = 20
STARTUP_FAILURE = 3
"""Uvicorn's own word for a server that could not begin."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 3001,
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
    owners = run(_try_database(settings))
    config = uvicorn.Config(
        "watchword.cli.serve:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    # Before anything is loaded: a port that is taken is said at once.
    listening = [_listening(config), *_bound(host, owners)]
    if workers > 1:
        Multiprocess(config, sockets=listening).run()
        return
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=listening)
    if not server.started:
        raise typer.Exit(STARTUP_FAILURE)


def application() -> "FastAPI":
    """Import the application and return it; each server process does this once."""
    # What is imported stays, and the collector would look through it again and again: a sixth of
    # the start. The application turns it on.
    gc.disable()
    with _without_pydantic_1():
        from watchword.app import create_app

        return create_app()


@contextlib.contextmanager
def _without_pydantic_1() -> Iterator[None]:
    """Let FastAPI find no models of Pydantic 1: we have none, and to look for them costs 1.5 MB."""
    name = "pydantic.v1"
    sys.modules[name] = None  # type: ignore[assignment]  # Python's own mark: not to be imported
    try:
        yield
    finally:
        # A connector of somebody's own may well use a library that has some.
        del sys.modules[name]


def _listening(config: uvicorn.Config) -> socket.socket:
    """Return the server's own socket, or leave with the address that it can't have."""
    try:
        return config.bind_socket()
    except SystemExit:
        # The reason was logged, without the address.
        fail(
            f"Nothing can listen on {config.host}:{config.port}. Choose another --port or --host.",
            STARTUP_FAILURE,
        )


def _bound(host: str, owners: list[Tenant]) -> Iterator[socket.socket]:
    """Yield a socket for each port that a tenant owns; one that is taken stops nobody else."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for tenant in owners:
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, tenant.port))
        except OSError:
            bound.close()
            print(
                f"Port {tenant.port} of the tenant {tenant.id} is in use: nobody reaches the "
                "tenant there until it is free and the server was started again.",
                file=sys.stderr,
            )
            continue
        bound.set_inheritable(True)
        yield bound


async def _try_database(settings: Settings) -> list[Tenant]:
    """Find here, where one line says it, what would otherwise end each server process.

    Returns the tenants that own ports.
    """
    storage = storage_for(settings.database_url)
    await storage.open()
    try:
        await require_current_schema(storage)
        await storage.ping()
        await check_keys(storage, settings.keys, Clock())
        tenants = await TenantDirectory.of(storage, Clock()).list()
    finally:
        await storage.close()
    return [tenant for tenant in tenants if tenant.port is not None]


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to this version's schema."""
    from watchword.storage.migrate import migrate as run_migrations

    settings = settings_or_fail()
    run(run_migrations(settings.database_url))
    say(as_json, {"revision": newest_revision()}, "The database has this version's schema.")
