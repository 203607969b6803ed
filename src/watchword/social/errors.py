"""What can go wrong on the way to a provider and back."""

from watchword.core.errors import DomainError


class NotSocial(DomainError):
    """The connector is for messages, and nobody signs in with it."""

    code = "connector.unexpected_type"


class InsufficientInfo(DomainError):
    """Going to a provider needs a state and an address to come back to."""

    code = "session.insufficient_info"


class StateMismatch(DomainError):
    """The answer belongs to another visit, or to none: another browser began it."""

    code = "session.csrf_token_mismatch"


class AnswerSpent(DomainError):
    """The provider's answer was used before; one try is one answer."""

    code = "connector.social_auth_code_invalid"
