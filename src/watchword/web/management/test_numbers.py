"""`/api/test-numbers`, ours alone: numbers with a fixed code, to which nothing is sent."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from watchword.core.moments import milliseconds, moment_of
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.test_numbers.errors import (
    TestExpiryOutOfRange,
    TestNumberInUse,
    TestNumberNotFound,
    TestNumbersNotAllowed,
    TooManyTestNumbers,
    TrivialTestCode,
)
from watchword.test_numbers.models import LONGEST_LIFE, ListedNumber
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(prefix="/test-numbers", tags=["Test numbers"])

LATEST = 253_402_300_799_000  # the end of the year 9999, beyond which a moment has no name


class NewTestNumber(ApiModel):
    """A number, the six digits that are always its code, and when that ends."""

    phone: PhoneDigits
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    expires_at: Annotated[int, Field(ge=0, le=LATEST)] | None = None
    """In milliseconds; 30 days from now where it is missing."""


class TestNumberAnswer(ApiModel):
    """One test number; its code is never shown again."""

    phone: str
    expires_at: int
    is_active: bool
    created_at: int
    user_id: str | None

    @classmethod
    def of(cls, caller: Management, listed: ListedNumber) -> "TestNumberAnswer":
        """Show a test number."""
        fixed, numbers = listed.fixed, caller.tenant.fixed_numbers
        return cls(
            phone=fixed.phone,
            expires_at=milliseconds(fixed.expires_at),
            is_active=numbers.is_allowed and fixed.is_active(numbers.clock.now()),
            created_at=milliseconds(fixed.created_at),
            user_id=listed.user_id,
        )


@router.get("")
async def list_test_numbers(caller: Caller) -> list[TestNumberAnswer]:
    """List the test numbers and their test users, the expired ones too."""
    listed = await caller.tenant.fixed_numbers.list()
    return [TestNumberAnswer.of(caller, number) for number in listed]


@router.post(
    "",
    status_code=201,
    responses=problems(
        InvalidPhoneNumber,
        TrivialTestCode,
        TestExpiryOutOfRange,
        TestNumberInUse,
        TestNumbersNotAllowed,
        TooManyTestNumbers,
    ),
)
async def add_test_number(body: NewTestNumber, caller: Caller) -> TestNumberAnswer:
    """Let a fixed code open a number; one that is a test number already gets code and date anew."""
    fixed = await caller.tenant.configuration.test_numbers.add(
        caller.actor,
        PhoneNumber.from_digits(body.phone),
        body.code,
        _moment(body.expires_at, caller),
    )
    listed = await caller.tenant.fixed_numbers.list()
    return next(
        TestNumberAnswer.of(caller, number)
        for number in listed
        if number.fixed.phone == fixed.phone
    )


@router.delete(
    "/{phone}", status_code=204, responses=problems(InvalidPhoneNumber, TestNumberNotFound)
)
async def remove_test_number(phone: Annotated[str, Path(max_length=32)], caller: Caller) -> None:
    """Let the fixed code open nothing any more; the test user stays."""
    await caller.tenant.configuration.test_numbers.remove(
        caller.actor, PhoneNumber.from_digits(phone)
    )


def _moment(given: int | None, caller: Management) -> datetime:
    if given is None:
        return caller.tenant.fixed_numbers.clock.now() + LONGEST_LIFE
    return moment_of(given)
