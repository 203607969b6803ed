"""What every page keeps: its policy, its weight, its token; plain words when a visit is over."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.web.pages.browser import ORIGIN, Browser, Page
from tests.web.pages.conftest import PHONE, Site, add_phone_user, authorization
from watchword.audit.models import SYSTEM
from watchword.organizations.models import NewOrganization
from watchword.users.models import UserChange

CDN = "https://cdn.example.test"


async def fetched(site: Site, *addresses: str) -> dict[str, str]:
    """Let each address have a picture of its own; returns where pages find it."""
    site.server.outbound.transport = httpx2.MockTransport(
        lambda request: httpx2.Response(200, content=f"<svg ><!--{request.url}-->".encode())
    )
    await (await site.scope()).pictures.fetch(addresses)
    pictures = (await site.scope()).pictures
    return {address: pictures.address_of(address) or "" for address in addresses}


async def test_the_first_page_is_light_and_whole_in_one_request(
    site: Site, browser: Browser
) -> None:
    await browser.open(authorization())

    page = browser.page
    script = files("watchword").joinpath("static/pages.js").read_bytes()
    weight = len(gzip.compress(page.html.encode())) + len(gzip.compress(script))
    assert weight <= 30 * 1024
    assert 'rel="stylesheet"' not in page.html
    assert re.findall(r"<script[^>]*>", page.html) == re.findall(
        r"<script src=\"[^\"]+\" nonce=\"[^\"]+\" defer>", page.html
    )
    assert not re.search(r"\son[a-z]+=|\sstyle=|javascript:", page.html)


async def test_pages_come_compressed_where_that_is_understood(browser: Browser) -> None:
    await browser.open(authorization())
    address = str(browser.page.response.url)

    packed = await browser.client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = await browser.client.get(address)

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert Page(packed).words == Page(plain).words != ""
    assert "Accept-Encoding" in plain.headers["vary"]


async def test_the_content_policy_allows_only_this_answers_style(
    site: Site, browser: Browser
) -> None:
    await browser.open(authorization())
    policy = browser.page.response.headers["content-security-policy"]
    nonce = re.search(r"<style nonce=\"([^\"]+)\">", browser.page.html)

    assert nonce is not None
    assert f"'nonce-{nonce[1]}'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert browser.page.response.headers["referrer-policy"] == "same-origin"
    assert browser.page.response.headers["cache-control"] == "no-store"


async def test_a_brand_dresses_the_pages(site: Site, browser: Browser) -> None:
    await site.settle(
        color={
            "primaryColor": "#ffe100",
            "isDarkModeEnabled": False,
            "darkPrimaryColor": "#ffe100",
        },
        termsOfUseUrl="https://example.test/terms",
    )
    await browser.open(authorization())

    html = browser.page.html
    assert "--accent:#ffe100" not in html.partition("@media")[0]
    assert re.search(r":root\{--accent:#[0-9a-f]{6};--on-accent:#[0-9a-f]{6}\}", html)
    assert 'data-theme="light"' in html
    assert "https://example.test/terms" in browser.page.links


async def test_an_organization_that_the_application_names_dresses_the_pages(
    site: Site, browser: Browser
) -> None:
    ours = {"logoUrl": f"{CDN}/ours.svg", "favicon": f"{CDN}/ours.ico"}
    theirs = {"logoUrl": f"{CDN}/theirs.svg"}
    shown = await fetched(site, *ours.values(), *theirs.values())
    await site.settle(branding=ours)
    made = await (await site.scope()).organizations.create(
        SYSTEM,
        NewOrganization(
            name="Acme",
            color={"primaryColor": "#007a33"},
            branding=theirs,
            custom_css=".card { border-radius: 3px }",
        ),
    )

    await browser.open(authorization(organization_id=made.id))
    first = browser.page
    await browser.submit(identifier=PHONE, country="KR")

    assert f"organization_id={made.id}" in str(first.response.url)
    for page in (first, browser.page):
        assert shown[theirs["logoUrl"]] in page.html
        assert shown[ours["logoUrl"]] not in page.html
        assert shown[ours["favicon"]] in page.html
        assert "border-radius: 3px" in page.html


async def test_a_page_of_the_tenants_own_can_read_for_whom_it_is_shown(
    site: Site, browser: Browser
) -> None:
    asked = authorization(organization_id="acme", ui_locales="ko-KR en")

    answer = await browser.client.get(asked)

    (told,) = [
        cookie.partition(";")[0].removeprefix("_logto=")
        for cookie in answer.headers.get_list("set-cookie")
        if cookie.startswith("_logto=")
    ]
    assert json.loads(told) == {
        "appId": "demo-app",
        "organizationId": "acme",
        "uiLocales": "ko-KR en",
    }


@pytest.mark.parametrize("named", ["not-there", "no id"])
async def test_an_organization_that_is_not_there_changes_nothing(
    site: Site, browser: Browser, named: str
) -> None:
    ours = f"{CDN}/ours.svg"
    shown = await fetched(site, ours)
    await site.settle(branding={"logoUrl": ours})

    await browser.open(authorization(organization_id=named))

    assert browser.page.status == 200
    assert shown[ours] in browser.page.html


async def test_terms_that_must_be_accepted_are_asked_for_on_the_server(
    site: Site, browser: Browser
) -> None:
    await site.settle(termsOfUseUrl="https://example.test/terms", agreeToTermsPolicy="Manual")
    await browser.open(authorization())
    await browser.submit(identifier=PHONE, country="KR")
    assert browser.page.status == 400
    assert browser.page.inputs["agree"]["aria-invalid"] == "true"
    assert not site.provider.messages

    await browser.submit(agree="yes")
    assert browser.page.path == "/sign-in/verification-code"


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({"token": "0" * 32}, {}, 403),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Origin": "http://other.localhost:3001", "Sec-Fetch-Site": "same-site"}, 403),
        ({"identifier": "x" * 2000}, {}, 400),
        ({"identifier": "\x00"}, {}, 400),
    ],
)
async def test_posts_that_no_page_of_ours_makes_are_refused(
    site: Site, browser: Browser, changes: dict[str, str], headers: dict[str, str], status: int
) -> None:
    await browser.open(authorization())
    form = browser.page.forms[0]

    answer = await browser.client.post(
        form.action, data={**form.fields, "identifier": PHONE, **changes}, headers=headers
    )

    assert answer.status_code == status
    assert not site.provider.messages


async def test_another_content_type_is_refused(site: Site, browser: Browser) -> None:
    await browser.open(authorization())

    answer = await browser.client.post(
        browser.page.forms[0].action, json=browser.page.forms[0].fields
    )

    assert answer.status_code == 415


PAGES = [
    "/sign-in",
    "/sign-in/password",
    "/sign-in/verification-code",
    "/sign-in/no-account",
    "/register",
    "/register/verification-code",
    "/register/has-account",
    "/continue/phone",
    "/continue/username",
    "/continue/password",
    "/continue/email",
    "/continue/email-or-phone",
    "/identifier-sign-in",
    "/identifier-register",
    "/forgot-password",
    "/reset-password",
    "/forgot-password/verification-code",
    "/forgot-password/reset",
]


OUT_OF_TURN = {path for path in PAGES if not path.startswith("/identifier-")} - {
    "/sign-in",
    "/register",
}


async def test_without_an_interaction_every_page_leads_back_to_the_application(
    site: Site, browser: Browser
) -> None:
    for path in PAGES:
        await browser.open(f"{path}?app_id=demo-app")

        assert browser.page.status == 400, path
        assert "This sign-in is over" in browser.page.words, path
        assert "/demo-app" in browser.page.links, path
        posted = await browser.client.post(f"{path}?app_id=demo-app", data={"token": "x"})
        assert posted.status_code in {400, 405}, path


@pytest.mark.proves("S136")
async def test_a_page_out_of_turn_leads_to_one_in_turn(site: Site, browser: Browser) -> None:
    for path in PAGES:
        await browser.open(authorization())
        await browser.open(f"{path}?app_id=demo-app")

        assert browser.page.status == 200, path
        assert browser.page.path in {"/sign-in", "/register", path} - OUT_OF_TURN, path


@pytest.mark.proves("S133")
async def test_an_expired_interaction_says_so(site: Site, browser: Browser) -> None:
    await browser.open(authorization())
    site.clock.advance(timedelta(minutes=61))

    await browser.submit(identifier=PHONE, country="KR")

    assert browser.page.status == 400
    assert "This sign-in is over" in browser.page.words
    assert browser.page.response.headers["x-correlation-id"] in browser.page.words


async def test_each_error_says_what_to_do_next_and_whom_to_ask(
    site: Site, browser: Browser
) -> None:
    await site.settle(supportEmail="help@example.com")
    pages = {
        authorization(client_id="nobody"): "compare the client ID",
        authorization(redirect_uri="https://elsewhere.example/"): "redirect URIs in the console",
        authorization(client_id=""): "people who run the application",
        "/oidc/auth/of-another-browser": "allow cookies",
        "/no-such-page": "typing mistakes",
        "/account": "can do it for you",
    }

    for path, step in pages.items():
        await browser.open(path)
        assert browser.page.status >= 400
        assert step in browser.page.words
        assert "mailto:help@example.com" in browser.page.links
        assert not {link for link in browser.page.links if "elsewhere" in link}
        assert browser.page.response.headers["x-correlation-id"] in browser.page.words


async def test_an_address_of_the_console_that_is_not_there_speaks_as_the_console(
    new_browser: Callable[[str], Browser],
) -> None:
    browser = await new_browser("ko").open("/console/a/b/c/d/e/f")

    assert browser.page.status == 404
    assert "이 주소에는 아무것도 없습니다." in browser.page.words
    # The console asks with 하세요, and says nothing with 해요.
    assert "요." not in browser.page.words.replace("하세요.", "")
    assert "/console" in browser.page.links


async def test_a_page_that_broke_can_be_asked_for_again_but_not_its_form(
    site: Site, browser: Browser
) -> None:
    async def breaks(request: Request) -> Response:
        raise RuntimeError("a defect")

    site.app.router.routes.insert(0, Route("/breaks", breaks, methods=["GET", "POST"]))

    looked_at = await browser.client.get("/breaks")
    posted = await browser.client.post("/breaks")

    assert (looked_at.status_code, posted.status_code) == (500, 500)
    assert "You did nothing wrong." in looked_at.text
    assert '<a class="primary" href="">Try again</a>' in looked_at.text
    assert "Try again</a>" not in posted.text


async def test_who_may_not_send_is_told_without_the_words_of_administrators(
    site: Site, browser: Browser
) -> None:
    await browser.open(authorization())
    scope = await site.scope()
    for saved in await scope.connectors.list():
        await scope.configuration.connectors.delete(SYSTEM, saved.id, force=True)

    await browser.submit(identifier=PHONE, country="KR")

    assert browser.page.status == 501
    assert "We can't send codes at the moment." in browser.page.words


@pytest.mark.proves("S136")
async def test_a_tampered_cookie_is_no_interaction(site: Site, browser: Browser) -> None:
    await browser.open(authorization())
    for value in ("nonsense", "%7B%22demo-app%22%3A%22x%22%7D", "%5B1%5D", "x" * 5000):
        answer = await browser.client.get(
            "/sign-in?app_id=demo-app", headers={"Cookie": f"_interaction={value}"}
        )
        assert answer.status_code == 400
        assert "This sign-in is over" in Page(answer).words


async def test_a_suspended_account_is_told_what_to_do(site: Site, browser: Browser) -> None:
    user_id = await add_phone_user(site)
    await (await site.scope()).users.change(user_id, UserChange(is_suspended=True))
    await site.settle(supportEmail="help@example.test")
    await browser.open(authorization())
    await browser.submit(identifier=PHONE, country="KR")

    await browser.submit(code=site.provider.code)

    assert browser.page.status == 401
    assert "suspended" in browser.page.words
    assert "mailto:help@example.test" in browser.page.links


async def test_two_browsers_do_not_share_a_form(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    mine = await new_browser().open(authorization())
    theirs = await new_browser().open(authorization())

    answer = await theirs.client.post(
        "/sign-in?app_id=demo-app",
        data={**mine.page.forms[0].fields, "identifier": PHONE},
        headers={"Origin": ORIGIN},
    )

    assert answer.status_code == 403
    assert not site.provider.messages


@pytest.mark.parametrize("identifiers", [["phone"], ["username"], ["username", "phone"]])
@pytest.mark.parametrize("is_code_first", [True, False])
async def test_every_kind_of_field_has_all_its_words(
    site: Site, browser: Browser, identifiers: list[str], is_code_first: bool
) -> None:
    has_password = "username" in identifiers or not is_code_first
    await site.settle(
        signUp={"identifiers": identifiers, "password": has_password, "verify": True},
        signIn={
            "methods": [
                {
                    "identifier": name,
                    "password": has_password,
                    "verificationCode": name == "phone",
                    "isPasswordPrimary": not is_code_first,
                }
                for name in identifiers
            ]
        },
    )
    for first_screen in ("sign-in", "register"):
        await browser.open(authorization(first_screen=first_screen))
        assert browser.page.status == 200
        assert "pages." not in browser.page.words


async def test_nothing_to_sign_in_with_is_said(site: Site, browser: Browser) -> None:
    await site.settle(
        signUp={"identifiers": [], "password": False, "verify": False}, signIn={"methods": []}
    )
    await browser.open(authorization())

    assert browser.page.status == 200
    assert not browser.page.forms


async def test_a_language_that_runs_from_right_to_left_says_so(
    site: Site, new_browser: Callable[..., Browser]
) -> None:
    phrases = (await site.scope()).configuration.phrases
    await phrases.replace(SYSTEM, "ar", {"sign_in.title": "تسجيل الدخول"})

    page = (await new_browser("ar").open(authorization())).page
    assert '<html lang="ar" dir="rtl"' in page.html
    assert "تسجيل الدخول" in page.words

    page = (await new_browser("ko").open(authorization())).page
    assert "dir=" not in page.html.partition(">")[2].partition(">")[0]
