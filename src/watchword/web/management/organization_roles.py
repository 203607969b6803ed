"""`/api/organization-roles` and `/api/organization-scopes`: what members can be, and may do."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from watchword.organization_roles.errors import (
    NameTaken,
    OrganizationRoleNotFound,
    OrganizationScopeNotFound,
)
from watchword.organization_roles.models import NewRole, RoleType, RoleWithScopes
from watchword.sign_in_settings.errors import NothingToChange
from watchword.storage.database import StorageReferenceMissing
from watchword.tenants.errors import TenantLimitReached
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.management.changes import require_a_change
from watchword.web.management.paging import InvalidPagination, Paged, describe_page
from watchword.web.models import ApiModel

router = APIRouter(tags=["Organization roles and scopes"])

Id = Annotated[str, Path(max_length=32)]
EntityId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Name = Annotated[str, Field(min_length=1, max_length=128)]
Description = Annotated[str | None, Field(max_length=256)]
Search = Annotated[str, Query(max_length=256)]


class ChangeScope(ApiModel):
    """What to change of a scope."""

    name: Name = ""
    description: Description = None

    def given(self) -> dict[str, Any]:
        """Return the fields that the body names."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class CreateScope(ApiModel):
    """A scope to make."""

    name: Name
    description: Description = None


class ChangeRole(ChangeScope):
    """What to change of a role."""

    type: RoleType = RoleType.USER


class CreateRole(ApiModel):
    """A role to make."""

    name: Name
    description: Description = None
    type: RoleType = RoleType.USER
    organization_scope_ids: list[EntityId] = Field(default_factory=list)
    resource_scope_ids: list[EntityId] = Field(default_factory=list)

    @property
    def wanted(self) -> NewRole:
        """Return the role as it is asked for."""
        return NewRole(
            name=self.name,
            description=self.description,
            type=self.type,
            scope_ids=tuple(self.organization_scope_ids),
            resource_scope_ids=tuple(self.resource_scope_ids),
        )


class ScopeIds(ApiModel):
    """Scopes to add to a role."""

    organization_scope_ids: list[EntityId] = Field(min_length=1)


class AllScopeIds(ApiModel):
    """The scopes that a role has from now on."""

    organization_scope_ids: list[EntityId]


class ScopeAnswer(ApiModel):
    """Something that members may be allowed to do."""

    tenant_id: str
    id: str
    name: str
    description: str | None


class RoleAnswer(ScopeAnswer):
    """What a member can be."""

    type: RoleType


class ScopeName(ApiModel):
    """A scope, by its name."""

    id: str
    name: str


class ResourceScopeName(ScopeName):
    """A scope of an API resource."""

    resource: ScopeName


class RoleWithScopesAnswer(RoleAnswer):
    """A role, and what it allows."""

    scopes: list[ScopeName]
    resource_scopes: list[ResourceScopeName]


def with_tenant(caller: Management, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entity as the contract answers it."""
    return {"tenantId": caller.tenant.tenant.id, **document}


# Roles.


@router.get(
    "/organization-roles",
    response_model=list[RoleWithScopesAnswer],
    responses=problems(InvalidPagination),
)
async def list_roles(
    caller: Caller, page: Paged, request: Request, response: Response, q: Search = ""
) -> list[dict[str, Any]]:
    """List roles with what they allow, by name; `q` looks into ids, names and descriptions."""
    found = await caller.tenant.organization_roles.list(page, q)
    describe_page(request, response, found)
    return await _with_scopes(caller, found.items)


@router.post(
    "/organization-roles",
    status_code=201,
    response_model=RoleAnswer,
    responses=problems(NameTaken, StorageReferenceMissing, TenantLimitReached),
)
async def create_role(body: CreateRole, caller: Caller) -> dict[str, Any]:
    """Make a role."""
    await _require_known(caller, body.resource_scope_ids)
    created = await caller.tenant.organization_roles.create(caller.actor, body.wanted)
    return with_tenant(caller, created.document())


@router.get(
    "/organization-roles/{id}",
    response_model=RoleWithScopesAnswer,
    responses=problems(OrganizationRoleNotFound),
)
async def get_role(id: Id, caller: Caller) -> dict[str, Any]:
    """Show a role with what it allows."""
    role = await caller.tenant.organization_roles.get(id)
    return (await _with_scopes(caller, [role]))[0]


@router.patch(
    "/organization-roles/{id}",
    response_model=RoleAnswer,
    responses=problems(OrganizationRoleNotFound, NameTaken, NothingToChange),
)
async def change_role(id: Id, body: ChangeRole, caller: Caller) -> dict[str, Any]:
    """Change what the body names."""
    require_a_change(body)
    changed = await caller.tenant.organization_roles.change(caller.actor, id, body.given())
    return with_tenant(caller, changed.document())


@router.delete(
    "/organization-roles/{id}", status_code=204, responses=problems(OrganizationRoleNotFound)
)
async def delete_role(id: Id, caller: Caller) -> None:
    """Delete a role, and take it from whoever has it."""
    await caller.tenant.organization_roles.delete(caller.actor, id)


@router.get(
    "/organization-roles/{id}/scopes",
    response_model=list[ScopeAnswer],
    responses=problems(OrganizationRoleNotFound, InvalidPagination),
)
async def list_scopes_of_role(
    id: Id, caller: Caller, page: Paged, request: Request, response: Response
) -> list[dict[str, Any]]:
    """List what a role allows, by name."""
    found = await caller.tenant.organization_roles.list_scopes_of(id, page)
    describe_page(request, response, found)
    return [with_tenant(caller, scope.document()) for scope in found.items]


@router.post(
    "/organization-roles/{id}/scopes",
    status_code=201,
    response_class=Response,
    responses=problems(StorageReferenceMissing),
)
async def add_scopes_to_role(id: Id, body: ScopeIds, caller: Caller) -> Response:
    """Let a role allow more."""
    await caller.tenant.organization_roles.add_scopes(caller.actor, id, body.organization_scope_ids)
    return Response(status_code=201)


@router.put(
    "/organization-roles/{id}/scopes",
    status_code=204,
    responses=problems(OrganizationRoleNotFound, StorageReferenceMissing),
)
async def replace_scopes_of_role(id: Id, body: AllScopeIds, caller: Caller) -> None:
    """Let a role allow exactly these."""
    await caller.tenant.organization_roles.replace_scopes(
        caller.actor, id, body.organization_scope_ids
    )


@router.delete(
    "/organization-roles/{id}/scopes/{scope_id}",
    status_code=204,
    responses=problems(OrganizationScopeNotFound),
)
async def remove_scope_of_role(id: Id, scope_id: Id, caller: Caller) -> None:
    """Let a role allow less."""
    await caller.tenant.organization_roles.remove_scope(caller.actor, id, scope_id)


# Scopes.


@router.get(
    "/organization-scopes",
    response_model=list[ScopeAnswer],
    responses=problems(InvalidPagination),
)
async def list_scopes(
    caller: Caller, page: Paged, request: Request, response: Response, q: Search = ""
) -> list[dict[str, Any]]:
    """List scopes, by name; `q` looks into names."""
    found = await caller.tenant.organization_roles.list_scopes(page, q)
    describe_page(request, response, found)
    return [with_tenant(caller, scope.document()) for scope in found.items]


@router.post(
    "/organization-scopes",
    status_code=201,
    response_model=ScopeAnswer,
    responses=problems(NameTaken),
)
async def create_scope(body: CreateScope, caller: Caller) -> dict[str, Any]:
    """Make a scope."""
    created = await caller.tenant.organization_roles.create_scope(
        caller.actor, body.name, body.description
    )
    return with_tenant(caller, created.document())


@router.get(
    "/organization-scopes/{id}",
    response_model=ScopeAnswer,
    responses=problems(OrganizationScopeNotFound),
)
async def get_scope(id: Id, caller: Caller) -> dict[str, Any]:
    """Show a scope."""
    scope = await caller.tenant.organization_roles.get_scope(id)
    return with_tenant(caller, scope.document())


@router.patch(
    "/organization-scopes/{id}",
    response_model=ScopeAnswer,
    responses=problems(OrganizationScopeNotFound, NameTaken, NothingToChange),
)
async def change_scope(id: Id, body: ChangeScope, caller: Caller) -> dict[str, Any]:
    """Change what the body names."""
    require_a_change(body)
    changed = await caller.tenant.organization_roles.change_scope(caller.actor, id, body.given())
    return with_tenant(caller, changed.document())


@router.delete(
    "/organization-scopes/{id}", status_code=204, responses=problems(OrganizationScopeNotFound)
)
async def delete_scope(id: Id, caller: Caller) -> None:
    """Delete a scope, and take it from every role."""
    await caller.tenant.organization_roles.delete_scope(caller.actor, id)


async def _resource_scopes(
    caller: Management, scope_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return scopes of API resources as a role shows them, by id; what is gone is left out."""
    return {
        scope.id: {
            "id": scope.id,
            "name": scope.name,
            "resource": {"id": resource.id, "name": resource.name},
        }
        for resource, scopes in await caller.tenant.resources.grouped(scope_ids)
        for scope in scopes
    }


async def _require_known(caller: Management, scope_ids: Sequence[str]) -> None:
    if set(scope_ids) - (await _resource_scopes(caller, scope_ids)).keys():
        raise StorageReferenceMissing("no such scope of an API resource")


async def _with_scopes(caller: Management, roles: Sequence[RoleWithScopes]) -> list[dict[str, Any]]:
    ids = [scope_id for role in roles for scope_id in role.resource_scope_ids]
    known = await _resource_scopes(caller, ids)
    return [
        {
            **with_tenant(caller, role.role.document()),
            "scopes": [scope.document() for scope in role.scopes],
            "resourceScopes": [known[id_] for id_ in role.resource_scope_ids if id_ in known],
        }
        for role in roles
    ]
