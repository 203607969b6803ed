"""What Vonage's codes mean for us.

https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderThrottled,
    ProviderUnavailable,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

# `status` of each part of a text; "0" is the only good one.
ERRORS: dict[str, type[ConnectorError]] = {
    "1": ProviderThrottled,
    "2": ProviderRejected,  # a parameter is missing: ours to mend
    "3": ProviderRejected,  # a parameter is wrong; where that is the number, `error_of` sees it
    "4": InvalidCredentials,
    "5": ProviderUnavailable,
    "6": InvalidRecipient,  # nobody's prefix
    "7": RecipientUnreachable,
    "8": AccountSuspended,
    "9": InsufficientBalance,
    "10": ProviderThrottled,
    "11": AccountSuspended,
    "12": TemplateRejected,
    "14": InvalidCredentials,  # the signature
    "15": SenderRejected,
    "22": ProviderRejected,
    "23": ProviderRejected,
    "29": AccountSuspended,  # a demo account texts its own list only
    "32": ProviderRejected,
    "33": InvalidRecipient,
}

# `err-code` of a receipt; the words are ours, since Vonage sends the number alone.
REPORT_ERRORS: dict[str, tuple[type[ConnectorError], str]] = {
    "1": (ProviderRejected, "the carrier gave no reason"),
    "2": (RecipientUnreachable, "the phone is off or out of reach"),
    "3": (InvalidRecipient, "nobody has this number any more"),
    "4": (RecipientUnreachable, "the recipient does not take texts of this kind"),
    "5": (RecipientUnreachable, "the number moved to another carrier and was not found there"),
    "6": (TemplateRejected, "the carrier filtered the message as spam"),
    "7": (RecipientUnreachable, "the phone was busy"),
    "8": (ProviderUnavailable, "the carrier's network failed"),
    "9": (InvalidRecipient, "not a number that takes texts"),
    "10": (TemplateRejected, "the carrier refused the text"),
    "11": (RecipientUnreachable, "no route to this number"),
    "12": (RecipientUnreachable, "the carrier could not be reached"),
    "13": (RecipientUnreachable, "the recipient is too young for texts of this kind"),
    "14": (RecipientUnreachable, "the carrier blocks the number"),
    "15": (RecipientUnreachable, "the recipient's prepaid card is empty"),
    "39": (SenderRejected, "the sender may not text numbers in the United States"),
    "50": (TemplateRejected, "filtered by the rules of the country"),
    "99": (ProviderRejected, "the carrier gave no reason"),
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")
