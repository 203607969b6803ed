"""The account pages without scripts."""

import gzip
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.web.account.conftest import (
    EMAIL,
    NEW_PHONE,
    PASSWORD,
    PHONE,
    SHOP,
    Person,
    Site,
)
from tests.web.experience.conftest import ORIGIN
from tests.web.pages.browser import Browser
from watchword.audit.models import SYSTEM
from watchword.core.phone import PhoneNumber
from watchword.users.models import UserChange
from watchword.web.account_pages.signing_in import page_in
from watchword.web.pages.steps import RESEND_WAIT
from watchword.web.templating import static_text

STRONG = "staple 42 battery horse"
TYPED = "010-8765-4321"
LARGEST_PAGE = 30 * 1024


async def step_up(browser: Browser, password: str = PASSWORD) -> None:
    assert browser.page.path == "/account/verify"
    await browser.submit(password=password, way="password")


async def phone_of(site: Site, person: Person) -> str | None:
    return (await (await site.scope()).users.get(person.id)).primary_phone


async def test_the_hub_leads_to_everything(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account")
    assert browser.page.status == 200
    assert {"/account/profile", "/account/security", "/account/sessions"} <= set(browser.page.links)

    await browser.open("/account/security")
    assert "+82 10-••••-5678" in browser.page.words
    assert PHONE[4:] not in browser.page.html
    assert {f"/account/{task}" for task in ("phone", "email", "username", "password")} <= set(
        browser.page.links
    )


async def test_the_pages_wear_both_style_sheets_without_what_would_load(
    site: Site, ada: Person
) -> None:
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, {"customCss": "main { outline: 1px solid"})
    await settings.save_account_center(
        SYSTEM, {"customCss": "main { color: #123456; background: url(https://evil.example) }"}
    )

    browser = await ada.browser.open("/account")

    assert "main { outline: 1px solid</style>" in browser.page.html
    assert "main { color: #123456; background: removed-url(" in browser.page.html


async def test_a_number_is_changed_after_a_password_and_a_code(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/phone")
    await step_up(browser)
    assert browser.page.path == "/account/phone"
    await browser.submit(identifier=TYPED, country="KR")
    assert browser.page.path == "/account/phone/verification-code"
    await site.settle()
    assert site.texts[-1].to.digits == NEW_PHONE
    assert site.texts[-1].usage.value == "BindNewIdentifier"
    await browser.submit(code=site.code)

    assert browser.page.path == "/account/phone/success"
    assert await phone_of(site, ada) == NEW_PHONE
    await site.settle()
    assert [to for to, _ in site.notices()] == [PHONE]


async def test_who_asks_may_be_proved_by_a_code_to_the_present_number(
    site: Site, ada: Person
) -> None:
    browser = await ada.browser.open("/account/phone")
    await browser.open(next(link for link in browser.page.links if "by=phone" in link))
    await browser.submit(way="phone")
    assert browser.page.path == "/account/verify/verification-code"
    await site.settle()
    assert site.texts[-1].to.digits == PHONE
    assert site.texts[-1].usage.value == "UserPermissionValidation"
    await browser.submit(code="000000" if site.code != "000000" else "111111")
    assert browser.page.status == 400
    await browser.submit(code=site.code)

    assert browser.page.path == "/account/phone"


async def test_a_refused_number_comes_back_without_its_calling_code(
    site: Site, ada: Person
) -> None:
    browser = await ada.browser.open("/account/phone")
    await step_up(browser)

    await browser.submit(identifier="+44 12", country="KR")

    assert browser.page.status == 422
    fields = browser.page.forms[0].fields
    assert (fields["country"], fields["identifier"]) == ("GB", "12")


async def test_a_proof_is_asked_for_once_in_ten_minutes(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/phone")
    await step_up(browser)
    assert (await browser.open("/account/username")).page.path == "/account/username"
    site.clock.advance(timedelta(minutes=10))

    assert (await browser.open("/account/username")).page.path == "/account/verify"
    answer = await browser.client.get("/account/sessions")
    assert answer.headers["location"] == "/account/verify?task=sessions"


async def test_a_code_to_the_new_number_saves_nothing_once_the_proof_is_over(
    site: Site, ada: Person
) -> None:
    browser = await ada.browser.open("/account/phone")
    await step_up(browser)
    site.clock.advance(timedelta(minutes=5))
    await browser.submit(identifier=TYPED, country="KR")
    site.clock.advance(timedelta(minutes=5))
    await site.settle()

    await browser.submit(code=site.code)

    assert browser.page.path == "/account/verify"
    assert await phone_of(site, ada) == PHONE


async def test_a_wrong_password_and_a_taken_number_say_what_to_mend(
    site: Site, ada: Person
) -> None:
    await site.add_user(primary_phone=PhoneNumber(NEW_PHONE), username="grace")
    browser = await ada.browser.open("/account/phone")
    await step_up(browser, "wrong-guess")
    assert browser.page.status == 422
    assert "That password is not right" in browser.page.words
    await step_up(browser)
    await browser.submit(identifier="12", country="KR")
    assert browser.page.status == 422
    await browser.submit(identifier=TYPED, country="KR")
    # Until the code is typed, it could be anybody's.
    assert browser.page.path == "/account/phone/verification-code"
    await site.settle()
    await browser.submit(code=site.code)

    assert browser.page.status == 422
    assert "Another account has this phone number" in browser.page.words
    assert await phone_of(site, ada) == PHONE


async def test_a_code_is_sent_again_after_a_wait(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/phone")
    await step_up(browser)
    await browser.submit(identifier=TYPED, country="KR")
    await browser.submit(form=1)
    assert browser.page.status == 429
    await browser.open("/account/phone/verification-code/resend")
    site.clock.advance(RESEND_WAIT)
    await site.settle()
    before = len(site.texts)

    await browser.submit(form=1)
    await site.settle()

    assert len(site.texts) == before + 1
    await browser.submit(code=site.code)
    assert browser.page.path == "/account/phone/success"


async def test_a_button_that_is_pressed_twice_sends_one_code(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/phone")
    await step_up(browser)
    before = len(site.texts)

    await browser.post(identifier=TYPED, country="KR")
    await browser.post(identifier=TYPED, country="KR")
    await site.settle()

    assert len(site.texts) == before + 1


async def test_an_address_is_added_by_a_code_that_is_mailed(site: Site, ada: Person) -> None:
    await site.set_email_up()
    browser = await ada.browser.open(f"/account/email?identifier={EMAIL}")
    await step_up(browser)
    assert browser.page.inputs["identifier"]["value"] == EMAIL
    await browser.submit()
    await site.settle()
    await browser.submit(code=site.mailed_code)

    assert browser.page.path == "/account/email/success"
    user = await (await site.scope()).users.get(ada.id)
    assert user.primary_email == EMAIL
    assert user.email_verified_at is not None


async def test_a_number_is_taken_away_but_not_the_last_thing(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/phone")
    await step_up(browser)
    await (await site.scope()).users.change(ada.id, UserChange(username=None))
    await browser.submit(form=1)
    assert browser.page.status == 400
    await (await site.scope()).users.change(ada.id, UserChange(username="ada"))

    await browser.submit(form=1)

    assert browser.page.path == "/account/phone/success"
    assert "is removed" in browser.page.words
    assert await phone_of(site, ada) is None


async def test_a_new_password_signs_out_everywhere_else(site: Site, ada: Person) -> None:
    user = await (await site.scope()).users.get(ada.id)
    elsewhere = await site.sign_in(user)
    browser = await ada.browser.open("/account/password")
    await step_up(browser)
    await browser.submit(password="short")
    assert "at least 8 characters" in browser.page.words
    await browser.submit(password=STRONG)
    assert browser.page.path == "/account/password/success"

    answer = await elsewhere.browser.client.get("/account")
    assert answer.headers["location"].startswith("/oidc/auth?client_id=account-center")
    assert (await browser.open("/account")).page.status == 200


async def test_a_username_is_chosen_and_its_rules_are_said(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/username")
    await step_up(browser)
    await browser.submit(identifier="1ada")
    assert browser.page.status == 422
    await browser.submit(identifier="")
    assert browser.page.status == 400
    await browser.submit(identifier="countess")

    assert browser.page.path == "/account/username/success"
    assert await (await site.scope()).users.find_by_identifier("username", "countess")


async def test_a_name_is_saved_without_a_proof(site: Site, ada: Person) -> None:
    browser = await ada.browser.open("/account/profile")
    await browser.submit(name="Ada", nickname="Countess")

    assert browser.page.path == "/account/profile/success"
    user = await (await site.scope()).users.get(ada.id)
    assert (user.name, user.profile["nickname"]) == ("Ada", "Countess")


async def test_the_family_name_comes_first_where_it_does(ada: Person) -> None:
    orders = {}
    for language in ("en", "ko"):
        browser = await ada.browser.open(f"/account/profile?ui_locales={language}")
        orders[language] = [one for one in browser.page.forms[0].fields if one != "token"]

    assert orders["en"] == ["name", "given_name", "family_name", "nickname"]
    assert orders["ko"] == ["name", "family_name", "given_name", "nickname"]


async def test_another_browser_is_signed_out_and_an_application_loses_access(
    site: Site, ada: Person
) -> None:
    elsewhere = await site.sign_in(await (await site.scope()).users.get(ada.id))
    browser = await ada.browser.open("/account/sessions")
    await step_up(browser)
    assert "This browser" in browser.page.words
    [button] = [b for f in browser.page.forms for b in f.buttons if b["name"] == "session"]
    await browser.submit(session=str(button["value"]))
    assert (await elsewhere.browser.client.get("/account")).status_code == 303
    assert (await elsewhere.api.get("/api/my-account")).status_code == 401

    [button] = [b for f in browser.page.forms for b in f.buttons if b["name"] == "grant"]
    await browser.submit(grant=str(button["value"]))

    assert "No application has access" in browser.page.words
    assert (await ada.api.get("/api/my-account")).status_code == 401


async def test_a_social_account_is_unlinked(site: Site, ada: Person) -> None:
    users = (await site.scope()).users
    await users.change(ada.id, UserChange(identities={"google": {"userId": "1"}}))
    browser = await ada.browser.open("/account/security")
    await browser.open(next(link for link in browser.page.links if "social" in link))
    await step_up(browser)
    assert browser.page.path == "/account/social/google"
    await browser.submit()

    assert browser.page.path == "/account/social/success"
    assert (await users.get(ada.id)).identities == {}


async def test_without_a_session_people_sign_in_and_come_back(site: Site, ada: Person) -> None:
    browser = Browser(await site.client())
    await browser.open("/account/username?identifier=countess")
    assert browser.page.path == "/sign-in"
    assert "Your account" in browser.page.words
    await browser.submit(identifier="010-1234-5678", country="KR", way="code")
    if browser.page.path == "/sign-in/password":
        await browser.submit(form=1, way="code")
    await site.settle()
    answer = await browser.post(code=site.code)
    while "/account/username" not in (location := answer.headers["location"]):
        answer = await browser.client.get(location)

    assert location == "/account/username?identifier=countess"
    assert (await browser.open(location)).page.path == "/account/verify"


async def test_a_switched_off_account_centre_has_no_pages(site: Site, ada: Person) -> None:
    scope = await site.scope()
    await scope.configuration.settings.save_account_center(SYSTEM, {"enabled": False})
    stranger = Browser(await site.client())

    for browser in (ada.browser, stranger):
        await browser.open("/account")
        assert browser.page.status == 400
        assert "switched off" in browser.page.words


async def test_a_field_that_is_read_only_is_shown_and_not_offered(site: Site, ada: Person) -> None:
    await site.open_account_center(phone="ReadOnly", username="Off")
    browser = await ada.browser.open("/account/security")
    assert "+82 10-••••-5678" in browser.page.words
    assert not {"/account/phone", "/account/username"} & set(browser.page.links)
    for path in ("/account/phone", "/account/username"):
        assert (await browser.open(path)).page.status == 400
        assert "/account" in browser.page.links


async def test_a_form_of_another_page_or_another_session_is_refused(
    site: Site, ada: Person
) -> None:
    browser = await ada.browser.open("/account/profile")
    found = browser.page.forms[0]
    foreign = await browser.client.post(
        found.action, data=found.fields, headers={"Origin": "https://evil.example"}
    )
    without = await browser.client.post(
        found.action, data={"name": "x"}, headers={"Origin": ORIGIN}
    )

    assert (foreign.status_code, without.status_code) == (403, 403)
    assert (await (await site.scope()).users.get(ada.id)).name is None


async def test_the_way_back_leads_to_places_of_the_tenant_only(site: Site, ada: Person) -> None:
    await site.add_application(redirect_uris=(f"{SHOP}/callback",))
    places = {
        f"{SHOP}/done?a=1": f"{SHOP}/done?a=1",
        f"{ORIGIN}/demo-app": f"{ORIGIN}/demo-app",
        "/demo-app": "/demo-app",
        "https://evil.example/": None,
        "//evil.example/": None,
        "/\\evil.example": None,
        "https://shop.example@evil.example/": None,
        "https://shop.example.evil.example/": None,
        "javascript:alert(1)": None,
    }
    for wanted, expected in places.items():
        await ada.browser.open("/account/profile")
        await ada.browser.client.get("/account")
        query = {"redirect": wanted}
        answer = await ada.browser.client.post(
            "/account/profile",
            params=query,
            data=ada.browser.page.forms[0].fields,
            headers={"Origin": ORIGIN},
        )
        location = answer.headers["location"]
        assert (location if expected else urlsplit(location).path) == (
            expected or "/account/profile/success"
        ), wanted


async def test_success_is_shown_before_the_way_back_where_that_is_asked(
    site: Site, ada: Person
) -> None:
    await site.add_application()
    browser = await ada.browser.open(
        f"/account/profile?redirect={SHOP}/done&show_success=true&ui_locales=ko"
    )
    assert browser.page.html.startswith('<!doctype html>\n<html lang="ko"')
    await browser.submit()

    assert browser.page.path == "/account/profile/success"
    assert f"{SHOP}/done" in browser.page.links


def test_a_sign_in_comes_back_to_account_pages_only() -> None:
    assert page_in("/account/phone?redirect=x") == "/account/phone?redirect=x"
    for state in (
        "https://evil.example/account",
        "//evil.example/account",
        "/accounts",
        "/account\\..\\x",
        "/account/signed-in?state=x",
        "/console",
        "",
    ):
        assert page_in(state) == "/account", state


@pytest.mark.parametrize("language", ["en-US", "ko-KR"])
async def test_every_page_is_small_named_and_complete(
    site: Site, ada: Person, language: str
) -> None:
    await (await site.scope()).users.change(
        ada.id, UserChange(identities={"google": {"userId": "1"}})
    )
    browser = ada.browser
    browser.client.headers["Accept-Language"] = language
    await browser.open("/account/phone")
    pages = [browser.page]
    await step_up(browser)
    pages.append(browser.page)
    await browser.submit(identifier=TYPED, country="KR")
    pages.append(browser.page)
    for path in (
        *("", "/security", "/profile", "/sessions", "/username", "/email", "/password"),
        *("/social/google", "/phone/success", "/verify?task=phone&by=phone"),
    ):
        pages.append((await browser.open(f"/account{path}")).page)

    scripts = len(gzip.compress(static_text("pages.js").encode()))
    for page in pages:
        assert page.status == 200, page.path
        assert len(gzip.compress(page.html.encode())) < LARGEST_PAGE - scripts, page.path
        assert "pages." not in page.words, page.path
        assert page.html.count("<h1>") == 1, page.path
        assert f'<html lang="{language[:2]}"' in page.html, page.path
        assert "<title>" in page.html, page.path
        assert "script-src 'self'" in page.response.headers["content-security-policy"]
