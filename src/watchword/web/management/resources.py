"""`/api/resources`: the APIs that access tokens are made for, and their scopes."""

from datetime import timedelta
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, Field

from watchword.core.moments import milliseconds
from watchword.resources.errors import (
    InvalidScopeName,
    ManagementApiNotChangeable,
    ManagementApiNotDeletable,
    ResourceIdentifierInUse,
    ResourceNotFound,
    ScopeNameTaken,
    ScopeNameWithSpace,
    ScopeNotFound,
    TooManyScopes,
)
from watchword.resources.models import (
    DEFAULT_TTL,
    LONGEST_TTL,
    SHORTEST_TTL,
    Resource,
    ResourceScope,
    is_indicator,
)
from watchword.sign_in_settings.errors import NothingToChange
from watchword.tenants.errors import TenantLimitReached
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.management.changes import require_a_change
from watchword.web.management.paging import (
    InvalidPagination,
    PagedIfAsked,
    describe_page,
    page_of,
)
from watchword.web.models import ApiModel

router = APIRouter(prefix="/resources", tags=["API resources"])

ResourceId = Annotated[str, Path(max_length=128)]
ScopeId = Annotated[str, Path(max_length=128)]
YES = frozenset({"1", "true", "y", "yes"})


def _indicator(value: str) -> str:
    if not is_indicator(value):
        raise ValueError("an identifier is an absolute address without a fragment")
    return value


def _printable(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("a name is one line of text")
    return value


Name = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_printable)]
ScopeName = Annotated[str, Field(min_length=1, max_length=256)]
Description = Annotated[str | None, Field(max_length=2048)]
Seconds = Annotated[
    int, Field(ge=int(SHORTEST_TTL.total_seconds()), le=int(LONGEST_TTL.total_seconds()))
]


class CreateResource(ApiModel):
    """An API to make tokens for."""

    name: Name
    indicator: Annotated[str, Field(max_length=2048), AfterValidator(_indicator)]
    """What `resource` in a request and `aud` in a token say; it stays."""
    access_token_ttl: Seconds = int(DEFAULT_TTL.total_seconds())


class ChangeResource(ApiModel):
    """What changes; an identifier does not, because tokens carry it."""

    name: Name = ""
    access_token_ttl: Seconds = 0

    @property
    def changes(self) -> dict[str, Any]:
        """Return what was named."""
        given: dict[str, Any] = self.model_dump(exclude_unset=True)
        if "access_token_ttl" in given:
            given["access_token_ttl"] = timedelta(seconds=self.access_token_ttl)
        return given


class SetDefault(ApiModel):
    """Whether requests that name no resource mean this one."""

    is_default: bool


class CreateScope(ApiModel):
    """Something that a token may allow."""

    name: ScopeName
    description: Description = None


class ChangeScope(ApiModel):
    """What changes of a scope."""

    name: ScopeName = ""
    description: Description = None


class ScopeAnswer(ApiModel):
    """One scope of an API."""

    tenant_id: str
    id: str
    resource_id: str
    name: str
    description: str | None
    created_at: int

    @classmethod
    def of(cls, caller: Management, resource_id: str, scope: ResourceScope) -> Self:
        """Show a scope."""
        return cls(
            tenant_id=caller.tenant.tenant.id,
            id=scope.id,
            resource_id=resource_id,
            name=scope.name,
            description=scope.description,
            created_at=milliseconds(scope.created_at),
        )


class ResourceAnswer(ApiModel):
    """One API, with its scopes where they are asked for."""

    tenant_id: str
    id: str
    name: str
    indicator: str
    is_default: bool
    access_token_ttl: int
    scopes: list[ScopeAnswer] | None = None

    @classmethod
    def of(cls, caller: Management, resource: Resource, *, with_scopes: bool = False) -> Self:
        """Show an API."""
        scopes = [ScopeAnswer.of(caller, resource.id, scope) for scope in resource.scopes]
        return cls(
            tenant_id=caller.tenant.tenant.id,
            id=resource.id,
            name=resource.name,
            indicator=resource.indicator,
            is_default=resource.is_default,
            access_token_ttl=int(resource.access_token_ttl.total_seconds()),
            **({"scopes": scopes} if with_scopes else {}),
        )


@router.get("", response_model_exclude_unset=True, responses=problems(InvalidPagination))
async def list_resources(  # noqa: PLR0917  # the parts of the address
    caller: Caller,
    page: PagedIfAsked,
    request: Request,
    response: Response,
    include_scopes: Annotated[str, Query(alias="includeScopes", max_length=16)] = "",
    exclude_management_apis: Annotated[
        str, Query(alias="excludeManagementApis", max_length=16)
    ] = "",
) -> list[ResourceAnswer]:
    """List the APIs: the built-in Management API, then the newest."""
    without = exclude_management_apis.lower() in YES
    listed = [
        resource
        for resource in await caller.tenant.resources.list()
        if not (without and resource.is_built_in)
    ]
    found = page_of(listed, page)
    describe_page(request, response, found)
    with_scopes = include_scopes.lower() in YES
    return [
        ResourceAnswer.of(caller, resource, with_scopes=with_scopes) for resource in found.items
    ]


@router.post("", status_code=201, responses=problems(ResourceIdentifierInUse, TenantLimitReached))
async def create_resource(body: CreateResource, caller: Caller) -> ResourceAnswer:
    """Register an API."""
    created = await caller.tenant.configuration.resources.create(
        caller.actor, body.name, body.indicator, timedelta(seconds=body.access_token_ttl)
    )
    return ResourceAnswer.of(caller, created, with_scopes=True)


@router.get(
    "/{resource_id}", response_model_exclude_unset=True, responses=problems(ResourceNotFound)
)
async def get_resource(resource_id: ResourceId, caller: Caller) -> ResourceAnswer:
    """Show one API."""
    return ResourceAnswer.of(caller, await caller.tenant.resources.get(resource_id))


@router.patch(
    "/{resource_id}",
    response_model_exclude_unset=True,
    responses=problems(ResourceNotFound, ManagementApiNotChangeable, NothingToChange),
)
async def change_resource(
    resource_id: ResourceId, body: ChangeResource, caller: Caller
) -> ResourceAnswer:
    """Change an API's name or how long its tokens are good."""
    require_a_change(body)
    changed = await caller.tenant.configuration.resources.change(
        caller.actor, resource_id, **body.changes
    )
    return ResourceAnswer.of(caller, changed)


@router.patch(
    "/{resource_id}/is-default",
    response_model_exclude_unset=True,
    responses=problems(ResourceNotFound, ManagementApiNotChangeable),
)
async def set_default_resource(
    resource_id: ResourceId, body: SetDefault, caller: Caller
) -> ResourceAnswer:
    """Make an API the one of requests that name none, in the place of another; or unmake it."""
    changed = await caller.tenant.configuration.resources.set_default(
        caller.actor, resource_id, is_default=body.is_default
    )
    return ResourceAnswer.of(caller, changed)


@router.delete(
    "/{resource_id}",
    status_code=204,
    responses=problems(ResourceNotFound, ManagementApiNotDeletable),
)
async def delete_resource(resource_id: ResourceId, caller: Caller) -> None:
    """Forget an API: no more tokens are made for it."""
    await caller.tenant.configuration.resources.delete(caller.actor, resource_id)


@router.get("/{resource_id}/scopes", responses=problems(ResourceNotFound, InvalidPagination))
async def list_scopes(  # noqa: PLR0917  # the parts of the address
    resource_id: ResourceId,
    caller: Caller,
    page: PagedIfAsked,
    request: Request,
    response: Response,
    search: Annotated[
        str, Query(max_length=256, description="Part of a name; `%` around it is let pass.")
    ] = "",
) -> list[ScopeAnswer]:
    """List an API's scopes, in the order they were added."""
    resource = await caller.tenant.resources.get(resource_id)
    part = search.strip("%").lower()
    found = page_of([scope for scope in resource.scopes if part in scope.name.lower()], page)
    describe_page(request, response, found)
    return [ScopeAnswer.of(caller, resource_id, scope) for scope in found.items]


@router.post(
    "/{resource_id}/scopes",
    status_code=201,
    responses=problems(
        ResourceNotFound,
        ManagementApiNotChangeable,
        ScopeNameTaken,
        ScopeNameWithSpace,
        InvalidScopeName,
        TooManyScopes,
    ),
)
async def create_scope(resource_id: ResourceId, body: CreateScope, caller: Caller) -> ScopeAnswer:
    """Add a scope; no application may be given it until it is assigned."""
    scope = await caller.tenant.configuration.resources.add_scope(
        caller.actor, resource_id, body.name, body.description
    )
    return ScopeAnswer.of(caller, resource_id, scope)


@router.patch(
    "/{resource_id}/scopes/{scope_id}",
    responses=problems(
        ScopeNotFound,
        ManagementApiNotChangeable,
        ScopeNameTaken,
        ScopeNameWithSpace,
        InvalidScopeName,
        NothingToChange,
    ),
)
async def change_scope(
    resource_id: ResourceId, scope_id: ScopeId, body: ChangeScope, caller: Caller
) -> ScopeAnswer:
    """Change a scope's name or description."""
    require_a_change(body)
    scope = await caller.tenant.configuration.resources.change_scope(
        caller.actor, resource_id, scope_id, body.model_dump(exclude_unset=True)
    )
    return ScopeAnswer.of(caller, resource_id, scope)


@router.delete(
    "/{resource_id}/scopes/{scope_id}",
    status_code=204,
    responses=problems(ScopeNotFound, ManagementApiNotChangeable),
)
async def delete_scope(resource_id: ResourceId, scope_id: ScopeId, caller: Caller) -> None:
    """Delete a scope: new tokens have it no more."""
    await caller.tenant.configuration.resources.delete_scope(caller.actor, resource_id, scope_id)
