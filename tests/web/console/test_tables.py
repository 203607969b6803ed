"""Tables on a phone: a row is a card, and each of its values says which column it is of."""

import re
from pathlib import Path

import pytest

import watchword
from watchword.web.console.field_names import phrases_of_method
from watchword.web.console.forms import rendered_guide

TEMPLATES = Path(watchword.__file__).parent / "templates" / "console"
BODY = re.compile(r"<tbody.*?</tbody>", re.DOTALL)
NAMELESS = re.compile(r"<td(?![^>]*data-label)([^>]*)>(.*?)</td>", re.DOTALL)
TABLES = sorted(path.name for path in TEMPLATES.glob("*.html") if "<table" in path.read_text())


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
