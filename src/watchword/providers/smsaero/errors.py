"""What SMS Aero's refusals mean for us: it has no codes, only fields at fault and words."""

import re

from watchword.connector_kit.errors import (
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

# The keys of `data` beside "Validation error.", as the provider names the fields of a request.
FIELDS: dict[str, type[ConnectorError]] = {
    "number": InvalidRecipient,
    "sign": SenderRejected,
    "text": TemplateRejected,
}

# The older shape, which has no `success`.
RESULTS: dict[str, type[ConnectorError]] = {
    "no credits": InsufficientBalance,
    "reject": TemplateRejected,
}

WORDS: tuple[tuple[re.Pattern[str], type[ConnectorError]], ...] = (
    (re.compile(r"credentials|authori[sz]", re.IGNORECASE), InvalidCredentials),
    (re.compile(r"no credits|money|balance|funds", re.IGNORECASE), InsufficientBalance),
)

DELIVERED = 1
REPORT_ERRORS: dict[int, tuple[type[ConnectorError], str]] = {
    2: (RecipientUnreachable, "not delivered"),
    # A block list, a sender that this operator does not know, or the moderators.
    6: (ProviderRejected, "rejected after it was taken"),
}
