"""Operators: who else runs the server, and whom the open links would let in; owners only."""

from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.core.revisions import ChangedMeanwhile
from watchword.operators.errors import (
    InvitationNotUsable,
    LastOwner,
    OperatorNotAllowed,
    OperatorNotFound,
)
from watchword.operators.models import Role
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.routing import console_router
from watchword.web.problems import status_of

router = console_router("/console/{tenant}/operators")

REFUSALS = (ChangedMeanwhile, InvitationNotUsable, LastOwner, OperatorNotFound)


@router.get("")
async def list_operators(desk: WorkDesk) -> Response:
    """List the operators, and the links that were not used yet."""
    return await _page(desk)


@router.post("/invite")
async def invite(desk: WorkDesk) -> Response:
    """Make a one-time link, shown on this answer only."""
    _owner(desk)
    await desk.prove_fresh()
    wanted = text_of(await desk.form(), "role")
    role = Role(wanted) if wanted in list(Role) else Role.VIEWER
    async with desk.server.storage.transaction() as tx:
        token = await desk.server.operators.invite(role, created_by=desk.operator, tx=tx)
        await desk.scope.audit.record("operator.invited", desk.actor, payload={"role": role}, tx=tx)
    return await _page(desk, link=f"{desk.server.public_url}/console/setup?token={token}")


@router.post("/revoke")
async def revoke(desk: WorkDesk) -> Response:
    """Let a link open nothing any more."""
    _owner(desk)
    invitation_id = text_of(await desk.form(), "invitation")
    try:
        async with desk.server.storage.transaction() as tx:
            revoked = await desk.server.operators.revoke_invitation(invitation_id, tx=tx)
            await desk.scope.audit.record(
                "operator.invitation_revoked", desk.actor, payload={"role": revoked.role}, tx=tx
            )
    except REFUSALS as error:
        return await _page(desk, error)
    return desk.go("operators", done="operator_invitation_revoked")


@router.post("/role")
async def change_role(desk: WorkDesk) -> Response:
    """Give an operator another role, from their next request on."""
    _owner(desk)
    await desk.prove_fresh()
    form = await desk.form()
    operator_id, wanted = text_of(form, "operator"), _role(text_of(form, "role"))
    try:
        async with desk.server.storage.transaction() as tx:
            before = await desk.server.operators.change_role(
                desk.operator, operator_id, seen=_role(text_of(form, "seen")), wanted=wanted, tx=tx
            )
            await desk.scope.audit.record(
                "operator.role_changed",
                desk.actor,
                subject=f"operator:{before.id}",
                payload={"before": before.role, "after": wanted},
                tx=tx,
            )
    except REFUSALS as error:
        return await _page(desk, error)
    return desk.go("operators", done="operator_role_changed")


@router.post("/delete")
async def delete(desk: WorkDesk) -> Response:
    """Remove an operator; their sessions end at once."""
    _owner(desk)
    await desk.prove_fresh()
    form = await desk.form()
    operator_id, seen = text_of(form, "operator"), text_of(form, "seen")
    try:
        async with desk.server.storage.transaction() as tx:
            removed = await desk.server.operators.delete(
                desk.operator, operator_id, seen=_role(seen) if seen else None, tx=tx
            )
            await desk.scope.audit.record(
                "operator.removed",
                desk.actor,
                subject=f"operator:{removed.id}",
                payload={"role": removed.role},
                tx=tx,
            )
    except REFUSALS as error:
        return await _page(desk, error)
    return desk.go("operators", done="operator_removed")


async def _page(desk: Desk, error: DomainError | None = None, link: str = "") -> Response:
    _owner(desk)
    return desk.render(
        "operators.html",
        status_code=status_of(error) if error else 200,
        operators=await desk.server.operators.list(),
        invitations=await desk.server.operators.list_invitations(),
        roles=list(Role),
        link=link,
        problem=desk.message(error) if error else "",
    )


def _role(text: str) -> Role:
    if text not in list(Role):
        raise NoSuchPage
    return Role(text)


def _owner(desk: Desk) -> None:
    if not desk.operator.role.can_manage_operators:
        raise OperatorNotAllowed
