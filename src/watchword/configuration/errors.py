"""What can go wrong when configuration is written."""

from watchword.core.errors import DomainError


class ConfigurationChanged(DomainError):
    """Someone else changed it since it was read."""

    code = "configuration.changed"
    status = 409


class VersionNotFound(DomainError):
    """History holds no such version."""

    code = "configuration.version_not_found"
    status = 404


class VersionNotRestorable(DomainError):
    """The version is a deletion, or of something that can't be brought back."""

    code = "configuration.version_not_restorable"
    status = 422


class ConnectorInUse(DomainError):
    """People could no longer sign in the way the tenant allows; forcing is possible."""

    code = "connector.in_use"
    status = 422


class DevelopmentPartsInUse(DomainError):
    """A production tenant may not have a development connector."""

    code = "tenant.development_parts_in_use"
    status = 422
