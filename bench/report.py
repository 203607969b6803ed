"""The figures as tables, beside what they are held to."""

from collections.abc import Iterable
from typing import Any

STEPS = ("authorize", "start", "send", "verify", "identify", "submit", "return", "token", "whole")

# Beyond this, what others do shows in our figures.
QUIET_CORES = 0.1


def print_report(run: dict[str, Any]) -> None:
    """Print one run."""
    print(f"\n{run['database']}, {run['users']:,} users\n")
    print_table(
        (
            "at once",
            "sign-ins/s",
            "app CPU ms",
            "db CPU ms",
            "statements",
            "driver CPU ms",
            "others",
            "yardstick ms",
        ),
        (
            (
                level["concurrency"],
                level["sign_ins_per_second"],
                level["app_cpu_ms"],
                level["database_cpu_ms"],
                level["statements"],
                level["driver_cpu_ms"],
                level["others_cores"],
                level["yardstick_ms"],
            )
            for level in run["levels"]
        ),
    )
    if max(level["others_cores"] for level in run["levels"]) > QUIET_CORES:
        print("\nOther programs used the machine (cores in that column): too high a cost.")
    print()
    levels = run["levels"]
    print_table(
        ("step, ms", *(f"p50/p95/p99 at {level['concurrency']}" for level in levels)),
        (
            (
                step,
                *("/".join(f"{ms:.1f}" for ms in _of(level, step).values()) for level in levels),
            )
            for step in STEPS
        ),
    )
    print()
    print_table(("held to", "measured", "limit", ""), _goals(run))


def _of(level: dict[str, Any], step: str) -> dict[str, float]:
    return dict(level["steps_ms"][step])


def _goals(run: dict[str, Any]) -> Iterable[tuple[object, ...]]:
    levels = {level["concurrency"]: level for level in run["levels"]}
    busiest = run["levels"][-1]
    yield _at_most("app CPU per sign-in, ms", busiest["app_cpu_ms"], 10)
    yield _at_most("database CPU per sign-in, ms", busiest["database_cpu_ms"], 4)
    if 32 in levels:
        yield _at_least("sign-ins/s, 32 at once", levels[32]["sign_ins_per_second"], 60)
    if 8 in levels:
        yield _at_most("send step p50 at 8, ms", _of(levels[8], "send")["p50"], 15)
    yield _at_least("sign-in-exp per second", run["public_settings"]["per_second"], 2000)
    yield _at_most("memory of the app, MB", run["memory_mb"], 120)
    yield _at_most("cold start, s", run["cold_start_seconds"], 2)
    yield _at_most("sign-in page, compressed KB", run["sign_in_page"]["kb"], 30)


def _at_most(name: str, measured: float, limit: float) -> tuple[object, ...]:
    return name, measured, f"≤ {limit}", "" if measured <= limit else "missed"


def _at_least(name: str, measured: float, limit: float) -> tuple[object, ...]:
    return name, measured, f"≥ {limit}", "" if measured >= limit else "missed"


def print_table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Print rows below their headings, numbers to the right."""
    lines = [head, *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        first, *others = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        aligned = [
            cell.strip().rjust(width) for cell, width in zip(others, widths[1:], strict=True)
        ]
        print("  ".join((first, *aligned)).rstrip())
