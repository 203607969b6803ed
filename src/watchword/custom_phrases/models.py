"""Which phrases a tenant may write itself, and what holds for its texts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from watchword.core.phrases import DEFAULT_LANGUAGE, PLACEHOLDER, Phrases, locale_of
from watchword.custom_phrases.errors import (
    InvalidTranslationStructure,
    PhraseProblem,
    PhrasesRefused,
)

LONGEST_TEXT = 1000
"""Characters; the longest built-in one has a quarter of it."""
MOST_LANGUAGES = 100
MOST_NAMED = 20
DEEPEST = 8
TAG = re.compile(
    "[a-z]{2,3}"
    "(?:-[A-Za-z]{4})?"
    "(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    "(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))?"
)
"""Language, script, region and variant (RFC 5646, 2.1): browsers' scripts fail at any other."""
LONGEST_TAG = 16

ERRORS = "errors."
PAGES = "pages."
NEVER_SHOWN = "pages.never_shown."
"""Only a preview says these."""
UNCOUNTED = ("zero", "one", "two")
"""Plural forms that may do without the number: "in a minute"."""
NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class CustomPhrases:
    """A language of a tenant, with what it says in its own words."""

    language: str
    texts: Mapping[str, str]
    """By key as on the wire, dotted: `sign_in.title`, `errors.user.invalid_phone`."""
    version: int = 0
    updated_at: datetime | None = None

    @property
    def catalogue(self) -> dict[str, str]:
        """Return the texts by the keys of the catalogue."""
        return {catalogue_key(key): text for key, text in self.texts.items()}

    @property
    def id(self) -> str:
        """Return what history names it by."""
        return self.language

    def document(self) -> dict[str, Any]:
        """Return what history keeps."""
        return dict(self.texts)


def is_language_tag(tag: str) -> bool:
    """Tell whether a text names a language: `fr`, `pt-BR`, `zh-Hant-HK`."""
    return len(tag) <= LONGEST_TAG and TAG.fullmatch(tag) is not None


def catalogue_key(key: str) -> str:
    """Return the catalogue's key of a wire's key: pages stand at the top of what the wire says."""
    return key if key.startswith(ERRORS) else PAGES + key


@cache
def sources() -> Mapping[str, str]:
    """Return the built-in English text of every phrase that a tenant may write, in order."""
    english = Phrases.load().languages[DEFAULT_LANGUAGE]
    return {
        key.removeprefix(PAGES): text
        for key, text in english.items()
        if key.startswith((PAGES, ERRORS)) and not key.startswith(NEVER_SHOWN)
    }


@cache
def plural_stems() -> frozenset[str]:
    """Return the keys whose phrase depends on a number."""
    stems = {key.removesuffix(".one") for key in sources() if key.endswith(".one")}
    return frozenset(stem for stem in stems if f"{stem}.other" in sources())


@lru_cache(maxsize=64)
def keys_in(language: str) -> Mapping[str, str]:
    """Return the English source of every key that a language has, with its own plural forms."""
    own_forms = (*sorted(locale_of(language).plural_form.tags), "other")
    keys: dict[str, str] = {}
    for key, text in sources().items():
        stem, _, form = key.rpartition(".")
        if stem not in plural_stems():
            keys[key] = text
        elif form == "other":
            for own in own_forms:
                keys[f"{stem}.{own}"] = sources().get(f"{stem}.{own}", text)
    return keys


def known(language: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts whose phrases this server still has, in the catalogue's order."""
    return {key: texts[key] for key in _acceptable(language) if key in texts}


def kept(language: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return what is kept of *given*: what is empty falls away.

    Raises InvalidTranslationStructure for a key that no page has, and PhrasesRefused, which names
    every text that could not be shown.
    """
    strangers = [key for key in given if key not in _acceptable(language)]
    if strangers:
        raise InvalidTranslationStructure.of(*strangers[:MOST_NAMED])
    texts = {key: text.replace("\r\n", "\n").strip() for key, text in given.items()}
    texts = {key: text for key, text in texts.items() if text}
    problems = [problem for key, text in texts.items() for problem in problems_of(key, text)]
    if problems:
        raise PhrasesRefused(problems[:MOST_NAMED])
    return known(language, texts)


def problems_of(key: str, text: str) -> Iterator[PhraseProblem]:
    """Return what speaks against a text for the phrase *key*."""
    if len(text) > LONGEST_TEXT:
        yield PhraseProblem(key, "too_long")
    if NOT_TEXT.search(text):
        yield PhraseProblem(key, "not_text")
    allowed = placeholders_of(key)
    used = set(PLACEHOLDER.findall(text))
    optional = {"count"} if key.endswith(tuple(f".{form}" for form in UNCOUNTED)) else set()
    for name in sorted(allowed - used - optional):
        yield PhraseProblem(key, "placeholder_missing", name)
    for name in sorted(used - allowed):
        yield PhraseProblem(key, "placeholder_unknown", name[:64])


def placeholders_of(key: str) -> set[str]:
    """Return the names that a page fills in; a text keeps each as `{name}`."""
    stem = key.rpartition(".")[0]
    source = f"{stem}.other" if stem in plural_stems() else key
    return set(PLACEHOLDER.findall(sources()[source]))


def flattened(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return a translation tree with dotted keys; raises InvalidTranslationStructure."""
    return dict(_flat(tree, "", 0))


def tree_of(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return dotted keys as the tree that the wire speaks."""
    tree: dict[str, Any] = {}
    for key, text in texts.items():
        *branches, leaf = key.split(".")
        place = tree
        for branch in branches:
            place = place.setdefault(branch, {})
        place[leaf] = text
    return tree


@lru_cache(maxsize=64)
def _acceptable(language: str) -> Mapping[str, str]:
    # English forms of plurals, too: whoever copies the English tree is not refused.
    return {**sources(), **keys_in(language)}


def _flat(tree: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, Mapping) and depth < DEEPEST:
            yield from _flat(value, f"{name}.", depth + 1)
        else:
            raise InvalidTranslationStructure.of(name)
