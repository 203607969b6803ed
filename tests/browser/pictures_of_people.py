"""Pictures of every page that people who sign in see, in every look.

Not collected with the tests: `make screenshots` looks for `pictures*.py`, too.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OUTPUT, TOO_WIDE
from tests.browser.pictures import LANGUAGES, SCHEMES, SIZES
from tests.browser.site import TWILIO, Administrator, Site, administrator_of, running_site
from tests.browser.test_accessibility import (
    ALICE,
    BY_CODE,
    BY_EVERYTHING,
    NOBODY,
    PASSWORD,
    Tour,
    method,
    people_of,
    see_account,
    see_invitations,
    see_passwords,
    see_phone_sign_in,
    see_second_steps,
)
from tests.journeys.rows import query
from watchword.account.models import FIELDS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCALES = {"en": "en-US", "ko": "ko-KR"}
SOCIAL = {
    "google-universal": "google",
    "kakao-universal": "kakao",
    "naver-universal": "naver",
    "github-universal": "github",
}
LONG_NAME = {
    "en": "Northern Lights Community Sailing and Rowing Association",
    "ko": "한강 시민 조정 및 요트 연합회 공식 예약 서비스",
}
PAST = "1"


class Photographer:
    """Takes every page that it is shown in both widths and both themes."""

    def __init__(self, language: str, subject: str) -> None:
        self.language, self.subject = language, subject
        self.complaints: list[str] = []

    def look(self, page: Page, name: str) -> None:
        """Take a page; note what sticks out of it."""
        page.wait_for_load_state()
        file = f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}.png"
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # both are schemes
                folder = OUTPUT / f"{self.subject}-{self.language}-{scheme}-{width}"
                folder.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=folder / file, full_page=True)
            if (wide := page.evaluate(TOO_WIDE)) > 0:
                self.complaints.append(f"{self.language} {width} {name}: {wide} px too wide")


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Return what people read."""
    return str(request.param)


@pytest.fixture(scope="module")
def site(
    language: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Return a running server for the people of a language."""
    with running_site(sqlite_template, tmp_path_factory.mktemp(language)) as site:
        site.installation.seed(connector="twilio-short-message-service", config=TWILIO)
        site.installation.seed(connector="simple-mail-transfer-protocol", config=site.mail.config())
        yield site


@pytest.fixture(scope="module")
def administrator(site: Site) -> Iterator[Administrator]:
    """Return who settles things, after some people have made accounts."""
    with administrator_of(site) as administrator:
        people_of(administrator)
        yield administrator


def hurry(tour: Tour, change: str) -> None:
    """Do what waiting would, behind the server's back."""
    query(tour.site.installation.database_url, f"UPDATE {change}")  # ours


def other_than(code: str) -> str:
    """Return a wrong code."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def see_ways_to_sign_in(tour: Tour) -> None:
    """The first page, by what a tenant allows: one field or several, a few buttons or many."""
    make, settle = tour.administrator.make, tour.settle
    tour.forget_me()
    for provider, target in SOCIAL.items():
        make(
            "connectors",
            connectorId=provider,
            config={"clientId": "id", "clientSecret": "not-a-secret"},
        )
        if target == "kakao":
            settle(**BY_CODE, socialSignInConnectorTargets=["google", "kakao"])
            tour.begin()
            tour.see("first page, phone and two providers")
    for number in range(1, 5):
        make(
            "connectors",
            connectorId="oidc",
            config={
                "issuer": "https://id.example.com",
                "clientId": "id",
                "clientSecret": "no-secret",
            },
            metadata={
                "target": f"partner-{number}",
                "name": {"en": f"Partner {number}", "ko": f"협력사 {number}"},
            },
        )
    many = [*SOCIAL.values(), *(f"partner-{number}" for number in range(1, 5))]
    settle(socialSignInConnectorTargets=many)
    tour.begin()
    tour.see("first page, phone and many providers")
    settle(
        signUp={"identifiers": [], "password": False, "verify": False},
        signIn={"methods": []},
        socialSignInConnectorTargets=["google", "kakao"],
    )
    tour.begin()
    tour.see("first page, providers alone")
    settle(**BY_EVERYTHING, socialSignInConnectorTargets=[])
    settle(signIn={"methods": [method("username", code=False)]})
    tour.begin()
    tour.see("first page, name and password")
    settle(
        signUp={"identifiers": ["email"], "password": False, "verify": True},
        signIn={"methods": [method("email", password=False), method("phone", password=False)]},
    )
    tour.begin()
    tour.see("first page, e-mail or phone")
    settle(**BY_EVERYTHING)
    tour.begin()
    tour.page.locator("#identifier").fill("010-5550-1234")
    tour.see("first page, a number typed for anything")
    tour.begin(first_screen="identifier:sign_in", identifier="username")
    tour.see("first page, user name")
    settle(
        **BY_CODE,
        termsOfUseUrl="https://example.com/terms",
        privacyPolicyUrl="https://example.com/privacy",
        agreeToTermsPolicy="ManualRegistrationOnly",
    )
    tour.begin(first_screen="register")
    tour.see("register, terms to agree to")
    tour.press("button.primary")
    tour.page.locator("#identifier").fill(NOBODY)
    tour.press("button.primary")
    tour.see("register, terms not agreed to")
    settle(agreeToTermsPolicy="Automatic")
    tour.begin(first_screen="register")
    tour.see("register, terms told")
    settle(
        color={"primaryColor": "#5b2be0", "isDarkModeEnabled": True, "darkPrimaryColor": "#b9a2ff"}
    )
    shop = make(
        "applications",
        name=LONG_NAME[tour.look["locale"][:2]],
        type="SPA",
        isThirdParty=True,
        oidcClientMetadata={
            "redirectUris": [f"{tour.site.origin}/demo-app"],
            "postLogoutRedirectUris": [],
        },
    )
    tour.begin(shop["id"])
    tour.see("first page, a long name and a tenant's colours")
    tour.fill(identifier="+14155550145")
    tour.see("code, a long name and a tenant's colours")
    settle(
        color={"primaryColor": "#0b6e4f", "isDarkModeEnabled": True, "darkPrimaryColor": "#4cc79a"},
        branding={},
    )


def see_codes_that_go_wrong(tour: Tour) -> None:
    """The code page: nothing typed, too short, expired, too many tries, sent again, too often."""
    code = tour.site.emulator.last_code
    tour.forget_me()
    tour.settle(**BY_CODE, agreeToTermsPolicy="Automatic")
    number = "+14155550141"
    tour.begin()
    tour.press("button.primary")
    tour.see("no number")
    tour.fill(identifier=number)
    tour.press("button.primary")
    tour.see("no code typed")
    tour.fill(code="123")
    tour.see("code too short")
    hurry(tour, f"verification_records SET expires_at = {PAST}")
    tour.type_code(code())
    tour.see("code expired")
    tour.page.clock.install()
    tour.begin()
    tour.fill(identifier=number)
    tour.page.clock.fast_forward(61_000)
    expect(tour.page.locator("#resend")).to_have_attribute("aria-disabled", "false")
    tour.see("code, another may be sent")
    tour.press("#resend")
    tour.see("code, asked for too soon")
    wrong = other_than(code())
    for _ in range(12):
        if "verification-code" not in tour.page.url or not tour.page.locator("#code").count():
            break
        tour.type_code(wrong)
    tour.see("code tried too often")
    for _ in range(12):
        tour.begin()
        tour.fill(identifier="+14155550142")
        if tour.page.locator("[aria-invalid=true], .notice").count():
            break
    tour.see("too many messages")


def see_without_scripts(tour: Tour) -> None:
    """The same without scripts, and the page that a robot's work is asked for."""
    tour.page.context.close()
    context = tour.site.browser.new_context(
        **tour.look, reduced_motion="reduce", java_script_enabled=False
    )
    tour.page = context.new_page()
    tour.settle(**BY_CODE)
    tour.begin()
    tour.see("without scripts, first page")
    tour.fill(identifier="+14155550143")
    tour.see("without scripts, code")
    tour.settle(captchaPolicy={"enabled": True})
    tour.begin()
    tour.see("without scripts, work is asked for")
    tour.fill(identifier="+14155550144")
    tour.see("without scripts, work was not done")
    tour.settle(captchaPolicy={"enabled": False})
    tour.see("without scripts, demo application", "/demo-app")


def see_errors(tour: Tour) -> None:
    """What is left when something is wrong with the address, the form, or the server."""
    tour.forget_me()
    tour.settle(**BY_CODE)
    tour.page.goto(tour.site.origin.replace("//", "//nobody.") + "/sign-in")
    tour.see("tenant unknown")
    tour.begin()
    tour.page.locator("#identifier").fill(ALICE)
    tour.page.evaluate("document.querySelector('[name=token]').value = 'old'")
    tour.press("button.primary")
    tour.see("form of another visit")
    tour.see("suspended account", "/account-suspended")
    tour.see("callback of nobody", "/callback/google-universal?code=1&state=2")
    tour.see(
        "redirect not registered", "/oidc/auth?client_id=demo-app&redirect_uri=https://evil.example"
    )
    tour.see("application unknown", "/oidc/auth?client_id=nobody")
    tour.see("no such page", "/no-such-page")
    tour.see("sign-out asked", "/oidc/session/end?client_id=demo-app")
    database = tour.site.installation.database_url
    query(database, "ALTER TABLE interactions RENAME TO interactions_away")
    tour.see("error of the server", "/sign-in")
    query(database, "ALTER TABLE interactions_away RENAME TO interactions")
    tour.begin()
    hurry(tour, f"interactions SET expires_at = {PAST}")
    tour.page.reload()
    tour.see("visit is over")


def see_demo_application(tour: Tour) -> None:
    """The demo application: before, signed in with its claims, and refused."""
    tour.forget_me()
    tour.settle(**BY_CODE)
    page = tour.page
    page.goto(f"{tour.site.origin}/demo-app")
    expect(page.locator("[data-view='signed-out']")).to_be_visible()
    tour.see("demo, signed out")
    page.locator("#panel summary").click()
    tour.see("demo, panel")
    page.goto(f"{tour.site.origin}/demo-app?error=access_denied&state=1")
    tour.see("demo, failed")
    page.goto(f"{tour.site.origin}/demo-app")
    page.locator("[data-act='sign-in']").first.click()
    page.wait_for_url(re.compile("/sign-in"))
    tour.fill(identifier="+14155550177")
    tour.page.locator("#code").fill(tour.site.emulator.last_code())
    expect(page.locator("[data-view='signed-in']")).to_be_visible()
    tour.see("demo, signed in")
    page.locator("[data-act=userinfo]").click()
    expect(page.locator("[data-fill=answer]")).to_be_visible()
    tour.see("demo, userinfo")
    page.locator("[data-act='sign-out']").first.click()
    expect(page.locator("[data-view='signed-out']")).to_be_visible()
    tour.see("demo, signed out again")


def see_demanded_second_steps(tour: Tour) -> None:
    """A second step that nobody may leave out: set up by a text, then asked for by one."""
    tour.forget_me()
    tour.settle(
        signUp={"identifiers": ["username"], "password": True, "verify": False},
        signIn={"methods": [method("username", code=False)]},
        forgotPasswordMethods=[],
        mfa={"factors": ["Totp", "PhoneVerificationCode", "BackupCode"], "policy": "Mandatory"},
    )
    name = f"u{secrets.token_hex(4)}"
    tour.begin(first_screen="register")
    tour.fill(identifier=name)
    tour.fill(password=PASSWORD)
    tour.see("second step demanded")
    tour.press("a[href*=PhoneVerificationCode]")
    tour.fill(identifier="+14155550151")
    tour.see("second step, code of a text")
    tour.type_code(tour.site.emulator.last_code())
    tour.see("second step, what follows a text")
    tour.press("form[action*=skip] button")
    tour.see("second step, codes beside texts")
    tour.press("button.primary")
    tour.forget_me()
    tour.begin()
    tour.fill(identifier=name, password=PASSWORD)
    tour.see("second step, by text")
    tour.type_code(other_than(tour.site.emulator.last_code()))
    tour.see("second step, wrong text")
    tour.settle(**BY_CODE, mfa={"factors": [], "policy": "PromptAtSignInAndSignUp"})


def see_own_account(tour: Tour) -> None:
    """The account pages that need more than a password: app, codes, second step, providers."""
    tour.forget_me()
    tour.administrator.change("account-center", enabled=True, fields=dict.fromkeys(FIELDS, "Edit"))
    tour.settle(
        **{**BY_EVERYTHING, "forgotPasswordMethods": []},
        socialSignInConnectorTargets=["google", "kakao"],
        mfa={"factors": ["Totp", "BackupCode"], "policy": "NoPrompt"},
    )
    name = f"u{secrets.token_hex(4)}"
    tour.administrator.make(
        "users",
        username=name,
        primaryEmail=f"{name}.with-a-long-address@mail.example.com",
        password=PASSWORD,
        name=LONG_NAME[tour.look["locale"][:2]],
    )
    tour.page.goto(f"{tour.site.origin}/account")
    tour.fill(identifier=name)
    tour.fill(password=PASSWORD)
    tour.see("own account")
    tour.see("own account, security", "/account/security")
    tour.page.goto(f"{tour.site.origin}/account/authenticator-app")
    tour.fill(password=PASSWORD)
    tour.see("own account, app")
    app = pyotp.TOTP(tour.page.locator(".secret").inner_text().replace(" ", ""))
    tour.type_code(other_than(app.now()))
    tour.see("own account, wrong code of the app")
    tour.type_code(app.now())
    tour.see("own account, app is there")
    tour.see("own account, app, again", "/account/authenticator-app")
    tour.see("own account, codes", "/account/backup-codes")
    tour.press("button.primary")
    tour.see("own account, new codes")
    tour.press("button.primary")
    tour.see("own account, codes are there")
    tour.see("own account, codes, again", "/account/backup-codes")
    tour.see("own account, second step", "/account/second-step")
    tour.press("main form button")
    tour.see("own account, second step changed")
    tour.see("own account, second step, off", "/account/second-step")
    tour.see("own account, security, all set", "/account/security")
    tour.see("own account, link a provider", "/account/social/google")
    tour.page.goto(f"{tour.site.origin}/account/password")
    tour.fill(password="123")
    tour.see("own account, weak password")
    tour.page.goto(f"{tour.site.origin}/account/username")
    tour.fill(identifier="1 2")
    tour.see("own account, wrong name")
    tour.page.goto(f"{tour.site.origin}/account/phone")
    tour.fill(identifier=ALICE)
    tour.see("own account, number of somebody else")
    tour.administrator.change("account-center", enabled=False)
    tour.see("own account, closed", "/account")
    tour.administrator.change("account-center", enabled=True)


TOURS: tuple[Callable[[Tour], None], ...] = (
    see_phone_sign_in,
    see_passwords,
    see_second_steps,
    see_invitations,
    see_account,
    see_ways_to_sign_in,
    see_codes_that_go_wrong,
    see_own_account,
    see_demo_application,
    see_without_scripts,
    see_errors,
    see_demanded_second_steps,
)


@pytest.mark.parametrize("shown", TOURS, ids=lambda shown: shown.__name__)
def test_what_people_see_is_pictured_in_every_look(
    site: Site, administrator: Administrator, language: str, shown: Callable[[Tour], None]
) -> None:
    photographer = Photographer(language, "people")
    look: dict[str, Any] = {
        "viewport": {"width": 390, "height": SIZES[390]},
        "locale": LOCALES[language],
    }
    tour = Tour(site, administrator, photographer, look)
    shown(tour)
    tour.page.context.close()

    assert photographer.complaints == []
