"""What a fixed code must not be, and how long it may open anything."""

from datetime import UTC, datetime, timedelta

import pytest

from watchword.test_numbers import errors
from watchword.test_numbers.models import check_code, check_expiry

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "code",
    [
        *("000000", "777777", "123456", "654321", "012345", "890123", "210987"),
        *("121212", "123123", "123321", "12345", "1234567", "12345a", "", "１２３４９５"),
    ],
)
def test_a_code_that_people_try_first_is_refused(code: str) -> None:
    with pytest.raises(errors.TrivialTestCode):
        check_code(code)


@pytest.mark.parametrize("code", ["271828", "918273", "004711", "135790"])
def test_other_codes_do(code: str) -> None:
    check_code(code)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=30, seconds=1), -timedelta(days=1)])
def test_a_number_ends_within_thirty_days(ahead: timedelta) -> None:
    with pytest.raises(errors.TestExpiryOutOfRange):
        check_expiry(NOW + ahead, NOW)

    check_expiry(NOW + timedelta(days=30), NOW)
