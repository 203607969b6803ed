"""The language of a test: one of the tenant's or of the templates by its name, or any other tag."""

from collections.abc import Mapping, Sequence
from typing import Any

from babel import Locale, UnknownLocaleError
from starlette.datastructures import FormData

from watchword.connector_kit.templates import LANGUAGE_TAG
from watchword.web.console.desk import Desk, text_of
from watchword.web.console.forms import TEMPLATES, FormField
from watchword.web.console.template_text import NotJson, read_json

ANOTHER = "*"
"""Chosen where the list does not hold the language; its tag is typed."""
LONGEST_TAG, SHORT_TAG = 16, 2


class NoLanguage(ValueError):
    """What was typed is no language tag."""


def languages_of_test(desk: Desk, fields: Sequence[FormField]) -> list[tuple[str, str]]:
    """Return the languages of the tenant's pages and of the templates, sorted by their names."""
    tags = {*desk.scope.phrases.languages, *_languages_of_templates(fields)}
    return sorted(((tag, _name_of(tag, desk.language)) for tag in tags), key=lambda one: one[1])


def known_languages(language: str) -> Mapping[str, str]:
    """Return what the better known languages are called in *language*, by their tags."""
    names = Locale.parse(language, sep="-").languages
    return {tag: name for tag, name in names.items() if len(tag) == SHORT_TAG}


def typed_language(form: FormData) -> str:
    """Return the tag that was chosen or typed, whatever it is."""
    chosen = text_of(form, "test_language").strip()
    return text_of(form, "test_tag").strip() if chosen == ANOTHER else chosen


def tested_language(desk: Desk, form: FormData) -> str:
    """Return the language that a test is to have; raises NoLanguage."""
    if not text_of(form, "test_language"):
        return desk.language
    language = typed_language(form)
    if not _is_tag(language):
        raise NoLanguage
    return language


def _languages_of_templates(fields: Sequence[FormField]) -> set[str]:
    items = next((_items(str(field.value)) for field in fields if field.key == TEMPLATES), [])
    tags = [item.get("language") for item in items if isinstance(item, dict)]
    return {tag.replace("_", "-") for tag in tags if isinstance(tag, str) and _is_tag(tag)}


def _items(text: str) -> list[Any]:
    try:
        parsed = read_json(text)
    except NotJson:
        # Half-written; the preview says where.
        return []
    return parsed if isinstance(parsed, list) else []


def _is_tag(text: str) -> bool:
    return len(text) <= LONGEST_TAG and LANGUAGE_TAG.fullmatch(text) is not None


def _name_of(tag: str, language: str) -> str:
    try:
        return Locale.parse(tag, sep="-").get_display_name(language) or tag
    except (ValueError, UnknownLocaleError):
        return tag
