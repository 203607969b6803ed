"""What a mail server's refusal means. RFC 5321, 4.2.3; enhanced codes: RFC 3463."""

import re
from typing import Literal

from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidCredentials,
    InvalidRecipient,
    MessageDeferred,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExhausted,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

Stage = Literal["greeting", "login", "sender", "recipient", "content"]

ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
CLOSING = 421
WANTS_LOGIN = {530, 534, 535, 538}
NO_SUCH_MAILBOX = {501, 550, 551, 553, 556}
TOO_LARGE_OR_REFUSED = {550, 552, 554}

OF_MAILBOX: dict[int, type[ConnectorError]] = {1: InvalidRecipient, 2: RecipientUnreachable}

LASTING: dict[Stage, type[ConnectorError]] = {
    "greeting": ProviderSettingsRefused,
    "login": InvalidCredentials,
    "sender": SenderRejected,
    "recipient": ProviderRejected,
    "content": ProviderRejected,
}
PASSING: dict[Stage, type[ConnectorError]] = {
    "greeting": ProviderUnavailable,
    "login": ProviderUnavailable,
    # It counts what this sender sends, so the next message would fare no better.
    "sender": ProviderThrottled,
    # A grey list, a mailbox that is full today: nothing that concerns other people.
    "recipient": MessageDeferred,
    "content": MessageDeferred,
}


def error_of(stage: Stage, code: int, text: str) -> ConnectorError:
    """Return the error that a reply amounts to, with the server's own words."""
    return _type_of(stage, code, text)(said(code, text))


def said(code: int, text: str) -> str:
    """Return a reply on one line, without what no database would store."""
    readable = "".join(c if c.isprintable() else " " for c in text)
    return f"{code} {' '.join(readable.split())}".strip()


def _type_of(stage: Stage, code: int, text: str) -> type[ConnectorError]:
    if code == CLOSING:
        # "Too many connections", more often than a server that goes away.
        return ProviderThrottled
    if 400 <= code < 500:
        return PASSING[stage]
    if code in WANTS_LOGIN:
        return InvalidCredentials
    found = ENHANCED.match(text)
    subject, detail = (int(found[2]), int(found[3])) if found else (0, 0)
    if (subject, detail) == (4, 5):
        return QuotaExhausted  # Gmail: the day's messages are used up
    if stage in {"recipient", "content"} and subject in OF_MAILBOX:
        # Some servers look for the mailbox only once they have the content.
        return OF_MAILBOX[subject]
    return _by_code(stage, code, subject)


def _by_code(stage: Stage, code: int, subject: int) -> type[ConnectorError]:
    if stage == "recipient" and subject == 7:
        return SenderRejected  # "relaying denied": the account may not send there
    if stage == "recipient" and code in NO_SUCH_MAILBOX:
        return InvalidRecipient
    if stage == "content" and code in TOO_LARGE_OR_REFUSED:
        return TemplateRejected
    return LASTING[stage]
