"""What packages outside this repository rely on stays as it is, or changes with a note.

After a change that is meant: `python -m tests.connector_kit.test_public_names`, and a note in
`changes/` that tells an author what to do.
"""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.reference import ROOT, reference
from tests.connector_kit.test_how_to import BLOCK, PAGE
from watchword.connector_kit import PUBLIC

SNAPSHOT = Path(__file__).with_name("public_names.txt")
KIT = reference.reference_kit
PROVIDERS = sorted((ROOT / "src" / "watchword" / "providers").rglob("*.py"))
TEMPLATES = sorted((ROOT / "src" / "watchword" / "cli" / "connector_template").rglob("*.py-tpl"))


def test_names_and_signatures_are_as_they_were_promised() -> None:
    assert KIT.signatures() == SNAPSHOT.read_text(encoding="utf-8"), __doc__


def test_every_promised_name_is_there() -> None:
    missing = [
        f"{module}.{name}"
        for module, names in PUBLIC.items()
        for name in names
        if not hasattr(importlib.import_module(module), name)
    ]
    assert missing == []


def test_every_class_function_and_method_says_what_it_does() -> None:
    assert [found for found in described("does") if not found[1]] == []


def test_every_amount_says_its_unit() -> None:
    assert [found for found in described("amount") if not found[1]] == []


def described(kind: str) -> Iterator[tuple[str, str]]:
    """Return every public name and member of a kind, with what is said of it."""
    for name in KIT.names():
        for found in (name, *name.members):
            if found.kind == kind:
                yield f"{name.name}: {found.signature}", found.about


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Return what a source imports of Watchword, outside its own package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("watchword."):
            yield from ((str(node.module), alias.name) for alias in node.names)


def unpromised(source: str) -> set[tuple[str, str]]:
    """Return what a source imports of Watchword without a promise."""
    return {
        (module, name)
        for module, name in imported(source)
        if not module.startswith("watchword.providers.")
        and name not in PUBLIC.get(module, ())
        and f"{module}.{name}" not in PUBLIC
    }


def test_what_ships_is_built_of_what_is_promised() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in PROVIDERS
        if (names := unpromised(path.read_text(encoding="utf-8")))
    }
    assert found == {}, "not in watchword.connector_kit.PUBLIC"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_new_package_is_built_of_what_is_promised(path: Path) -> None:
    source = path.read_text(encoding="utf-8").replace("$", "")

    assert unpromised(source.replace("{prefix}", "Acme")) == set()


def test_the_page_for_authors_is_built_of_what_is_promised() -> None:
    files = {block["name"]: block["text"] for block in BLOCK.finditer(PAGE.read_text("utf-8"))}

    assert {
        name: found
        for name, text in files.items()
        if name.endswith(".py") and (found := unpromised(text))
    } == {}


def test_listing_the_names_costs_no_import_of_the_kit() -> None:
    program = "import sys, watchword.connector_kit; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "watchword.connector_kit" in loaded
    assert not {"httpx2", "pydantic", "watchword.connector_kit.models"} & set(loaded)


if __name__ == "__main__":
    SNAPSHOT.write_text(KIT.signatures(), encoding="utf-8")
