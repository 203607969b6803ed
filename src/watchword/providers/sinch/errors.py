"""What Sinch's codes mean for us.

https://developers.sinch.com/docs/sms/api-reference/status-codes/
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InvalidRecipient,
    ProviderRejected,
    ProviderUnavailable,
    RecipientUnreachable,
    RegionUnsupported,
    SenderRejected,
    TemplateRejected,
)

ERRORS: dict[str, type[ConnectorError]] = {
    "syntax_invalid_json": ProviderRejected,
    # "For example if a MSISDN is not correctly formatted": of what we send, that is the number.
    "syntax_invalid_parameter_format": InvalidRecipient,
    "syntax_constraint_violation": ProviderRejected,
    "unknown_group": ProviderRejected,
    "unknown_campaign": SenderRejected,
    "missing_callback_url": ProviderRejected,
}

# The syntax codes say in their text, in brackets or quotes, which field they are about.
FIELDS: dict[str, type[ConnectorError]] = {
    "to": InvalidRecipient,
    "from": SenderRejected,
    "body": TemplateRejected,
}

# These come later, in a delivery report.
REPORT_ERRORS: dict[int, tuple[type[ConnectorError], str]] = {
    402: (RecipientUnreachable, "no route to this number"),
    403: (ProviderUnavailable, "something went wrong at Sinch"),
    404: (RecipientUnreachable, "the message did not get through this time"),
    405: (TemplateRejected, "the text has a ${parameter} of Sinch's in it"),
    406: (RecipientUnreachable, "the message's time ran out before it left Sinch"),
    407: (ProviderRejected, "somebody cancelled the message"),
    408: (RecipientUnreachable, "the carrier rejected the message"),
    410: (SenderRejected, "there is no default originator for this number"),
    411: (TemplateRejected, "the text has too many parts"),
    412: (RegionUnsupported, "the account may not send to this region"),
    413: (AccountSuspended, "the account is blocked"),
}
REPORT_STATUSES: dict[str, tuple[type[ConnectorError], str]] = {
    "EXPIRED": (RecipientUnreachable, "the message's time ran out"),
    "REJECTED": (RecipientUnreachable, "the carrier rejected the message"),
    "FAILED": (RecipientUnreachable, "the message did not get through"),
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")
