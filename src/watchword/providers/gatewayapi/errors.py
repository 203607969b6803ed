"""What GatewayAPI's codes mean for us. https://gatewayapi.com/docs/apis/rest/"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderUnavailable,
    QuotaExhausted,
    RecipientOptedOut,
    RecipientThrottled,
    RecipientUnreachable,
    RegionUnsupported,
    TemplateRejected,
)

# In lower case.
ERRORS: dict[str, type[ConnectorError]] = {
    "0x0210": InvalidCredentials,
    "0x0211": InvalidCredentials,
    "0x0212": ProviderSettingsRefused,  # this server's address is not on the account's list
    "0x0213": ProviderSettingsRefused,
    "0x0214": RecipientThrottled,  # the same text to the same number, again and again
    "0x0215": RecipientOptedOut,
    "0x0216": InsufficientBalance,
    "0x0217": RegionUnsupported,
    "0x0218": ProviderSettingsRefused,  # the class of messages
    "0x021d": AccountSuspended,
    "0x021e": ProviderSettingsRefused,
    "0x021f": RegionUnsupported,
    "0x0220": ProviderRejected,  # parameters: ours to mend
    "0x0221": ProviderRejected,
    "0x0222": ProviderRejected,
    "0x0223": InvalidCredentials,
    "0x0224": InvalidCredentials,
    "0x0225": InvalidCredentials,
    "0x0226": InvalidCredentials,
    "0x0229": InvalidCredentials,
    "0x022a": AccountSuspended,
    "0x0310": ProviderRejected,
    "0x0311": ProviderSettingsRefused,
    "0x0312": TemplateRejected,
}

# These come later, in a notification.
REPORT_ERRORS: dict[str, tuple[type[ConnectorError], str]] = {
    "0x1010": (InvalidRecipient, "nobody has this number"),
    "0x1011": (RecipientUnreachable, "the recipient's texts are barred"),
    "0x1013": (RecipientUnreachable, "the phone is off or out of reach"),
    "0x1018": (RecipientUnreachable, "the phone's memory is full"),
    "0x1021": (RecipientUnreachable, "the phone is off or out of reach"),
    "0x1022": (RecipientUnreachable, "the phone is off or out of reach"),
    "0x102a": (RecipientUnreachable, "the phone's memory is full"),
    "0x1034": (RegionUnsupported, "the destination is blocked"),
    "0x1037": (QuotaExhausted, "a quota is used up"),
    "0x1060": (InvalidRecipient, "not a number that can receive texts"),
    "0x1091": (ProviderUnavailable, "the network did not answer in time"),
    "0x1093": (RecipientUnreachable, "blocked on its way"),
    "0x1902": (ProviderSettingsRefused, "the class of messages is not configured"),
    "0x1903": (TemplateRejected, "a link that is not allowed for the account"),
    "0x1904": (TemplateRejected, "filtered for its content"),
}
