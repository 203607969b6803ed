"""What SMSBao's codes mean for us; it sends the number alone. https://www.smsbao.com/openapi/56"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderRejected,
    ProviderSettingsRefused,
    TemplateRejected,
)

ERRORS: dict[str, tuple[type[ConnectorError], str]] = {
    "-1": (ProviderRejected, "the request lacks a parameter"),
    "-2": (ProviderRejected, "the server does not support this"),
    "30": (InvalidCredentials, "wrong password or key"),
    "40": (InvalidCredentials, "there is no such account"),
    "41": (InsufficientBalance, "no messages left in the account"),
    "42": (AccountSuspended, "the account has expired"),
    "43": (ProviderSettingsRefused, "this server's IP address is not allowed"),
    "50": (TemplateRejected, "the text has forbidden words"),
    "51": (InvalidRecipient, "not a mobile number"),
}
UNKNOWN = (ProviderRejected, "not in SMSBao's list of codes")
