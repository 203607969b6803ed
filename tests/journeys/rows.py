"""What a test may look at, or hurry up, behind the server's back."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg


def query(database_url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of its own and return its rows."""
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=60)
        try:
            with connection:
                return [tuple(row) for row in connection.execute(sql).fetchall()]
        finally:
            connection.close()
    # On a thread of its own: a browser's driver keeps a loop running on this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, _query(database_url, sql)).result()


async def _query(database_url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(database_url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def message_states(database_url: str) -> list[str]:
    """Return the state of every message, oldest first."""
    rows = query(database_url, "SELECT state FROM messages ORDER BY created_at, id")
    return [state for (state,) in rows]


def let_leases_lapse(database_url: str) -> None:
    """Do what half a minute of waiting would."""
    past = "1" if database_url.startswith("sqlite") else "now() - interval '1 minute'"
    query(database_url, f"UPDATE messages SET lease_until = {past}")  # noqa: S608  # ours


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait until *condition* holds; tell whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
