"""Every sentence exists in every language, with the same gaps to fill."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.architecture.reference import reference
from watchword.app import surfaces
from watchword.core.phrases import PLACEHOLDER, Phrases
from watchword.web.openapi import openapi_of
from watchword.web.problems import STATUS_BY_CODE, STATUS_BY_HTTP

ROOT = Path(__file__).parents[2]
KOREAN = {".md", ".md-tpl", ".py", ".py-tpl", ".toml", ".html"}
NAMES_OF_OTHERS = ("카카오계정(전화번호)", "전화번호 ID", "WhatsApp Business에 등록한 전화번호")
"""What a provider's own console calls a number, and one that need not be a mobile phone's."""
PHRASES = Phrases.load()
PLURAL_FORMS = re.compile(r"\.(zero|one|two|few|many|other)$")
PLURAL_KEYS = {
    key.removesuffix(".other")
    for catalogue in PHRASES.languages.values()
    for key in catalogue
    if key.endswith(".other")
}


def test_english_and_korean_are_there() -> None:
    assert {"en", "ko"} <= set(PHRASES.languages)


@pytest.mark.parametrize("language", sorted(set(PHRASES.languages) - {"en"}))
def test_a_language_has_the_keys_of_english(language: str) -> None:
    assert _keys(language) == _keys("en")


@pytest.mark.parametrize("language", sorted(PHRASES.languages))
def test_a_phrase_has_the_placeholders_of_the_english_one(language: str) -> None:
    english = PHRASES.languages["en"]
    differing = {
        key
        for key, phrase in PHRASES.languages[language].items()
        if key in english and _placeholders(phrase) != _placeholders(english[key])
    }
    assert differing == set()


@pytest.mark.parametrize("language", sorted(PHRASES.languages))
def test_no_phrase_is_empty(language: str) -> None:
    phrases = PHRASES.languages[language]
    assert [key for key, phrase in phrases.items() if not phrase.strip()] == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_error_code_has_a_phrase(language: str) -> None:
    codes = {error.code for error in reference.error_classes()}
    assert {code for code in codes if not reference.phrase_of(PHRASES, language, code)} == set()


def test_what_the_console_says_in_place_of_an_error_answers_an_error() -> None:
    place = "console.errors."
    own = {key.removeprefix(place) for key in PHRASES.languages["en"] if key.startswith(place)}
    assert "entity.not_found" in own
    assert {code for code in own if not reference.phrase_of(PHRASES, "en", code)} == set()


def test_the_console_speaks_one_korean() -> None:
    # 합니다체: a sentence there ends in 요 only where it asks somebody to do something (하세요).
    polite = re.compile(r"(?<!세)요(?=[.?!)])")
    korean = PHRASES.languages["ko"].items()
    assert [key for key, text in korean if key.startswith("console.") and polite.search(text)] == []


def test_the_pages_speak_one_korean() -> None:
    # 해요체, with people; what is written to them in a message is 합니다체, as everywhere.
    formal = re.compile(r"(니다|십시오|니까)(?=[.?!)]|$)")
    korean = PHRASES.languages["ko"].items()
    places = ("pages.", "password_rejected.", "demo_app.")
    assert [key for key, text in korean if key.startswith(places) and formal.search(text)] == []


def test_korean_has_one_word_for_a_number_a_code_and_a_history() -> None:
    words = "전화번호|전화 번호|휴대전화|핸드폰|인증 코드|인증코드|인증 번호|발신 번호|이력|복원"
    others = re.compile(words)
    found = {
        (path.name, line)
        for folder in (ROOT / "src" / "watchword", ROOT / "docs")
        for path in (*folder.rglob("*"), ROOT / "README.ko.md")
        if path.suffix in KOREAN and path != ROOT / "docs" / "glossary.md"
        for line in path.read_text(encoding="utf-8").splitlines()
        if others.search(line) and not any(name in line for name in NAMES_OF_OTHERS)
    }
    assert found == set()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_code_that_a_route_documents_or_a_status_names_has_a_phrase(language: str) -> None:
    documented = set(_codes_in(openapi_of(_application())))
    assert {"sign_in_experiences.enabled_connector_not_found", "entity.not_found"} <= documented

    named = documented | STATUS_BY_CODE.keys() | set(STATUS_BY_HTTP.values())

    assert {code for code in named if not reference.phrase_of(PHRASES, language, code)} == set()


def _application() -> FastAPI:
    app = FastAPI()
    app.router.routes.extend(surfaces().routes)
    return app


def _codes_in(document: Any) -> Iterator[str]:
    """Return what the document lists as values of `code`."""
    if isinstance(document, Mapping):
        code = document.get("code")
        if isinstance(code, Mapping):
            yield from code.get("enum", ())
        for part in document.values():
            yield from _codes_in(part)
    elif isinstance(document, list):
        for part in document:
            yield from _codes_in(part)


def _keys(language: str) -> set[str]:
    # A language has as many plural forms as its grammar needs.
    return {_singular(key) for key in PHRASES.languages[language]}


def _singular(key: str) -> str:
    without_form = PLURAL_FORMS.sub("", key)
    return without_form if without_form in PLURAL_KEYS else key


def _placeholders(phrase: str) -> set[str]:
    return set(PLACEHOLDER.findall(phrase))
