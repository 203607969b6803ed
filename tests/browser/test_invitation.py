"""An invitation by text message, in a real browser: from the API's call to a member."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect

from tests.browser.site import Site, running_site
from tests.browser.test_first_story import NARROW, WIDE, Look, Walk, ask_for_a_code, type_code
from tests.journeys.rows import query
from tests.journeys.server import PHONE_SIGN_IN
from tests.journeys.test_webhooks import manage
from watchword.core.phone import PhoneNumber
from watchword.emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, MESSAGING_SERVICE_SID

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLUB = "Chess club"
WEEK = 7 * 24 * 3600
TEMPLATES = [
    {"usageType": usage, "content": "{{code}}"}
    for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
] + [
    {
        "usageType": "OrganizationInvitation",
        "content": "{{inviter.name}} invites you to {{organization.name}}: {{link}}",
    }
]


class Administrator:
    """Calls the Management API."""

    def __init__(self, site: Site, api: httpx2.Client) -> None:
        self.site, self.api = site, api
        self.organization_id = ""
        self.role_id = self.make("organization-roles", name="player")["id"]
        self.inviter_id = self.make("users", username="ada", name="Ada")["id"]

    def found_a_club(self) -> None:
        """Have an organization without members."""
        self.organization_id = self.make("organizations", name=CLUB)["id"]

    def make(self, what: str, **values: Any) -> dict[str, Any]:
        """Create something."""
        made = self.api.post(f"/api/{what}", json=values)
        assert made.is_success, made.text
        found: dict[str, Any] = made.json()
        return found

    def invite(self, number: str) -> tuple[str, str]:
        """Invite a number by text message; return the invitation's id and the texted link."""
        made = self.make(
            "organization-invitations",
            invitee=number[1:],
            inviterId=self.inviter_id,
            organizationId=self.organization_id,
            organizationRoleIds=[self.role_id],
            expiresAt=round((time.time() + WEEK) * 1000),
            messagePayload={},
        )
        message = self.site.emulator.messages()[-1]
        assert message["to"] == number
        link = re.fullmatch(rf"Ada invites you to {CLUB}: (http\S+)", message["body"])
        assert link is not None
        return made["id"], link[1]

    def status(self, id: str) -> str:
        """Return how an invitation stands."""
        return str(self.api.get(f"/api/organization-invitations/{id}").json()["status"])

    def members(self) -> list[tuple[str, list[str]]]:
        """Return the members' numbers, and their roles."""
        found = self.api.get(f"/api/organizations/{self.organization_id}/users").json()
        return [
            (member["primaryPhone"], [role["name"] for role in member["organizationRoles"]])
            for member in found
        ]


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a running server where people sign in by phone."""
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        site.installation.seed(
            connector="twilio-short-message-service",
            config={
                "accountSID": ACCOUNT_SID,
                "authToken": AUTH_TOKEN,
                "fromMessagingServiceSID": MESSAGING_SERVICE_SID,
                "templates": TEMPLATES,
            },
            signIn=PHONE_SIGN_IN,
        )
        yield site


@pytest.fixture(scope="module")
def api_caller(site: Site) -> Iterator[Administrator]:
    """Return somebody who may do everything over the API."""
    with manage(site.installation, site.server.address) as api:
        yield Administrator(site, api)


@pytest.fixture
def administrator(api_caller: Administrator) -> Administrator:
    """Return the same, with a new club."""
    api_caller.found_a_club()
    return api_caller


@pytest.mark.parametrize(
    ("look", "number"), [(WIDE, "0177"), (NARROW, "0178")], ids=[WIDE.name, NARROW.name]
)
def test_who_is_invited_by_text_signs_up_and_is_a_member_with_the_role(
    administrator: Administrator, look: Look, number: str
) -> None:
    site, phone = administrator.site, f"+1415555{number}"
    invitation_id, link = administrator.invite(phone)
    walk = Walk(site.browser, look)
    walk.page.goto(link)
    walk.says("pages.invitation.title", organization=CLUB)
    expect(walk.page.get_by_text(PhoneNumber(phone[1:]).masked)).to_be_visible()
    walk.take("invitation")

    # The number is there already; a code proves that it is theirs.
    walk.button("pages.invitation.register").click()
    expect(walk.label("pages.identifier.phone.label")).to_have_value(f"(415) 555-{number}")
    walk.take("invitation-register")
    walk.button("pages.register.button_code").click()
    expect(walk.label("pages.code.label")).to_be_focused()
    type_code(walk, site.emulator.last_code())
    expect(walk.page).to_have_url(link)
    walk.take("invitation-ready")
    assert administrator.members() == []

    walk.button("pages.invitation.decline").click()
    walk.says("pages.invitation.declined.title")
    walk.take("invitation-declined")
    assert administrator.status(invitation_id) == "Pending"
    walk.link("pages.invitation.declined.back").click()
    accept = walk.page.locator("button[value=accept]")
    accept.click()
    walk.says("pages.invitation.joined.title")
    walk.take("invitation-joined")
    assert administrator.members() == [(phone[1:], ["player"])]
    assert administrator.status(invitation_id) == "Accepted"

    # The link is used: its owner reads that they belong there, anybody else that it is over.
    walk.page.reload()
    walk.says("pages.invitation.joined.title")
    stranger = Walk(site.browser, look)
    stranger.page.goto(link)
    stranger.says("pages.invitation.accepted.title")
    stranger.take("invitation-used")
    assert walk.complaints.lines == stranger.complaints.lines == []


@pytest.mark.parametrize(
    ("look", "number", "other"),
    [(WIDE, "0171", "0172"), (NARROW, "0173", "0174")],
    ids=[WIDE.name, NARROW.name],
)
def test_what_leads_nowhere_says_so(
    administrator: Administrator, look: Look, number: str, other: str
) -> None:
    invited, member = f"+1415555{number}", f"+1415555{other}"
    walk = Walk(administrator.site.browser, look)
    sign_up(walk, administrator, member)
    invitation_id, link = administrator.invite(invited)

    walk.page.goto(link)
    walk.says("pages.invitation.other.title")
    walk.take("invitation-other")
    walk.button("pages.invitation.other.sign_in_phone").click()
    walk.take("invitation-sign-in")

    taken_back = administrator.api.put(
        f"/api/organization-invitations/{invitation_id}/status", json={"status": "Revoked"}
    )
    assert taken_back.status_code == 200
    walk.page.goto(link)
    walk.says("pages.invitation.revoked.title")
    walk.take("invitation-revoked")
    installation = administrator.site.installation
    _, late = administrator.invite(invited)
    past = "1" if installation.uses_sqlite else "now() - interval '1 minute'"
    query(installation.database_url, f"UPDATE organization_invitations SET expires_at = {past}")  # noqa: S608  # ours
    walk.page.goto(late)
    walk.says("pages.invitation.expired.title")
    walk.take("invitation-expired")
    walk.page.goto(link[:-1])
    walk.says("pages.invitation.unknown.title")
    walk.take("invitation-unknown")
    assert administrator.members() == [(member[1:], ["player"])]
    assert walk.complaints.lines == []


def sign_up(walk: Walk, administrator: Administrator, phone: str) -> None:
    """Let somebody else join first; without an account, signing in offers to make one."""
    _, link = administrator.invite(phone)
    walk.page.goto(link)
    walk.button("pages.invitation.sign_in").click()
    ask_for_a_code(walk, phone)
    type_code(walk, administrator.site.emulator.last_code())
    walk.button("pages.no_account.button").click()
    walk.page.locator("button[value=accept]").click()
    walk.says("pages.invitation.joined.title")
