"""The security statements as a reference page: what each says, and the tests that prove it.

`security_statements.toml` has the statements in our words. A test proves one by its name
(`test_s84_…`) or by a mark (`@pytest.mark.proves("S12", "S13")`); tests are read, not imported.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
STATEMENTS = HERE / "security_statements.toml"
TESTS = HERE.parent / "tests"
NAMED = re.compile(r"test_s(\d+b?)_")


@dataclass(frozen=True)
class Statement:
    """One thing that must hold, or a reason why it does not."""

    id: str
    sense: str
    otherwise: str = ""
    """Why the product keeps to something else, on purpose."""
    later: str = ""
    """What is not built yet, or not proved by a test."""


@dataclass(frozen=True)
class Proof:
    """A test, and a statement that it says it proves."""

    statement: str
    file: str
    name: str


def sections() -> dict[str, tuple[Statement, ...]]:
    """Return the statements by their heading, in order."""
    written = tomllib.loads(STATEMENTS.read_text(encoding="utf-8"))
    return {
        title: tuple(
            Statement(id_, **({"sense": words} if isinstance(words, str) else words))
            for id_, words in statements.items()
        )
        for title, statements in written.items()
    }


def statements() -> tuple[Statement, ...]:
    """Return every statement."""
    return tuple(statement for group in sections().values() for statement in group)


@cache
def proofs() -> tuple[Proof, ...]:
    """Return what every test of the repository says that it proves."""
    return tuple(
        Proof(statement, path.relative_to(TESTS).as_posix(), name)
        for path in sorted(TESTS.rglob("test_*.py"))
        for statement, name in proofs_in(path.read_text(encoding="utf-8"))
    )


def proofs_in(source: str) -> Iterator[tuple[str, str]]:
    """Yield the statement and the test of every proof in a file."""
    if "proves" not in source and not NAMED.search(source):
        return  # and need not be parsed
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [f"S{number}" for number in NAMED.findall(node.name)]
            for statement in dict.fromkeys((*named, *_marked(node))):
                yield statement, node.name


def _marked(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.proves":
            yield from (str(ast.literal_eval(argument)) for argument in decorator.args)


def rows(group: tuple[Statement, ...], found: tuple[Proof, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the lines of a table: the statement, what it says, and how it is proved or why not."""
    for statement in group:
        lines = [_tests_of(statement, found)]
        if statement.otherwise:
            lines.append(f"*Otherwise:* {statement.otherwise}")
        if statement.later:
            lines.append(f"*Not yet:* {statement.later}")
        yield statement.id, statement.sense, " ".join(line for line in lines if line)


def _tests_of(statement: Statement, found: tuple[Proof, ...]) -> str:
    by_file: dict[str, list[str]] = {}
    for proof in found:
        if proof.statement == statement.id and f"`{proof.name}`" not in by_file.get(proof.file, ()):
            by_file.setdefault(proof.file, []).append(f"`{proof.name}`")
    return " ".join(f"**{file}** {', '.join(names)}." for file, names in by_file.items())
