"""What can go wrong with organization roles and scopes."""

from watchword.core.errors import DomainError


class OrganizationRoleNotFound(DomainError):
    """The tenant has no organization role with this id, or the member does not have it."""

    code = "entity.not_found"


class OrganizationScopeNotFound(DomainError):
    """The tenant has no organization scope with this id, or the role does not have it."""

    code = "entity.not_found"


class NameTaken(DomainError):
    """Another role, or scope, of the tenant has this name."""

    code = "entity.unique_integrity_violation"
    status = 422


class RoleNamesNotFound(DomainError):
    """The tenant has no organization role of these names; `data` says which."""

    code = "organization.role_names_not_found"
    status = 422


class RoleIsForMachines(DomainError):
    """People can't have a role that is made for machines."""

    code = "entity.db_constraint_violated"
    status = 422
