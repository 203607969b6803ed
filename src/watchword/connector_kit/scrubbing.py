"""Takes what nobody may read out of a provider's words: the recipient, the code, the secrets."""

import re
from collections.abc import Iterable

from watchword.connector_kit.models import OutgoingMessage
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber

HIDDEN = "•••"
LONGEST = 500
# A mailbox of one or two letters says nothing, and would leave holes in every sentence.
SHORTEST_LOCAL = 3
NO_DIGIT = re.compile(r"[^0-9]+")
# What may stand between two digits, written out or as a link would escape it.
BETWEEN = r"(?:[\s().\-/\u00a0\u2010-\u2015]|%20)*"


def scrub(words: str, message: OutgoingMessage | None, secrets: Iterable[str] = ()) -> str:
    """Return *words* without the recipient in any usual spelling, the code or secrets."""
    for secret in sorted(_parts(secrets), key=len, reverse=True):
        words = words.replace(secret, HIDDEN)
    if message is not None:
        if isinstance(message.to, EmailAddress):
            words = _address(message.to).sub(HIDDEN, words)
        else:
            words = _without_number(words, message.to)
        for name in ("code", "link"):
            value = str(message.variables.get(name, ""))
            if value and (not value.isdigit() or _may_hold(words, value)):
                words = re.sub(BETWEEN.join(map(re.escape, value)), HIDDEN, words)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _parts(secrets: Iterable[str]) -> set[str]:
    # `Bearer abc` is as bad without its first word; what is too short is no secret and would
    # leave holes in every sentence.
    return {part for secret in secrets for part in (secret, *secret.split()) if len(part) >= 4}


def _may_hold(words: str, digits: str) -> bool:
    # Each person's pattern is a new one, and compiling it costs more than the rest of the sending;
    # nearly all answers hold no such digits in any spelling.
    return "%" in words or digits in NO_DIGIT.sub("", words)


def _without_number(words: str, phone: PhoneNumber) -> str:
    code, national = _parts_of(phone)
    return _number(code, national).sub(HIDDEN, words) if _may_hold(words, national) else words


def _address(to: EmailAddress) -> re.Pattern[str]:
    # Whole, as DNS and as a link spell it, and then the mailbox alone: "no mailbox here by the
    # name of ada".
    spellings = [
        f"{re.escape(to.local)}(?:@|%40){re.escape(domain)}"
        for domain in sorted({to.domain, to.ascii_domain})
    ]
    if len(to.local) >= SHORTEST_LOCAL:
        spellings.append(rf"(?<!\w){re.escape(to.local)}(?!\w)")
    return re.compile("|".join(spellings), re.IGNORECASE)


def _parts_of(phone: PhoneNumber) -> tuple[str, str]:
    code = phone.calling_code
    return code, phone.digits.removeprefix(code)


def _number(code: str, national: str) -> re.Pattern[str]:
    # The national part alone is enough to call someone, so it is the core of the pattern; the
    # country code, a `+`, `00` and a trunk zero go with it where they are there.
    abroad = rf"(?:(?:\+|%2B|00){BETWEEN})?{BETWEEN.join(code)}{BETWEEN}(?:0{BETWEEN})?"
    at_home = rf"0{BETWEEN}"
    return re.compile(rf"(?:{abroad}|{at_home})?{BETWEEN.join(national)}", re.IGNORECASE)
