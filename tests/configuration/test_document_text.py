"""A document is written in one way, and read with its lines known."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.configuration.document_text import DocumentUnreadable, read, write

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**9), max_value=10**9)
    | st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc:- #1", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(value=VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert read(write({"version": 1, "value": value})).document == {"version": 1, "value": value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("true", True),
        ("~", None),
        ("", None),
        ("12", 12),
        ("012", "012"),
        ("1.5", 1.5),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2026-05-01", "2026-05-01"),
        ("'12'", "12"),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: Any) -> None:
    assert read(f"value: {text}").document == {"value": value}


def test_a_text_with_lines_is_written_as_a_block() -> None:
    assert write({"css": "a {\n  b: c;\n}\n"}) == "css: |\n  a {\n    b: c;\n  }\n"


def test_the_line_of_everything_is_known() -> None:
    source = read("version: 1\nguard:\n  allowedCountries:\n    - KR\n    - NO\n")

    assert source.line_of(("guard",)) == 2
    assert source.line_of(("guard", "allowedCountries", 1)) == 5
    assert source.line_of(("guard", "allowedCountries", 9, "x")) == 3
    assert source.line_of(("elsewhere",)) == 1


def test_json_is_read_too() -> None:
    assert read('{"version": 1, "guard": null}').document == {"version": 1, "guard": None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with"),
        ("- 1", "begins with"),
        ("a: [", "line"),
        ("a: 1\na: 2", "line 2: a stands here twice"),
        ("a: &x 1\nb: *x", "line 2: write it out"),
        ("a: !!python/object:os.system x", "line 1: a configuration has no tags"),
        ("a: 1\n? [b]\n: 2", "line 2: a key is a text"),
        ("a: 1\n---\nb: 2", "line 2"),
        ("a: \x00", "not text"),
        ("[" * 5000, "deeper"),
        ("a: " + "x" * (1024 * 1024), "megabyte"),
    ],
)
def test_what_is_no_configuration_says_where(text: str, words: str) -> None:
    with pytest.raises(DocumentUnreadable) as refused:
        read(text)

    assert words in refused.value.detail
