"""Every sentence a person reads, in every language; one TOML file per language."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale

DEFAULT_LANGUAGE = "en"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Phrases:
    """The catalogue; a key missing in a language falls back to English."""

    languages: Mapping[str, Mapping[str, str]]
    """Flat keys (`errors.user.invalid_phone`) by language tag."""

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
        for tag in (language, DEFAULT_LANGUAGE):
            catalogue = self.languages.get(tag, {})
            if isinstance(count, int):
                form = Locale.parse(tag, sep="-").plural_form(count)
                plural = catalogue.get(f"{key}.{form}", catalogue.get(f"{key}.other"))
                if plural is not None:
                    return plural
            if key in catalogue:
                return catalogue[key]
        return None

    def section(self, language: str, prefix: str) -> dict[str, str]:
        """Return all phrases under *prefix*, English where the language lacks one."""
        merged = {**self.languages[DEFAULT_LANGUAGE], **self.languages.get(language, {})}
        return {key: text for key, text in merged.items() if key.startswith(f"{prefix}.")}

    def choose(self, candidates: Iterable[str], fallback: str = DEFAULT_LANGUAGE) -> str:
        """Return the first language of *candidates* (BCP 47 tags, best first) that exists."""
        for tag in candidates:
            for form in (tag, tag.partition("-")[0].lower()):
                if form in self.languages:
                    return form
        return fallback if fallback in self.languages else DEFAULT_LANGUAGE


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
            yield f"{prefix}{key}", str(value)
