"""What Plivo's answers and codes mean for us.

https://www.plivo.com/docs/messaging/troubleshooting/error-codes
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidRecipient,
    ProviderRejected,
    ProviderUnavailable,
    RecipientOptedOut,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

# An answer has words and no code; they call a field by its name.
FIELDS: dict[str, type[ConnectorError]] = {
    "dst": InvalidRecipient,
    "src": SenderRejected,
    "powerpack_uuid": SenderRejected,
    "text": TemplateRejected,
}

# These come later, in a delivery report.
REPORT_ERRORS: dict[str, tuple[type[ConnectorError], str]] = {
    "10": (TemplateRejected, "the carrier calls the message invalid"),
    "20": (ProviderUnavailable, "the carrier's network has trouble"),
    "30": (TemplateRejected, "the carrier filtered the message as spam"),
    "40": (SenderRejected, "the sender is not valid"),
    "50": (InvalidRecipient, "not a number that can receive texts"),
    "60": (ProviderRejected, "the message went round in a loop"),
    "70": (RecipientUnreachable, "the number is out of reach for good"),
    "80": (RecipientUnreachable, "the phone is out of reach for now"),
    "90": (RecipientUnreachable, "no route to this number"),
    "100": (RecipientUnreachable, "the carrier rejected the message"),
    "110": (TemplateRejected, "the text is too long"),
    "200": (RecipientOptedOut, "the person replied STOP"),
    "201": (SenderRejected, "this sender may not text that country"),
    "300": (ProviderUnavailable, "Plivo could not hand the message on"),
    "420": (RecipientUnreachable, "the message's time ran out"),
    "900": (InsufficientBalance, "the account has no money left"),
    "910": (AccountSuspended, "the account is disabled"),
    "1000": (ProviderRejected, "the carrier gave no reason"),
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")
