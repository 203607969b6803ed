"""What can go wrong with messages; a provider's refusals are the connector kit's errors."""

from watchword.connector_kit.errors import ConnectorError
from watchword.core.errors import DomainError


class MessageNotFound(DomainError):
    """The tenant has no message with this id."""

    code = "message.not_found"
    status = 404


class TooLateToSend(ConnectorError):
    """The time for sending ran out before the provider was asked."""

    acts = "nobody"
    error_class = "too_late"


class ConnectorDefect(ConnectorError):
    """The connector failed in a way of its own; what the provider did is not known."""

    error_class = "connector_defect"
    is_outcome_known = False
