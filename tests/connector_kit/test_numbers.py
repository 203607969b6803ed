"""Numbers as single countries write them."""

import pytest

from watchword.connector_kit.numbers import at_home, parts_of
from watchword.core.phone import PhoneNumber


@pytest.mark.parametrize(
    ("digits", "parts", "home"),
    [
        ("821012345678", ("82", "1012345678"), "01012345678"),
        ("82212345678", ("82", "212345678"), "0212345678"),
        ("989120000123", ("98", "9120000123"), "09120000123"),
        ("14155550123", ("1", "4155550123"), "4155550123"),
        ("447700900123", ("44", "7700900123"), "07700900123"),
        # Italy's zero is a part of the number.
        ("390612345678", ("39", "0612345678"), "0612345678"),
    ],
)
def test_a_number_has_a_country_a_rest_and_a_form_at_home(
    digits: str, parts: tuple[str, str], home: str
) -> None:
    phone = PhoneNumber(digits)

    assert parts_of(phone) == parts
    assert at_home(phone) == home
