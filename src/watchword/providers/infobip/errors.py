"""What Infobip's status names mean for us.

https://www.infobip.com/docs/essentials/response-status-and-error-codes
"""

from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidRecipient,
    ProviderRejected,
    ProviderUnavailable,
    RecipientOptedOut,
    RecipientThrottled,
    RecipientUnreachable,
    RegionUnsupported,
    SenderRejected,
    TemplateRejected,
)

# By name: the numbers beside them have changed over the years. The meaning stands in for
# Infobip's words in reports.
STATUSES: dict[str, tuple[type[ConnectorError], str]] = {
    "EXPIRED_EXPIRED": (RecipientUnreachable, "the message's time ran out"),
    "MISSING_TO": (ProviderRejected, "the request had no number"),
    "REJECTED_DESTINATION": (InvalidRecipient, "not a number that can receive texts"),
    "REJECTED_DESTINATION_BLOCKLISTED": (RecipientUnreachable, "the number is on a block list"),
    "REJECTED_DESTINATION_NOT_REGISTERED": (
        AccountSuspended,
        "a trial account texts its registered number only",
    ),
    "REJECTED_DND": (RecipientOptedOut, "the person asked for no more messages"),
    "REJECTED_DUPLICATE_MESSAGE_ID": (ProviderRejected, "the message id was used before"),
    "REJECTED_FLOODING_FILTER": (RecipientThrottled, "too many messages to this number"),
    "REJECTED_INVALID_UDH": (ProviderRejected, "the message was malformed"),
    "REJECTED_MESSAGE_TOO_LONG": (TemplateRejected, "the text is too long"),
    "REJECTED_NETWORK": (RegionUnsupported, "the account may not send to this network"),
    "REJECTED_NOT_ENOUGH_CREDITS": (InsufficientBalance, "the account has no money left"),
    "REJECTED_PREFIX_MISSING": (InvalidRecipient, "no network has numbers like this"),
    "REJECTED_PREPAID_PACKAGE_EXPIRED": (InsufficientBalance, "the account's credit has lapsed"),
    "REJECTED_ROUTE_NOT_AVAILABLE": (AccountSuspended, "the account is not set up to send"),
    "REJECTED_SENDER": (SenderRejected, "the sender is on a block list"),
    "REJECTED_SOURCE": (SenderRejected, "the sender is not registered"),
    "REJECTED_SYSTEM_ERROR": (ProviderUnavailable, "something went wrong at Infobip"),
    "SIGNALS_BLOCKED": (RegionUnsupported, "held back by the protection against fraud"),
    "UNDELIVERABLE_NOT_DELIVERED": (RecipientUnreachable, "the message did not get through"),
    "UNDELIVERABLE_NOT_SENT": (RecipientUnreachable, "the message was not sent"),
    "UNDELIVERABLE_REJECTED_OPERATOR": (RecipientUnreachable, "the carrier rejected the message"),
    "UNDELIVERABLE_REJECTED_PLATFORM": (ProviderUnavailable, "Infobip could not send it now"),
}
GROUPS: dict[str, tuple[type[ConnectorError], str]] = {
    "EXPIRED": STATUSES["EXPIRED_EXPIRED"],
    "UNDELIVERABLE": STATUSES["UNDELIVERABLE_NOT_DELIVERED"],
}
UNKNOWN_REASON = (ProviderRejected, "no reason that we know")

# Parts of a request, as a refusal of the whole request calls them.
PROPERTIES: dict[str, type[ConnectorError]] = {
    "destinations": InvalidRecipient,
    "sender": SenderRejected,
    "content": TemplateRejected,
}
