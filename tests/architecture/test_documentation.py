"""What the code promises, the documentation says."""

import re
import tomllib

from tests.architecture.reference import ROOT, reference

DOCS = ROOT / "docs"


def test_every_reference_page_is_as_the_code_says() -> None:
    stale = [
        name
        for name, text in reference.pages().items()
        if (DOCS / "reference" / name).read_text() != text
    ]
    assert stale == [], "run `make fix`"


def test_every_setting_is_described() -> None:
    undescribed = [
        name for name, field in reference.Settings.model_fields.items() if not field.description
    ]
    assert undescribed == []


def test_every_route_says_what_it_does() -> None:
    assert [(method, path) for method, path, words in reference.routes() if not words] == []


def test_every_decision_is_listed() -> None:
    listed = (DOCS / "adr" / "index.md").read_text()
    decisions = [path.name for path in (DOCS / "adr").glob("[0-9]*.md")]
    assert [name for name in decisions if name not in listed] == []


def test_the_architecture_page_has_every_floor_in_its_order() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    floors = project["tool"]["importlinter"]["contracts"][0]["layers"]
    page = (DOCS / "explanation" / "architecture.md").read_text()
    block = page.split("```text\n")[2].split("```")[0]
    drawn = re.findall(r"^[a-z_]+(?: \| [a-z_]+)*", block, re.MULTILINE)

    assert drawn == [re.sub(r"[()]", "", floor) for floor in floors]


def test_every_change_note_has_a_known_type() -> None:
    types = {"added", "changed", "fixed", "removed", "security"}
    notes = [path for path in (ROOT / "changes").glob("*.md") if path.name != "README.md"]
    assert [note.name for note in notes if note.name.split(".")[-2] not in types] == []


def test_both_readmes_have_the_same_shape() -> None:
    english, korean = (
        [line.split()[0] for line in (ROOT / name).read_text().splitlines() if line[:1] == "#"]
        for name in ("README.md", "README.ko.md")
    )
    assert english == korean
