"""Which phrases a tenant may write itself, and which texts a page could not show."""

import pytest

from watchword.core.phrases import Phrases
from watchword.custom_phrases.errors import InvalidTranslationStructure, PhrasesRefused
from watchword.custom_phrases.models import (
    LONGEST_TEXT,
    catalogue_key,
    flattened,
    is_language_tag,
    kept,
    keys_in,
    known,
    sources,
    tree_of,
)


def test_every_phrase_of_the_pages_can_be_written_anew() -> None:
    catalogue = Phrases.load().languages["en"]

    offered = {catalogue_key(key) for key in sources()}

    wanted = {key for key in catalogue if key.startswith(("pages.", "errors."))}
    assert wanted - offered == {"pages.never_shown.title", "pages.never_shown.lead"}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_built_in_texts_keep_to_what_is_asked_of_own_ones(language: str) -> None:
    catalogue = Phrases.load().languages[language]
    texts = {key: catalogue.get(catalogue_key(key)) for key in keys_in(language)}
    built_in = {key: text for key, text in texts.items() if text}

    assert kept(language, built_in) == built_in


def test_a_text_that_is_empty_falls_away() -> None:
    assert kept("fr", {"sign_in.title": " ", "register.title": "\tBienvenue "}) == {
        "register.title": "Bienvenue"
    }


@pytest.mark.parametrize("key", ["sign_in", "sign_in.title.more", "console.nav.users", "x", ""])
def test_a_key_that_no_page_has_is_named(key: str) -> None:
    with pytest.raises(InvalidTranslationStructure) as refusal:
        kept("fr", {key: "x"})

    assert refusal.value.data == {"keys": [key]}


@pytest.mark.parametrize(
    ("key", "text", "problem", "placeholder"),
    [
        ("sign_in.lead", "Bienvenue", "placeholder_missing", "application"),
        ("sign_in.title", "Bonjour {person}", "placeholder_unknown", "person"),
        ("code.resend_wait.other", "Attendez un peu", "placeholder_missing", "count"),
        ("sign_in.title", "x" * (LONGEST_TEXT + 1), "too_long", None),
        ("sign_in.title", "a\0b", "not_text", None),
        ("sign_in.title", "a\ud800b", "not_text", None),
    ],
)
def test_a_text_that_a_page_could_not_show_is_refused_with_its_key(
    key: str, text: str, problem: str, placeholder: str | None
) -> None:
    with pytest.raises(PhrasesRefused) as refusal:
        kept("fr", {key: text, "register.title": "Bienvenue"})

    assert refusal.value.data == {
        "phrases": [{"key": key, "problem": problem, "placeholder": placeholder}]
    }


def test_one_of_something_may_be_said_without_its_number() -> None:
    assert kept("en", {"code.resend_wait.one": "Wait a moment"})


def test_a_language_has_the_plural_forms_that_it_needs() -> None:
    stem = "code.resend_wait."

    forms = {key.removeprefix(stem) for key in keys_in("pl") if key.startswith(stem)}

    assert forms == {"one", "few", "many", "other"}
    assert kept("pl", {f"{stem}few": "Jeszcze {count} sekundy"})
    with pytest.raises(InvalidTranslationStructure):
        kept("ko", {f"{stem}few": "{count}"})


def test_what_a_newer_server_has_no_more_is_passed_over() -> None:
    assert known("fr", {"gone.long_ago": "x", "sign_in.title": "y"}) == {"sign_in.title": "y"}


def test_a_tree_comes_back_the_same() -> None:
    tree = {"sign_in": {"title": "x"}, "errors": {"user": {"invalid_phone": "y"}}}

    assert tree_of(flattened(tree)) == tree


@pytest.mark.parametrize("leaf", [1, None, ["x"], True])
def test_a_leaf_that_is_no_text_is_refused(leaf: object) -> None:
    with pytest.raises(InvalidTranslationStructure):
        flattened({"sign_in": {"title": leaf}})


def test_a_tree_without_end_is_refused() -> None:
    tree: dict[str, object] = {}
    for _ in range(2000):
        tree = {"a": tree}

    with pytest.raises(InvalidTranslationStructure):
        flattened(tree)


@pytest.mark.parametrize(
    "tag", ["fr", "pt-BR", "zh-Hant-HK", "fil", "es-419", "de-1901", "ca-valencia"]
)
def test_a_language_is_named_by_its_tag(tag: str) -> None:
    assert is_language_tag(tag)


@pytest.mark.parametrize(
    "tag",
    [
        *("", "f", "FR", "fr_CA", "fr-", "french", "fr\n", "zh-Hant-HK-x-yz"),
        # A browser's script that writes a date in one of these fails, and the others with it.
        *("fr-12", "fr-a1", "fr-Latn-Latn", "fr-12345678-ab"),
    ],
)
def test_what_is_no_tag_names_no_language(tag: str) -> None:
    assert not is_language_tag(tag)
