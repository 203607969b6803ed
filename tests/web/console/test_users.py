"""One person in the console: letting them try again."""

import pytest

from tests.web.console.conftest import Browser, Invite, Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.guard.errors import TooManyAttempts, TooManyMessages
from watchword.guard.models import LockoutPool
from watchword.guard.service import Lockout
from watchword.users.models import NewUser, User
from watchword.web.scope import TenantScope

PHONE = PhoneNumber("447700900123")
EMAIL = EmailAddress("alice@example.com")


async def is_locked(lockout: Lockout, pool: LockoutPool, identifier: str) -> bool:
    """Tell whether an attempt is turned away; one that is not counts as a failure."""
    try:
        await lockout.attempt(pool, identifier)
    except TooManyAttempts:
        return True
    return False


async def is_turned_away(scope: TenantScope, to: Recipient) -> bool:
    """Tell whether one code more is over the limit."""
    try:
        await scope.guard.spend_send(to)
    except TooManyMessages:
        return True
    return False


@pytest.fixture
async def alice(site: Site) -> User:
    """Return somebody with every kind of name."""
    scope = await site.scope()
    await scope.configuration.settings.save_sign_in(SYSTEM, {"sentinelPolicy": {"maxAttempts": 2}})
    return await (await site.scope()).users.create(
        NewUser(username="alice", primary_phone=PHONE, primary_email=EMAIL.address)
    )


async def test_who_failed_too_often_may_try_again(site: Site, owner: Browser, alice: User) -> None:
    counted = [
        (alice.id, LockoutPool.TOTP),
        ("alice", LockoutPool.SHARED),
        (EMAIL.address, LockoutPool.SHARED),
        (PHONE.digits, LockoutPool.SHARED),
    ]
    lockout = (await site.scope()).unblocking.lockout
    for identifier, pool in counted:
        while not await is_locked(lockout, pool, identifier):
            pass

    await owner.open(f"users/{alice.id}")
    page = await owner.submit("/unblock")

    assert "That person can try again at once." in page.words
    assert [await is_locked(lockout, pool, name) for name, pool in counted] == [False] * 4


@pytest.mark.parametrize("to", [PHONE, EMAIL], ids=["number", "address"])
async def test_who_was_sent_too_much_may_be_sent_a_code_again(
    site: Site, owner: Browser, alice: User, to: Recipient
) -> None:
    scope = await site.scope()
    while not await is_turned_away(scope, to):
        pass

    await owner.open(f"users/{alice.id}")
    await owner.submit("/unblock")

    assert not await is_turned_away(scope, to)


async def test_it_is_audited_for_the_person_without_the_number(
    site: Site, owner: Browser, alice: User
) -> None:
    await owner.open(f"users/{alice.id}")
    await owner.submit("/unblock")

    found = await (await site.scope()).audit.list(filters=AuditFilter(event="guard.unblocked"))
    [entry] = found.items
    assert (entry.actor.name, entry.subject) == ("owner", f"user:{alice.id}")
    assert PHONE.digits not in str(vars(entry))
    assert EMAIL.address not in str(vars(entry))


async def test_who_may_only_look_can_not_do_it(site: Site, invite: Invite, alice: User) -> None:
    viewer = await invite("viewer")
    await viewer.open(f"users/{alice.id}")

    page = await viewer.submit("/unblock")

    assert page.status == 403
