"""Operators: who else runs the server; owners only."""

from starlette.responses import Response

from watchword.operators.errors import OperatorNotAllowed
from watchword.operators.models import Role
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/operators")


@router.get("")
async def list_operators(desk: WorkDesk) -> Response:
    """List the operators."""
    return await _page(desk)


@router.post("/invite")
async def invite(desk: WorkDesk) -> Response:
    """Make a one-time link, shown on this answer only."""
    _owner(desk)
    await desk.prove_fresh()
    wanted = text_of(await desk.form(), "role")
    role = Role(wanted) if wanted in list(Role) else Role.VIEWER
    token = await desk.server.operators.invite(role, created_by=desk.operator)
    await desk.scope.audit.record("operator.invited", desk.actor, payload={"role": role})
    return await _page(desk, f"{desk.server.public_url}/console/setup?token={token}")


@router.post("/delete")
async def delete(desk: WorkDesk) -> Response:
    """Remove an operator; their sessions end at once."""
    _owner(desk)
    await desk.prove_fresh()
    operator_id = text_of(await desk.form(), "operator")
    await desk.server.operators.delete(desk.operator, operator_id)
    await desk.scope.audit.record(
        "operator.removed", desk.actor, subject=f"operator:{operator_id[:32]}"
    )
    return desk.go("operators", done="operator_removed")


async def _page(desk: Desk, link: str = "") -> Response:
    _owner(desk)
    return desk.render(
        "operators.html",
        operators=await desk.server.operators.list(),
        roles=list(Role),
        link=link,
    )


def _owner(desk: Desk) -> None:
    if not desk.operator.role.can_manage_operators:
        raise OperatorNotAllowed
