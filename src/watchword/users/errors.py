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
