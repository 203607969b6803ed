"""Phrases: the right language, the right number."""

import pytest

from watchword.core.phrases import Phrases, parse_accept_language

PHRASES = Phrases(
    {
        "en": {
            "hello": "Hello {name}",
            "left.one": "{count} try left",
            "left.other": "{count} tries left",
            "only": "x",
        },
        "ko": {"hello": "{name}님, 안녕하세요", "left.other": "{count}번 남았어요"},
    }
)


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [("en", 1, "1 try left"), ("en", 3, "3 tries left"), ("ko", 1, "1번 남았어요")],
)
def test_a_count_picks_the_form(language: str, count: int, text: str) -> None:
    assert PHRASES.text(language, "left", count=count) == text


def test_a_language_that_lacks_a_phrase_borrows_the_english_one() -> None:
    assert PHRASES.text("ko", "only") == "x"


def test_what_people_typed_is_not_read_as_a_placeholder() -> None:
    assert PHRASES.text("en", "hello", name="{name}{count}") == "Hello {name}{count}"


def test_an_unknown_key_is_seen_and_breaks_nothing() -> None:
    assert PHRASES.text("en", "no.such.key") == "no.such.key"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("fr;q=0.9, en;q=0.1", "en"),
        ("en;q=0.1, ko;q=0.2", "ko"),
        ("*", "en"),
        ("", "en"),
        ("ko;q=nonsense, en;q=0.5", "en"),
    ],
)
def test_the_browser_says_which_language_to_use(header: str, language: str) -> None:
    assert PHRASES.choose(parse_accept_language(header)) == language
