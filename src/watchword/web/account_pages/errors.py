"""What keeps an account page from being shown."""

from watchword.core.errors import DomainError


class NotSignedIn(DomainError):
    """The browser holds no session; the answer is the way to get one."""

    code = "auth.unauthorized"


class NoWayToProve(DomainError):
    """The person has no password, number or address that the tenant lets them see."""

    code = "account_center.no_way_to_prove"


class NoSuchTask(DomainError):
    """There is no account page of this name."""

    code = "request.not_found"
