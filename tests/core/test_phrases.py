"""Phrases: the right language, the right number."""

import pytest

from watchword.core.phrases import Phrases, locale_of, parse_accept_language

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


OWN = PHRASES.with_own(
    {
        "en": {"hello": "Welcome {name}"},
        "fr": {"hello": "Bonjour {name}"},
        "fr-CA": {"left.one": "{count} essai", "left.other": "{count} essais"},
        "xx-YY": {"hello": "?"},
    },
    "ko",
)


def test_own_words_come_before_built_in_ones() -> None:
    assert OWN.text("en", "hello", name="A") == "Welcome A"
    assert PHRASES.text("en", "hello", name="A") == "Hello A"


@pytest.mark.parametrize(
    ("key", "values", "text"),
    [
        ("left", {"count": 1}, "1 essai"),
        ("hello", {"name": "A"}, "Bonjour A"),
        ("only", {}, "x"),
    ],
)
def test_a_variety_asks_its_language_then_the_default_one_then_english(
    key: str, values: dict[str, object], text: str
) -> None:
    assert OWN.text("fr-CA", key, **values) == text


def test_the_default_language_is_asked_before_english() -> None:
    assert OWN.text("fr", "left", count=2) == "2번 남았어요"


def test_a_section_says_what_each_of_its_phrases_says() -> None:
    assert OWN.section("fr", "left") == {
        "left.one": "{count} try left",
        "left.other": "{count}번 남았어요",
    }


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (["FR-ca"], "fr-CA"),
        (["fr-BE"], "fr"),
        (["de", "fr"], "fr"),
        (["xx"], "xx-YY"),
        (["xx-ZZ"], "ko"),
        ([], "ko"),
    ],
)
def test_a_language_is_chosen_among_the_added_ones_too(asked: list[str], chosen: str) -> None:
    assert OWN.choose(asked, "ko") == chosen


def test_a_language_is_called_what_its_speakers_call_it() -> None:
    names = {tag: OWN.name_of(tag) for tag in ("fr", "fr-CA", "xx-YY")}

    assert names == {"fr": "Français", "fr-CA": "Français (Canada)", "xx-YY": "xx-YY"}


def test_a_language_that_nobody_knows_counts_and_writes_dates_as_english() -> None:
    assert locale_of("xx-YY").language == "en"
    assert locale_of("ar-AR").language == "ar"
    assert OWN.text("xx-YY", "left", count=1) == "1번 남았어요"


def test_every_language_counts_where_english_does() -> None:
    english, *others = (Phrases.load().languages[tag] for tag in ("en", "ko"))
    counted = {key.removesuffix(".other") for key in english if key.endswith(".other")}
    assert not [key for texts in others for key in texts if key in counted]
    assert not [
        key
        for texts in others
        for key in texts
        if key.endswith(".other") and key not in english and key.removesuffix(".other") in english
    ]
