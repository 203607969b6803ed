"""API resources: what access tokens are made for, and the scopes of each."""

from datetime import timedelta
from typing import Any

from starlette.responses import Response

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import Kind
from watchword.core.errors import DomainError
from watchword.resources.models import (
    DEFAULT_TTL,
    LONGEST_TTL,
    SHORTEST_TTL,
    Resource,
    is_indicator,
)
from watchword.web.console.confirming import others_since
from watchword.web.console.deleting import configured, deleted, is_typed, version_seen
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.history import restored, versions_of
from watchword.web.console.organizations import LONGEST_DESCRIPTION
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/resources")

LONGEST_NAME = 256
SHORTEST, LONGEST = (int(ttl.total_seconds()) for ttl in (SHORTEST_TTL, LONGEST_TTL))


@router.get("")
async def list_resources(desk: WorkDesk) -> Response:
    """List the resources, the Management API first."""
    return desk.render("resources.html", resources=await desk.scope.resources.list())


@router.get("/new")
async def show_new(desk: WorkDesk) -> Response:
    """Ask for a name and an indicator."""
    return _new_page(desk, {"name": "", "indicator": "", "ttl": _seconds(DEFAULT_TTL)}, {})


@router.post("/new")
async def create(desk: WorkDesk) -> Response:
    """Register an API without scopes."""
    values, errors = await _posted(desk)
    if not is_indicator(values["indicator"]):
        errors["indicator"] = desk.text("console.resources.indicator_wrong")
    if errors:
        return _new_page(desk, values, errors, status_code=422)
    try:
        made = await desk.scope.configuration.resources.create(
            desk.actor,
            values["name"],
            values["indicator"],
            timedelta(seconds=int(values["ttl"])),
        )
    except DomainError as error:
        return _new_page(desk, values, {"": desk.message(error)}, status_code=422)
    return desk.go("resources", made.id, done="resource_created")


@router.get("/{resource_id}")
async def show(desk: WorkDesk, resource_id: str) -> Response:
    """Show scopes and settings."""
    return _details_page(desk, await desk.scope.resources.get(resource_id))


@router.post("/{resource_id}")
async def change(desk: WorkDesk, resource_id: str) -> Response:
    """Save name and lifetime, and whether it is the default."""
    resource = await desk.scope.resources.get(resource_id)
    values, errors = await _posted(desk)
    form = await desk.form()
    is_default, seen = "is_default" in form, whole_number(text_of(form, "version"))
    if not errors:
        try:
            await desk.scope.configuration.resources.change(
                desk.actor,
                resource_id,
                name=values["name"],
                access_token_ttl=timedelta(seconds=int(values["ttl"])),
                is_default=is_default,
                expected_version=seen,
            )
        except DomainError as error:
            errors[""] = desk.message(error)
    if errors:
        return _details_page(
            desk,
            resource,
            values={**values, "is_default": is_default},
            errors=errors,
            others=await others_since(desk, Kind.RESOURCE, seen, resource_id),
            is_dirty=True,
            status_code=422,
        )
    return desk.go("resources", resource_id, done="saved")


@router.get("/{resource_id}/history")
async def show_history(desk: WorkDesk, resource_id: str, page: int = 1) -> Response:
    """Show every version, what changed in it, and who changed it."""
    return desk.render(
        "resource_history.html",
        resource=await desk.scope.resources.get(resource_id),
        versions=await versions_of(desk, Kind.RESOURCE, resource_id, page=page),
    )


@router.post("/{resource_id}/restore")
async def restore(desk: WorkDesk, resource_id: str) -> Response:
    """Bring an earlier version back, as a new one."""
    return await restored(desk, Kind.RESOURCE, resource_id, back=f"resources/{resource_id}/history")


@router.post("/{resource_id}/scopes")
async def add_scope(desk: WorkDesk, resource_id: str) -> Response:
    """Add a scope, which nobody is given yet."""
    resource = await desk.scope.resources.get(resource_id)
    form = await desk.form()
    name = text_of(form, "scope_name").strip()
    description = text_of(form, "description").replace("\0", "").strip()[:LONGEST_DESCRIPTION]
    try:
        await desk.scope.configuration.resources.add_scope(
            desk.actor, resource_id, name, description or None
        )
    except DomainError as error:
        return _details_page(
            desk, resource, scope_error=desk.message(error), scope_name=name, status_code=422
        )
    return desk.go("resources", resource_id, done="scope_created")


@router.post("/{resource_id}/scopes/{scope_id}/delete")
async def delete_scope(desk: WorkDesk, resource_id: str, scope_id: str) -> Response:
    """Delete a scope; new tokens have it no more."""
    seen = version_seen(await desk.form())
    try:
        await desk.scope.configuration.resources.delete_scope(
            desk.actor, resource_id, scope_id, expected_version=seen
        )
    except ConfigurationChanged:
        return _details_page(
            desk,
            await desk.scope.resources.get(resource_id),
            scopes_problem=desk.text("console.others.look_again"),
            scopes_others=await others_since(desk, Kind.RESOURCE, seen, resource_id),
            status_code=422,
        )
    return desk.go("resources", resource_id, done="scope_deleted")


@router.post("/{resource_id}/delete")
async def delete(desk: WorkDesk, resource_id: str) -> Response:
    """Delete it, once its name was typed."""
    resource = await desk.scope.resources.get(resource_id)
    form, version = await desk.form(), resource.version
    said = await deleted(
        desk,
        form,
        configured(desk, form, Kind.RESOURCE, resource_id, version=version),
        lambda: desk.scope.configuration.resources.delete(
            desk.actor, resource_id, expected_version=version_seen(form)
        ),
        is_named=is_typed(form, resource.name),
    )
    if said is not None:
        return _details_page(desk, await desk.scope.resources.get(resource_id), **said)
    return desk.go("resources", done="resource_deleted")


def _new_page(
    desk: Desk, values: dict[str, str], errors: dict[str, str], **context: Any
) -> Response:
    return desk.render("resource_new.html", values=values, errors=errors, **context)


def _details_page(desk: Desk, resource: Resource, **context: Any) -> Response:
    return desk.render(
        "resource.html",
        **{
            "resource": resource,
            "values": {
                "name": resource.name,
                "ttl": _seconds(resource.access_token_ttl),
                "is_default": resource.is_default,
            },
            "errors": {},
            "scope_error": "",
            "scope_name": "",
            "delete_error": "",
            "is_dirty": False,
            **context,
        },
    )


def _seconds(ttl: timedelta) -> str:
    return str(int(ttl.total_seconds()))


async def _posted(desk: Desk) -> tuple[dict[str, Any], dict[str, str]]:
    form = await desk.form()
    values = {name: text_of(form, name).strip() for name in ("name", "indicator", "ttl")}
    errors = {}
    if not values["name"]:
        errors["name"] = desk.text("console.organizations.name_missing")
    elif len(values["name"]) > LONGEST_NAME or not values["name"].isprintable():
        errors["name"] = desk.text("console.organizations.name_wrong", most=LONGEST_NAME)
    ttl = values["ttl"]
    is_number = ttl.isascii() and ttl.isdigit() and len(ttl) < 9
    if not is_number or not SHORTEST <= int(ttl) <= LONGEST:
        errors["ttl"] = desk.text("console.resources.ttl_wrong", least=SHORTEST, most=LONGEST)
    return values, errors
