"""What nobody may read is taken out of a provider's words."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.connector_kit.models import SmsMessage, UsageType
from watchword.connector_kit.scrubbing import HIDDEN, scrub
from watchword.connector_kit.testing import CODE, EMAIL_MESSAGE, MESSAGE, SPELLINGS
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_number_goes_in_every_usual_spelling(spelling: str) -> None:
    assert scrub(f"The number {spelling} is off.", MESSAGE) == f"The number {HIDDEN} is off."


@pytest.mark.parametrize(
    "spelling", ["01012345678", "010-1234-5678", "+82 10 1234 5678", "8201012345678"]
)
def test_korean_spellings_go_too(spelling: str) -> None:
    message = SmsMessage(
        id="1",
        to=PhoneNumber("821012345678"),
        usage=UsageType.GENERIC,
        variables={},
        time_left=MESSAGE.time_left,
    )

    assert scrub(f"번호 {spelling}은 꺼져 있습니다", message) == f"번호 {HIDDEN}은 꺼져 있습니다"


@given(st.lists(st.sampled_from(["", " ", "-", ".", " (", ") ", "%20"]), min_size=9, max_size=9))
def test_whatever_stands_between_the_digits(separators: list[str]) -> None:
    digits = "7700900123"
    spelled = digits[0] + "".join(
        separator + digit for separator, digit in zip(separators, digits[1:], strict=True)
    )

    left = scrub(f"to {spelled} failed", MESSAGE)

    assert re.sub(r"[^0-9]", "", left.replace("%20", "")) == ""


def test_the_code_goes_in_one_piece_or_in_groups() -> None:
    assert scrub(f"Body: {CODE} or 135 790", MESSAGE) == f"Body: {HIDDEN} or {HIDDEN}"


def test_other_numbers_stay() -> None:
    assert scrub("Twilio 21211 at 12:30", MESSAGE) == "Twilio 21211 at 12:30"


def test_secrets_go_with_and_without_their_scheme() -> None:
    assert (
        scrub("bad: Bearer abcdef; abcdef", None, ["Bearer abcdef"]) == f"bad: {HIDDEN}; {HIDDEN}"
    )


def test_long_words_are_cut() -> None:
    assert len(scrub("x" * 5000, MESSAGE)) == 500


@pytest.mark.parametrize(
    "spelling",
    ["ada@example.com", "<Ada@Example.COM>", "ada%40example.com", "no mailbox here by name ada"],
)
def test_an_address_goes_in_every_usual_spelling(spelling: str) -> None:
    assert "ada" not in scrub(f"550 5.1.1 {spelling}: unknown", EMAIL_MESSAGE).lower()


def test_a_mailbox_that_is_part_of_another_word_stays() -> None:
    assert scrub("adaptive limits", EMAIL_MESSAGE) == "adaptive limits"


def test_an_address_in_another_script_goes_as_dns_spells_it_too() -> None:
    message = replace(EMAIL_MESSAGE, to=EmailAddress("a.b@예시.example"))

    assert scrub("no a.b@xn--vv4b11d.example", message) == f"no {HIDDEN}"


def test_a_link_goes() -> None:
    link = "https://app.example.com/join?token=abc"
    message = replace(EMAIL_MESSAGE, variables={"link": link})

    assert scrub(f"spam: {link}", message) == f"spam: {HIDDEN}"
