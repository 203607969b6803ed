"""What the guard refuses, and why."""

from watchword.core.errors import DomainError


class TooManyMessages(DomainError):
    """A limit on sending is used up: for this number, or for where the request comes from."""

    code = "request.message_rate_limited"


class DevelopmentMessagesUsedUp(TooManyMessages):
    """A development tenant sent as many messages today as it may; production has no such limit."""

    code = "tenant.messages_used_up"
    status = 429


class CountryNotAllowed(DomainError):
    """The tenant sends nothing to this number's country."""

    code = "guard.country_not_allowed"


class NumberTypeNotAllowed(DomainError):
    """The tenant sends nothing to this kind of number."""

    code = "guard.number_type_not_allowed"


class NumberAtRisk(DomainError):
    """A carrier knows something of this number that speaks against sending a code there."""

    code = "guard.number_at_risk"


class NumberUnchecked(DomainError):
    """Nobody could say what a carrier knows of this number, and nothing goes out unchecked."""

    code = "guard.number_unchecked"


class TooManyAttempts(DomainError):
    """The identifier is locked after too many failures in a row; `count` is minutes to wait."""

    code = "session.verification_blocked_too_many_attempts"
