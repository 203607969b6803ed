"""What Yunpian's codes mean for us.

https://www.yunpian.com/official/document/sms/zh_cn/domestic_single_send
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExhausted,
    RecipientOptedOut,
    RecipientThrottled,
    RegionUnsupported,
    SenderRejected,
    TemplateRejected,
)

# A malformed parameter; which one, its words say.
MALFORMED = 2

ERRORS: dict[int, type[ConnectorError]] = {
    1: ProviderRejected,  # parameters: ours to mend
    MALFORMED: ProviderRejected,
    3: InsufficientBalance,
    4: TemplateRejected,
    5: TemplateRejected,
    6: TemplateRejected,
    7: TemplateRejected,
    8: RecipientThrottled,  # the same text within 30 seconds
    9: RecipientThrottled,  # more than three times in five minutes
    10: RecipientOptedOut,
    11: ProviderRejected,
    12: ProviderRejected,
    13: AccountSuspended,
    14: ProviderRejected,
    15: SenderRejected,  # the sign in front of the text is the sender
    16: SenderRejected,
    17: RecipientThrottled,
    18: SenderRejected,
    19: ProviderUnavailable,
    20: RegionUnsupported,
    21: ProviderRejected,
    22: RecipientThrottled,
    23: RegionUnsupported,
    24: ProviderSettingsRefused,
    25: ProviderSettingsRefused,
    26: ProviderSettingsRefused,
    27: ProviderSettingsRefused,
    28: ProviderUnavailable,
    -1: InvalidCredentials,
    -2: ProviderSettingsRefused,
    -3: ProviderSettingsRefused,
    -4: QuotaExhausted,
    -5: ProviderThrottled,
    -50: ProviderUnavailable,
    -51: ProviderUnavailable,
    -52: ProviderSettingsRefused,
    -53: ProviderUnavailable,
    -54: ProviderSettingsRefused,
    -55: ProviderSettingsRefused,
    -57: SenderRejected,
}
