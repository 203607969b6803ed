"""Phone numbers: one person, one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.phone import InvalidPhoneNumber, NumberType, PhoneNumber


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("61412345678", "61412345678"),
        ("610412345678", "61412345678"),  # the national trunk zero is dropped
        ("4407911123456", "447911123456"),
        ("821012345678", "821012345678"),
        ("8201012345678", "821012345678"),
        ("390612345678", "390612345678"),  # in Italy the zero is part of the number
        ("12025550123", "12025550123"),
    ],
)
def test_the_wire_form_becomes_the_stored_form(typed: str, digits: str) -> None:
    assert PhoneNumber.from_digits(typed).digits == digits


@pytest.mark.parametrize(
    "text", ["", "456", "abc", "+12025550123", "1" * 40, "99912345678901", "１２３"]
)
def test_what_is_not_a_possible_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidPhoneNumber):
        PhoneNumber.from_digits(text)


@pytest.mark.parametrize("digits", ["1234567890", "1233212321", "4412345678901"])
def test_a_length_that_no_number_has_is_let_pass_only_where_it_is_asked_for(digits: str) -> None:
    assert PhoneNumber.of_any_length(digits).digits == digits

    for read in (PhoneNumber.from_digits, lambda given: PhoneNumber.parse(f"+{given}")):
        with pytest.raises(InvalidPhoneNumber):
            read(digits)


@pytest.mark.parametrize("text", ["", "456", "abc", "+12025550123", "1" * 40, "１２３"])
def test_a_number_of_any_length_still_has_a_country(text: str) -> None:
    with pytest.raises(InvalidPhoneNumber):
        PhoneNumber.of_any_length(text)


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("010-1234-5678", "KR", "+821012345678"),
        ("+82 10 1234 5678", "US", "+821012345678"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("07911 123456", "GB", "+447911123456"),
    ],
)
def test_people_type_numbers_as_they_know_them(typed: str, region: str, e164: str) -> None:
    assert PhoneNumber.parse(typed, region).e164 == e164


def test_a_number_shows_its_country_and_its_kind() -> None:
    number = PhoneNumber.from_digits("821012345678")

    assert (number.region, number.number_type, number.is_valid) == ("KR", NumberType.MOBILE, True)
    assert number.calling_code == "82"


def test_a_masked_number_keeps_its_shape_and_last_four_digits() -> None:
    assert PhoneNumber.from_digits("821012345678").masked == "+82 10-••••-5678"


@given(st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True))
def test_no_text_about_a_number_holds_it_whole(digits: str) -> None:
    try:
        number = PhoneNumber.from_digits(digits)
    except InvalidPhoneNumber:
        return

    for text in (number.masked, str(number), repr(number)):
        shown = "".join(character for character in text if character.isdigit())
        assert number.digits not in shown


@given(st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True))
def test_reading_a_stored_number_again_changes_nothing(digits: str) -> None:
    try:
        number = PhoneNumber.from_digits(digits)
        again = PhoneNumber.from_digits(number.digits)
    except InvalidPhoneNumber:
        return

    assert again == number
