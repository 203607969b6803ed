"""What every page keeps to: tables that fit a phone, and the main button where it is looked for."""

import re
from pathlib import Path

import pytest

import watchword
from watchword.web.console.field_names import MOST_COMPARED, lines_that_differ, phrases_of_method
from watchword.web.console.forms import rendered_guide

TEMPLATES = Path(watchword.__file__).parent / "templates" / "console"
BODY = re.compile(r"<tbody.*?</tbody>", re.DOTALL)
NAMELESS = re.compile(r"<td(?![^>]*data-label)([^>]*)>(.*?)</td>", re.DOTALL)
ROW = re.compile(r'<div class="(?:actions|save-bar[^"]*)">(.*?)</div>', re.DOTALL)
MAIN = re.compile(r'<(?:a|button) (?:[^>]* )?class="(?:button primary|primary|danger solid)"')
TABLES = sorted(path.name for path in TEMPLATES.glob("*.html") if "<table" in path.read_text())


def test_the_main_button_is_the_last_of_its_row() -> None:
    rows = {
        path.name: ROW.findall(path.read_text(encoding="utf-8"))
        for path in TEMPLATES.glob("*.html")
    }

    mains = [(name, MAIN.split(row)) for name, found in rows.items() for row in found]

    assert sum(len(parts) > 1 for _, parts in mains) > 30
    assert [
        name for name, parts in mains if any("<button" in p or "<a " in p for p in parts[1:])
    ] == []


@pytest.mark.parametrize("name", TABLES)
def test_every_value_of_a_table_carries_its_columns_name(name: str) -> None:
    bodies = BODY.findall((TEMPLATES / name).read_text(encoding="utf-8"))
    nameless = [cell for body in bodies for cell in NAMELESS.findall(body)]

    assert bodies
    # What is pressed speaks for itself.
    assert [cell for cell in nameless if "box" not in cell[0] and "<button" not in cell[1]] == []


def test_a_guides_values_carry_their_columns_names() -> None:
    guide = rendered_guide("| setting | what to enter |\n| --- | --- |\n| Key | Yours |\n")

    assert '<td data-label="What to enter">Yours</td>' in guide
    assert "<td>Key</td>" in guide


@pytest.mark.parametrize(
    ("is_password_primary", "factors"),
    [(True, ["password", "code"]), (False, ["code", "password"])],
)
def test_a_way_to_sign_in_is_named_with_its_factors_in_their_order(
    *, is_password_primary: bool, factors: list[str]
) -> None:
    method = {
        "identifier": "phone",
        "password": True,
        "verificationCode": True,
        "isPasswordPrimary": is_password_primary,
    }

    identifier, named = phrases_of_method(method)

    assert identifier == "console.identifier.phone"
    assert named == [f"console.factor.{factor}" for factor in factors]


@pytest.mark.parametrize(
    ("before", "after", "gone", "come"),
    [
        ("a\nb\nc", "a\nx\nc", ["b"], ["x"]),
        ("a\nb\nc\nd", "z\nb\nc", ["a", "d"], ["z"]),
        ("a\nb", "a\nb\nc", [], ["c"]),
        ("b\nb\na", "b\na", ["b"], []),
        ("a\nb", "b\na", ["b"], ["b"]),
        (None, "a\nb", [], ["a", "b"]),
    ],
)
def test_of_two_long_texts_the_lines_that_differ_are_shown(
    before: str | None, after: str, gone: list[str], come: list[str]
) -> None:
    assert lines_that_differ("customCss", before, after) == (gone, come)


def test_texts_of_which_too_many_lines_differ_keep_nobody_waiting() -> None:
    old = [f"{number % 150} old" for number in range(20_000)]
    new = [f"{number * 7 % 150} new" for number in range(20_000)]
    common = ["", "both", ""]

    differing = lines_that_differ(
        "customCss",
        "\n".join(["head", *old, *common, *new]),
        "\n".join(["head", *new, *common, *old]),
    )

    assert len(old) > MOST_COMPARED
    assert differing == ([*old, *common, *new], [*new, *common, *old])
