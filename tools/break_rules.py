"""Break each rule of `tests/invariants/broken_rules.toml` in a copy, and see a test fail.

Usage: `.venv/bin/python tools/break_rules.py [number of an invariant…]`. It takes some minutes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RULES = ROOT / "tests" / "invariants" / "broken_rules.toml"
COPIED = ("src", "tests", "docs", "tools", "pyproject.toml")


def rules() -> list[dict[str, Any]]:
    """Return every rule with how to break it."""
    found: list[dict[str, Any]] = tomllib.loads(RULES.read_text())["rule"]
    return found


def main() -> None:
    """Break the rules one after the other; exits 1 if a break went unnoticed."""
    wanted = {int(number) for number in sys.argv[1:]}
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("output"))
            else:
                shutil.copy(source, copy / name)
        for rule in rules():
            if not wanted or rule["invariant"] in wanted:
                noticed = _is_noticed(copy, rule)
                unnoticed += not noticed
                word = "noticed  " if noticed else "UNNOTICED"
                print(  # noqa: T201  # a tool for the terminal
                    f"{word}  {rule['invariant']:2}  {rule['name']}", flush=True
                )
    raise SystemExit(unnoticed > 0)


def _is_noticed(copy: Path, rule: dict[str, Any]) -> bool:
    file = copy / rule["file"]
    whole = file.read_text()
    file.write_text(whole.replace(rule["old"], rule["new"]))
    tests = [sys.executable, "-m", "pytest", "-q", "-x", *rule["tests"].split()]
    try:
        run = subprocess.run(  # noqa: S603  # our own tests
            tests,
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "src")},
            capture_output=True,
            check=False,
        )
    finally:
        file.write_text(whole)
    # 1: tests ran and failed. Anything else means that they did not run.
    return run.returncode == 1


if __name__ == "__main__":
    main()
