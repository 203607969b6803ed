"""Measurements of one server on one database."""

import asyncio
import gzip
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from statistics import quantiles
from typing import Any
from urllib.parse import urljoin, urlsplit

import psutil

from bench.connection import Connection
from bench.processes import Database, Server
from bench.seed import phone_of
from bench.sign_in import Person, SignIn

PUBLIC_SETTINGS = "/api/.well-known/sign-in-exp"
ASSET = re.compile(rb'<(?:link|script|img)\b[^>]*?\b(?:href|src)="([^"]+)"')


@dataclass(frozen=True)
class Level:
    """Sign-ins at one concurrency: how many, how long each step took, and what each cost."""

    concurrency: int
    sign_ins: int
    seconds: float
    app_cpu: float
    database_cpu: float
    driver_cpu: float
    others_cpu: float
    yardstick: float
    statements: float
    steps: dict[str, list[float]] = field(repr=False)

    def summary(self) -> dict[str, Any]:
        """Return the figures for one sign-in."""
        return {
            "concurrency": self.concurrency,
            "sign_ins": self.sign_ins,
            "sign_ins_per_second": round(self.sign_ins / self.seconds, 1),
            "app_cpu_ms": round(1000 * self.app_cpu / self.sign_ins, 2),
            "database_cpu_ms": round(1000 * self.database_cpu / self.sign_ins, 2),
            "driver_cpu_ms": round(1000 * self.driver_cpu / self.sign_ins, 2),
            "statements": round(self.statements / self.sign_ins, 1),
            "yardstick_ms": round(1000 * self.yardstick),
            "others_cores": round(self.others_cpu / self.seconds, 2),
            "steps_ms": {name: percentiles(times) for name, times in self.steps.items()},
        }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return p50, p95 and p99 in milliseconds."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {f"p{nth}": round(1000 * cuts[nth - 1], 2) for nth in (50, 95, 99)}


def yardstick() -> float:
    """Return what a fixed piece of work costs now: rented machines change their speed."""
    started = time.process_time()
    kept: dict[int, str] = {}
    for number in range(400_000):
        kept[number & 1023] = str(number)
    return time.process_time() - started


class Bench:
    """Drives one server."""

    def __init__(self, server: Server, database: Database, sign_in: SignIn, users: int) -> None:
        self.server = server
        self.database = database
        self.sign_in = sign_in
        self.users = users
        self._numbers = count()

    async def sign_ins(self, concurrency: int, seconds: float) -> Level:
        """Keep *concurrency* people signing in for that long."""
        steps: dict[str, list[float]] = defaultdict(list)
        before = yardstick()
        ours = psutil.Process()
        driver, app = _own_cpu(ours), self.server.cpu_seconds()
        database, statements = self.database.cpu_seconds(), await self.server.statements()
        machine, started = _busy_cpu(), time.perf_counter()
        await asyncio.gather(*(self._people(started + seconds, steps) for _ in range(concurrency)))
        took, machine = time.perf_counter() - started, _busy_cpu() - machine
        app = self.server.cpu_seconds() - app
        database = self.database.cpu_seconds() - database
        driver = _own_cpu(ours) - driver
        return Level(
            concurrency=concurrency,
            sign_ins=len(steps["whole"]),
            seconds=took,
            app_cpu=app,
            database_cpu=database,
            driver_cpu=driver,
            others_cpu=max(0.0, machine - app - database - driver),
            yardstick=(before + yardstick()) / 2,
            statements=await self.server.statements() - statements,
            steps=steps,
        )

    async def _people(self, until: float, steps: dict[str, list[float]]) -> None:
        connection = await Connection(self.server.origin).open()
        while time.perf_counter() < until:
            number = next(self._numbers)
            person = Person(connection, number)
            started = time.perf_counter()
            await self.sign_in(person, phone_of(self._user(number)))
            steps["whole"].append(time.perf_counter() - started)
            for name, took in person.steps.items():
                steps[name].append(took)
        connection.close()

    def _user(self, number: int) -> int:
        # A stride through all of them: with a million users, their rows are not all in a cache.
        return number * 7919 % self.users

    async def public_settings(self, seconds: float, connections: int = 32) -> dict[str, float]:
        """Return the rate and the cost of the page's settings, the busiest public call."""
        done = 0
        until = time.perf_counter() + seconds

        async def ask() -> None:
            nonlocal done
            connection = await Connection(self.server.origin).open()
            while time.perf_counter() < until:
                answer = await connection.request("GET", PUBLIC_SETTINGS, {})
                assert answer.status == 200, answer
                done += 1
            connection.close()

        cpu, started = self.server.cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(ask() for _ in range(connections)))
        cpu, took = self.server.cpu_seconds() - cpu, time.perf_counter() - started
        return {"per_second": round(done / took), "app_cpu_ms": round(1000 * cpu / done, 3)}

    async def page_weight(self) -> dict[str, float]:
        """Return the sign-in page's size with all assets, compressed, and its requests."""
        person = Person(await Connection(self.server.origin).open(), next(self._numbers))
        await self.sign_in.begin(person)
        page = await person.ask("page", "GET", "/sign-in", 200)
        total = len(gzip.compress(page.body))
        assets = {
            target
            for target in (
                urljoin("/sign-in", match.decode()) for match in ASSET.findall(page.body)
            )
            if not urlsplit(target).netloc and not target.startswith("data:")
        }
        for target in assets:
            asset = await person.ask("asset", "GET", target, 200)
            total += len(gzip.compress(asset.body))
        person.connection.close()
        return {"kb": round(total / 1000, 1), "requests": 1 + len(assets)}


def _own_cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy_cpu() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0) + getattr(times, "irq", 0))
