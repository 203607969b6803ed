"""The proof of work on the pages: a script does it, and without scripts the page says why."""

import re

import pytest

from tests.interactions.test_work import solve
from tests.web.pages.browser import Browser
from tests.web.pages.conftest import PHONE, Site, add_phone_user, authorization

OTHER = "010-8765-4321"


@pytest.fixture
async def asked(site: Site) -> Site:
    await site.settle(captchaPolicy={"enabled": True})
    return site


def answer_on(browser: Browser) -> str:
    found = re.search(r'data-work="([0-9a-f]{32})"', browser.page.html)
    assert found is not None
    return solve(found[1])


@pytest.mark.proves("S46")
async def test_without_scripts_the_page_says_what_to_do(asked: Site, browser: Browser) -> None:
    await browser.open(authorization())
    assert "Allow them and load the page again" in browser.page.html

    await browser.submit(identifier=PHONE, country="KR")

    assert "short calculation" in browser.page.words
    assert asked.provider.messages == []


@pytest.mark.proves("S46")
async def test_with_its_answer_a_person_signs_in(asked: Site, browser: Browser) -> None:
    await add_phone_user(asked)
    await browser.open(authorization())
    assert '/work.js"' in browser.page.html

    await browser.submit(identifier=PHONE, country="KR", work=answer_on(browser))
    await browser.submit(code=asked.provider.code)

    assert browser.is_signed_in


@pytest.mark.proves("S46")
async def test_another_number_needs_another_answer(asked: Site, browser: Browser) -> None:
    await browser.open(authorization())
    first = answer_on(browser)
    await browser.submit(identifier=PHONE, country="KR", work=first)
    await browser.open("/sign-in?app_id=demo-app")
    await browser.submit(identifier=OTHER, country="KR", work=first)
    assert "out of date" in browser.page.words

    await browser.submit(identifier=OTHER, country="KR", work=answer_on(browser))

    assert len(asked.provider.messages) == 2


async def test_pages_carry_nothing_of_it_while_it_is_off(browser: Browser) -> None:
    await browser.open(authorization())

    assert "data-work" not in browser.page.html
    assert "work.js" not in browser.page.html
