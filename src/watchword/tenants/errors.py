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
