"""What can go wrong with an API resource and its scopes."""

from watchword.core.errors import DomainError


class ResourceNotFound(DomainError):
    """The tenant has no API resource with this id."""

    code = "entity.not_found"


class ScopeNotFound(DomainError):
    """The resource has no scope with this id."""

    code = "entity.not_found"


class UnknownScopes(DomainError):
    """Some of the scopes are none of the tenant's API resources; `data.scopeIds` lists them."""

    code = "entity.relation_foreign_key_not_found"
    status = 422


class ResourceIdentifierInUse(DomainError):
    """Another API resource of the tenant has this indicator."""

    code = "resource.resource_identifier_in_use"
    status = 422


class ManagementApiNotChangeable(DomainError):
    """The Management API is built in, with the scope `all`."""

    code = "resource.cannot_modify_management_api"


class ManagementApiNotDeletable(DomainError):
    """The Management API is built in."""

    code = "resource.cannot_delete_management_api"


class TooManyScopes(DomainError):
    """A resource is one document, and tokens have to fit into a header."""

    code = "resource.too_many_scopes"
    status = 422


class ScopeNameTaken(DomainError):
    """The resource has a scope of this name."""

    code = "scope.name_exists"
    status = 422


class ScopeNameWithSpace(DomainError):
    """A list of scopes is told apart by its spaces."""

    code = "scope.name_with_space"


class InvalidScopeName(DomainError):
    """RFC 6749, 3.3: printable ASCII without quote and backslash; not one that OpenID reserves."""

    code = "scope.invalid_name"
