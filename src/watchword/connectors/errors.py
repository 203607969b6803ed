"""What can go wrong with a tenant's connectors."""

from watchword.core.errors import DomainError


class ConnectorNotFound(DomainError):
    """The tenant has no active connector with this id."""

    code = "entity.not_found"


class NoConnector(DomainError):
    """Nothing of the needed type is set up, so nothing can be sent."""

    code = "connector.not_found"
    status = 501


class UnknownConnectorClass(DomainError):
    """This server ships no connector class with this id."""

    code = "connector.not_found_with_connector_id"


class ConnectorIdTaken(DomainError):
    """Another connector of the tenant has, or had, the chosen id."""

    code = "connector.id_in_use"
    status = 422


class DevelopmentConnectorRefused(DomainError):
    """The connector is for development, and this tenant is in production."""

    code = "connector.development_only"
    status = 422


class MetadataNotAllowed(DomainError):
    """Only standard social connectors have a name and logo of their own."""

    code = "connector.cannot_overwrite_metadata_for_non_standard_connector"


class SyncProfileNotAllowed(DomainError):
    """A connector that sends messages knows no profile to copy."""

    code = "connector.invalid_type_for_syncing_profile"
