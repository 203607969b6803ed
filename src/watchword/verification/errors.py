"""Why a code is not accepted."""

from watchword.core.errors import DomainError


class CodeNotFound(DomainError):
    """No code waits to be checked: none was sent, it was used, or a newer one replaced it."""

    code = "verification_code.not_found"


class PhoneMismatch(DomainError):
    """The code was sent to another number."""

    code = "verification_code.phone_mismatch"


class EmailMismatch(DomainError):
    """The code was sent to another address."""

    code = "verification_code.email_mismatch"


class CodeExpired(DomainError):
    """The code is too old."""

    code = "verification_code.expired"


class TooManyTries(DomainError):
    """The code was guessed at too often and is worth nothing now."""

    code = "verification_code.exceed_max_try"


class CodeMismatch(DomainError):
    """The code is wrong."""

    code = "verification_code.code_mismatch"


class CodeSentMeanwhile(DomainError):
    """Another request of the same flow sent a code in the same moment."""

    code = "verification_code.sent_meanwhile"


class RecordNotFound(DomainError):
    """The flow has no such verification record."""

    code = "session.verification_session_not_found"
