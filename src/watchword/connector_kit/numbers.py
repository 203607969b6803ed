"""A number in the forms that providers of one country ask for."""

import phonenumbers

from watchword.core.phone import PhoneNumber


def parts_of(phone: PhoneNumber) -> tuple[str, str]:
    """Return the country calling code, and the rest of the number without a trunk zero."""
    code = phone.calling_code
    return code, phone.digits.removeprefix(code)


def at_home(phone: PhoneNumber) -> str:
    """Return the digits that people dial inside the country: `01012345678` for +82 10 1234 5678."""
    parsed = phonenumbers.parse(phone.e164)
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(character for character in written if character in "0123456789")
