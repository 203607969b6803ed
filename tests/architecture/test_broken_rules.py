"""The list of rules that `tools/break_rules.py` breaks is true of the code as it is."""

from collections import Counter
from typing import Any

import pytest
from tools.break_rules import rules

from tests.architecture.reference import ROOT

INVARIANTS = range(1, 12)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["name"])
def test_a_rule_is_broken_in_exactly_one_place(rule: dict[str, Any]) -> None:
    text = (ROOT / rule["file"]).read_text()

    assert text.count(rule["old"]) == 1
    assert rule["new"] != rule["old"]
    assert all((ROOT / path).exists() for path in rule["tests"].split())


def test_every_invariant_is_broken_at_least_once() -> None:
    assert set(Counter(rule["invariant"] for rule in rules())) == set(INVARIANTS)
