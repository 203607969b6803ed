"""A viewer sees every page, and no page offers them what would be refused."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from tests.web.console.conftest import ORIGIN, Browser, Invite, Site
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.invitations.models import NewInvitation
from watchword.organization_roles.models import NewRole
from watchword.organizations.models import NewOrganization
from watchword.users.models import NewUser
from watchword.webhooks.models import Event, NewWebhook, WebhookConfig

ONES_OWN = ("/console/appearance", "/console/sign-out", "/console/default/profile/")
"""What every operator may do: with their own account, and to their own screen."""
CONTROLS = {"input", "select", "textarea", "button"}
pytestmark = pytest.mark.slow


class Offered(HTMLParser):
    """The links of a page, and the posting forms of which some control is not disabled."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: dict[str, str] = {}
        self.offered: set[str] = set()
        self.urged: list[str] = []
        """Where the page's main buttons lead."""
        self._form: str | None = None
        self._locks: list[bool] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")
            if "primary" in (values.get("class") or "").split():
                self.urged.append(values["href"] or "")
        elif tag == "form":
            is_post = (values.get("method") or "").lower() == "post"
            self._form = (values.get("action") or "") if is_post else None
            if self._form is not None and values.get("id"):
                self.forms[values["id"] or ""] = self._form
        elif tag == "fieldset":
            self._locks.append("disabled" in values)
        elif tag in CONTROLS and values.get("type") != "hidden":
            self._note(values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "fieldset":
            self._locks.pop()

    def _note(self, values: dict[str, str | None]) -> None:
        form = self.forms.get(values["form"] or "") if "form" in values else self._form
        action = values.get("formaction") or form
        asks = values.get("hx-post") or values.get("data-post")
        is_locked = any(self._locks) or "disabled" in values
        if not is_locked and values.get("type") != "button" and action is not None:
            self.offered.add(action)
        if not is_locked and asks is not None:
            self.offered.add(asks)


async def fill(site: Site) -> None:
    """Let the tenant have one of everything that has a page."""
    scope = await site.scope()
    configuration = scope.configuration
    await configuration.connectors.create(SYSTEM, "development-inbox", {})
    await configuration.connectors.create(SYSTEM, "development-email-inbox", {})
    await configuration.applications.create(
        SYSTEM, NewApplication(name="Shop", type="SPA", redirect_uris=("https://shop.example/x",))
    )
    resource = await configuration.resources.create(SYSTEM, "Orders", "https://orders.example")
    await configuration.resources.add_scope(SYSTEM, resource.id, "read")
    await configuration.webhooks.create(
        SYSTEM,
        NewWebhook(
            name="Hook",
            events=(Event.USER_DELETED,),
            config=WebhookConfig(url="https://hooks.example/x"),
        ),
    )
    scope = await site.scope()
    user = await scope.users.create(NewUser(username="ada"))
    role = await scope.organization_roles.create(SYSTEM, NewRole(name="player"))
    await scope.organization_roles.create_scope(SYSTEM, "row", None)
    club = await scope.organizations.create(SYSTEM, NewOrganization(name="Club"))
    await scope.organizations.add_members(SYSTEM, club.id, [user.id])
    phone = PhoneNumber("447700900123")
    day = site.clock.now().replace(year=site.clock.now().year + 1)
    await scope.invitations.create(
        SYSTEM,
        NewInvitation(organization_id=club.id, invitee=phone, expires_at=day, role_ids=(role.id,)),
    )
    await scope.verification.send_lone_code(phone)


async def walk(browser: Browser) -> dict[str, set[str]]:
    """Follow every link inside the tenant's console; return what each page offers to post."""
    waiting, seen = ["/console/default/get-started"], dict[str, set[str]]()
    while waiting:
        address = waiting.pop()
        page = await browser.open(address)
        found = Offered(page.html)
        seen[address] = {action for action in found.offered if not action.startswith(ONES_OWN)}
        seen[address] |= {f"primary: {link}" for link in found.urged}
        for link in found.links:
            target = urlsplit(urljoin(f"{ORIGIN}{address}", link))
            if target.path.startswith("/console/default") and target.path not in seen:
                seen[target.path] = set()
                waiting.append(target.path)
    return seen


async def test_no_page_offers_a_viewer_what_would_be_refused(site: Site, invite: Invite) -> None:
    await fill(site)
    viewer = await invite("viewer")

    seen = await walk(viewer)

    assert {path: offered for path, offered in seen.items() if offered} == {}
    parts = {path.split("/")[3] for path in seen if path.count("/") > 2}
    assert {"connectors", "applications", "resources", "organizations", "webhooks"} <= parts
    assert len(seen) > 40


async def test_a_viewer_of_a_new_tenant_reads_and_is_told_who_goes_on(invite: Invite) -> None:
    viewer = await invite("viewer")

    for path in ("get-started", "connectors", "messages", "inbox", "webhooks", "applications"):
        assert Offered((await viewer.open(path)).html).urged == []
    page = await viewer.open("get-started")

    assert "Editors and owners take these steps" in page.words
    assert "/console/default/connectors" in page.links
    assert not [link for link in page.links if link.endswith(("/set-up", "/new"))]


async def test_whoever_may_change_things_is_offered_them(site: Site, invite: Invite) -> None:
    await fill(site)
    editor = await invite("editor")

    page = await editor.open("security")

    assert "/console/default/security/sending" in Offered(page.html).offered
