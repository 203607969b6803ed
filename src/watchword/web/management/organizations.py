"""`/api/organizations`: groups of users, who belongs to them, and as what."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from watchword.core.pagination import Page
from watchword.organization_roles.errors import (
    OrganizationRoleNotFound,
    RoleIsForMachines,
    RoleNamesNotFound,
)
from watchword.organizations.errors import (
    MemberNotFound,
    MembershipRequired,
    OrganizationNotFound,
)
from watchword.organizations.models import Member, NewOrganization, Organization
from watchword.pictures.models import addresses_of
from watchword.sign_in_settings.errors import NothingToChange
from watchword.sign_in_settings.sections import Branding, Flag, HexColor, SparseSection
from watchword.storage.database import StorageReferenceMissing
from watchword.tenants.errors import TenantLimitReached
from watchword.users.errors import UserNotFound
from watchword.users.models import User
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.management.applications import JsonObject
from watchword.web.management.changes import require_a_change
from watchword.web.management.organization_roles import RoleAnswer, ScopeAnswer, with_tenant
from watchword.web.management.paging import (
    InvalidPagination,
    Paged,
    PagedIfAsked,
    describe_page,
    page_of,
)
from watchword.web.management.users import YES, UserAnswer
from watchword.web.models import ApiModel

router = APIRouter(tags=["Organizations"])

Id = Annotated[str, Path(max_length=32)]
EntityId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Ids = Annotated[list[EntityId], Field(min_length=1)]
# PostgreSQL reads no NUL inside a list.
RoleName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]
Search = Annotated[str, Query(max_length=256)]
LONGEST_CSS = 65_536


class OrganizationColor(SparseSection):
    """Colours in place of the tenant's."""

    primary_color: HexColor | None = None
    is_dark_mode_enabled: Flag | None = None
    dark_primary_color: HexColor | None = None


class ChangeOrganization(ApiModel):
    """What to change of an organization."""

    name: str = Field(default="", min_length=1, max_length=128)
    description: str | None = Field(default=None, max_length=256)
    custom_data: JsonObject = Field(default_factory=dict)
    """In place of the whole of it."""
    is_mfa_required: Flag = False
    is_trusted_device_allowed: Flag = True
    color: OrganizationColor = OrganizationColor()
    branding: Branding = Branding()
    custom_css: str | None = Field(default=None, max_length=LONGEST_CSS)

    def given(self) -> dict[str, Any]:
        """Return the fields that the body names."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        for name in {"color", "branding"} & given.keys():
            given[name] = given[name].model_dump(by_alias=True)
        return given


class CreateOrganization(ChangeOrganization):
    """An organization to make."""

    name: str = Field(min_length=1, max_length=128)


class NameAnswer(ApiModel):
    """A role or a scope, by its name."""

    id: str
    name: str


class OrganizationAnswer(ApiModel):
    """One organization."""

    tenant_id: str
    id: str
    name: str
    description: str | None
    custom_data: dict[str, Any]
    is_mfa_required: bool
    is_trusted_device_allowed: bool
    color: dict[str, Any]
    branding: dict[str, Any]
    custom_css: str | None
    created_at: int
    """Milliseconds since 1970, as all moments here."""


class FeaturedUser(ApiModel):
    """One of the members, as a list of organizations shows them."""

    id: str
    avatar: str | None
    name: str | None


class ListedOrganization(OrganizationAnswer):
    """An organization in a list."""

    users_count: int = 0
    """Only where `showFeatured` asks for it, as the next."""
    featured_users: list[FeaturedUser] = Field(default_factory=list)


class MembershipAnswer(OrganizationAnswer):
    """An organization that a user belongs to."""

    organization_roles: list[NameAnswer]


class MemberAnswer(UserAnswer):
    """A user in an organization."""

    organization_roles: list[NameAnswer]


class UserIds(ApiModel):
    """Users to add."""

    user_ids: Ids


class AllUserIds(ApiModel):
    """The users who belong to an organization from now on."""

    user_ids: list[EntityId]


class Roles(ApiModel):
    """Roles, by id, by name, or both."""

    organization_role_ids: list[EntityId] = Field(default_factory=list)
    organization_role_names: list[RoleName] = Field(default_factory=list)


class RoleIds(ApiModel):
    """Roles, by id."""

    organization_role_ids: list[str]


class UsersAndRoles(ApiModel):
    """Members, and the roles that each of them gets."""

    user_ids: Ids
    organization_role_ids: Ids


@router.get(
    "/organizations",
    response_model=list[ListedOrganization],
    response_model_exclude_unset=True,
    responses=problems(InvalidPagination),
)
async def list_organizations(  # noqa: PLR0917
    caller: Caller,
    page: Paged,
    request: Request,
    response: Response,
    q: Search = "",
    show_featured: Annotated[str, Query(alias="showFeatured", max_length=8)] = "",
) -> list[dict[str, Any]]:
    """List organizations, the newest first; `q` looks into ids and names."""
    found = await caller.tenant.organizations.list(page, q)
    describe_page(request, response, found)
    if show_featured.lower() in YES:
        return await _featured(caller, found)
    return [_organization(caller, organization) for organization in found.items]


@router.post(
    "/organizations",
    status_code=201,
    response_model=OrganizationAnswer,
    responses=problems(TenantLimitReached),
)
async def create_organization(body: CreateOrganization, caller: Caller) -> dict[str, Any]:
    """Make an organization."""
    new = NewOrganization(**body.given())
    made = await caller.tenant.organizations.create(caller.actor, new)
    caller.tenant.pictures.want(addresses_of(made.branding))
    return _organization(caller, made)


@router.get(
    "/organizations/{id}",
    response_model=OrganizationAnswer,
    responses=problems(OrganizationNotFound),
)
async def get_organization(id: Id, caller: Caller) -> dict[str, Any]:
    """Show an organization."""
    return _organization(caller, await caller.tenant.organizations.get(id))


@router.patch(
    "/organizations/{id}",
    response_model=OrganizationAnswer,
    responses=problems(OrganizationNotFound, NothingToChange),
)
async def change_organization(id: Id, body: ChangeOrganization, caller: Caller) -> dict[str, Any]:
    """Change what the body names."""
    require_a_change(body)
    changed = await caller.tenant.organizations.change(caller.actor, id, body.given())
    caller.tenant.pictures.want(addresses_of(changed.branding))
    return _organization(caller, changed)


@router.delete("/organizations/{id}", status_code=204, responses=problems(OrganizationNotFound))
async def delete_organization(id: Id, caller: Caller) -> None:
    """Delete an organization, with its members' roles in it and its invitations."""
    await caller.tenant.organizations.delete(caller.actor, id)


# Members.


@router.get(
    "/organizations/{id}/users",
    response_model=list[MemberAnswer],
    response_model_exclude_unset=True,
    responses=problems(OrganizationNotFound, InvalidPagination),
)
async def list_members(  # noqa: PLR0917
    id: Id, caller: Caller, page: Paged, request: Request, response: Response, q: Search = ""
) -> list[dict[str, Any]]:
    """List who belongs to an organization, with their roles; who came last comes first."""
    found = await caller.tenant.organizations.list_members(id, page, q)
    describe_page(request, response, found)
    return [_member(member) for member in found.items]


@router.post(
    "/organizations/{id}/users",
    status_code=201,
    responses=problems(StorageReferenceMissing),
)
async def add_members(id: Id, body: UserIds, caller: Caller) -> UserIds:
    """Add users to an organization; who belongs to it already stays as they are."""
    await caller.tenant.organizations.add_members(caller.actor, id, body.user_ids)
    return body


@router.put(
    "/organizations/{id}/users",
    status_code=204,
    responses=problems(StorageReferenceMissing, OrganizationNotFound),
)
async def replace_members(id: Id, body: AllUserIds, caller: Caller) -> None:
    """Let exactly these users belong to an organization."""
    await caller.tenant.organizations.replace_members(caller.actor, id, body.user_ids)


@router.delete(
    "/organizations/{id}/users/{user_id}", status_code=204, responses=problems(MemberNotFound)
)
async def remove_member(id: Id, user_id: Id, caller: Caller) -> None:
    """Remove a user from an organization, with their roles in it."""
    await caller.tenant.organizations.remove_member(caller.actor, id, user_id)


@router.post(
    "/organizations/{id}/users/roles",
    status_code=201,
    response_class=Response,
    responses=problems(StorageReferenceMissing, RoleIsForMachines),
)
async def add_roles_to_members(id: Id, body: UsersAndRoles, caller: Caller) -> Response:
    """Give each of the members each of the roles."""
    await caller.tenant.organizations.add_roles_to_all(
        caller.actor, id, body.user_ids, body.organization_role_ids
    )
    return Response(status_code=201)


# What a member is.

THEIR_ROLES = "/organizations/{id}/users/{user_id}/roles"
ROLE_PROBLEMS = problems(
    MembershipRequired, RoleNamesNotFound, RoleIsForMachines, StorageReferenceMissing
)


@router.get(
    THEIR_ROLES,
    response_model=list[RoleAnswer],
    responses=problems(MembershipRequired, InvalidPagination),
)
async def list_roles_of_member(  # noqa: PLR0917
    id: Id,
    user_id: Id,
    caller: Caller,
    page: PagedIfAsked,
    request: Request,
    response: Response,
) -> list[dict[str, Any]]:
    """List a member's roles, by name."""
    found = await caller.tenant.organizations.list_roles_of(id, user_id, page)
    describe_page(request, response, found)
    return [with_tenant(caller, role.document()) for role in found.items]


@router.post(THEIR_ROLES, status_code=201, responses=ROLE_PROBLEMS)
async def add_roles_to_member(id: Id, user_id: Id, body: Roles, caller: Caller) -> RoleIds:
    """Give a member roles."""
    ids = await caller.tenant.organizations.add_roles(
        caller.actor,
        id,
        user_id,
        role_ids=body.organization_role_ids,
        role_names=body.organization_role_names,
    )
    return RoleIds(organization_role_ids=[*ids])


@router.put(THEIR_ROLES, status_code=204, responses=ROLE_PROBLEMS)
async def replace_roles_of_member(id: Id, user_id: Id, body: Roles, caller: Caller) -> None:
    """Let a member have exactly these roles."""
    await caller.tenant.organizations.replace_roles(
        caller.actor,
        id,
        user_id,
        role_ids=body.organization_role_ids,
        role_names=body.organization_role_names,
    )


@router.delete(
    f"{THEIR_ROLES}/{{role_id}}",
    status_code=204,
    responses=problems(MembershipRequired, OrganizationRoleNotFound),
)
async def remove_role_of_member(id: Id, user_id: Id, role_id: Id, caller: Caller) -> None:
    """Take a role from a member."""
    await caller.tenant.organizations.remove_role(caller.actor, id, user_id, role_id)


@router.get(
    "/organizations/{id}/users/{user_id}/scopes",
    response_model=list[ScopeAnswer],
    responses=problems(MembershipRequired),
)
async def list_scopes_of_member(id: Id, user_id: Id, caller: Caller) -> list[dict[str, Any]]:
    """List what a member's roles allow, by name."""
    scopes = await caller.tenant.organizations.list_scopes_of(id, user_id)
    return [with_tenant(caller, scope.document()) for scope in scopes]


@router.get(
    "/users/{user_id}/organizations",
    response_model=list[MembershipAnswer],
    responses=problems(UserNotFound, InvalidPagination),
)
async def list_organizations_of_user(
    user_id: Id, caller: Caller, page: PagedIfAsked, request: Request, response: Response
) -> list[dict[str, Any]]:
    """List the organizations that a user belongs to, with their roles in each."""
    await caller.tenant.users.get(user_id)
    found = page_of(await caller.tenant.organizations.list_of_user(user_id), page)
    describe_page(request, response, found)
    return [
        {
            **_organization(caller, membership.organization),
            "organizationRoles": [role.document() for role in membership.roles],
        }
        for membership in found.items
    ]


def _organization(caller: Management, organization: Organization) -> dict[str, Any]:
    return with_tenant(caller, organization.document())


async def _featured(caller: Management, found: Page[Organization]) -> list[dict[str, Any]]:
    featured = await caller.tenant.organizations.featured([item.id for item in found.items])
    return [
        {
            **_organization(caller, organization),
            "usersCount": featured[organization.id].users_count,
            "featuredUsers": [*featured[organization.id].users],
        }
        for organization in found.items
    ]


def _member(member: Member) -> dict[str, Any]:
    return {
        **User(**member.person).row(),
        "organizationRoles": [role.document() for role in member.roles],
    }
