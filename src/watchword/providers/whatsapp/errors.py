"""What Meta's codes mean for us.

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
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
    RecipientThrottled,
    RecipientUnreachable,
    SenderRejected,
    TemplateRejected,
)

# The meaning stands in for Meta's words in reports, where those may quote the number.
ERRORS: dict[int, tuple[type[ConnectorError], str]] = {
    0: (InvalidCredentials, "the token is not valid"),
    1: (ProviderUnavailable, "the API is not available"),
    2: (ProviderUnavailable, "the service is not available"),
    3: (InvalidCredentials, "the token lacks a permission"),
    4: (ProviderThrottled, "the app sent too many requests"),
    10: (InvalidCredentials, "the token lacks a permission"),
    33: (ProviderSettingsRefused, "the business number was deleted"),
    100: (ProviderSettingsRefused, "a parameter or the phone number ID is wrong"),
    190: (InvalidCredentials, "the token has expired"),
    368: (AccountSuspended, "the account is restricted"),
    80007: (ProviderThrottled, "the business account sent too many requests"),
    130429: (ProviderThrottled, "the business number sent too many messages"),
    130472: (RecipientUnreachable, "the person takes part in an experiment of Meta's"),
    131000: (ProviderUnavailable, "something went wrong at Meta"),
    131008: (ProviderRejected, "a parameter is missing"),
    131009: (ProviderRejected, "a parameter has a wrong value"),
    131016: (ProviderUnavailable, "the service is overloaded"),
    131026: (RecipientUnreachable, "the number is not on WhatsApp, or its app is too old"),
    131030: (AccountSuspended, "a test number writes to the numbers on its list only"),
    131031: (AccountSuspended, "the account is locked"),
    131042: (InsufficientBalance, "there is a problem with the means of payment"),
    131045: (SenderRejected, "the business number is not registered"),
    131047: (ProviderRejected, "outside the 24 hours in which free text is allowed"),
    131048: (QuotaExhausted, "held back because people reported earlier messages as spam"),
    131049: (RecipientUnreachable, "Meta chose not to deliver this message"),
    131056: (RecipientThrottled, "too many messages to this person in a short time"),
    131057: (ProviderUnavailable, "the account is in maintenance"),
    132000: (TemplateRejected, "the template takes another number of parameters"),
    132001: (TemplateRejected, "there is no such template in this language"),
    132005: (TemplateRejected, "the filled template is too long"),
    132007: (TemplateRejected, "the template breaks a policy"),
    132012: (TemplateRejected, "a parameter does not fit into the template"),
    132015: (TemplateRejected, "the template is paused"),
    132016: (TemplateRejected, "the template is disabled"),
    133010: (SenderRejected, "the business number is not registered"),
    # Meta keeps the whole range for permissions.
    **dict.fromkeys(range(200, 300), (InvalidCredentials, "the token lacks a permission")),
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")
