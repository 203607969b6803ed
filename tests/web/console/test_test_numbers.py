"""Test numbers in the console: added, removed, and in production an owner's to switch on."""

import pytest

from tests.web.console.conftest import Browser, Invite, Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.tenants.models import TenantTag
from watchword.users.models import NewUser

NUMBER = {"phone": "+44 7700 900124", "code": "271828", "days": "7"}


async def make_production(site: Site) -> None:
    await (await site.scope()).configuration.settings.set_tag(SYSTEM, TenantTag.PRODUCTION)
    await site.server.refresh()


async def test_a_number_is_added_and_removed(owner: Browser) -> None:
    await owner.open("test-numbers")
    page = await owner.submit("/test-numbers/add", **NUMBER)
    assert "+44 7700 900124" in page.words
    assert "271828" not in page.html

    page = await owner.submit("/test-numbers/remove", phone="447700900124")

    assert "The test number was removed." in page.words
    assert "+44 7700 900124" not in page.words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"phone": "x"}, "phone number"),
        ({"code": "111111"}, "Choose six digits"),
        ({"days": "31"}, "ends within 30 days"),
        ({"days": "0"}, "ends within 30 days"),
    ],
)
async def test_a_mistake_stands_at_its_field(
    owner: Browser, change: dict[str, str], words: str
) -> None:
    await owner.open("test-numbers")

    page = await owner.submit("/test-numbers/add", **{**NUMBER, **change})

    assert page.status >= 400
    assert words in page.words
    assert 'aria-invalid="true"' in page.html


async def test_a_test_user_is_marked(site: Site, owner: Browser) -> None:
    await owner.open("test-numbers")
    await owner.submit("/test-numbers/add", **NUMBER)
    users = (await site.scope()).users
    user = await users.create(NewUser(primary_phone=PhoneNumber("447700900124")))

    assert "Test user" in (await owner.open("users")).words
    assert "Test user" in (await owner.open(f"users/{user.id}")).words


@pytest.mark.proves("S135")
async def test_in_production_an_owner_switches_them_on_and_the_front_page_says_so(
    site: Site, owner: Browser
) -> None:
    await make_production(site)
    page = await owner.open("test-numbers")
    assert "/test-numbers/add" not in page.html

    await owner.submit("/test-numbers/production", allowed="yes")
    await owner.submit("/test-numbers/add", **NUMBER)

    assert "1 test number works in production" in (await owner.open("get-started")).words
    found = await (await site.scope()).audit.list(
        PageRequest(1, 100), AuditFilter(event="configuration.test_numbers.changed")
    )
    assert [str(entry.actor).split(":")[0] for entry in found.items] == ["operator"]


@pytest.mark.proves("S135")
async def test_nobody_but_an_owner_switches_them_on(site: Site, invite: Invite) -> None:
    await make_production(site)
    editor = await invite("editor")
    page = await editor.open("test-numbers")
    assert "/test-numbers/production" not in page.html

    answer = await editor.client.post(
        "/console/default/test-numbers/production",
        data={"allowed": "yes", "csrf": page.forms[0].pairs[0][1]},
        headers={"Origin": "http://localhost:3001", "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status_code == 403
    assert not (await site.scope()).fixed_numbers.is_allowed
