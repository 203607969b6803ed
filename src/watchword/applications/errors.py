"""What can go wrong with an application's registration."""

from watchword.core.errors import DomainError


class ApplicationNotFound(DomainError):
    """The tenant has no application with this id."""

    code = "entity.not_found"


class InvalidApplication(DomainError):
    """A registration value is out of range or of the wrong kind; `field` says which."""

    code = "application.invalid"


class InvalidRedirectUri(DomainError):
    """A registered URI must be absolute, without a fragment, and of a scheme the type allows."""

    code = "application.invalid_redirect_uri"


class InvalidOrigin(DomainError):
    """An allowed origin is a scheme, a host and a port, and nothing after them."""

    code = "application.invalid_origin"
