"""Organizations: make one, change it, say who belongs to it and as what."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.core.revisions import ChangedMeanwhile, revision_of
from watchword.organization_roles.models import RoleType, RoleWithScopes
from watchword.organizations.errors import MemberNotFound
from watchword.organizations.models import Member, NewOrganization, Organization
from watchword.tenants.errors import TenantLimitReached
from watchword.users.models import User
from watchword.web.console.deleting import deleted, is_typed, seen_of, stored
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.pictures import fetch_again, shown_pictures
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/organizations")

LONGEST_NAME = 128
LONGEST_DESCRIPTION = 256
MOST_ROLES = PageRequest(1, 200)
"""How many roles a form offers."""


@dataclass(frozen=True)
class ListedMember:
    """Somebody in an organization, as a table shows them."""

    user: User
    role_names: tuple[str, ...]

    @classmethod
    def of(cls, member: Member) -> "ListedMember":
        """Read a member."""
        return cls(User(**member.person), tuple(role.name for role in member.roles))


@router.get("")
async def list_organizations(desk: WorkDesk, q: str = "", page: int = 1) -> Response:
    """List the organizations, or those whose name or id holds *q*."""
    wanted = searched(q)
    found = await desk.scope.organizations.list(PageRequest(max(1, page)), wanted)
    return desk.render(
        "organizations.html",
        organizations=found,
        featured=await desk.scope.organizations.featured([one.id for one in found.items]),
        q=wanted,
        page_address=lambda n: desk.address("organizations", q=wanted, page=n),
    )


@router.get("/new")
async def show_new(desk: WorkDesk) -> Response:
    """Ask for a name."""
    return desk.render("organization_new.html", values={"name": "", "description": ""}, errors={})


@router.post("/new")
async def create(desk: WorkDesk) -> Response:
    """Make an organization without members."""
    values, errors = named_form(desk, await desk.form(), LONGEST_NAME)
    new = NewOrganization(name=values["name"], description=values["description"] or None)
    if not errors:
        try:
            made = await desk.scope.organizations.create(desk.actor, new)
        except TenantLimitReached as error:
            errors[""] = desk.message(error)
    if errors:
        return desk.render("organization_new.html", values=values, errors=errors, status_code=422)
    return desk.go("organizations", made.id, "members", done="organization_created")


@router.get("/{organization_id}")
async def show(desk: WorkDesk, organization_id: str) -> Response:
    """Show the settings."""
    organization = await desk.scope.organizations.get(organization_id)
    return await _settings_page(desk, organization)


@router.post("/{organization_id}")
async def change(desk: WorkDesk, organization_id: str) -> Response:
    """Save the settings."""
    organization = await desk.scope.organizations.get(organization_id)
    form = await desk.form()
    values, errors = named_form(desk, form, LONGEST_NAME)
    values["is_mfa_required"] = "is_mfa_required" in form
    if not errors:
        changes = {**values, "description": values["description"] or None}
        try:
            await desk.scope.organizations.change(
                desk.actor, organization_id, changes, seen=seen_in(form)
            )
        except ChangedMeanwhile as error:
            errors = {"": desk.message(error)}
    if errors:
        return await _settings_page(
            desk,
            organization,
            values=values,
            errors=errors,
            is_overtaken="" in errors,
            # Whoever was told saves over what they saw.
            revision=organization.revision if "" in errors else seen_in(form),
            is_dirty=True,
            status_code=422,
        )
    return desk.go("organizations", organization_id, done="saved")


@router.post("/{organization_id}/pictures")
async def fetch_picture_again(desk: WorkDesk, organization_id: str) -> Response:
    """Fetch a picture of its branding again."""
    organization = await desk.scope.organizations.get(organization_id)
    await fetch_again(desk, organization.branding, text_of(await desk.form(), "picture"))
    return desk.go("organizations", organization_id, done="picture_asked_for")


@router.post("/{organization_id}/delete")
async def delete(desk: WorkDesk, organization_id: str) -> Response:
    """Delete it with its members and invitations, once its name was typed."""
    organization = await desk.scope.organizations.get(organization_id)
    form, revision = await desk.form(), organization.revision
    said = await deleted(
        desk,
        form,
        stored(desk, form, f"organization:{organization_id}", revision=revision),
        lambda: desk.scope.organizations.delete(desk.actor, organization_id, seen=seen_of(form)),
        is_named=is_typed(form, organization.name),
    )
    if said is not None:
        organization = await desk.scope.organizations.get(organization_id)
        return await _settings_page(desk, organization, **said)
    return desk.go("organizations", done="organization_deleted")


# Members.


@router.get("/{organization_id}/members")
async def list_members(
    desk: WorkDesk, organization_id: str, q: str = "", page: int = 1
) -> Response:
    """List who belongs to it, or those of them whose name or identifier holds *q*."""
    organization = await desk.scope.organizations.get(organization_id)
    wanted = searched(q)
    found = await desk.scope.organizations.list_members(
        organization_id, PageRequest(max(1, page)), wanted
    )
    return desk.render(
        "organization_members.html",
        organization=organization,
        members=found,
        listed=[ListedMember.of(member) for member in found.items],
        q=wanted,
        page_address=lambda n: desk.address(
            "organizations", organization_id, "members", q=wanted, page=n
        ),
    )


@router.get("/{organization_id}/members/add")
async def show_adding(desk: WorkDesk, organization_id: str, q: str = "", page: int = 1) -> Response:
    """Look for people to add."""
    return await _adding_page(desk, organization_id, searched(q), page)


@router.post("/{organization_id}/members/add")
async def add_members(desk: WorkDesk, organization_id: str) -> Response:
    """Add the ticked people, each with the ticked roles."""
    await desk.scope.organizations.get(organization_id)
    form = await desk.form()
    user_ids, role_ids = ticked(form, "user"), ticked(form, "role")
    if not user_ids:
        return await _adding_page(
            desk,
            organization_id,
            searched(text_of(form, "q")),
            1,
            chosen_roles=role_ids,
            problem=desk.text("console.organizations.tick_somebody"),
            status_code=422,
        )
    organizations = desk.scope.organizations
    try:
        await organizations.add_members(desk.actor, organization_id, user_ids)
        if role_ids:
            await organizations.add_roles_to_all(desk.actor, organization_id, user_ids, role_ids)
    except DomainError as error:
        return await _adding_page(
            desk, organization_id, "", 1, problem=desk.message(error), status_code=422
        )
    return desk.go("organizations", organization_id, "members", done="members_added")


@router.get("/{organization_id}/members/{user_id}")
async def show_member(desk: WorkDesk, organization_id: str, user_id: str) -> Response:
    """Show what somebody is in the organization, and so what they may do."""
    return await _member_page(desk, organization_id, user_id)


@router.post("/{organization_id}/members/{user_id}")
async def change_roles(desk: WorkDesk, organization_id: str, user_id: str) -> Response:
    """Give a member exactly the ticked roles."""
    await _member(desk, organization_id, user_id)
    form = await desk.form()
    try:
        await desk.scope.organizations.replace_roles(
            desk.actor,
            organization_id,
            user_id,
            role_ids=ticked(form, "role"),
            seen=seen_in(form),
        )
    except DomainError as error:
        return await _member_page(
            desk,
            organization_id,
            user_id,
            chosen_roles=ticked(form, "role"),
            problem=desk.message(error),
            is_overtaken=isinstance(error, ChangedMeanwhile),
            status_code=422,
        )
    return desk.go("organizations", organization_id, "members", user_id, done="saved")


@router.post("/{organization_id}/members/{user_id}/remove")
async def remove_member(desk: WorkDesk, organization_id: str, user_id: str) -> Response:
    """Remove somebody, and with them their roles."""
    seen = seen_in(await desk.form())
    try:
        await desk.scope.organizations.remove_member(
            desk.actor, organization_id, user_id, seen=seen
        )
    except ChangedMeanwhile as error:
        return await _member_page(
            desk, organization_id, user_id, removal_problem=desk.message(error), status_code=409
        )
    return desk.go("organizations", organization_id, "members", done="member_removed")


# Pages.


async def _settings_page(desk: Desk, organization: Organization, **context: Any) -> Response:
    return desk.render(
        "organization.html",
        **{
            "organization": organization,
            "revision": organization.revision,
            "values": {
                "name": organization.name,
                "description": organization.description or "",
                "is_mfa_required": organization.is_mfa_required,
            },
            "errors": {},
            "is_overtaken": False,
            "is_dirty": False,
            "delete_error": "",
            "pictures": await shown_pictures(desk, organization.branding),
            **context,
        },
    )


async def _adding_page(
    desk: Desk, organization_id: str, q: str, page: int, **context: Any
) -> Response:
    organization = await desk.scope.organizations.get(organization_id)
    return desk.render(
        "organization_members_add.html",
        **{
            "organization": organization,
            "users": await desk.scope.users.list(PageRequest(max(1, page)), q),
            "roles": await roles_of_people(desk),
            "chosen_roles": (),
            "q": q,
            "problem": "",
            "page_address": lambda n: desk.address(
                "organizations", organization_id, "members", "add", q=q, page=n
            ),
            **context,
        },
    )


async def _member_page(desk: Desk, organization_id: str, user_id: str, **context: Any) -> Response:
    user = await _member(desk, organization_id, user_id)
    organizations = desk.scope.organizations
    has = await organizations.role_ids_of(organization_id, user_id)
    return desk.render(
        "organization_member.html",
        **{
            "organization": await organizations.get(organization_id),
            "user": user,
            "roles": await roles_of_people(desk),
            "chosen_roles": has,
            "saved_roles": has,
            "is_overtaken": False,
            "revision": revision_of(has),
            "scopes": await organizations.list_scopes_of(organization_id, user_id),
            "problem": "",
            "removal_problem": "",
            **context,
        },
    )


async def _member(desk: Desk, organization_id: str, user_id: str) -> User:
    await desk.scope.organizations.get(organization_id)
    permit = await desk.scope.organizations.find_permit(organization_id, user_id)
    if permit is None:
        raise MemberNotFound(user_id)
    return await desk.scope.users.get(user_id)


# Forms; those of roles and invitations read theirs so, too.


async def roles_of_people(desk: Desk) -> list[RoleWithScopes]:
    """Return the roles that a person can have, by name."""
    found = await desk.scope.organization_roles.list(MOST_ROLES)
    return [one for one in found.items if one.role.type is RoleType.USER]


def ticked(form: FormData, name: str) -> list[str]:
    """Return the values of the ticked boxes of a name, each once."""
    return list(
        dict.fromkeys(value for value in form.getlist(name) if isinstance(value, str) and value)
    )


def seen_in(form: FormData) -> str | None:
    """Return the revision that a form was drawn from."""
    return text_of(form, "revision") or None


def searched(q: str) -> str:
    """Return what a search field asks, no longer than anything it could find."""
    return q.replace("\0", "").strip()[:128]


def named_form(desk: Desk, form: FormData, longest: int) -> tuple[dict[str, Any], dict[str, str]]:
    """Read a name and a description, and say what is wrong with either."""
    values = {name: text_of(form, name).strip() for name in ("name", "description")}
    errors = {}
    if not values["name"]:
        errors["name"] = desk.text("console.organizations.name_missing")
    elif len(values["name"]) > longest or not values["name"].isprintable():
        errors["name"] = desk.text("console.organizations.name_wrong", most=longest)
    if len(values["description"]) > LONGEST_DESCRIPTION or "\0" in values["description"]:
        errors["description"] = desk.text(
            "console.organizations.description_long", most=LONGEST_DESCRIPTION
        )
    return values, errors
