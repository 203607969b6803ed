"""What can go wrong with organizations and their members."""

from watchword.core.errors import DomainError


class OrganizationNotFound(DomainError):
    """The tenant has no organization with this id."""

    code = "entity.not_found"


class MemberNotFound(DomainError):
    """The user does not belong to the organization."""

    code = "entity.not_found"


class MembershipRequired(DomainError):
    """Only who belongs to an organization can have a role in it."""

    code = "organization.require_membership"
    status = 422
