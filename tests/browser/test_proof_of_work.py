"""Before the first code the browser computes, and the person notices a moment at most."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Emulator
from tests.browser.test_first_story import NARROW, Look, see_claims, type_code
from tests.browser.test_flows import NUMBER, Settled, type_identifier
from tests.journeys.server import Installation, Server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.one_database]


@pytest.mark.proves("S46")
@pytest.mark.parametrize("look", [NARROW], ids=lambda look: look.name)
def test_the_script_does_the_work_while_somebody_types(
    browser: Browser,
    installation: Installation,
    server: Server,
    emulator: Emulator,
    look: Look,
) -> None:
    admin = Settled(browser, look, server)
    admin.settle("add-sign-up:phone", "remove-sign-up:username")
    admin.go("console.nav.security")
    admin.take("security")
    admin.page.locator("input[name='proofOfWork']").check()
    admin.page.locator("form[action$='/codes'] button.primary").click()
    admin.confirm()

    walk = admin.person()
    walk.button("demo_app.sign_in").click()
    walk.link("pages.sign_in.other").click()
    # At once, before the work can be done: the script sends the form when it is.
    type_identifier(walk, NUMBER, "pages.register.button_code")
    walk.says("pages.code.title")
    type_code(walk, emulator.last_code())
    walk.says("pages.new_password.title")
    walk.label("pages.new_password.label").fill("calm-otter-7-lamps")
    walk.button("pages.new_password.button").click()
    see_claims(walk, NUMBER)
    assert walk.complaints.lines == []
