"""What a person types to say who they are: a number, an address, a user name, in one field."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers
from markupsafe import Markup, escape

from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.users.models import Identifier, IdentifierType
from watchword.web.pages.countries import countries
from watchword.web.pages.errors import (
    EmailMissing,
    IdentifierMissing,
    PhoneMissing,
    UsernameMissing,
)

PHONE: Final = "phone"
EMAIL: Final = "email"
USERNAME: Final = "username"

LIKE_A_NUMBER = re.compile(r"\+?[\d\s().\-/]{4,}")


def looks_like_phone(text: str) -> bool:
    """Tell a number from an address, and from a user name, which never starts with a digit."""
    normalized = unicodedata.normalize("NFKC", text).strip()
    return LIKE_A_NUMBER.fullmatch(normalized) is not None


def read_identifier(text: str, types: Sequence[IdentifierType], region: str) -> Identifier:
    """Return what *text* names, given which identifiers are on and the chosen country."""
    if not text:
        raise _missing(types)
    kind = _kind_of(text, types)
    if kind == PHONE:
        return Identifier(PHONE, PhoneNumber.parse(text, region_or_none(region)).digits)
    if kind == EMAIL:
        return Identifier(EMAIL, EmailAddress.parse(text).address)
    return Identifier(USERNAME, text)


def _kind_of(text: str, types: Sequence[IdentifierType]) -> IdentifierType:
    if EMAIL in types and "@" in text:
        return EMAIL
    if PHONE in types and looks_like_phone(text):
        return PHONE
    # None of them for sure: read as what is on, so that the error names that.
    return next((kind for kind in (USERNAME, EMAIL, PHONE) if kind in types), USERNAME)


def region_or_none(region: str) -> str | None:
    """Return a posted country if there is such a one."""
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def beside_country(
    text: str, country: str, listed: Collection[str] = phonenumbers.SUPPORTED_REGIONS
) -> tuple[str, str]:
    """Return the country to choose and the text to show beside it.

    A calling code stands before the field: a number that was typed with its own is shown without
    it, under its own country. Any other text, and a number of no *listed* country, stays as it is.
    """
    try:
        parsed = phonenumbers.parse(text if looks_like_phone(text) else "")
    except phonenumbers.NumberParseException:
        return country, text
    region = _region_of(parsed, country)
    if region is None or region not in listed:
        return country, text
    form = phonenumbers.PhoneNumberFormat.NATIONAL
    return region, phonenumbers.format_number(parsed, form)


def _region_of(number: phonenumbers.PhoneNumber, country: str) -> str | None:
    found = phonenumbers.region_code_for_number(number)
    # Whose a number is that nobody was given, its code alone says: the chosen country's, or the
    # first that has the code.
    if found is None and number.country_code == phonenumbers.country_code_for_region(country):
        return country
    return found or phonenumbers.region_code_for_country_code(number.country_code or 0)


def _missing(types: Sequence[IdentifierType]) -> IdentifierMissing:
    if len(types) == 1:
        return MISSING[types[0]]()
    return IdentifierMissing()


MISSING: dict[IdentifierType, type[IdentifierMissing]] = {
    PHONE: PhoneMissing,
    EMAIL: EmailMissing,
    USERNAME: UsernameMissing,
}


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
        """Tell whether the field takes a number and something else alike."""
        return self.has_phone and len(self.types) > 1

    @property
    def kind(self) -> str:
        """Return which label and help the field has."""
        named = "_or_".join(name for name in (USERNAME, EMAIL, PHONE) if name in self.types)
        return "new_username" if self.is_new and named == USERNAME else named

    @property
    def has_help(self) -> bool:
        """Tell whether a line below says what will do; the other kinds speak for themselves."""
        if self.has_password:
            return False
        return self.kind in {"phone", "email", "new_username"}

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
        if self.types == (EMAIL,):
            memory = "username" if self.has_password else "email"
            return Markup(
                'type="email" inputmode="email" autocomplete="{}" autocapitalize="none"'
            ).format(memory)
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
