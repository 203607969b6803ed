"""What a person types to say who they are: a number, a user name, or either in one field."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers
from markupsafe import Markup, escape

from watchword.core.phone import PhoneNumber
from watchword.users.models import Identifier, IdentifierType
from watchword.web.pages.countries import countries
from watchword.web.pages.errors import IdentifierMissing, PhoneMissing, UsernameMissing

PHONE: Final = "phone"
USERNAME: Final = "username"
TYPES: tuple[IdentifierType, ...] = (USERNAME, PHONE)
"""The identifiers these pages can ask for, as the contract names them."""

LIKE_A_NUMBER = re.compile(r"\+?[\d\s().\-/]{4,}")


def looks_like_phone(text: str) -> bool:
    """Tell a number from a user name, which never starts with a digit."""
    normalized = unicodedata.normalize("NFKC", text).strip()
    return LIKE_A_NUMBER.fullmatch(normalized) is not None


def read_identifier(text: str, types: Sequence[IdentifierType], region: str) -> Identifier:
    """Return what *text* names, given which identifiers are on and the chosen country."""
    if not text:
        raise _missing(types)
    if PHONE in types and (USERNAME not in types or looks_like_phone(text)):
        return Identifier(PHONE, PhoneNumber.parse(text, region_or_none(region)).digits)
    return Identifier(USERNAME, text)


def region_or_none(region: str) -> str | None:
    """Return a posted country if there is such a one."""
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def _missing(types: Sequence[IdentifierType]) -> IdentifierMissing:
    if USERNAME not in types:
        return PhoneMissing()
    return IdentifierMissing() if PHONE in types else UsernameMissing()


@dataclass(frozen=True, repr=False)
class IdentifierField:
    """The field as a page shows it."""

    types: tuple[IdentifierType, ...]
    region: str
    language: str
    allowed: frozenset[str] | None = None
    value: str = ""
    is_new: bool = False
    has_password: bool = False

    @property
    def has_phone(self) -> bool:
        """Tell whether a number may be typed."""
        return PHONE in self.types

    @property
    def is_smart(self) -> bool:
        """Tell whether the field takes a user name and a number alike."""
        return self.has_phone and USERNAME in self.types

    @property
    def kind(self) -> str:
        """Return which label and help the field has."""
        if self.is_smart:
            return "new_username_or_phone" if self.is_new else "username_or_phone"
        if self.has_phone:
            return "phone_password" if self.has_password else "phone"
        return "new_username" if self.is_new else "username"

    @property
    def has_help(self) -> bool:
        """Tell whether a line below says what will do; the other kinds speak for themselves."""
        return self.kind in {"phone", "new_username"}

    @property
    def looks_like_phone(self) -> bool:
        """Tell whether the field's value is a number without its calling code."""
        return looks_like_phone(self.value) and not self.value.startswith("+")

    @property
    def calling_code(self) -> int:
        """Return the calling code of the chosen country."""
        return phonenumbers.country_code_for_region(self.region)

    @property
    def attributes(self) -> Markup:
        """Return what tells a browser which keyboard and which memory to offer."""
        if self.has_phone and not self.is_smart:
            memory = "username" if self.has_password else "tel"
            return Markup('type="tel" inputmode="tel" autocomplete="{}"').format(memory)
        return Markup(
            'type="text" autocomplete="username" autocapitalize="none" spellcheck="false"'
        )

    @property
    def options(self) -> Markup:
        """Return the country list with the chosen one selected."""
        listed = _options(self.language, self.allowed)
        chosen = f'value="{escape(self.region)}"'
        return Markup(listed.replace(chosen, f"{chosen} selected", 1))  # noqa: S704  # escaped


@lru_cache(maxsize=32)
def _options(language: str, allowed: frozenset[str] | None) -> str:
    # Two hundred and forty lines that differ only in which one is selected.
    return "\n".join(
        Markup('<option value="{}" data-code="+{}">{} (+{})</option>').format(
            country.region, country.calling_code, country.name, country.calling_code
        )
        for country in countries(language, allowed)
    )
