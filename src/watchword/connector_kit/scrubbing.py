"""Takes what nobody may read out of a provider's words: the number, the code, the secrets."""

import re
from collections.abc import Iterable

import phonenumbers

from watchword.connector_kit.models import SmsMessage
from watchword.core.phone import PhoneNumber

HIDDEN = "•••"
LONGEST = 500
# What may stand between two digits, written out or as a link would escape it.
BETWEEN = r"(?:[\s().\-/\u00a0\u2010-\u2015]|%20)*"


def scrub(words: str, message: SmsMessage | None, secrets: Iterable[str] = ()) -> str:
    """Return *words* without the recipient's number in any usual spelling, code or secrets."""
    for secret in sorted(_parts(secrets), key=len, reverse=True):
        words = words.replace(secret, HIDDEN)
    if message is not None:
        words = _number(message.to).sub(HIDDEN, words)
        for name in ("code", "link"):
            value = str(message.variables.get(name, ""))
            if value:
                words = re.sub(BETWEEN.join(map(re.escape, value)), HIDDEN, words)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _parts(secrets: Iterable[str]) -> set[str]:
    # `Bearer abc` is as bad without its first word; what is too short is no secret and would
    # leave holes in every sentence.
    return {part for secret in secrets for part in (secret, *secret.split()) if len(part) >= 4}


def _number(phone: PhoneNumber) -> re.Pattern[str]:
    # The national part alone is enough to call someone, so it is the core of the pattern; the
    # country code, a `+`, `00` and a trunk zero go with it where they are there.
    parsed = phonenumbers.parse(phone.e164)
    code = str(parsed.country_code)
    national = phone.digits.removeprefix(code)
    abroad = rf"(?:(?:\+|%2B|00){BETWEEN})?{BETWEEN.join(code)}{BETWEEN}(?:0{BETWEEN})?"
    at_home = rf"0{BETWEEN}"
    return re.compile(rf"(?:{abroad}|{at_home})?{BETWEEN.join(national)}", re.IGNORECASE)
