"""What SOLAPI's codes mean for us.

https://docs.solapi.com/api-reference/message-status-codes
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
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

# Of a request that was refused as a whole.
REQUEST_ERRORS: dict[str, type[ConnectorError]] = {
    "InvalidAPIKey": InvalidCredentials,
    "SignatureDoesNotMatch": InvalidCredentials,
    "Unauthorized": InvalidCredentials,
    "Forbidden": ProviderSettingsRefused,  # the key may not do this, or not from our address
    "RequestTimeTooSkewed": ProviderSettingsRefused,  # our clock
    "DuplicatedSignature": ProviderRejected,
    "ValidationError": ProviderRejected,
    "NotEnoughBalance": InsufficientBalance,
    "RateLimitExceeded": ProviderThrottled,
    "TooManyRequests": ProviderThrottled,
}

# Of a message: 1xxx at once, in an answer with HTTP 200; 2xxx and 3xxx later, in a report.
MESSAGE_ERRORS: dict[str, type[ConnectorError]] = {
    "1010": ProviderRejected,
    "1011": ProviderRejected,
    "1013": ProviderRejected,
    "1014": ProviderRejected,
    "1020": InvalidCredentials,
    "1021": ProviderRejected,
    "1022": ProviderRejected,
    "1023": ProviderRejected,
    "1024": ProviderUnavailable,
    "1025": ProviderRejected,
    "1026": ProviderRejected,
    "1027": ProviderRejected,
    "1028": TemplateRejected,
    "1029": TemplateRejected,  # letters that EUC-KR lacks
    "1030": InsufficientBalance,
    "1031": TemplateRejected,  # too long
    "1032": ProviderRejected,
    "1033": ProviderRejected,
    "1034": ProviderRejected,
    "1041": ProviderSettingsRefused,  # the Kakao channel
    "1042": TemplateRejected,
    "1043": TemplateRejected,
    **{str(code): TemplateRejected for code in range(1044, 1054)},  # buttons and pictures
    "1058": RecipientUnreachable,
    "1060": InvalidRecipient,
    "1061": RecipientOptedOut,
    "1062": SenderRejected,
    "1064": SenderRejected,
    "2011": ProviderRejected,
    "2024": ProviderUnavailable,
    "2060": InvalidRecipient,
    "2061": RecipientOptedOut,
    "2062": SenderRejected,
    "2063": AccountSuspended,
    "2064": SenderRejected,
    "2230": InsufficientBalance,
    "2254": TemplateRejected,
    "3010": InvalidRecipient,
    "3011": ProviderRejected,
    "3012": ProviderUnavailable,
    "3013": SenderRejected,
    "3024": ProviderUnavailable,
    "3032": InvalidRecipient,
    **{str(code): RecipientUnreachable for code in (3031, *range(3040, 3048), 3050, 3051)},
    "3052": ProviderUnavailable,
    "3053": ProviderUnavailable,
    "3054": TemplateRejected,
    "3055": SenderRejected,
    "3056": RecipientUnreachable,
    "3057": RecipientUnreachable,
    "3058": RecipientUnreachable,
    "3059": SenderRejected,
}
