"""What can go wrong with tenants."""

from watchword.core.errors import DomainError


class TenantNotFound(DomainError):
    """No tenant has this id."""

    code = "tenant.not_found"
    status = 404


class TenantInUse(DomainError):
    """The id or the domain belongs to another tenant."""

    code = "tenant.in_use"
    status = 422


class InvalidTenantId(DomainError):
    """The id would not work as a part of a host name."""

    code = "tenant.invalid_id"


class InvalidTenantName(DomainError):
    """A name is 1 to 128 characters that can be shown."""

    code = "tenant.invalid_name"
    status = 422


class InvalidTenantHost(DomainError):
    """The domain is no host name."""

    code = "tenant.invalid_host"
    status = 422


class InvalidTenantPort(DomainError):
    """A port is a number from 1024 to 65535."""

    code = "tenant.invalid_port"
    status = 422


class TenantPortInUse(DomainError):
    """The port is the server's own, another tenant's, or another program's."""

    code = "tenant.port_in_use"
    status = 422


class TenantPortNotPossible(DomainError):
    """Only a development tenant without a domain, of a server on loopback, can own a port."""

    code = "tenant.port_not_possible"
    status = 422


class TenantOwnsPort(DomainError):
    """A tenant with a port of its own can't be made a production tenant."""

    code = "tenant.owns_port"
    status = 422


class TenantLimitReached(DomainError):
    """A development tenant holds as many of these as it may; production has no such limit."""

    code = "tenant.limit_reached"
    status = 403


class DefaultTenantNotDeletable(DomainError):
    """The tenant at the public URL is the console's own, and stays."""

    code = "tenant.default_not_deletable"
    status = 422


class TenantNameMistyped(DomainError):
    """Whoever deletes a tenant types its id, and typed something else."""

    code = "tenant.name_mistyped"
    status = 422
