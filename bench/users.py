"""`python -m bench users`: what the users of a tenant cost when there are very many of them."""

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from bench.processes import Database as Running
from bench.processes import running_database
from bench.report import print_table
from bench.seed import phone_of, seed_users, user_id_of
from watchword.core.clock import Clock
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.storage.compiled import CompiledStatement
from watchword.storage.database import Database, Storage, storage_for
from watchword.storage.migrate import migrate
from watchword.users.models import Condition, NewUser, UserSearch
from watchword.users.repository import UserRepository
from watchword.users.service import UserService

FIRST = PageRequest(1, 20)
REPEATS = 100
DEAR_REPEATS = 5

Work = Callable[[], Awaitable[object]]


@dataclass
class Watched(Database):
    """Passes statements on, and remembers them."""

    inner: Database
    seen: list[tuple[str, list[Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dialect = self.inner.dialect

    async def _fetch(self, compiled: CompiledStatement, bound: list[Any]) -> list[Any]:
        self.seen.append((compiled.sql, bound))
        return await self.inner._fetch(compiled, bound)

    async def _execute(self, compiled: CompiledStatement, bound: list[Any]) -> int:
        self.seen.append((compiled.sql, bound))
        return await self.inner._execute(compiled, bound)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Database]:
        """Open one, watched too."""
        async with self.inner.transaction() as tx:
            yield Watched(tx, self.seen)


@dataclass(frozen=True)
class Cost:
    """One operation at one size."""

    name: str
    milliseconds: float
    read: int
    plan: tuple[str, ...]


def operations(users: UserService, size: int) -> Iterator[tuple[str, int, Work]]:
    """Return what is measured: its name, how often it is repeated, and how it is done."""
    numbers = count(size + 1)
    middle, last = user_id_of(size // 2), PageRequest(size // FIRST.size, FIRST.size)
    half = PageRequest(max(1, size // FIRST.size // 2), FIRST.size)
    phone = Condition.fitting(f"%{phone_of(size // 2)}%")
    text = Condition.fitting("%nobody is called so%")

    def new() -> NewUser:
        return NewUser(primary_phone=PhoneNumber(phone_of(next(numbers))))

    yield "create", REPEATS, lambda: users.create(new())
    yield "get", REPEATS, lambda: users.get(middle)
    yield (
        "search by exact phone",
        REPEATS,
        lambda: users.list(FIRST, UserSearch(conditions=(phone,))),
    )
    yield "list, first page", REPEATS, lambda: users.list(FIRST)
    yield "list, last page", REPEATS, lambda: users.list(last)
    yield "list, page in the middle", DEAR_REPEATS, lambda: users.list(half)
    yield (
        "search for a text nobody has",
        DEAR_REPEATS,
        lambda: users.list(FIRST, UserSearch(conditions=(text,))),
    )


async def measure(running: Running, size: int) -> list[Cost]:
    """Fill a new database and measure every operation on it."""
    await migrate(running.url)
    await seed_users(running, size)
    storage: Storage = storage_for(running.url)
    await storage.open()
    try:
        watched = Watched(storage)
        users = UserService(users=UserRepository(watched, "default"), clock=Clock())
        return [await _cost(running, watched, *operation) for operation in operations(users, size)]
    finally:
        await storage.close()


async def _cost(running: Running, watched: Watched, name: str, repeats: int, work: Work) -> Cost:
    await work()
    watched.seen.clear()
    await work()
    seen = list(watched.seen)
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        await work()
        times.append((time.perf_counter() - started) * 1000)
    explain = _explained_by_sqlite if running.kind == "sqlite" else _explained_by_postgresql
    read, plans = 0, []
    for sql, bound in seen:
        rows, plan = await explain(running.url, sql, bound)
        read += rows
        plans.append(plan)
    return Cost(name, statistics.median(times), read, tuple(plans))


async def _explained_by_sqlite(url: str, sql: str, bound: list[Any]) -> tuple[int, str]:
    """Return how many steps SQLite's machine takes, and its plan."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        details = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", bound)]
        steps = 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        if sql.startswith("SELECT"):
            connection.set_progress_handler(step, 1)
            connection.execute(sql, bound).fetchall()
        return steps, "; ".join(details) or sql.split(" (", maxsplit=1)[0]
    finally:
        connection.close()


async def _explained_by_postgresql(url: str, sql: str, bound: list[Any]) -> tuple[int, str]:
    """Return how many rows PostgreSQL reads, and its plan."""
    connection = await asyncpg.connect(url)
    try:
        analyze = "ANALYZE, TIMING OFF, " if sql.startswith("SELECT") else ""
        [row] = await connection.fetch(f"EXPLAIN ({analyze}FORMAT JSON) {sql}", *bound)
        plan = json.loads(row[0])[0]["Plan"]
        return _rows_read(plan), _shape(plan)
    finally:
        await connection.close()


def _rows_read(node: dict[str, Any]) -> int:
    below = sum(_rows_read(child) for child in node.get("Plans", ()))
    if "Scan" not in node["Node Type"] or node["Node Type"] in {
        "Bitmap Heap Scan",
        "Subquery Scan",
    }:
        return below
    removed = node.get("Rows Removed by Filter", 0)
    return int(below + (node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 0))


def _shape(node: dict[str, Any]) -> str:
    name = str(node["Node Type"])
    on = node.get("Index Name") or node.get("Relation Name")
    below = [_shape(child) for child in node.get("Plans", ())]
    return name + (f" {on}" if on else "") + (f" ({', '.join(below)})" if below else "")


def main(arguments: list[str]) -> None:
    """Measure on each database, at each size, and print the costs side by side."""
    parser = argparse.ArgumentParser(prog="python -m bench users", description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 1_000_000])
    given = parser.parse_args(arguments)
    for kind in given.databases:
        costs = {}
        for size in given.sizes:
            with (
                tempfile.TemporaryDirectory(prefix="watchword-bench-") as name,
                running_database(kind, Path(name)) as running,
            ):
                costs[size] = asyncio.run(measure(running, size))
        _print(kind, costs)


def _print(kind: str, costs: dict[int, list[Cost]]) -> None:
    unit = "steps" if kind == "sqlite" else "rows read"
    print(f"\n{kind}\n")
    head = [f"{size:,} users, {what}" for size in costs for what in ("ms", unit)]
    by_operation = list(zip(*costs.values(), strict=True))
    print_table(
        ("", *head, "same plan"),
        (
            (
                row[0].name,
                *(cell for cost in row for cell in (f"{cost.milliseconds:.2f}", cost.read)),
                "yes" if len({cost.plan for cost in row}) == 1 else "no",
            )
            for row in by_operation
        ),
    )
    for row in by_operation:
        print(f"\n{row[0].name}")
        for plan in dict.fromkeys(plan for cost in row for plan in cost.plan):
            print(f"  {plan}")
