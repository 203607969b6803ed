"""Social sign-in on our own pages, in a browser without scripts."""

import re
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.interactions.world import OUTBOX
from tests.web.pages.browser import ORIGIN, Browser, Page
from tests.web.social.conftest import PHONE, Site
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.models import SavedConnector
from watchword.core.phone import PhoneNumber
from watchword.providers.oauth2.connector import OAuth2Connector
from watchword.users.models import UserChange

TERMS = {"termsOfUseUrl": "https://example.com/terms"}
NO_DEMANDS = {"socialSignIn": {"skipRequiredIdentifiers": True}}
MASKED = PhoneNumber(PHONE).masked


async def leave(browser: Browser, name: str, **typed: str) -> str:
    """Press the button of a provider, and return the address that the browser is sent to."""
    form = browser.page.forms[0]
    [action] = {
        str(button["formaction"])
        for button in form.buttons
        if f"/social/{name}-1?" in str(button.get("formaction"))
    } or {form.action}
    answer = await browser.client.post(
        action,
        data={**form.fields, **typed},
        headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def come_back(
    site: Site, browser: Browser, name: str, address: str, person: str | None, **changes: str
) -> Browser:
    """Choose who one is at the provider, and come back to the callback page."""
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == [f"{ORIGIN}/callback/{name}-1"]
    answer = {**await site.at_provider(address, person), **changes}
    return await browser.open(f"/callback/{name}-1?{urlencode(answer)}")


async def by_way_of(
    site: Site, browser: Browser, name: str, person: str | None, **typed: str
) -> Browser:
    """Go to the provider and back."""
    address = await leave(browser, name, **typed)
    return await come_back(site, browser, name, address, person)


async def press(browser: Browser, do: str, agree: str = "") -> None:
    """Press a button of the form, which must have it."""
    assert do in {button.get("value") for button in browser.page.forms[0].buttons}
    await browser.submit(do=do, agree=agree)


async def test_the_first_pages_offer_the_providers_without_asking_other_hosts(site: Site) -> None:
    await site.connect("google")
    await site.connect("kakao")

    browser = await site.browser()
    for _ in range(2):
        page = browser.page
        assert "Continue with Google" in page.words
        assert "Continue with Kakao" in page.words
        assert page.html.index("Google") < page.html.index("Kakao")
        sources = re.findall(r'<img[^>]+src="([^"]+)"', page.html)
        assert sources
        assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
        assert "data:" in page.response.headers["content-security-policy"]
        await browser.open("/register")
    korean = await site.browser("ko-KR")
    assert "카카오 계정으로 계속하기" in korean.page.words


async def test_without_providers_the_first_page_is_as_it_was(site: Site) -> None:
    page = (await site.browser()).page

    assert "/social/" not in page.html
    assert "Continue with" not in page.words


PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
ACME = {
    "authorizationEndpoint": "https://idp.example/auth",
    "tokenEndpoint": "https://idp.example/token",
    "userInfoEndpoint": "https://idp.example/me",
    "clientId": "c",
    "clientSecret": "s",
}
LOOKS = {
    "target": "acme",
    "name": {"en": "Acme"},
    "logo": "https://cdn.example.com/logo.svg",
}


async def set_acme_up(site: Site, kind: str, picture: bytes) -> SavedConnector:
    """Save a provider whose logo is at another host, and offer it."""
    site.server.registry = ConnectorRegistry([*site.server.registry.list(), OAuth2Connector])
    await site.server.forget("default")
    site.providers.reached["cdn.example.com"] = httpx2.MockTransport(
        lambda _: httpx2.Response(200, content=picture, headers={"Content-Type": kind})
    )
    connectors = (await site.scope()).configuration.connectors
    saved = await connectors.create(SYSTEM, "oauth2", ACME, metadata=LOOKS)
    await site.settle(socialSignInConnectorTargets=["acme"])
    return saved


async def test_a_logo_is_fetched_once_and_shown_without_asking_its_host(site: Site) -> None:
    saved = await set_acme_up(site, "image/svg+xml; charset=utf-8", PICTURE)
    del site.providers.reached["cdn.example.com"]

    page = (await site.browser()).page

    assert "Continue with Acme" in page.words
    assert f"data:image/svg+xml;base64,{b64encode(PICTURE).decode()}" in page.html
    assert "cdn.example.com" not in page.html
    assert "cdn.example.com" not in page.response.headers["content-security-policy"]
    # The contract's answers name the address, and what was fetched is nobody's business.
    assert saved.override == LOOKS


@pytest.mark.parametrize(
    ("kind", "picture"),
    [
        ("image/png", b"<html>not a picture</html>"),
        ("image/png", b"\x89PNG\r\n\x1a\n" + b"x" * (24 * 1024)),
    ],
)
async def test_what_is_no_picture_or_too_large_is_not_kept(
    site: Site, kind: str, picture: bytes
) -> None:
    saved = await set_acme_up(site, kind, picture)

    shown = (await site.scope()).connectors.shown(saved)

    assert shown.picture.startswith("data:image/svg+xml")
    assert not shown.is_own_picture


async def test_a_picture_stays_while_its_host_is_down(site: Site) -> None:
    saved = await set_acme_up(site, "image/svg+xml", PICTURE)
    del site.providers.reached["cdn.example.com"]

    changed = await (await site.scope()).configuration.connectors.change(
        SYSTEM, saved.id, metadata={**LOOKS, "name": {"en": "Acme Inc."}}
    )

    assert changed.metadata["pictures"] == saved.metadata["pictures"]
    moved = await (await site.scope()).configuration.connectors.change(
        SYSTEM, saved.id, metadata={**LOOKS, "logo": "https://cdn.example.com/other.svg"}
    )
    assert "pictures" not in moved.metadata


async def test_somebody_new_gives_their_number_and_comes_in(site: Site) -> None:
    await site.connect("google")
    browser = await by_way_of(site, await site.browser(), "google", "ada")
    assert browser.page.path == "/continue/phone"

    await browser.submit(identifier="010-1234-5678", country="KR")
    await browser.submit(code=str(OUTBOX[-1].variables["code"]))

    assert browser.is_signed_in
    user = await site.owner_of("google", "100000000000000000001")
    assert user is not None
    assert user.primary_phone == PHONE
    assert user.phone_verified_at is not None
    again = await by_way_of(site, await site.browser(), "google", "ada")
    assert again.is_signed_in


async def test_who_is_known_by_a_proved_number_chooses_to_link(site: Site) -> None:
    await site.connect("kakao")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    browser = await by_way_of(site, await site.browser(), "kakao", "minji")
    assert browser.page.path == "/social/link/kakao-1"
    assert MASKED in browser.page.words
    assert "1234-5678" not in browser.page.words
    assert owner.id not in browser.page.html

    await press(browser, "link")

    assert browser.is_signed_in
    linked = await site.owner_of("kakao", "2001")
    assert linked is not None
    assert linked.id == owner.id


async def test_or_to_have_an_account_of_its_own(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    await site.connect("kakao")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    browser = await by_way_of(site, await site.browser(), "kakao", "minji")

    await press(browser, "create")

    assert browser.is_signed_in
    created = await site.owner_of("kakao", "2001")
    assert created is not None
    assert created.id != owner.id
    assert created.primary_phone is None
    assert created.primary_email == "minji@example.com"


async def test_nobody_is_asked_where_linking_is_automatic(site: Site) -> None:
    await site.settle(socialSignIn={"automaticAccountLinking": True})
    await site.connect("kakao")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)

    browser = await by_way_of(site, await site.browser(), "kakao", "minji")

    assert browser.is_signed_in
    linked = await site.owner_of("kakao", "2001")
    assert linked is not None
    assert linked.id == owner.id


@pytest.mark.parametrize("is_automatic", [False, True])
async def test_a_typed_number_that_has_an_account_is_proved_and_then_linked(
    site: Site, is_automatic: bool
) -> None:
    await site.settle(socialSignIn={"automaticAccountLinking": is_automatic})
    await site.connect("naver")
    owner = await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    browser = await by_way_of(site, await site.browser(), "naver", "sujin")
    assert browser.page.path == "/continue/phone"
    await browser.submit(identifier="010-1234-5678", country="KR")
    # Nothing was said of the account before the code.
    assert browser.page.path == "/continue/verification-code"
    await browser.submit(code=str(OUTBOX[-1].variables["code"]))

    if not is_automatic:
        assert browser.page.path == "/social/link/naver-1"
        assert await site.owner_of("naver", "3001-example") is None
        await press(browser, "link")
    assert browser.is_signed_in
    linked = await site.owner_of("naver", "3001-example")
    assert linked is not None
    assert linked.id == owner.id


async def test_where_nobody_signs_up_the_page_says_so(site: Site) -> None:
    await site.connect("google")
    await site.settle(signInMode="SignIn")

    browser = await by_way_of(site, await site.browser(), "google", "ada")

    assert browser.page.path == "/social/link/google-1"
    assert "new accounts can't be created" in browser.page.words
    assert not any(button.get("value") for button in browser.page.forms[0].buttons)
    assert any(link.startswith("/sign-in?") for link in browser.page.links)


async def test_the_terms_are_ticked_before_an_account_is_made(site: Site) -> None:
    await site.settle(**TERMS, **NO_DEMANDS, agreeToTermsPolicy="ManualRegistrationOnly")
    await site.connect("google")
    browser = await by_way_of(site, await site.browser(), "google", "ada")
    assert browser.page.path == "/social/link/google-1"
    await press(browser, "create")
    assert "Tick the box" in browser.page.words
    assert await site.owner_of("google", "100000000000000000001") is None

    await press(browser, "create", agree="yes")

    assert browser.is_signed_in
    # Who ticked the box on the sign-up page is not asked again.
    other = await (await site.browser()).open("/register")
    refused = await other.client.post(
        "/register/social/google-1?app_id=demo-app",
        data=other.page.forms[0].fields,
        headers={"Origin": ORIGIN},
    )
    assert "Tick the box" in Page(refused).words
    done = await by_way_of(site, other, "google", "work", agree="yes")
    assert done.is_signed_in


async def test_terms_that_everyone_ticks_are_ticked_before_leaving(site: Site) -> None:
    await site.settle(**TERMS, agreeToTermsPolicy="Manual")
    await site.connect("google")
    browser = await site.browser()
    refused = await browser.client.post(
        "/sign-in/social/google-1?app_id=demo-app",
        data=browser.page.forms[0].fields,
        headers={"Origin": ORIGIN},
    )

    assert refused.status_code == 400
    assert "Tick the box" in Page(refused).words
    assert (await leave(browser, "google", agree="yes")).startswith("http://google/")


async def test_a_tenant_with_providers_alone_has_a_first_page(site: Site) -> None:
    await site.connect("google")
    await site.settle(
        signIn={"methods": []},
        signUp={"identifiers": [], "password": False, "verify": False},
    )
    browser = await site.browser()
    assert "Continue with Google" in browser.page.words
    assert "identifier" not in browser.page.inputs

    await by_way_of(site, browser, "google", "ada")

    assert browser.is_signed_in


async def test_an_application_may_send_people_straight_to_the_provider(site: Site) -> None:
    await site.connect("google")
    client = (await site.browser()).client
    answer = await client.get(direct("social:google"))
    page = answer.headers["location"]
    assert urlsplit(page).path == "/direct/social/google"

    away = await client.get(page)

    assert away.headers["location"].startswith("http://google/o/oauth2/v2/auth?")
    browser = Browser(client)
    await come_back(site, browser, "google", away.headers["location"], "ada")
    assert browser.page.path == "/continue/phone"


@pytest.mark.parametrize(
    "named", ["social:unknown", "social:", "social:../x", "sso:1", "nonsense", "social:a b"]
)
async def test_a_provider_that_there_is_not_leads_to_the_first_page(site: Site, named: str) -> None:
    browser = await site.browser(direct_sign_in=named, first_screen="register")

    assert browser.page.path == "/register"


def direct(named: str) -> str:
    from tests.web.experience.conftest import AUTHORIZATION

    return f"/oidc/auth?{urlencode({**AUTHORIZATION, 'direct_sign_in': named})}"


# What goes wrong, and what attackers try.


async def test_who_turned_back_may_try_again_or_choose_another_way(site: Site) -> None:
    await site.connect("google")
    browser = await by_way_of(site, await site.browser(), "google", None)

    assert browser.page.path == "/social/failed/google-1/AuthorizationDenied"
    assert "You turned back at Google" in browser.page.words
    assert any(link.startswith("/sign-in?") for link in browser.page.links)
    address = await leave(browser, "google")
    await come_back(site, browser, "google", address, "ada")
    assert browser.page.path == "/continue/phone"


async def test_a_failure_can_be_read_in_another_language_and_again(site: Site) -> None:
    await site.connect("google")
    browser = await by_way_of(site, await site.browser(), "google", None)
    assert "code=" not in str(browser.page.response.url)

    await browser.open(f"{browser.page.path}?lang=ko")
    assert "Google 화면에서" in browser.page.words
    await browser.open(browser.page.path)

    assert browser.page.status == 200
    assert "Google 화면에서" in browser.page.words


async def test_a_made_up_failure_says_nothing_of_its_own(site: Site) -> None:
    await site.connect("google")
    browser = await site.browser()

    await browser.open("/social/failed/google-1/Call-0900-123456-now")

    assert "0900" not in browser.page.words


async def test_the_address_of_another_browsers_answer_signs_nobody_in(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    await site.connect("google")
    attacker, victim = await site.browser(), await site.browser()
    stolen = await site.at_provider(await leave(attacker, "google"), "ada")
    await leave(victim, "google")

    await victim.open(f"/callback/google-1?{urlencode(stolen)}")

    assert victim.page.path == "/social/failed/google-1/StateMismatch"
    assert "began in another window or browser" in victim.page.words
    assert await site.owner_of("google", "100000000000000000001") is None
    # And it cost neither of them anything.
    await attacker.open(f"/callback/google-1?{urlencode(stolen)}")
    assert attacker.is_signed_in


async def test_a_browser_without_a_visit_is_told_that_it_is_over(site: Site) -> None:
    await site.connect("google")
    attacker = await site.browser()
    stolen = await site.at_provider(await leave(attacker, "google"), "ada")
    stranger = Browser(await site.client())

    await stranger.open(f"/callback/google-1?{urlencode(stolen)}")

    assert stranger.page.status == 400
    assert "This sign-in is over" in stranger.page.words


@pytest.mark.parametrize(
    "change",
    [{"state": "made-up"}, {"state": ""}, {"code": "made-up"}, {"iss": "https://evil.example"}],
    ids=str,
)
async def test_an_answer_that_was_changed_on_the_way_lets_nobody_in(
    site: Site, change: dict[str, str]
) -> None:
    await site.settle(**NO_DEMANDS)
    await site.connect("google")
    browser = await site.browser()
    address = await leave(browser, "google")

    await come_back(site, browser, "google", address, "ada", **change)

    assert browser.page.path.startswith("/social/failed/google-1/")
    assert not browser.is_signed_in
    assert await site.owner_of("google", "100000000000000000001") is None


async def test_a_state_that_begins_rightly_is_still_compared_to_its_end(site: Site) -> None:
    await site.connect("google")
    browser = await site.browser()
    address = await leave(browser, "google")
    state = parse_qs(urlsplit(address).query)["state"][0]

    await come_back(site, browser, "google", address, "ada", state=f"{state[:-1]}x")

    assert browser.page.path == "/social/failed/google-1/StateMismatch"


async def test_loading_the_callback_again_changes_nothing(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    await site.connect("kakao")
    await site.add_user(primary_phone=PhoneNumber(PHONE), is_phone_verified=True)
    browser = await site.browser()
    answer = await site.at_provider(await leave(browser, "kakao"), "minji")
    callback = f"/callback/kakao-1?{urlencode(answer)}"
    await browser.open(callback)
    assert browser.page.path == "/social/link/kakao-1"

    await browser.open(callback)

    assert browser.page.path == "/social/link/kakao-1"
    assert await site.owner_of("kakao", "2001") is None


async def test_a_repeated_parameter_is_no_answer(site: Site) -> None:
    await site.connect("google")
    browser = await site.browser()
    answer = await site.at_provider(await leave(browser, "google"), "ada")

    await browser.open(f"/callback/google-1?{urlencode(answer)}&code=another")

    assert browser.page.path == "/social/failed/google-1/StateMismatch"


async def test_the_other_callback_address_works_as_well(site: Site) -> None:
    await site.connect("google")
    browser = await site.browser()
    answer = await site.at_provider(await leave(browser, "google"), "ada")

    await browser.open(f"/callback/social/google-1?{urlencode(answer)}")

    assert browser.page.path == "/continue/phone"


async def test_an_answer_at_another_connectors_address_is_refused(site: Site) -> None:
    await site.connect("google")
    await site.connect("kakao")
    browser = await site.browser()
    answer = await site.at_provider(await leave(browser, "google"), "ada")

    await browser.open(f"/callback/kakao-1?{urlencode(answer)}")

    assert browser.page.status == 404
    assert not browser.is_signed_in


async def test_a_form_of_another_site_starts_nothing(site: Site) -> None:
    await site.connect("google")
    browser = await site.browser()
    for path in ("/sign-in/social/google-1", "/register/social/google-1", "/social/link/google-1"):
        answer = await browser.client.post(
            f"{path}?app_id=demo-app",
            data=browser.page.forms[0].fields,
            headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        )
        assert answer.status_code == 403


async def test_a_provider_that_is_down_is_a_page_with_a_next_step(site: Site) -> None:
    await site.connect("google")
    browser = await site.browser()
    address = await leave(browser, "google")
    answer = await site.at_provider(address, "ada")

    def down(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    working = site.providers.reached["google"]
    site.providers.reached["google"] = httpx2.MockTransport(down)
    await browser.open(f"/callback/google-1?{urlencode(answer)}")
    site.providers.reached["google"] = working

    assert browser.page.path == "/social/failed/google-1/ProviderUnavailable"
    assert "Try Google again" in browser.page.words
    assert "refused" not in browser.page.words


async def test_someone_suspended_is_told_so(site: Site) -> None:
    await site.settle(**NO_DEMANDS)
    await site.connect("google")
    await by_way_of(site, await site.browser(), "google", "ada")
    user = await site.owner_of("google", "100000000000000000001")
    assert user is not None
    await (await site.scope()).users.change(user.id, UserChange(is_suspended=True))

    browser = await by_way_of(site, await site.browser(), "google", "ada")

    assert browser.page.status == 401
    assert "suspended" in browser.page.words


async def test_the_question_has_no_answer_without_a_proof(site: Site) -> None:
    await site.connect("google")
    browser = await (await site.browser()).open("/social/link/google-1")

    assert browser.page.path == "/sign-in"
    form: dict[str, Any] = browser.page.forms[0].fields
    answer = await browser.client.post(
        "/social/link/google-1?app_id=demo-app",
        data={**form, "do": "link"},
        headers={"Origin": ORIGIN},
    )
    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"]).path == "/sign-in"
