"""Get started: what is set up, what is missing, and what comes next."""

from starlette.responses import RedirectResponse, Response

from watchword.web.console.desk import WorkDesk
from watchword.web.console.routing import console_router
from watchword.web.console.set_up_steps import set_up_steps
from watchword.web.console.undo import unwell_of

router = console_router("/console/{tenant}")


@router.get("")
async def lead_in(desk: WorkDesk) -> Response:
    """Lead to the tenant's first page."""
    return RedirectResponse(desk.address("get-started"), 303)


@router.get("/get-started")
async def get_started(desk: WorkDesk) -> Response:
    """Show the check list."""
    steps = await set_up_steps(desk)
    return desk.render(
        "get_started.html",
        steps=steps,
        done_count=sum(step.is_done for step in steps),
        next_step=next((step.name for step in steps if not step.is_done), None),
        issuer=desk.scope.issuer,
        warnings=sorted(desk.server.warnings),
        today=await desk.scope.guard.today(),
        unwell=await unwell_of(desk, {}),
        # In production they are a door that others know of, so nobody has to look for it.
        test_numbers=desk.scope.fixed_numbers.active if desk.tenant.is_production else (),
    )
