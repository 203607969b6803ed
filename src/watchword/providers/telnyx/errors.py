"""What Telnyx's codes mean for us.

https://developers.telnyx.com/development/api-fundamentals/api-errors
https://developers.telnyx.com/docs/messaging/messages/error-codes
"""

from watchword.connector_kit.errors import (
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderTimeout,
    ProviderUnavailable,
    RecipientOptedOut,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

# The meaning stands in for Telnyx's words in reports, where those quote the number.
ERRORS: dict[str, tuple[type[ConnectorError], str]] = {
    "10001": (InvalidRecipient, "nobody has this number"),
    "10002": (InvalidRecipient, "not a phone number"),
    "10003": (ProviderRejected, "an address in the request is malformed"),
    "10004": (ProviderRejected, "a parameter is missing"),
    # The one id in a request is that of the messaging profile.
    "10005": (ProviderSettingsRefused, "there is no such resource"),
    "10006": (ProviderSettingsRefused, "an id is malformed"),
    "10007": (ProviderUnavailable, "something went wrong at Telnyx"),
    "10008": (ProviderTimeout, "Telnyx ran out of time"),
    "10009": (InvalidCredentials, "the API key is not accepted"),
    "10010": (InvalidCredentials, "the API key may not do this"),
    "10011": (ProviderThrottled, "too many requests"),
    "10015": (ProviderRejected, "the request is malformed"),
    "10016": (InvalidRecipient, "not a number with + and country code"),
    "20100": (InsufficientBalance, "the account has no money left"),
    "40001": (RecipientUnreachable, "a landline, or a number without a route"),
    "40002": (TemplateRejected, "the carrier filtered the message as spam"),
    "40003": (SenderRejected, "the carrier blocks this sender for spam"),
    "40004": (RecipientUnreachable, "the recipient's carrier rejected the message"),
    "40005": (RecipientUnreachable, "the message's time ran out"),
    "40006": (ProviderUnavailable, "the recipient's carrier is down"),
    "40008": (RecipientUnreachable, "the carrier did not accept the message"),
    "40009": (TemplateRejected, "the text is not accepted"),
    "40011": (ProviderThrottled, "the sender sent too much at once"),
    "40300": (RecipientOptedOut, "the person replied STOP"),
    "40305": (SenderRejected, "the sender is not valid"),
    "40306": (SenderRejected, "the sender does not belong to the messaging profile"),
    "40310": (InvalidRecipient, "not a number that can receive texts"),
    "40313": (SenderRejected, "the messaging profile is disabled"),
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")
