"""A role, and the scopes that it has."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from watchword.core.revisions import revision_of


class RoleType(StrEnum):
    """Who can have a role."""

    USER = "User"
    MACHINE_TO_MACHINE = "MachineToMachine"


@dataclass(frozen=True)
class Named:
    """A role or a scope where no more than its name is asked."""

    id: str
    name: str

    def document(self) -> dict[str, Any]:
        """Return the contract's form."""
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, kw_only=True)
class OrganizationScope:
    """Something that members may be allowed to do in an organization."""

    id: str
    name: str
    description: str | None

    @property
    def revision(self) -> str:
        """Return what names this state of it."""
        return revision_of(self.document())

    def document(self) -> dict[str, Any]:
        """Return the contract's form."""
        return {"id": self.id, "name": self.name, "description": self.description}


@dataclass(frozen=True, kw_only=True)
class OrganizationRole:
    """What a member can be in an organization; it allows the scopes that it has."""

    id: str
    name: str
    description: str | None
    type: RoleType

    def document(self) -> dict[str, Any]:
        """Return the contract's form."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "type": self.type.value,
        }


@dataclass(frozen=True, kw_only=True)
class NewRole:
    """What a new role starts with."""

    name: str
    description: str | None = None
    type: RoleType = RoleType.USER
    scope_ids: tuple[str, ...] = ()
    resource_scope_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoleWithScopes:
    """A role and what it allows."""

    role: OrganizationRole
    scopes: tuple[Named, ...]
    resource_scope_ids: tuple[str, ...]

    @property
    def shown(self) -> dict[str, Any]:
        """Return what a form shows of it."""
        return {**self.role.document(), "scopes": [scope.id for scope in self.scopes]}

    @property
    def revision(self) -> str:
        """Return what names this state of it."""
        return revision_of(self.shown)
