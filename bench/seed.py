"""Fill a new database: users, a connector to our provider, phone sign-in, one application."""

import asyncio
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bench.processes import Database
from watchword.app import assemble
from watchword.applications.models import NewApplication
from watchword.audit.models import Actor
from watchword.settings import Settings
from watchword.storage.migrate import migrate
from watchword.tenants.models import TenantTag

REDIRECT_URI = "https://shop.example/callback"
FIRST_NUMBER = 447_400_000_000
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

COLUMNS = (
    *("tenant_id", "id", "primary_phone", "phone_verified_at", "profile", "custom_data"),
    *("identities", "mfa", "is_suspended", "created_at", "updated_at"),
)

COUNT_THEM = (
    "INSERT INTO row_totals (tenant_id, counted, shard, total)"
    " SELECT tenant_id, 'users', 0, count(*) FROM users GROUP BY tenant_id"
)

PHONE_SIGN_IN: dict[str, Any] = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": False,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
    "forgotPasswordMethods": ["PhoneVerificationCode"],
}


def phone_of(number: int) -> str:
    """Return the digits of the *number*th user's phone."""
    return str(FIRST_NUMBER + number)


async def seed(database: Database, variables: dict[str, str], provider_url: str) -> str:
    """Configure the default tenant and return the application's id."""
    await migrate(database.url)
    given: dict[str, Any] = {
        name.removeprefix("WATCHWORD_").lower(): value
        for name, value in variables.items()
        if name.startswith("WATCHWORD_")
    }
    server = assemble(Settings(**given))
    await server.storage.open()
    try:
        await server.directory.ensure_default(TenantTag.PRODUCTION)
        actor = Actor.system("bench")
        scope = await server.scope_of("default")
        await scope.configuration.connectors.create(actor, "http-sms", {"endpoint": provider_url})
        scope = await server.scope_of("default")
        await scope.configuration.settings.save_sign_in(actor, PHONE_SIGN_IN)
        created = await scope.configuration.applications.create(
            actor, NewApplication(name="Shop", type="SPA", redirect_uris=(REDIRECT_URI,))
        )
        return created.application.id
    finally:
        await server.storage.close()


def user_id_of(number: int) -> str:
    """Return the id of the *number*th user."""
    return f"u{number:011}"


async def seed_users(database: Database, count: int) -> None:
    """Add users whose numbers count up from the first one."""
    if database.kind == "sqlite":
        await asyncio.to_thread(_into_sqlite, database.url.removeprefix("sqlite:///"), count)
        return
    connection = await asyncpg.connect(database.url)
    try:
        await connection.copy_records_to_table(
            "users", records=_rows(count, MOMENT, False), columns=COLUMNS
        )
        await connection.execute(COUNT_THEM)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _into_sqlite(path: str, count: int) -> None:
    moment = int(MOMENT.timestamp() * 1_000_000)
    places = ", ".join("?" * len(COLUMNS))
    connection = sqlite3.connect(path)
    try:
        connection.executemany(
            f"INSERT INTO users ({', '.join(COLUMNS)}) VALUES ({places})",  # noqa: S608  # ours
            _rows(count, moment, 0),
        )
        connection.execute(COUNT_THEM)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _rows(count: int, moment: object, no: object) -> Iterator[tuple[object, ...]]:
    for number in range(count):
        phone = phone_of(number)
        yield (
            *("default", user_id_of(number), phone, moment, "{}", "{}", "{}", "{}"),
            *(no, moment, moment),
        )
