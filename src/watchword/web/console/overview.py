"""Get started: what is set up, what is missing, and what comes next."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from watchword.connector_kit.models import ConnectorType
from watchword.core.pagination import PageRequest
from watchword.messaging.models import MessageFilter
from watchword.sign_in_settings.models import is_method_enabled
from watchword.web.console.desk import Desk, WorkDesk
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}")

ONE = PageRequest(1, 1)


@dataclass(frozen=True)
class SetUpStep:
    """One step of the check list."""

    name: str
    is_done: bool
    address: str
    opens_new_tab: bool = False


@router.get("")
async def lead_in(desk: WorkDesk) -> Response:
    """Lead to the tenant's first page."""
    return RedirectResponse(desk.address("get-started"), 303)


@router.get("/get-started")
async def get_started(desk: WorkDesk) -> Response:
    """Show the check list."""
    steps, scope = await _steps(desk), desk.scope
    return desk.render(
        "get_started.html",
        steps=steps,
        done_count=sum(step.is_done for step in steps),
        next_step=next((step.name for step in steps if not step.is_done), None),
        issuer=desk.scope.issuer,
        warnings=sorted(desk.server.warnings),
        today=await scope.guard.today(),
        # In production they are a door that others know of, so nobody has to look for it.
        test_numbers=desk.scope.fixed_numbers.active if desk.tenant.is_production else (),
    )


async def _steps(desk: Desk) -> list[SetUpStep]:
    scope = desk.scope
    connector = await scope.connectors.active(ConnectorType.SMS)
    tests = await scope.messaging.list(MessageFilter(is_test=True), ONE)
    applications = await scope.applications.list(ONE)
    people = await scope.users.list(ONE)
    phone_is_on = is_method_enabled(scope.settings, "phone", "verificationCode")
    test_address = (
        desk.address("connectors", connector.id)
        if connector
        else desk.address("connectors", "set-up")
    )
    methods_address = desk.address("sign-in-experience", "sign-up-and-sign-in")
    return [
        SetUpStep("connector", connector is not None, desk.address("connectors", "set-up")),
        SetUpStep("test", tests.total > 0, f"{test_address}#test"),
        SetUpStep("sign_in", phone_is_on, methods_address),
        SetUpStep("application", applications.total > 0, desk.address("applications", "new")),
        SetUpStep("user", people.total > 0, f"{scope.origin}/demo-app", opens_new_tab=True),
    ]
