"""What can go wrong with people's accounts."""

from watchword.core.errors import DomainError


class UserNotFound(DomainError):
    """No user has this id."""

    code = "entity.not_found"


class UserNotExist(DomainError):
    """No user owns the identifier that was proved; `data` says which."""

    code = "user.user_not_exist"


class PhoneAlreadyInUse(DomainError):
    """Another user has this phone number."""

    code = "user.phone_already_in_use"


class EmailAlreadyInUse(DomainError):
    """Another user has this e-mail address."""

    code = "user.email_already_in_use"


class UsernameAlreadyInUse(DomainError):
    """Another user has this user name."""

    code = "user.username_already_in_use"


class InvalidUsername(DomainError):
    """A user name has letters, digits and `_` only and does not begin with a digit."""

    code = "user.invalid_username"


class InvalidEmail(DomainError):
    """The text is not an e-mail address."""

    code = "user.invalid_email"


class UserSuspended(DomainError):
    """An administrator has suspended this person."""

    code = "user.suspended"


class InvalidCredentials(DomainError):
    """Unknown user, no password, or a wrong one: nobody learns which."""

    code = "session.invalid_credentials"


class IdentityNotExist(DomainError):
    """No social account of this kind is linked."""

    code = "user.identity_not_exist"


class IdentityAlreadyInUse(DomainError):
    """Another user has this social account."""

    code = "user.identity_already_in_use"


class PasswordAndDigest(DomainError):
    """A password came both in clear and as a digest."""

    code = "user.password_and_digest"


class PasswordAlgorithmRequired(DomainError):
    """A digest came without saying how it was made."""

    code = "user.password_algorithm_required"


class PasswordAlgorithmNotSupported(DomainError):
    """Digests of this kind can't be checked here; the person needs a new password."""

    code = "user.password_algorithm_not_supported"


class InvalidPasswordDigest(DomainError):
    """The digest is not one of the algorithm it was said to be of, or would cost too much."""

    code = "user.invalid_password_digest"


class InvalidSearch(DomainError):
    """A search asks for a field, a mode or a number of values that there is not; `data` says."""

    code = "request.invalid_input"
