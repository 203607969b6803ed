"""`watchword doctor`: what is wrong with this installation, and how to mend it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import typer

from watchword.app import assemble, misnamed_connectors
from watchword.cli.output import AsJson, say
from watchword.connector_kit.errors import ConnectorClassNotFound
from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.settings import InvalidSettings, Settings, load_settings
from watchword.storage import Storage, StorageUnavailable
from watchword.storage.database import storage_for
from watchword.storage.key_check import check_keys
from watchword.storage.schema_version import require_current_schema

OUTBOUND = ("api.twilio.com", 443)
CLOCK_SKEW_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    check: str
    is_fine: bool
    remedy: str = ""


def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, keys, clock and outbound access; say what to mend."""
    findings = asyncio.run(_examine())
    lines = [
        f"{'ok  ' if finding.is_fine else 'MEND'} {finding.check}"
        + (f"\n     {finding.remedy}" if finding.remedy else "")
        for finding in findings
    ]
    say(as_json, [asdict(finding) for finding in findings], "\n".join(lines))
    if not all(finding.is_fine for finding in findings):
        raise typer.Exit(1)


async def _examine() -> list[Finding]:
    try:
        settings = load_settings()
    except InvalidSettings as error:
        return [Finding("settings", False, str(error))]
    findings = [Finding(f"settings: {settings.mode} mode", True)]
    for name, check in (
        ("database schema", lambda: _schema(settings)),
        ("secret keys", lambda: _keys(settings)),
        ("database clock", lambda: _database_clock(settings)),
        ("provider addresses", lambda: _provider_addresses(settings)),
        ("outbound access", lambda: _outbound(settings)),
        ("connectors", lambda: _connectors(settings)),
    ):
        findings.append(await _finding(name, check))
    return findings


async def _finding(name: str, check: Callable[[], Awaitable[None]]) -> Finding:
    try:
        await check()
    except DomainError as error:
        return Finding(name, False, error.detail)
    except OSError as error:
        return Finding(name, False, str(error))
    return Finding(name, True)


@asynccontextmanager
async def _opened(storage: Storage) -> AsyncIterator[None]:
    """Open a database that has this version's schema: nothing else can be looked into."""
    await storage.open()
    try:
        await require_current_schema(storage)
        yield
    finally:
        await storage.close()


async def _schema(settings: Settings) -> None:
    async with _opened(storage_for(settings.database_url)):
        pass


async def _keys(settings: Settings) -> None:
    storage = storage_for(settings.database_url)
    async with _opened(storage):
        await check_keys(storage, settings.keys, Clock())


async def _database_clock(settings: Settings) -> None:
    if settings.uses_sqlite:
        return
    import asyncpg

    url = settings.database_url.replace("postgresql+asyncpg", "postgresql")
    try:
        connection = await asyncpg.connect(url)
        try:
            theirs = (await connection.fetchval("SELECT clock_timestamp()")).timestamp()
        finally:
            await connection.close()
    except asyncpg.PostgresError as error:
        raise StorageUnavailable(f"PostgreSQL: {error}") from None
    skew = abs(theirs - time.time())
    if skew > CLOCK_SKEW_SECONDS:
        raise OSError(f"the clocks differ by {skew:.0f} s; keep both machines on NTP")


async def _provider_addresses(settings: Settings) -> None:
    misnamed = misnamed_connectors(assemble(settings))
    if misnamed:
        raise ConnectorClassNotFound(
            f"WATCHWORD_PROVIDER_BASE_URLS names {', '.join(misnamed)}, which no connector here is "
            "called: its requests go to the provider; the ids are in "
            "`watchword connectors list --available`"
        )


async def _outbound(settings: Settings) -> None:
    hosts = {
        (parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443))
        for parts in map(urlsplit, settings.provider_base_urls.values())
    } or {OUTBOUND}
    for host, port in hosts:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 5)
        except (OSError, TimeoutError, socket.gaierror):
            raise OSError(
                f"{host}:{port} can't be reached; allow outgoing connections to your provider"
            ) from None
        writer.close()


async def _connectors(settings: Settings) -> None:
    server = assemble(settings)
    async with _opened(server.storage):
        await server.refresh()
        for tenant_id in server.tenants:
            scope = await server.scope_of(tenant_id)
            for saved in await scope.connectors.list():
                scope.connectors.build(saved)
