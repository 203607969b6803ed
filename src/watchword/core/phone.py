"""Phone numbers, in the one form that everything inside uses."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers

from watchword.core.errors import DomainError

DIGITS = re.compile(r"[0-9]{1,32}")


class InvalidPhoneNumber(DomainError):
    """The text is not a possible phone number of any country."""

    code = "user.invalid_phone"


class NumberType(StrEnum):
    """What kind of line a number is, as far as the numbering plan tells."""

    MOBILE = "mobile"
    FIXED_LINE = "fixed_line"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"
    TOLL_FREE = "toll_free"
    PREMIUM_RATE = "premium_rate"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    OTHER = "other"
    UNKNOWN = "unknown"


_TYPES = {
    phonenumbers.PhoneNumberType.MOBILE: NumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE: NumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberType.FIXED_LINE_OR_MOBILE,
    phonenumbers.PhoneNumberType.TOLL_FREE: NumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE: NumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.SHARED_COST: NumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.VOIP: NumberType.VOIP,
    phonenumbers.PhoneNumberType.UNKNOWN: NumberType.UNKNOWN,
}


@dataclass(frozen=True, repr=False)
class PhoneNumber:
    """A country calling code and a national number, without a trunk zero."""

    digits: str
    """The contract's form and the stored one: digits only, country code first, no `+`."""

    @classmethod
    def parse(cls, text: str, region: str | None = None) -> "PhoneNumber":
        """Read what a person typed; *region* (ISO 3166) is used when there is no `+`."""
        digits = _stored_form(text, region)
        if digits is None or not phonenumbers.is_possible_number(_parse_stored(digits)):
            raise InvalidPhoneNumber
        return cls(digits)

    @classmethod
    def from_digits(cls, digits: str) -> "PhoneNumber":
        """Read the wire's form (`^\\d+$`); `610412345678` and `61412345678` are one number."""
        number = cls.of_any_length(digits)
        if not phonenumbers.is_possible_number(number._parsed):
            raise InvalidPhoneNumber
        return number

    @classmethod
    def of_any_length(cls, digits: str) -> "PhoneNumber":
        """Read the wire's form where the contract asks for a country and for no length."""
        stored = _stored_form(f"+{digits}", None) if DIGITS.fullmatch(digits) else None
        if stored is None:
            raise InvalidPhoneNumber
        return cls(stored)

    @property
    def e164(self) -> str:
        """Return the E.164 form, with `+`."""
        return f"+{self.digits}"

    @property
    def calling_code(self) -> str:
        """Return the country calling code: `82`."""
        return str(self._parsed.country_code)

    @property
    def region(self) -> str:
        """Return the ISO 3166 country, `001` for a non-geographic code, or `ZZ` if unknown."""
        return phonenumbers.region_code_for_number(self._parsed) or "ZZ"

    @property
    def number_type(self) -> NumberType:
        """Return the kind of line."""
        return _TYPES.get(phonenumbers.number_type(self._parsed), NumberType.OTHER)

    @property
    def is_valid(self) -> bool:
        """Tell whether the numbering plan assigns this number; a guard rule, not a form rule."""
        return phonenumbers.is_valid_number(self._parsed)

    @property
    def international(self) -> str:
        """Return the form to show to its owner and to permitted operators: `+82 10-1234-5678`."""
        return phonenumbers.format_number(
            self._parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )

    @property
    def masked(self) -> str:
        """Return the form to show on screens and in logs: `+82 10-••••-5678`."""
        text = self.international
        prefix = len(str(self._parsed.country_code)) + 1
        length = sum(character.isdigit() for character in text[prefix:])
        shown_first = 2 if length >= 9 else 0
        shown_last = min(4, length // 2)
        masked: list[str] = []
        position = 0
        for character in text[prefix:]:
            is_hidden = character.isdigit() and shown_first <= position < length - shown_last
            position += character.isdigit()
            masked.append("•" if is_hidden else character)
        return text[:prefix] + "".join(masked)

    @property
    def _parsed(self) -> phonenumbers.PhoneNumber:
        return _parse_stored(self.digits)

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked})"

    __str__ = __repr__


# Masking, region and type of one number are asked for together, again and again.
@lru_cache(maxsize=1024)
def _parse_stored(digits: str) -> phonenumbers.PhoneNumber:
    return phonenumbers.parse(f"+{digits}")


@lru_cache(maxsize=1024)
def _stored_form(text: str, region: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # Formatting drops the trunk zero where the plan has one and keeps Italy's zero.
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    # Where zeros follow it, the next reading would drop another: one number has one form.
    return e164[1:] if e164 == text else _stored_form(e164, None)
