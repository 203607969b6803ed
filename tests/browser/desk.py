"""An administrator at the console of a running site, for stories that begin anywhere in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.conftest import setup_link
from tests.browser.site import Administrator, Site, administrator_of, running_site
from tests.browser.test_first_story import PASSWORD, WIDE, Look, Walk

FRESH: dict[str, Any] = {
    "signInMode": "SignInAndRegister",
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [
            {
                "identifier": "username",
                "password": True,
                "verificationCode": False,
                "isPasswordPrimary": True,
            }
        ]
    },
}
"""What a new tenant has."""


class Desk(Walk):
    """An administrator who is signed in."""

    def __init__(self, office: "Office", look: Look = WIDE) -> None:
        super().__init__(office.site.browser, look)
        self.office = office
        self.context.add_cookies(office.cookies)

    def open(self, path: str) -> None:
        """Go to a page of the console."""
        self.page.goto(f"{self.office.site.origin}/console/default/{path}")

    def heading(self, text: str | re.Pattern[str]) -> None:
        """Expect the page with this title: the one before has another."""
        expect(self.page.get_by_role("heading", level=1, name=text)).to_be_visible()

    def alert(self) -> Locator:
        """Return what the page says is wrong."""
        return self.page.get_by_role("alert").first

    def leave(self) -> None:
        """Close the browser; nothing may have gone wrong in it."""
        assert not self.complaints.lines, "\n".join(self.complaints.lines)
        self.context.close()


class Office:
    """A running site with one operator of its console, and who puts things back over the API."""

    def __init__(self, site: Site, administrator: Administrator) -> None:
        self.site, self.administrator = site, administrator
        self.cookies: Any = self._enter()

    def _enter(self) -> Any:
        walk = Walk(self.site.browser, WIDE)
        walk.page.goto(setup_link(self.site.server))
        walk.page.locator("[name=username]").fill("ada")
        walk.page.locator("[name=password]").fill(PASSWORD)
        walk.button("console.setup.submit").click()
        walk.says("console.get_started.lead")
        cookies = walk.context.cookies()
        walk.context.close()
        return cookies

    def clear(self) -> None:
        """Have a tenant as it was on the first day: no connector, nobody signs in by phone."""
        self.administrator.change("sign-in-exp", **FRESH)
        api = self.administrator.api
        for saved in api.get("/api/connectors").json():
            assert api.delete(f"/api/connectors/{saved['id']}").is_success

    def set_up(self, connector: str, config: dict[str, Any]) -> str:
        """Save a connector and return its id."""
        made = self.administrator.make("connectors", connectorId=connector, config=config)
        return str(made["id"])


@contextmanager
def open_office(sqlite_template: Path, folder: Path) -> Iterator[Office]:
    """Run a site with one operator for the length of the block."""
    with running_site(sqlite_template, folder) as site, administrator_of(site) as administrator:
        yield Office(site, administrator)
