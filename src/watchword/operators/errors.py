"""What can go wrong when an operator comes in."""

from watchword.core.errors import DomainError


class OperatorNotSignedIn(DomainError):
    """There is no console session, or it has ended."""

    code = "operator.not_signed_in"
    status = 401


class InvalidOperatorCredentials(DomainError):
    """User name and password do not match, or too many tries came before.

    One error for all three, so that nobody learns which user names exist.
    """

    code = "operator.invalid_credentials"
    status = 422


class InvalidSecondFactor(DomainError):
    """The authenticator's code or the recovery code is wrong, was used, or comes too often."""

    code = "operator.invalid_second_factor"
    status = 422


class InvitationNotUsable(DomainError):
    """The one-time link is unknown, was used, or has expired."""

    code = "operator.invitation_not_usable"
    status = 410


class OperatorNameTaken(DomainError):
    """Another operator has this user name."""

    code = "operator.name_taken"
    status = 422


class OperatorNameInvalid(DomainError):
    """A user name is 1 to 64 letters, digits or `._@-`."""

    code = "operator.name_invalid"
    status = 422


class OperatorPasswordTooShort(DomainError):
    """The password has fewer characters than needed."""

    code = "operator.password_too_short"
    status = 422


class OperatorPasswordTooLong(DomainError):
    """The password has more characters than a person would type."""

    code = "operator.password_too_long"
    status = 422


class OperatorPasswordTooCommon(DomainError):
    """The password is among the first that an attacker tries."""

    code = "operator.password_too_common"
    status = 422


class OperatorNotFound(DomainError):
    """No operator has this id, or no longer."""

    code = "operator.not_found"
    status = 404


class OperatorNotAllowed(DomainError):
    """This operator's role does not include this."""

    code = "operator.not_allowed"
    status = 403


class FormExpired(DomainError):
    """The form's token belongs to another session."""

    code = "operator.form_expired"
    status = 403


class LastOwner(DomainError):
    """The last owner stays one: nobody could invite the next."""

    code = "operator.last_owner"
    status = 422
