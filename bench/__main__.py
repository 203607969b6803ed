"""`make bench`: measure on each database, print tables, write JSON."""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from bench import users
from bench.flows import measure_flows, print_flows
from bench.measure import Bench
from bench.processes import (
    Database,
    compile_source,
    new_environment,
    running_database,
    running_server,
)
from bench.provider import running_provider
from bench.report import print_report
from bench.seed import seed, seed_users
from bench.sign_in import SignIn, signing_keys

RESULTS = Path(__file__).parent / "results"
WARM_UP_SECONDS = 2


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Whole phone sign-ins over HTTP, and what each costs. "
        "`python -m bench users` measures a tenant with very many users instead.",
    )
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--concurrency", nargs="+", type=int, default=[1, 8, 32])
    parser.add_argument("--seconds", type=float, default=10, help="for each concurrency")
    parser.add_argument(
        "--users", nargs="+", type=int, default=[1000], help="sizes to compare: 1000 1000000"
    )
    return parser.parse_args()


async def measure(database: Database, size: int, folder: Path, given: Any) -> dict[str, Any]:
    """Measure one server on one new database."""
    variables, port = new_environment(database)
    async with running_provider() as provider:
        client_id = await seed(database, variables, provider.url)
        await seed_users(database, size)
        async with running_server(variables, port, folder) as server:
            sign_in = SignIn(server.origin, client_id, provider, await signing_keys(server.origin))
            bench = Bench(server, database, sign_in, size)
            await bench.sign_ins(4, WARM_UP_SECONDS)
            levels = [
                (await bench.sign_ins(concurrency, given.seconds)).summary()
                for concurrency in given.concurrency
            ]
            return {
                "database": database.kind,
                "users": size,
                "cold_start_seconds": round(server.cold_start, 2),
                "levels": levels,
                "memory_mb": round(server.memory_mb()),
                "public_settings": await bench.public_settings(3),
                "sign_in_page": await bench.page_weight(),
                "flows": await measure_flows(server, database, sign_in, size, given.seconds / 2),
                "memory_after_flows_mb": round(server.memory_mb()),
            }


def main() -> None:
    """Measure everything that was asked for."""
    if sys.argv[1:2] == ["users"]:
        users.main(sys.argv[2:])
        return
    given = parse_arguments()
    compile_source()
    runs = []
    for kind in given.databases:
        for size in given.users:
            with tempfile.TemporaryDirectory(prefix="watchword-bench-") as name:
                folder = Path(name)
                with running_database(kind, folder) as database:
                    runs.append(asyncio.run(measure(database, size, folder, given)))
            print_report(runs[-1])
            print_flows(runs[-1]["flows"])
            print(f"\nmemory after all of it: {runs[-1]['memory_after_flows_mb']} MB")
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC)
    result = {
        "at": moment.isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "runs": runs,
    }
    path = RESULTS / f"{moment:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(
        f"\nWritten to {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}"
    )


if __name__ == "__main__":
    uvloop.install()
    main()
