"""What MessageBird's codes mean for us.

https://developers.messagebird.com/api/#api-errors
"""

from watchword.connector_kit.errors import (
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderUnavailable,
    RecipientOptedOut,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

ERRORS: dict[int, type[ConnectorError]] = {
    2: InvalidCredentials,
    9: ProviderRejected,
    10: ProviderRejected,
    20: ProviderSettingsRefused,
    21: ProviderRejected,
    25: InsufficientBalance,
    98: ProviderSettingsRefused,
    99: ProviderUnavailable,
    101: ProviderRejected,
}

# A missing (9) or invalid (10) parameter is somebody's to mend, by its name.
ABOUT_A_PARAMETER = frozenset({9, 10})
PARAMETERS: dict[str, type[ConnectorError]] = {
    "recipient": InvalidRecipient,
    "recipients": InvalidRecipient,
    "originator": SenderRejected,
    "body": TemplateRejected,
}

# A delivery report gives its reason in words, of which there are few.
REASONS: dict[str, tuple[type[ConnectorError], str]] = {
    "incorrect number": (InvalidRecipient, "not a number that can receive texts"),
    "unknown subscriber": (InvalidRecipient, "nobody has this number"),
    "unavailable subscriber": (RecipientUnreachable, "the phone is out of reach"),
    "expired": (RecipientUnreachable, "the message's time ran out"),
    "opted out": (RecipientOptedOut, "the person asked for no more messages"),
    "received network error": (ProviderUnavailable, "the carrier's network has trouble"),
    "insufficient balance": (InsufficientBalance, "the account has no money left"),
    "carrier rejected": (RecipientUnreachable, "the carrier rejected the message"),
    "capacity limit reached": (ProviderThrottled, "the route was full"),
    "generic delivery failure": (RecipientUnreachable, "the message did not get through"),
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")
