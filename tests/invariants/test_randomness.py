"""Invariant 2: codes, tokens and ids are drawn from the operating system's generator."""

import ast
from pathlib import Path

import pytest

import watchword

PREDICTABLE = {"random", "numpy"}


@pytest.mark.proves("S2")
def test_nothing_is_drawn_from_a_predictable_generator() -> None:
    modules = list(Path(watchword.__file__).parent.rglob("*.py"))

    assert len(modules) > 100
    assert [str(module) for module in modules if _imports(module) & PREDICTABLE] == []


def _imports(module: Path) -> set[str]:
    imported: set[str] = set()
    text = module.read_text()
    # Most do not even name one of them, and need not be understood.
    if not any(name in text for name in PREDICTABLE):
        return imported
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    return imported
