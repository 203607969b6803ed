"""Every sentence a person reads, in every language; one TOML file per language."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from sys import intern
from typing import Any, Self

from babel import Locale, UnknownLocaleError

DEFAULT_LANGUAGE = "en"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Phrases:
    """The catalogue; a key missing in a language falls back to the default language, then English.

    A variety such as `fr-CA` asks its language first.
    """

    languages: Mapping[str, Mapping[str, str]]
    """Flat keys (`errors.user.invalid_phone`) by language tag."""
    fallback: str = DEFAULT_LANGUAGE

    @classmethod
    @cache
    def load(cls) -> "Phrases":
        """Read every file in `locales/`."""
        languages = {}
        for file in files("watchword").joinpath("locales").iterdir():
            if file.name.endswith(".toml"):
                tree = tomllib.loads(file.read_text(encoding="utf-8"))
                languages[file.name.removesuffix(".toml")] = dict(_flatten(tree))
        return cls(languages)

    def with_own(self, own: Mapping[str, Mapping[str, str]], fallback: str) -> Self:
        """Return the catalogue with own phrases before the built-in ones, languages included."""
        if not own and fallback == self.fallback:
            return self
        merged = {tag: {**self.languages.get(tag, {}), **texts} for tag, texts in own.items()}
        return type(self)({**self.languages, **merged}, fallback)

    def text(self, language: str, key: str, /, **values: Any) -> str:
        """Return the phrase with `{name}` filled in; `count` picks `key.one` or `key.other`.

        An unknown key comes back as it is, so that a gap is seen and nothing fails.
        """
        phrase = self.find(language, key, count=values.get("count"))
        if phrase is None:
            return key
        return PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), phrase)

    def find(self, language: str, key: str, *, count: Any = None) -> str | None:
        """Return the unfilled phrase, or None where no language has it."""
        for tag in self._asked_in_turn(language):
            catalogue = self.languages[tag]
            if isinstance(count, int):
                form = locale_of(tag).plural_form(count)
                plural = catalogue.get(f"{key}.{form}", catalogue.get(f"{key}.other"))
                if plural is not None:
                    return plural
            if key in catalogue:
                return catalogue[key]
        return None

    def section(self, language: str, prefix: str) -> dict[str, str]:
        """Return all phrases under *prefix*, from where `find` finds them."""
        merged: dict[str, str] = {}
        for tag in reversed(self._asked_in_turn(language)):
            merged |= self.languages[tag]
        return {key: text for key, text in merged.items() if key.startswith(f"{prefix}.")}

    def choose(self, candidates: Iterable[str], fallback: str = DEFAULT_LANGUAGE) -> str:
        """Return the first language of *candidates* (BCP 47 tags, best first) that exists.

        `pt-BR` is served by `pt`, and `pt` by a variety of it; `pt-PT` by no other variety.
        """
        exact, varieties = self._by_tag
        for candidate in candidates:
            tag = candidate.lower()
            found = exact.get(tag) or exact.get(tag.partition("-")[0]) or varieties.get(tag)
            if found:
                return found
        return fallback if fallback in self.languages else DEFAULT_LANGUAGE

    def name_of(self, tag: str) -> str:
        """Return a language's name in itself."""
        name = self.languages.get(tag, {}).get("language_name")
        return name or autonym_of(tag)

    @cached_property
    def _by_tag(self) -> tuple[dict[str, str], dict[str, str]]:
        exact = {tag.lower(): tag for tag in self.languages}
        varieties: dict[str, str] = {}
        for tag in sorted(self.languages):
            varieties.setdefault(tag.partition("-")[0].lower(), tag)
        return exact, varieties

    @cached_property
    def _chains(self) -> dict[str, tuple[str, ...]]:
        return {}

    def _asked_in_turn(self, language: str) -> tuple[str, ...]:
        chain = self._chains.get(language)
        if chain is None:
            tags = (language, self.fallback, DEFAULT_LANGUAGE)
            asked = [form for tag in tags for form in (tag, tag.partition("-")[0])]
            chain = tuple(dict.fromkeys(tag for tag in asked if tag in self.languages))
            if language in self.languages:
                self._chains[language] = chain
        return chain


@lru_cache(maxsize=256)
def locale_of(tag: str) -> Locale:
    """Return how dates and numbers are written in a language; English where nobody knows."""
    for form in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(form, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse(DEFAULT_LANGUAGE)


@lru_cache(maxsize=256)
def autonym_of(tag: str) -> str:
    """Return a language's name in itself; the tag where nobody knows it."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name()
    except (ValueError, UnknownLocaleError):
        return tag
    return name[:1].upper() + name[1:] if name else tag


def parse_accept_language(header: str) -> list[str]:
    """Return the tags of an Accept-Language header, best first (RFC 9110, 12.5.4)."""
    weighted = []
    for position, part in enumerate(header[:512].split(",")):
        tag, _, parameters = part.strip().partition(";")
        weight = 1.0
        if parameters.strip().startswith("q="):
            try:
                weight = float(parameters.strip()[2:])
            except ValueError:
                weight = 0.0
        if tag and tag != "*" and weight > 0:
            weighted.append((-weight, position, tag))
    return [tag for _, _, tag in sorted(weighted)]


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            # Every language has the same keys: one text for all of them.
            yield intern(f"{prefix}{key}"), str(value)
