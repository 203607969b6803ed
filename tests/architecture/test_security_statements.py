"""Every security statement is proved by a test, or has a reason why not."""

import re

import pytest

from tests.architecture.reference import ROOT, reference

security = reference.reference_security
EXPLANATION = ROOT / "docs" / "explanation" / "security.md"


def test_every_statement_is_listed() -> None:
    numbers = [*range(1, 13), *range(20, 31), *range(40, 47), *range(50, 59), *range(60, 65)]
    numbers += [*range(70, 78), *range(80, 88), *range(100, 119), *range(120, 138)]
    besides = {"S24b", "S43b", "S43c", "S56b", "S63b"}

    listed = [statement.id for statement in security.statements()]

    assert set(listed) == {f"S{number}" for number in numbers} | besides
    assert len(listed) == len(set(listed))


def test_every_statement_has_a_test_or_a_reason() -> None:
    proved = {proof.statement for proof in security.proofs()}

    bare = [
        statement.id
        for statement in security.statements()
        if statement.id not in proved and not (statement.otherwise or statement.later)
    ]

    assert bare == []


def test_no_test_names_a_statement_that_does_not_exist() -> None:
    known = {statement.id for statement in security.statements()}

    assert [proof for proof in security.proofs() if proof.statement not in known] == []


def test_what_is_kept_otherwise_is_explained() -> None:
    explained = set(re.findall(r"\bS\d+b?\b", EXPLANATION.read_text()))
    kept_otherwise = {statement.id for statement in security.statements() if statement.otherwise}

    assert kept_otherwise - explained == set()


@pytest.mark.proves("S52")
def test_the_documentation_assesses_text_messages_and_plans_to_leave_them() -> None:
    page = (ROOT / "docs" / "explanation" / "sms-as-a-factor.md").read_text()
    menu = (ROOT / "mkdocs.yml").read_text()
    begins = [line for line in page.splitlines() if line.startswith("## ")]

    assert begins == ["## Assess the risk", "## Plan to move on"]
    assert {"SIM swap", "Recycled number", "Interception", "Phishing"} <= set(
        re.findall(r"^\| \*\*([\w ]+?)(?:,[\w ]+)?\*\*", page, re.MULTILINE)
    )
    steps = re.findall(r"^\| (\d)\. ", page, re.MULTILINE)
    assert steps == ["1", "2", "3", "4", "5", "6"]
    assert "explanation/sms-as-a-factor.md" in menu


def test_a_mark_and_a_name_are_proofs_and_a_comment_is_none() -> None:
    source = """
class TestCodes:
    @pytest.mark.parametrize("n", [1])
    @pytest.mark.proves("S4", "S5")
    async def test_once(self): ...

def test_s84_time_is_told(): ...
# S9
def test_says3_nothing(): ...
"""

    assert list(security.proofs_in(source)) == [
        ("S84", "test_s84_time_is_told"),
        ("S4", "test_once"),
        ("S5", "test_once"),
    ]
