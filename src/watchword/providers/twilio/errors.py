"""What Twilio's codes mean for us. https://www.twilio.com/docs/api/errors"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExhausted,
    RecipientOptedOut,
    RecipientUnreachable,
    RegionUnsupported,
    SenderRejected,
    TemplateRejected,
)

ERRORS: dict[int, type[ConnectorError]] = {
    10001: AccountSuspended,
    20003: InvalidCredentials,
    20005: AccountSuspended,
    20404: ProviderSettingsRefused,  # the account in the path, or the region
    20429: ProviderThrottled,
    20500: ProviderUnavailable,
    20503: ProviderUnavailable,
    21211: InvalidRecipient,
    21212: SenderRejected,
    21408: RegionUnsupported,
    21601: SenderRejected,
    21602: ProviderRejected,  # no text, no sender, no recipient: ours to mend
    21603: ProviderRejected,
    21604: ProviderRejected,
    21605: TemplateRejected,
    21606: SenderRejected,
    21608: AccountSuspended,  # a trial account texts its verified numbers only
    21609: ProviderRejected,  # our callback's address
    21610: RecipientOptedOut,
    21611: ProviderThrottled,
    21612: RecipientUnreachable,
    21614: InvalidRecipient,
    21617: TemplateRejected,
    21635: InvalidRecipient,
    21659: SenderRejected,
    21660: SenderRejected,
    21661: SenderRejected,
    21701: SenderRejected,
    21703: SenderRejected,
    21704: SenderRejected,
    21705: SenderRejected,
    30450: RegionUnsupported,  # held back by the protection against pumping
    63038: QuotaExhausted,
}

# These come later, in a status callback; the words are ours, since Twilio sends the number alone.
REPORT_ERRORS: dict[str, tuple[type[ConnectorError], str]] = {
    "30001": (ProviderThrottled, "the sender's queue overflowed"),
    "30002": (AccountSuspended, "the account was suspended"),
    "30003": (RecipientUnreachable, "the phone is off or out of reach"),
    "30004": (RecipientUnreachable, "the recipient blocks the message"),
    "30005": (InvalidRecipient, "nobody has this number"),
    "30006": (RecipientUnreachable, "a landline, or a carrier that can't be reached"),
    "30007": (TemplateRejected, "the carrier filtered the message as spam"),
    "30008": (ProviderRejected, "the carrier gave no reason"),
    "30034": (SenderRejected, "the sender is not registered for US 10DLC"),
    "30036": (ProviderUnavailable, "the message's time ran out in the queue"),
    "30450": (RegionUnsupported, "held back by the protection against SMS pumping"),
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")
