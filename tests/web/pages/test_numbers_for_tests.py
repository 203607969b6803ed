"""A test number signs in by its fixed code: nothing is sent, and guessing ends as everywhere."""

from datetime import timedelta

import pytest

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import DIGITS, Site, add_phone_user
from tests.web.pages.test_phone import ask_for_code
from watchword.audit.models import SYSTEM
from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.messaging.models import MessageState
from watchword.tenants.models import TenantTag
from watchword.test_numbers import errors
from watchword.users.models import NewUser, UserChange

CODE = "271828"
OURS = PhoneNumber(DIGITS)
OTHER = PhoneNumber("447700900124")


async def add_number(site: Site, phone: PhoneNumber = OURS, days: int = 7) -> None:
    ends_at = site.clock.now() + timedelta(days=days)
    scope = await site.scope()
    await scope.configuration.test_numbers.add(SYSTEM, phone, CODE, ends_at)


async def sign_up(site: Site, browser: Browser) -> str:
    await ask_for_code(browser)
    await browser.submit(code=CODE)
    await browser.submit()
    assert browser.is_signed_in
    user = await (await site.scope()).users.find_by_identifier("phone", DIGITS)
    assert user is not None
    return user.id


async def test_the_fixed_code_signs_up_and_in_and_nothing_is_sent(
    site: Site, browser: Browser
) -> None:
    await add_number(site)

    user_id = await sign_up(site, browser)
    browser.client.cookies.clear()
    await ask_for_code(browser)
    await browser.submit(code=CODE)

    assert browser.is_signed_in
    assert site.provider.messages == []
    scope = await site.scope()
    assert await scope.fixed_numbers.user_ids() == {user_id}
    written = (await scope.messaging.log.list()).items
    assert {message.state for message in written} == {MessageState.SUPPRESSED}


async def test_no_limit_of_messages_stands_in_a_tests_way(site: Site, browser: Browser) -> None:
    await add_number(site)
    await ask_for_code(browser)
    for _ in range(12):
        site.clock.advance(timedelta(seconds=60))
        await browser.submit(form=1)

    await browser.submit(code=CODE)

    assert browser.page.path == "/sign-in/no-account"


async def test_guessing_a_fixed_code_ends_as_everywhere(site: Site, browser: Browser) -> None:
    await site.settle(sentinelPolicy={"maxAttempts": 3})
    await add_number(site)
    await ask_for_code(browser)
    for _ in range(3):
        await browser.submit(code="918273")

    await browser.submit(code=CODE)

    assert browser.page.status == 400
    assert "Too many wrong attempts" in browser.page.words


async def test_tries_of_one_code_are_counted_too(site: Site, browser: Browser) -> None:
    await site.settle(verificationCodePolicy={"maxRetryAttempts": 2})
    await add_number(site)
    await ask_for_code(browser)
    for _ in range(2):
        await browser.submit(code="918273")

    await browser.submit(code=CODE)

    assert browser.page.status == 400


@pytest.mark.proves("S135")
async def test_an_expired_test_number_is_a_number_like_any_other(
    site: Site, browser: Browser
) -> None:
    await add_number(site, days=1)
    site.clock.advance(timedelta(days=1))

    await ask_for_code(browser)
    await browser.submit(code=CODE)

    assert browser.page.status == 400
    assert len(site.provider.messages) == 1


async def test_a_persons_number_is_refused(site: Site) -> None:
    await add_phone_user(site)

    with pytest.raises(errors.TestNumberInUse):
        await add_number(site)


async def test_a_test_users_number_may_be_a_test_number_again(site: Site, browser: Browser) -> None:
    await add_number(site, days=1)
    await sign_up(site, browser)
    site.clock.advance(timedelta(days=2))

    await add_number(site)

    [listed] = await (await site.scope()).fixed_numbers.list()
    assert listed.user_id is not None


async def test_a_person_who_came_first_gets_a_code_of_their_own(
    site: Site, browser: Browser
) -> None:
    scope = await site.scope()
    await add_number(site)
    # What another process does that has not heard of the test number yet.
    await scope.users.create(NewUser(primary_phone=PhoneNumber(DIGITS)))

    await ask_for_code(browser)
    await browser.submit(code=CODE)

    assert browser.page.status == 400
    assert len(site.provider.messages) == 1


async def test_a_test_user_never_moves_to_a_real_number(site: Site, browser: Browser) -> None:
    await add_number(site)
    user_id = await sign_up(site, browser)
    users = (await site.scope()).users

    with pytest.raises(errors.TestUserStaysTestUser):
        await users.change(user_id, UserChange(primary_phone=OTHER))

    await add_number(site, OTHER)
    users = (await site.scope()).users
    moved = await users.change(user_id, UserChange(primary_phone=OTHER))
    assert moved.primary_phone == OTHER.digits


async def test_a_person_never_takes_a_test_number(site: Site) -> None:
    user_id = await add_phone_user(site)
    await add_number(site, OTHER)

    with pytest.raises(errors.TestNumberNotForPeople):
        await (await site.scope()).users.change(user_id, UserChange(primary_phone=OTHER))


async def test_a_test_user_stays_one_when_the_number_is_removed(
    site: Site, browser: Browser
) -> None:
    await add_number(site)
    user_id = await sign_up(site, browser)
    await (await site.scope()).configuration.test_numbers.remove(SYSTEM, OURS)

    scope = await site.scope()
    assert await scope.fixed_numbers.list() == []
    with pytest.raises(errors.TestUserStaysTestUser):
        await scope.users.change(user_id, UserChange(primary_phone=OTHER))


@pytest.mark.proves("S135")
async def test_production_knows_no_test_number_until_an_owner_wants_it(
    site: Site, browser: Browser
) -> None:
    await make_production(site)
    with pytest.raises(errors.TestNumbersNotAllowed):
        await add_number(site)

    await (await site.scope()).configuration.test_numbers.allow_in_production(SYSTEM, True)
    await add_number(site)
    await ask_for_code(browser)
    await browser.submit(code=CODE)
    assert browser.page.path == "/sign-in/no-account"

    await (await site.scope()).configuration.test_numbers.allow_in_production(SYSTEM, False)
    browser.client.cookies.clear()
    await ask_for_code(browser)
    await browser.submit(code=CODE)
    assert browser.page.status == 400
    assert len(site.provider.messages) == 1


async def test_a_tenant_with_test_numbers_does_not_become_production(site: Site) -> None:
    await add_number(site)
    configuration = (await site.scope()).configuration

    with pytest.raises(DomainError) as refused:
        await configuration.settings.set_tag(SYSTEM, TenantTag.PRODUCTION)

    assert refused.value.code == "tenant.development_parts_in_use"


async def test_an_old_test_number_is_forgotten_and_its_user_is_not(
    site: Site, browser: Browser
) -> None:
    await add_number(site, days=1)
    user_id = await sign_up(site, browser)
    scope = await site.scope()

    await scope.fixed_numbers.purge(site.clock.now() + timedelta(days=32))

    assert await scope.fixed_numbers.list() == []
    assert await scope.fixed_numbers.user_ids() == {user_id}


async def make_production(site: Site) -> None:
    scope = await site.scope()
    await scope.configuration.settings.set_tag(SYSTEM, TenantTag.PRODUCTION)
    await site.server.refresh()
