"""E-mail addresses: one form for all spellings, and nothing that could leave its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.email import LONGEST, EmailAddress, InvalidEmailAddress


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace+codes@Example.COM ", "ada.lovelace+codes@example.com"),
        ("o'brien_1@mail.example.co.uk", "o'brien_1@mail.example.co.uk"),
        ("아다@예시.example", "아다@예시.example"),
    ],
)
def test_spellings_of_one_address_have_one_form(typed: str, stored: str) -> None:
    assert EmailAddress.parse(typed).address == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@example",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "a da@example.com",
        "ada@exam ple.com",
        "ada@example.com\r\nRCPT TO:<all@example.com>",
        "ada\0@example.com",
        "<ada@example.com>",
        '"ada"@example.com',
        "ada,all@example.com",
        "ada;all@example.com",
        "ada@[127.0.0.1]",
        ".ada@example.com",
        "ada..b@example.com",
        "ada@-example.com",
        "ada@example..com",
        f"{'a' * 65}@example.com",
        f"ada@{'a' * 64}.com",
        f"ada@{'가' * 60}.com",
        f"ada@{'a.' * 60}example.com",
    ],
)
def test_what_no_mail_goes_to_is_refused(typed: str) -> None:
    with pytest.raises(InvalidEmailAddress):
        EmailAddress.parse(typed)


@given(st.text(max_size=40).map(lambda text: f"{text}@example.com"))
def test_whatever_is_taken_is_one_word_that_stays_what_it_is(typed: str) -> None:
    try:
        address = EmailAddress.parse(typed)
    except InvalidEmailAddress:
        return

    assert EmailAddress.parse(address.address) == address
    assert not set(address.address) & set(' \t\r\n\0<>"(),;:\\[]')
    assert address.address.count("@") == 1


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("ada@example.com", "a•••@example.com"),
        ("a@example.com", "•••@example.com"),
        (f"ada@{'a' * 60}.example", f"a•••@…{'a' * 39}.example"),
    ],
)
def test_a_mask_shows_a_letter_and_where_it_is(address: str, masked: str) -> None:
    found = EmailAddress.parse(address)

    assert found.masked == masked
    assert len(found.masked) <= 64
    assert "ada" not in f"{found!r} {found}"


def test_a_domain_in_another_script_is_written_as_dns_has_it() -> None:
    assert EmailAddress.parse("ada@예시.example").ascii_domain == "xn--vv4b11d.example"


def test_the_longest_mask_fits_into_its_column() -> None:
    longest = EmailAddress.parse(f"{'a' * 60}@{'b' * 59}.{'c' * 3}.de")

    assert len(longest.address) <= LONGEST
    assert len(longest.masked) <= 64
