"""Every page, drawn in a real browser, judged by axe in light and dark: WCAG 2.2, level AA."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pyotp
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PATIENCE, setup_link
from tests.browser.judge import Judge
from tests.browser.site import TWILIO, Administrator, Site, administrator_of, running_site
from watchword.account.models import FIELDS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONSOLE = "/console/default/get-started"
SET_UP = ("/twilio-short-message-service", "/simple-mail-transfer-protocol", "/kavenegar-sms")

PASSWORD = "calm-otter-7-lamps"
ALICE, BOB, NOBODY = "+14155550177", "+14155550178", "+14155550179"
CAROL = "+14155550180"


def method(identifier: str, *, code: bool = True, password: bool = True) -> dict[str, Any]:
    """Return a way to sign in, as the contract writes it."""
    return {
        "identifier": identifier,
        "password": password,
        "verificationCode": code,
        "isPasswordPrimary": password,
    }


BY_CODE = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {"methods": [method("phone", password=False)]},
}
BY_EVERYTHING = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {
        "methods": [method("username", code=False), method("phone"), method("email")],
    },
    "forgotPasswordMethods": ["PhoneVerificationCode", "EmailVerificationCode"],
}


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a running server, with connectors for both kinds of message."""
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        site.installation.seed(connector="twilio-short-message-service", config=TWILIO)
        site.installation.seed(connector="simple-mail-transfer-protocol", config=site.mail.config())
        yield site


@pytest.fixture(scope="module")
def administrator(site: Site) -> Iterator[Administrator]:
    """Return who settles things, after some people have made accounts."""
    with administrator_of(site) as administrator:
        people_of(administrator)
        yield administrator


def people_of(administrator: Administrator) -> None:
    """Make the accounts that the tours are about."""
    users = {
        "alice": {"username": "alice", "primaryPhone": ALICE[1:], "password": PASSWORD},
        "carol": {"name": "Carol", "primaryPhone": CAROL[1:]},
        "dave": {"username": "dave", "password": PASSWORD},
    }
    made = {name: administrator.make("users", **values) for name, values in users.items()}
    administrator.change(f"users/{made['carol']['id']}/is-suspended", isSuspended=True)
    furnish(administrator, made["alice"]["id"])


def furnish(administrator: Administrator, member: str) -> None:
    """Make one of everything that has pages of its own in the console."""
    make = administrator.make
    scope = make("organization-scopes", name="boats:book", description="Book a boat")
    role = make("organization-roles", name="cox", organizationScopeIds=[scope["id"]])
    club = make("organizations", name="Rowing club")["id"]
    people = f"/api/organizations/{club}/users"
    for path, body in (
        (people, {"userIds": [member]}),
        (f"{people}/{member}/roles", {"organizationRoleIds": [role["id"]]}),
    ):
        assert administrator.api.post(path, json=body).is_success
    resource = make("resources", name="Boat house", indicator="https://boats.example.com")
    make(f"resources/{resource['id']}/scopes", name="read", description="Read it")
    make("hooks", name="Desk", events=["User.Created"], config={"url": "https://desk.example.com"})


class Onlooker(Protocol):
    """Who comes along and looks at every page: a judge, or a photographer."""

    def look(self, page: Page, name: str) -> None:
        """Look at a page as it is drawn."""


class Tour:
    """Somebody who is shown around, and the onlooker who comes along."""

    def __init__(
        self, site: Site, administrator: Administrator, onlooker: Onlooker, look: dict[str, Any]
    ) -> None:
        self.site, self.administrator, self.onlooker, self.look = (
            site,
            administrator,
            onlooker,
            look,
        )
        self.page = self._newcomer()

    def _newcomer(self) -> Page:
        # Colours that are still on their way from one scheme to the other are nobody's.
        context = self.site.browser.new_context(**self.look, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        return context.new_page()

    def forget_me(self) -> None:
        """Come back as somebody new."""
        self.page.context.close()
        self.page = self._newcomer()

    def see(self, name: str, path: str | None = None) -> None:
        """Have a page looked at, after going there where a path is given."""
        if path is not None:
            self.page.goto(self.site.origin + path)
        self.onlooker.look(self.page, name)

    def begin(self, client_id: str = "demo-app", **parameters: str) -> None:
        """Arrive from an application."""
        self.page.goto(self.site.authorization(client_id, **parameters))

    def fill(self, **typed: str) -> None:
        """Fill fields and press the page's first button."""
        for name, text in typed.items():
            self.page.locator(f"#{name}").fill(text)
        self.press("button.primary")

    def press(self, selector: str) -> None:
        """Press something that leads to another page, and wait for it."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def type_code(self, code: str) -> None:
        """Type a code, which sends itself."""
        with self.page.expect_navigation():
            self.page.locator("#code").fill(code)

    def settle(self, **patch: Any) -> None:
        """Change the tenant's sign-in settings."""
        self.administrator.change("sign-in-exp", **patch)


def see_phone_sign_in(tour: Tour) -> None:
    """Sign in and up by phone: fields, codes, questions, and how they go wrong."""
    code = tour.site.emulator.last_code
    tour.settle(
        **BY_CODE,
        termsOfUseUrl="https://example.com/terms",
        privacyPolicyUrl="https://example.com/privacy",
        agreeToTermsPolicy="Manual",
    )
    tour.begin()
    tour.see("sign in by phone")
    tour.fill(identifier="12")
    tour.see("wrong number")
    tour.page.locator("#agree").check()
    tour.fill(identifier=NOBODY)
    tour.see("code")
    tour.type_code("000000" if code() != "000000" else "111111")
    tour.see("wrong code")
    tour.type_code(code())
    tour.see("no account")
    tour.begin(first_screen="register")
    tour.see("register by phone")
    tour.page.locator("#agree").check()
    tour.fill(identifier=ALICE)
    tour.type_code(code())
    tour.see("has account")
    tour.settle(agreeToTermsPolicy="Automatic")
    tour.begin()
    tour.fill(identifier="+15005521614")
    tour.see("refused by the provider")
    tour.begin()
    tour.fill(identifier=CAROL)
    tour.type_code(code())
    tour.see("suspended")
    tour.see("unknown session", "/unknown-session")
    tour.see("no such page", "/no-such-page")
    tour.see("unknown application", "/oidc/auth?client_id=nobody")
    tour.settle(signInMode="Register")
    tour.begin()
    tour.see("sign-in switched off")
    tour.settle(signInMode="SignInAndRegister")


def see_passwords(tour: Tour) -> None:
    """One field for everything, passwords, forgotten ones, and details that are missing."""
    code = tour.site.emulator.last_code
    tour.forget_me()
    tour.settle(**BY_EVERYTHING)
    tour.begin()
    tour.see("sign in by anything")
    tour.fill(identifier="alice")
    tour.see("password")
    tour.fill(password="wrong-password-1")
    tour.see("wrong password")
    tour.begin(first_screen="register")
    tour.see("register by user name")
    tour.fill(identifier=f"u{secrets.token_hex(4)}")
    tour.see("new password")
    tour.fill(password="123")
    tour.see("weak password")
    tour.begin(first_screen="reset_password")
    tour.see("forgot password")
    tour.fill(identifier=ALICE)
    tour.see("code to recover")
    tour.type_code(code())
    tour.see("another password")
    tour.fill(password=f"brisk-heron-{secrets.token_hex(3)}")
    tour.see("password changed")
    tour.begin(first_screen="identifier:sign_in", identifier="email")
    tour.see("sign in by e-mail")
    for wanted, identifier in (("phone", "phone"), ("email", "email")):
        tour.settle(
            signUp={
                "identifiers": ["username"],
                "password": True,
                "verify": True,
                "secondaryIdentifiers": [{"identifier": identifier, "verify": True}],
            }
        )
        tour.begin()
        tour.fill(identifier="dave")
        tour.fill(password=PASSWORD)
        tour.see(f"missing {wanted}")
    tour.settle(**BY_CODE)


def see_second_steps(tour: Tour) -> None:
    """The second step: offered, set up in each way, and asked for."""
    tour.forget_me()
    tour.settle(
        signUp={"identifiers": ["username"], "password": True, "verify": False},
        signIn={"methods": [method("username", code=False)]},
        forgotPasswordMethods=[],
        mfa={
            "factors": ["Totp", "PhoneVerificationCode", "EmailVerificationCode", "BackupCode"],
            "policy": "PromptAtSignInAndSignUp",
        },
    )
    name = f"u{secrets.token_hex(4)}"
    tour.begin(first_screen="register")
    tour.fill(identifier=name)
    tour.fill(password=PASSWORD)
    tour.see("second step offered")
    for factor in ("PhoneVerificationCode", "EmailVerificationCode"):
        tour.press(f"a[href*={factor}]")
        tour.see(f"second step by {factor}")
        tour.page.go_back()
    tour.press("form[action*=Totp] button")
    tour.see("authenticator app")
    app = pyotp.TOTP(tour.page.locator(".secret").inner_text().replace(" ", ""))
    tour.type_code("000000" if app.now() != "000000" else "111111")
    tour.see("wrong code of the app")
    tour.type_code(app.now())
    tour.see("recovery codes")
    tour.press("button.primary")
    tour.forget_me()
    tour.begin()
    tour.fill(identifier=name, password=PASSWORD)
    tour.see("code of the app")
    tour.press(".ways a")
    tour.see("other second steps")
    tour.press("a[href*=BackupCode]")
    tour.see("recovery code")
    tour.fill(code="abcd-efgh")
    tour.see("wrong recovery code")
    tour.settle(**BY_CODE, mfa={"factors": [], "policy": "PromptAtSignInAndSignUp"})


def see_invitations(tour: Tour) -> None:
    """An invitation and all that can have become of it."""
    tour.forget_me()
    tour.settle(**BY_CODE)
    organization = tour.administrator.make("organizations", name="Chess club")["id"]
    number = f"+1415555{secrets.randbelow(10_000):04}"

    def invite(invitee: str) -> tuple[str, str]:
        made = tour.administrator.make(
            "organization-invitations",
            invitee=invitee[1:],
            organizationId=organization,
            expiresAt=round((time.time() + 3600) * 1000),
            messagePayload={},
        )
        link = tour.site.emulator.messages()[-1]["body"]
        return made["id"], link.removeprefix(tour.site.origin)

    _, link = invite(number)
    tour.see("invitation", link)
    tour.press("button[value=register], button[value=sign_in]")
    tour.fill()
    tour.type_code(tour.site.emulator.last_code())
    if "/i/" not in tour.page.url:
        tour.press("button.primary")
    tour.see("invitation, ready")
    tour.press("button[value=decline]")
    tour.see("invitation, declined")
    tour.press("a.primary")
    tour.press("button[value=accept]")
    tour.see("invitation, joined")
    invitation, others = invite(BOB)
    tour.see("invitation of somebody else", others)
    ended = tour.administrator.api.put(
        f"/api/organization-invitations/{invitation}/status", json={"status": "Revoked"}
    )
    assert ended.is_success
    tour.see("invitation, taken back", others)
    tour.see("invitation, unknown", others[:-1])


def see_account(tour: Tour) -> None:
    """The account pages, step-up, consent and signing out."""
    tour.administrator.change("account-center", enabled=True, fields=dict.fromkeys(FIELDS, "Edit"))
    tour.forget_me()
    tour.settle(**BY_EVERYTHING)
    number = f"+1415555{secrets.randbelow(10_000):04}"
    tour.administrator.make(
        "users",
        username=f"u{number[1:]}",
        primaryPhone=number[1:],
        password=PASSWORD,
        name="Eve",
    )
    tour.page.goto(f"{tour.site.origin}/account")
    tour.fill(identifier=f"u{number[1:]}")
    tour.fill(password=PASSWORD)
    tour.see("account")
    tour.see("account, profile", "/account/profile")
    tour.see("account, security", "/account/security")
    tour.see("confirm by password", "/account/phone")
    tour.fill(password="wrong-password-1")
    tour.see("not confirmed")
    tour.press(".ways a")
    tour.see("confirm by code")
    tour.press("button.primary")
    tour.see("code that confirms")
    tour.type_code(tour.site.emulator.last_code())
    for page in ("phone", "email", "password", "username", "sessions"):
        tour.see(f"account, {page}", f"/account/{page}")
    tour.see("account, done", "/account/username/success")
    tour.page.goto(f"{tour.site.origin}/account/email")
    tour.fill(identifier="@")
    tour.see("account, wrong e-mail")
    tour.fill(identifier=f"{number[1:]}@example.com")
    tour.see("account, code of an e-mail")
    shop = tour.administrator.make(
        "applications",
        name="Shop",
        type="SPA",
        isThirdParty=True,
        oidcClientMetadata={
            "redirectUris": [f"{tour.site.origin}/demo-app"],
            "postLogoutRedirectUris": [],
        },
    )
    tour.begin(shop["id"])
    tour.see("consent")
    tour.see("demo application", "/demo-app")
    tour.see("sign out", "/oidc/session/end")
    tour.press("button.primary")
    tour.see("signed out")
    tour.settle(**BY_CODE)


def enter_console(tour: Tour) -> None:
    """Make the first administrator, or be the one who is there already."""
    tour.forget_me()
    tour.see("console, sign in", "/console/sign-in")
    tour.page.goto(setup_link(tour.site.server))
    if tour.page.locator("[name=username]").count():
        tour.see("console, set up")
    else:
        tour.see("console, link used")
        tour.page.goto(f"{tour.site.origin}/console/sign-in")
    tour.page.locator("[name=username]").fill("ada")
    tour.page.locator("[name=password]").fill(PASSWORD)
    tour.press("button.primary")


def see_console(tour: Tour) -> None:
    """Whatever the console's links lead to, and what is before it."""
    enter_console(tour)
    waiting, known = [CONSOLE], {CONSOLE}
    while waiting:
        path = waiting.pop(0)
        tour.see(path, path)
        links = tour.page.evaluate(
            "[...document.links].filter(a => a.origin === location.origin).map(a => a.pathname)"
        )
        for link in links:
            # An id has digits; names of pages, however long, have none.
            kind = re.sub(r"/(?=[a-z]*\d)[a-z0-9]{12,}(?=/|$)", "/*", link)
            # One template draws them all; and what is downloaded is not drawn.
            if ("/set-up/" in link and not link.endswith(SET_UP)) or link.endswith(".csv"):
                continue
            if link.startswith("/console/default/") and kind not in known:
                known.add(kind)
                waiting.append(link)


def see_navigation(tour: Tour) -> None:
    """The pages that the console's menu names, and a guide beside its form."""
    enter_console(tour)
    menu = tour.page.locator("nav.menu a")
    for path in menu.evaluate_all("links => links.map(link => link.pathname)"):
        tour.see(path, path)
    tour.see("set-up", f"/console/default/connectors/set-up{SET_UP[0]}")


DESKTOP = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US"}
PHONE = {"viewport": {"width": 360, "height": 780}, "locale": "ko-KR"}
TOURS: list[tuple[Callable[[Tour], None], dict[str, Any]]] = [
    (see_phone_sign_in, DESKTOP),
    (see_phone_sign_in, PHONE),
    (see_passwords, PHONE),
    (see_second_steps, PHONE),
    (see_invitations, PHONE),
    (see_account, PHONE),
    (see_console, DESKTOP),
    (see_navigation, PHONE),
]
NAMES = [f"{shown.__name__}-{look['locale']}" for shown, look in TOURS]


@pytest.mark.proves("S85")
@pytest.mark.parametrize(("shown", "look"), TOURS, ids=NAMES)
def test_nobody_is_shut_out(
    site: Site, administrator: Administrator, look: dict[str, Any], shown: Callable[[Tour], None]
) -> None:
    judge = Judge.sworn()
    tour = Tour(site, administrator, judge, look)
    shown(tour)
    tour.page.context.close()

    assert not judge.complaints, "\n".join(judge.complaints)
