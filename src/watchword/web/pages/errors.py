"""What can be wrong with a filled form before any service sees it."""

from typing import ClassVar

from watchword.core.errors import DomainError


class InvalidForm(DomainError):
    """The form has fields twice, or fields no page of ours would send."""

    code = "guard.invalid_input"


class WrongFormType(DomainError):
    """The body is not a URL-encoded form."""

    code = "request.media_type_not_supported"


class TokenMismatch(DomainError):
    """The form does not carry its interaction's token."""

    code = "form.token_mismatch"
    status: ClassVar[int] = 403


class IdentifierMissing(DomainError):
    """Neither a user name nor a number was typed."""

    code = "form.identifier_missing"


class PhoneMissing(IdentifierMissing):
    """No number was typed."""

    code = "form.phone_missing"


class EmailMissing(IdentifierMissing):
    """No address was typed."""

    code = "form.email_missing"


class UsernameMissing(IdentifierMissing):
    """No user name was typed."""

    code = "form.username_missing"


class PasswordMissing(DomainError):
    """No password was typed."""

    code = "form.password_missing"


class CodeMissing(DomainError):
    """No code was typed."""

    code = "form.code_missing"


class CodeMisshapen(DomainError):
    """The text can't be a code; it costs no try."""

    code = "form.code_shape"


class ResendTooSoon(DomainError):
    """A code went out a moment ago."""

    code = "form.resend_too_soon"
    status: ClassVar[int] = 429


class AgreementMissing(DomainError):
    """The terms have to be accepted and were not."""

    code = "form.agreement_missing"
