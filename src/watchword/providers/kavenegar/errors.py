"""What Kavenegar's codes mean for us. https://kavenegar.com/rest.html"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    ProviderUnavailable,
    RecipientOptedOut,
    RecipientThrottled,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

# `return.status` of an answer.
ERRORS: dict[int, type[ConnectorError]] = {
    400: ProviderRejected,
    401: AccountSuspended,
    402: ProviderUnavailable,
    403: InvalidCredentials,
    404: ProviderRejected,
    405: ProviderRejected,
    407: ProviderSettingsRefused,  # the key may not do this, or not from our address
    409: ProviderUnavailable,
    411: InvalidRecipient,
    412: SenderRejected,
    413: TemplateRejected,
    414: ProviderRejected,
    417: ProviderRejected,
    418: InsufficientBalance,
    419: ProviderRejected,
    422: ProviderRejected,
    424: TemplateRejected,
    426: ProviderSettingsRefused,  # another plan
    428: TemplateRejected,
    431: TemplateRejected,
    432: TemplateRejected,
    451: RecipientThrottled,
}

# `status` of a message.
DELIVERED = 10
FAILURES: dict[int, tuple[type[ConnectorError], str]] = {
    6: (ProviderRejected, "failed"),
    11: (RecipientUnreachable, "the phone was not reached"),
    13: (ProviderRejected, "cancelled and refunded"),
    14: (RecipientOptedOut, "the person blocks such messages"),
}
