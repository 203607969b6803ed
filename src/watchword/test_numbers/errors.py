"""What can go wrong with test numbers."""

from watchword.core.errors import DomainError


class TrivialTestCode(DomainError):
    """A fixed code is six digits that nobody would guess first."""

    code = "test_number.trivial_code"
    status = 422


class TestExpiryOutOfRange(DomainError):
    """A test number ends within 30 days."""

    code = "test_number.expiry_out_of_range"
    status = 422


class TestNumberInUse(DomainError):
    """The number belongs to a person who was not created by it."""

    code = "test_number.in_use"
    status = 422


class TestNumbersNotAllowed(DomainError):
    """This tenant is in production, and no owner switched test numbers on."""

    code = "test_number.not_in_production"
    status = 422


class TooManyTestNumbers(DomainError):
    """A tenant has a few test numbers, no more."""

    code = "test_number.too_many"
    status = 422


class TestNumberNotFound(DomainError):
    """The tenant has no such test number."""

    code = "test_number.not_found"
    status = 404


class TestNumberNotForPeople(DomainError):
    """Whoever knows the fixed code could sign in as the person who took the number."""

    code = "test_number.not_for_people"
    status = 422


class TestUserStaysTestUser(DomainError):
    """A test user does not become a person: others know how to sign in as it."""

    code = "test_number.user_stays"
    status = 422
