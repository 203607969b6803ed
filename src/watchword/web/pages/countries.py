"""The countries of the phone field: their names in the page's language, and which comes first."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import get_global

from watchword.core.phrases import locale_of

DEFAULT_COUNTRY = "US"


@dataclass(frozen=True)
class Country:
    """One choice of the country list."""

    region: str
    name: str
    calling_code: int


@lru_cache(maxsize=64)
def countries(language: str, allowed: frozenset[str] | None = None) -> tuple[Country, ...]:
    """Return the countries with a calling code, sorted by their names in *language*."""
    names = locale_of(language).territories
    listed = [
        Country(region, names.get(region, region), phonenumbers.country_code_for_region(region))
        for region in phonenumbers.SUPPORTED_REGIONS
        if allowed is None or region in allowed
    ]
    return tuple(sorted(listed, key=lambda country: _sort_key(country.name)))


def default_country(languages: Iterable[str], listed: Iterable[Country]) -> str:
    """Return the region that the person's languages point at: `pt-BR` to BR, `ko` to KR."""
    known = [country.region for country in listed]
    for tag in languages:
        region = _region_of(tag)
        if region in known:
            return region
    if DEFAULT_COUNTRY in known or not known:
        return DEFAULT_COUNTRY
    return known[0]


def _region_of(tag: str) -> str | None:
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return None
    if locale.territory:
        return locale.territory
    likely = get_global("likely_subtags").get(locale.language)
    return likely.rpartition("_")[2] if likely else None


def _sort_key(name: str) -> str:
    # Without its accents, so that the Åland Islands stand under A.
    decomposed = unicodedata.normalize("NFD", name.casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
