"""Organization roles, and the scopes that they give: shared by all organizations of a tenant."""

from typing import Any

from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.core.revisions import ChangedMeanwhile
from watchword.organization_roles.errors import NameTaken
from watchword.organization_roles.models import NewRole, OrganizationScope, RoleType, RoleWithScopes
from watchword.web.console.deleting import deleted, is_typed, seen_of, stored
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.organizations import named_form, searched, seen_in, ticked
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/organization-roles")

LONGEST_NAME = 128
MOST_SCOPES = PageRequest(1, 500)
"""How many scopes a role's form offers."""
BLANK = {"name": "", "description": "", "type": RoleType.USER.value, "scopes": []}


@router.get("")
async def list_roles(desk: WorkDesk, q: str = "", page: int = 1) -> Response:
    """List the roles with what they allow."""
    wanted = searched(q)
    return desk.render(
        "organization_roles.html",
        roles=await desk.scope.organization_roles.list(PageRequest(max(1, page)), wanted),
        q=wanted,
        page_address=lambda n: desk.address("organization-roles", q=wanted, page=n),
    )


@router.get("/new")
async def show_new(desk: WorkDesk) -> Response:
    """Ask for a name, and what the role allows."""
    return await _role_page(desk, None, dict(BLANK))


@router.post("/new")
async def create(desk: WorkDesk) -> Response:
    """Make a role."""
    values, errors = await _posted(desk)
    if not errors:
        new = NewRole(
            name=values["name"],
            description=values["description"] or None,
            type=RoleType(values["type"]),
            scope_ids=tuple(values["scopes"]),
        )
        try:
            await desk.scope.organization_roles.create(desk.actor, new)
        except DomainError as error:
            errors = _said(desk, error)
    if errors:
        return await _role_page(desk, None, values, errors=errors, status_code=422)
    return desk.go("organization-roles", done="role_created")


@router.get("/scopes")
async def list_scopes(desk: WorkDesk, q: str = "", page: int = 1) -> Response:
    """List the scopes, and ask for one more."""
    return await _scopes_page(desk, searched(q), page)


@router.post("/scopes")
async def create_scope(desk: WorkDesk) -> Response:
    """Make a scope, which no role gives yet."""
    values, errors = named_form(desk, await desk.form(), LONGEST_NAME)
    if not errors:
        try:
            await desk.scope.organization_roles.create_scope(
                desk.actor, values["name"], values["description"] or None
            )
        except DomainError as error:
            errors = _said(desk, error)
    if errors:
        return await _scopes_page(desk, "", 1, values=values, errors=errors, status_code=422)
    return desk.go("organization-roles", "scopes", done="scope_created")


@router.get("/scopes/{scope_id}")
async def show_scope(desk: WorkDesk, scope_id: str) -> Response:
    """Show a scope."""
    scope = await desk.scope.organization_roles.get_scope(scope_id)
    values = {"name": scope.name, "description": scope.description or ""}
    return _scope_page(desk, scope, values)


@router.post("/scopes/{scope_id}")
async def change_scope(desk: WorkDesk, scope_id: str) -> Response:
    """Save a scope's name and description."""
    scope = await desk.scope.organization_roles.get_scope(scope_id)
    form = await desk.form()
    values, errors = named_form(desk, form, LONGEST_NAME)
    is_overtaken = False
    if not errors:
        changes = {"name": values["name"], "description": values["description"] or None}
        try:
            await desk.scope.organization_roles.change_scope(
                desk.actor, scope_id, changes, seen=seen_in(form)
            )
        except DomainError as error:
            errors, is_overtaken = _said(desk, error), isinstance(error, ChangedMeanwhile)
    if errors:
        return _scope_page(
            desk,
            scope,
            values,
            errors=errors,
            is_overtaken=is_overtaken,
            revision=scope.revision if is_overtaken else seen_in(form),
            is_dirty=True,
            status_code=422,
        )
    return desk.go("organization-roles", "scopes", done="saved")


@router.post("/scopes/{scope_id}/delete")
async def delete_scope(desk: WorkDesk, scope_id: str) -> Response:
    """Delete a scope and take it from every role, once its name was typed."""
    scope = await desk.scope.organization_roles.get_scope(scope_id)
    form, roles = await desk.form(), desk.scope.organization_roles
    said = await deleted(
        desk,
        form,
        stored(desk, form, f"organization_scope:{scope_id}", revision=scope.revision),
        lambda: roles.delete_scope(desk.actor, scope_id, seen=seen_of(form)),
        is_named=is_typed(form, scope.name),
    )
    if said is not None:
        scope = await roles.get_scope(scope_id)
        values = {"name": scope.name, "description": scope.description or ""}
        return _scope_page(desk, scope, values, **said)
    return desk.go("organization-roles", "scopes", done="scope_deleted")


@router.get("/{role_id}")
async def show_role(desk: WorkDesk, role_id: str) -> Response:
    """Show a role."""
    found = await desk.scope.organization_roles.get(role_id)
    return await _role_page(desk, found, _values(found))


@router.post("/{role_id}")
async def change_role(desk: WorkDesk, role_id: str) -> Response:
    """Save name, description and what it allows; its type stays."""
    found = await desk.scope.organization_roles.get(role_id)
    values, errors = await _posted(desk)
    values["type"] = found.role.type.value
    seen, is_overtaken = seen_in(await desk.form()), False
    if not errors:
        changes = {"name": values["name"], "description": values["description"] or None}
        try:
            await desk.scope.organization_roles.save(
                desk.actor, role_id, changes, scope_ids=values["scopes"], seen=seen
            )
        except DomainError as error:
            errors, is_overtaken = _said(desk, error), isinstance(error, ChangedMeanwhile)
    if errors:
        return await _role_page(
            desk,
            found,
            values,
            errors=errors,
            is_overtaken=is_overtaken,
            # Whoever was told saves over what they saw.
            revision=found.revision if is_overtaken else seen,
            is_dirty=True,
            status_code=422,
        )
    return desk.go("organization-roles", role_id, done="saved")


@router.post("/{role_id}/delete")
async def delete_role(desk: WorkDesk, role_id: str) -> Response:
    """Delete a role and take it from whoever has it, once its name was typed."""
    found = await desk.scope.organization_roles.get(role_id)
    form, roles = await desk.form(), desk.scope.organization_roles
    said = await deleted(
        desk,
        form,
        stored(desk, form, f"organization_role:{role_id}", revision=found.revision),
        lambda: roles.delete(desk.actor, role_id, seen=seen_of(form)),
        is_named=is_typed(form, found.role.name),
    )
    if said is not None:
        found = await roles.get(role_id)
        return await _role_page(desk, found, _values(found), **said)
    return desk.go("organization-roles", done="role_deleted")


async def _role_page(
    desk: Desk, found: RoleWithScopes | None, values: dict[str, Any], **context: Any
) -> Response:
    scopes = await desk.scope.organization_roles.list_scopes(MOST_SCOPES)
    return desk.render(
        "organization_role.html",
        **{
            "found": found,
            "revision": found.revision if found else "",
            "values": values,
            "types": list(RoleType),
            "scopes": scopes.items,
            "errors": {},
            "is_overtaken": False,
            "is_dirty": False,
            "delete_error": "",
            **context,
        },
    )


async def _scopes_page(desk: Desk, q: str, page: int, **context: Any) -> Response:
    return desk.render(
        "organization_scopes.html",
        **{
            "scopes": await desk.scope.organization_roles.list_scopes(PageRequest(max(1, page)), q),
            "q": q,
            "values": {"name": "", "description": ""},
            "errors": {},
            "page_address": lambda n: desk.address("organization-roles", "scopes", q=q, page=n),
            **context,
        },
    )


def _scope_page(
    desk: Desk, scope: OrganizationScope, values: dict[str, Any], **context: Any
) -> Response:
    return desk.render(
        "organization_scope.html",
        **{
            "scope": scope,
            "revision": scope.revision,
            "values": values,
            "errors": {},
            "is_overtaken": False,
            "is_dirty": False,
            "delete_error": "",
            **context,
        },
    )


def _values(found: RoleWithScopes) -> dict[str, Any]:
    return {
        "name": found.role.name,
        "description": found.role.description or "",
        "type": found.role.type.value,
        "scopes": [scope.id for scope in found.scopes],
    }


async def _posted(desk: Desk) -> tuple[dict[str, Any], dict[str, str]]:
    form = await desk.form()
    values, errors = named_form(desk, form, LONGEST_NAME)
    machine = RoleType.MACHINE_TO_MACHINE.value
    values["type"] = machine if text_of(form, "type") == machine else RoleType.USER.value
    values["scopes"] = ticked(form, "scope")
    return values, errors


def _said(desk: Desk, error: DomainError) -> dict[str, str]:
    if isinstance(error, NameTaken):
        return {"name": desk.text("console.organizations.name_taken")}
    return {"": desk.message(error)}
