"""Before something that matters is changed: is it really they who sit at the browser?"""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.account.errors import FieldNotEditable
from watchword.account.models import FieldName
from watchword.core.errors import DomainError
from watchword.users.errors import InvalidCredentials
from watchword.users.models import Identifier
from watchword.web.account_pages import codes
from watchword.web.account_pages.errors import NoSuchTask, NoWayToProve
from watchword.web.account_pages.factors import FACTOR_TASKS
from watchword.web.account_pages.visit import (
    AccountPageRoute,
    Looking,
    Posting,
    Visit,
    refused_on,
    task_of,
)

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

HERE = "/account/verify"
CODE = "/account/verify/verification-code"
TASKS = frozenset({"phone", "email", "username", "password", "sessions", *FACTOR_TASKS})


def methods(visit: Visit) -> dict[str, Identifier | None]:
    """Return how the person can prove who they are: what they have, and may see that they have."""
    user = visit.user
    found: tuple[tuple[str, FieldName, bool, Identifier | None], ...] = (
        ("password", "password", user.has_password, None),
        ("phone", "phone", bool(user.primary_phone), _of("phone", user.primary_phone)),
        ("email", "email", bool(user.primary_email), _of("email", user.primary_email)),
    )
    return {
        name: identifier
        for name, field, is_there, identifier in found
        if is_there and visit.settings.shows(field)
    }


async def screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for one proof, and offer the others."""
    task = asked_task(visit)
    possible = methods(visit)
    if not possible:
        raise NoWayToProve
    by = visit.request.query_params.get("by", "")
    by = by if by in possible else next(iter(possible))
    identifier = possible[by]
    return visit.show(
        "verify.html",
        error,
        task=task,
        by=by,
        is_wrong_password=isinstance(error, InvalidCredentials),
        others=[name for name in possible if name != by],
        masked=identifier.masked if identifier else "",
        here=visit.address(HERE, task=task, by=by),
        other_address=lambda other: visit.address(HERE, task=task, by=other),
    )


def asked_task(visit: Visit) -> str:
    """Return the task that waits for the proof; raises NoSuchTask."""
    task = visit.request.query_params.get("task", "")[:256]
    if task not in TASKS and not (task.startswith("social/") and task == task_of(task)):
        raise NoSuchTask
    return task


@router.get(HERE)
async def show_verify(visit: Looking) -> Response:
    """Ask for a proof; who has just given one goes on."""
    if visit.asker.proof_id is not None:
        return visit.go(f"/account/{asked_task(visit)}")
    return await screen(visit)


@router.post(HERE)
@refused_on(screen)
async def verify(visit: Posting) -> Response:
    """Check the password, or send a code."""
    task = asked_task(visit)
    by = visit.form.text("way")
    possible = methods(visit)
    if by not in possible:
        raise FieldNotEditable
    identifier = possible[by]
    if identifier is None:
        await visit.step_up.verify_password(
            visit.asker, visit.form.password(), flow=visit.flow("own")
        )
        return visit.go(f"/account/{task}")
    await codes.send(visit, "own", identifier)
    return visit.go(CODE, task=task)


async def code_screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show where the code to the person's own number is typed."""
    task = asked_task(visit)
    pending = await codes.find_pending(visit, "own")
    if pending is None:
        return visit.go(HERE, task=task)
    start = visit.address(HERE, task=task, by=pending.identifier.type)
    return await codes.show(visit, pending, error, here=CODE, start=start, task=task)


@router.get(CODE)
async def show_code(visit: Looking) -> Response:
    """Ask for the code."""
    return await code_screen(visit)


@router.post(CODE)
@refused_on(code_screen)
async def enter_code(visit: Posting) -> Response:
    """Check the code, then go on with the task."""
    pending = await codes.find_pending(visit, "own")
    if pending is not None:
        await codes.verify(visit, pending)
    # Without one that waits: a button pressed twice, or too late. The task itself asks again.
    return visit.go(f"/account/{asked_task(visit)}")


@router.get(f"{CODE}/resend")
async def leave_resend(visit: Looking) -> Response:
    """Go back to the code: asking again is a post."""
    return visit.go(CODE, task=asked_task(visit))


@router.post(f"{CODE}/resend")
@refused_on(code_screen)
async def send_again(visit: Posting) -> Response:
    """Send another code, if the person has waited long enough."""
    pending = await codes.find_pending(visit, "own")
    if pending is not None:
        await codes.send_again(visit, "own", pending)
    return visit.go(CODE, task=asked_task(visit))


def _of(type_: str, value: str | None) -> Identifier | None:
    if value is None:
        return None
    return Identifier("phone", value) if type_ == "phone" else Identifier("email", value)
