"""An organization, and who belongs to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watchword.core.moments import milliseconds
from watchword.core.revisions import revision_of
from watchword.organization_roles.models import Named


@dataclass(frozen=True, kw_only=True)
class NewOrganization:
    """What a new organization starts with."""

    name: str
    description: str | None = None
    custom_data: Mapping[str, Any] = field(default_factory=dict)
    is_mfa_required: bool = False
    is_trusted_device_allowed: bool = True
    color: Mapping[str, Any] = field(default_factory=dict)
    branding: Mapping[str, Any] = field(default_factory=dict)
    custom_css: str | None = None


@dataclass(frozen=True, kw_only=True)
class Organization(NewOrganization):
    """A group of the tenant's users."""

    id: str
    created_at: datetime

    @property
    def revision(self) -> str:
        """Return what names this state of it."""
        return revision_of(self.document())

    def document(self) -> dict[str, Any]:
        """Return the contract's form."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "customData": dict(self.custom_data),
            "isMfaRequired": self.is_mfa_required,
            "isTrustedDeviceAllowed": self.is_trusted_device_allowed,
            "color": dict(self.color),
            "branding": dict(self.branding),
            "customCss": self.custom_css,
            "createdAt": milliseconds(self.created_at),
        }


@dataclass(frozen=True, repr=False)
class Member:
    """A user in an organization."""

    person: Mapping[str, Any]
    """Their row of `users`, for whoever knows how to show a user."""
    roles: tuple[Named, ...]

    def __repr__(self) -> str:
        return f"Member({self.person['id']})"


@dataclass(frozen=True)
class Membership:
    """An organization that a user belongs to, and as what."""

    organization: Organization
    roles: tuple[Named, ...]


@dataclass(frozen=True)
class Featured:
    """How many belong to an organization, and who came last."""

    users_count: int = 0
    users: tuple[Mapping[str, Any], ...] = ()
    """Id, avatar and name of each."""


@dataclass(frozen=True)
class Permit:
    """What a member may do in an organization, for a token."""

    scopes: frozenset[str]
    """Names."""
    resource_scope_ids: frozenset[str]
    """Ids of the scopes of APIs that their roles have."""
    is_mfa_required: bool


MOST_TOLD = 5000


def membership_change(
    organization_id: str, *, added: Sequence[str] = (), removed: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what the contract tells of a change of members: at most 5000 ids of each."""
    told = {"addedUserIds": [*added[:MOST_TOLD]], "removedUserIds": [*removed[:MOST_TOLD]]}
    return {"organizationId": organization_id, **{name: ids for name, ids in told.items() if ids}}
