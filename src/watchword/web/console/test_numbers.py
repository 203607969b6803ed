"""Test numbers: a fixed code for automatic tests, and for whoever reviews an app."""

from datetime import timedelta

from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.operators.errors import OperatorNotAllowed
from watchword.test_numbers.errors import (
    TestExpiryOutOfRange,
    TestNumberInUse,
    TestNumbersNotAllowed,
    TooManyTestNumbers,
    TrivialTestCode,
)
from watchword.test_numbers.models import LONGEST_LIFE
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.routing import console_router
from watchword.web.problems import status_of

router = console_router("/console/{tenant}/test-numbers")

FIELDS: dict[type[DomainError], str] = {
    InvalidPhoneNumber: "phone",
    TestNumberInUse: "phone",
    TooManyTestNumbers: "phone",
    TestNumbersNotAllowed: "phone",
    TrivialTestCode: "code",
    TestExpiryOutOfRange: "days",
}


@router.get("")
async def list_test_numbers(desk: WorkDesk) -> Response:
    """List the test numbers, and offer to add one."""
    return await _page(desk)


@router.post("/add")
async def add(desk: WorkDesk) -> Response:
    """Let a fixed code open a number."""
    await desk.prove_fresh()
    form = await desk.form()
    given = {name: text_of(form, name).strip() for name in ("phone", "days")}
    days = whole_number(given["days"]) or 0
    try:
        await desk.scope.configuration.test_numbers.add(
            desk.actor,
            PhoneNumber.parse(given["phone"]),
            text_of(form, "code").strip(),
            # More than there may be is refused as such, however much it is.
            desk.server.clock.now() + timedelta(days=min(days, 10_000)),
        )
    except tuple(FIELDS) as error:
        return await _page(desk, error, given)
    return desk.go("test-numbers", done="test_number_added")


@router.post("/remove")
async def remove(desk: WorkDesk) -> Response:
    """Let a fixed code open nothing any more."""
    phone = PhoneNumber.from_digits(text_of(await desk.form(), "phone"))
    await desk.scope.configuration.test_numbers.remove(desk.actor, phone)
    return desk.go("test-numbers", done="test_number_removed")


@router.post("/production")
async def allow_in_production(desk: WorkDesk) -> Response:
    """Switch test numbers on or off in production; owners only."""
    if not desk.operator.role.can_manage_operators:
        raise OperatorNotAllowed
    await desk.prove_fresh()
    is_allowed = text_of(await desk.form(), "allowed") == "yes"
    await desk.scope.configuration.test_numbers.allow_in_production(desk.actor, is_allowed)
    return desk.go("test-numbers", done="saved")


async def _page(
    desk: Desk, error: DomainError | None = None, given: dict[str, str] | None = None
) -> Response:
    numbers = desk.scope.fixed_numbers
    return desk.render(
        "test_numbers.html",
        status_code=status_of(error) if error else 200,
        numbers=await numbers.list(),
        is_allowed=numbers.is_allowed,
        longest=LONGEST_LIFE.days,
        errors={FIELDS[type(error)]: desk.message(error)} if error else {},
        given=given or {"phone": "", "days": str(LONGEST_LIFE.days)},
    )
