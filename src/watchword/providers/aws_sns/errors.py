"""What the codes of Amazon SNS mean for us.

https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
"""

from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidCredentials,
    InvalidRecipient,
    ProviderSettingsRefused,
    ProviderThrottled,
    ProviderUnavailable,
    RecipientOptedOut,
)

ERRORS: dict[str, type[ConnectorError]] = {
    "InvalidClientTokenId": InvalidCredentials,
    "SignatureDoesNotMatch": InvalidCredentials,
    "ExpiredToken": InvalidCredentials,  # a session token is good for some hours
    "InvalidSecurity": InvalidCredentials,
    "RequestExpired": ProviderSettingsRefused,  # our clock
    "AuthorizationError": ProviderSettingsRefused,  # the key is right, and may not do this
    "InvalidParameter": ProviderSettingsRefused,
    "ParameterValueInvalid": ProviderSettingsRefused,
    "ValidationException": ProviderSettingsRefused,
    "OptedOut": RecipientOptedOut,
    "Throttled": ProviderThrottled,
    "Throttling": ProviderThrottled,
    "InternalError": ProviderUnavailable,
    "KMSAccessDenied": ProviderSettingsRefused,
    "KMSDisabled": ProviderSettingsRefused,
    "KMSInvalidState": ProviderSettingsRefused,
    "KMSNotFound": ProviderSettingsRefused,
    "KMSOptInRequired": ProviderSettingsRefused,
    "KMSThrottling": ProviderThrottled,
}

# Some codes say more in their words.
IN_WORDS: dict[tuple[str, str], type[ConnectorError]] = {
    ("InvalidParameter", "PhoneNumber"): InvalidRecipient,
    ("ParameterValueInvalid", "PhoneNumber"): InvalidRecipient,
    ("ValidationException", "PhoneNumber"): InvalidRecipient,
    ("SignatureDoesNotMatch", "Signature expired"): ProviderSettingsRefused,
    ("SignatureDoesNotMatch", "Signature not yet current"): ProviderSettingsRefused,
}


def error_type_of(code: str, words: str) -> type[ConnectorError] | None:
    """Return what an error stands for; None where the code is a new one."""
    for (of_code, sign), error_type in IN_WORDS.items():
        if of_code == code and sign in words:
            return error_type
    return ERRORS.get(code)
