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


class InvalidThirdPartyType(DomainError):
    """A third party's application is one that people sign in to, and no machine."""

    code = "application.invalid_third_party_application_type"


class NoSecretsForPublicApplication(DomainError):
    """Its code is in its users' hands, so it could keep no secret."""

    code = "application.public_has_no_secret"
    status = 422


class SecretNameTaken(DomainError):
    """The application has a secret of this name."""

    code = "application.secret_name_exists"
    status = 422


class SecretNotFound(DomainError):
    """The application has no secret of this name."""

    code = "entity.not_found"


class SecretExpiryInPast(DomainError):
    """A secret that is over before it is given helps nobody."""

    code = "request.invalid_input"


class TooManySecrets(DomainError):
    """Rotation needs two; delete one that is no longer used."""

    code = "application.too_many_secrets"
    status = 422
