"""Tenants: those of this server, and what the one at hand is called and for; owners only."""

from starlette.responses import RedirectResponse, Response

from watchword.configuration.errors import ConfigurationChanged, DevelopmentPartsInUse
from watchword.core.errors import DomainError
from watchword.core.revisions import ChangedMeanwhile, revision_of
from watchword.operators.errors import OperatorNotAllowed
from watchword.tenants.errors import (
    DefaultTenantNotDeletable,
    InvalidTenantHost,
    InvalidTenantId,
    InvalidTenantName,
    InvalidTenantPort,
    TenantInUse,
    TenantNameMistyped,
    TenantOwnsPort,
    TenantPortInUse,
    TenantPortNotPossible,
)
from watchword.tenants.models import TenantTag, allows_ports, hosts_line
from watchword.web.console.confirming import overtaken
from watchword.web.console.deleting import seen_of
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.routing import console_router
from watchword.web.problems import status_of

router = console_router("/console/{tenant}")

FIELDS: dict[type[DomainError], str] = {
    InvalidTenantId: "id",
    TenantInUse: "id",
    InvalidTenantName: "name",
    ChangedMeanwhile: "name",
    InvalidTenantHost: "host",
    InvalidTenantPort: "port",
    TenantPortInUse: "port",
    TenantPortNotPossible: "port",
    TenantOwnsPort: "tag",
    TenantNameMistyped: "typed",
    DefaultTenantNotDeletable: "typed",
    DevelopmentPartsInUse: "tag",
}

GIVEN = ("id", "name", "host", "port")


@router.get("/tenants")
async def list_tenants(desk: WorkDesk) -> Response:
    """List the tenants, and offer to make one."""
    return _list(desk)


@router.post("/tenants/create")
async def create(desk: WorkDesk) -> Response:
    """Make a tenant, and go there."""
    _owner(desk)
    await desk.prove_fresh()
    form = await desk.form()
    try:
        made = await desk.server.administration.create(
            desk.actor,
            text_of(form, "id").strip(),
            text_of(form, "name"),
            _tag(text_of(form, "tag")),
            text_of(form, "host").strip() or None,
            port=_port(text_of(form, "port").strip()),
        )
    except tuple(FIELDS) as error:
        return _list(desk, error, {name: text_of(form, name) for name in GIVEN})
    await desk.server.refresh()
    return RedirectResponse(f"/console/{made.id}/tenant?done=tenant_created", 303)


@router.get("/tenant")
async def show(desk: WorkDesk) -> Response:
    """Show the tenant at hand."""
    return _page(desk)


@router.post("/tenant/rename")
async def rename(desk: WorkDesk) -> Response:
    """Call it otherwise."""
    _owner(desk)
    await _look_again(desk)
    form, now = await desk.form(), desk.tenant.name
    name = text_of(form, "name")
    if overtaken(desk, form, now=now):
        told = desk.text("console.tenants.renamed_meanwhile", name=now)
        return _page(desk, name=name, errors={"name": told})
    try:
        await desk.server.administration.rename(desk.actor, desk.tenant.id, name, seen=now)
    except (InvalidTenantName, ChangedMeanwhile) as error:
        return _page(desk, error, name=name)
    await desk.server.refresh()
    return desk.go("tenant", done="saved")


@router.post("/tenant/tag")
async def set_tag(desk: WorkDesk) -> Response:
    """Say what it is for."""
    _owner(desk)
    await desk.prove_fresh()
    await _look_again(desk)
    form = await desk.form()
    wanted = _tag(text_of(form, "tag"))
    try:
        await desk.scope.configuration.settings.set_tag(desk.actor, wanted, seen=seen_of(form))
    except ConfigurationChanged:
        return await _overtaken(desk, "tag")
    except (DevelopmentPartsInUse, TenantOwnsPort) as error:
        return _page(desk, error)
    await desk.server.refresh()
    return desk.go("tenant", done="saved")


@router.post("/tenant/delete")
async def delete(desk: WorkDesk) -> Response:
    """Delete it with all that is in it, if its id was typed."""
    _owner(desk)
    await desk.prove_fresh()
    await _look_again(desk)
    form = await desk.form()
    typed = text_of(form, "typed").strip()
    try:
        await desk.server.administration.delete(
            desk.actor, desk.tenant.id, typed, seen=seen_of(form)
        )
    except ChangedMeanwhile:
        return await _overtaken(desk, "typed")
    except (TenantNameMistyped, DefaultTenantNotDeletable) as error:
        return _page(desk, error)
    await desk.server.refresh()
    return RedirectResponse("/console/default/tenants?done=tenant_deleted", 303)


def _list(
    desk: Desk, error: DomainError | None = None, given: dict[str, str] | None = None
) -> Response:
    _owner(desk)
    return desk.render(
        "tenants.html",
        status_code=status_of(error) if error else 200,
        origins={tenant.id: tenant.origin(desk.server.public_url) for tenant in desk.tenants},
        errors=_errors(desk, error),
        given=given or dict.fromkeys(GIVEN, ""),
        allows_ports=allows_ports(desk.server.public_url),
        tags=list(TenantTag),
    )


def _page(
    desk: Desk,
    error: DomainError | None = None,
    *,
    name: str | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    """Show the tenant; *errors* are those of a form that somebody else's change has overtaken."""
    _owner(desk)
    return desk.render(
        "tenant.html",
        status_code=status_of(error) if error else 409 if errors else 200,
        state=revision_of(desk.tenant.shown),
        origin=desk.scope.origin,
        issuer=desk.scope.issuer,
        hosts_line=hosts_line(desk.scope.origin),
        awaits_restart=desk.server.awaits_restart(desk.tenant),
        name=desk.tenant.name if name is None else name,
        errors=errors or _errors(desk, error),
        tags=list(TenantTag),
    )


async def _look_again(desk: Desk) -> None:
    """Have the tenant as it is now; what this process knows may be half a second old."""
    await desk.server.refresh()
    if desk.tenant.id not in desk.server.tenants:
        raise NoSuchPage
    desk.scope = await desk.server.scope_of(desk.tenant.id)


async def _overtaken(desk: Desk, field: str) -> Response:
    """Show the tenant as it is now; nothing was done to it."""
    await _look_again(desk)
    return _page(desk, errors={field: desk.text("console.others.look_again")})


def _errors(desk: Desk, error: DomainError | None) -> dict[str, str]:
    return {FIELDS[type(error)]: desk.message(error)} if error else {}


def _tag(text: str) -> TenantTag:
    if text not in list(TenantTag):
        raise NoSuchPage
    return TenantTag(text)


def _port(text: str) -> int | None:
    if not text:
        return None
    # What is no number is refused as a port that there is not.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _owner(desk: Desk) -> None:
    if not desk.operator.role.can_manage_operators:
        raise OperatorNotAllowed
