"""The preview draws the real pages with settings that nobody saved, and touches nothing."""

import re
from urllib.parse import urlencode

import httpx2
import pytest
from sqlalchemy import select

from tests.web.console.conftest import HOME, SAME_ORIGIN, Browser, Invite, Page, Site
from watchword.audit.models import SYSTEM
from watchword.storage import ServerRepository
from watchword.storage.schema import metadata
from watchword.web.preview.screens import SCREENS

DUMPS = {name: select(table) for name, table in metadata.tables.items() if name != "leases"}
PREVIEW = f"{HOME}/sign-in-experience/preview"
EVERYTHING = {
    "signUp": {
        "identifiers": ["phone"],
        "password": True,
        "verify": True,
        "secondaryIdentifiers": [{"identifier": "username"}],
    },
    "signIn": {
        "methods": [
            {
                "identifier": name,
                "password": True,
                "verificationCode": name != "username",
                "isPasswordPrimary": False,
            }
            for name in ("phone", "username")
        ]
    },
    "forgotPasswordMethods": ["PhoneVerificationCode"],
    "mfa": {"factors": ["Totp", "BackupCode"], "policy": "Mandatory"},
}
LOGO = "https://pictures.example/logo.svg"
NOBODY_SEES = {
    # Nobody signs up by username first, nor gives an address; codes are no second step here.
    "register-password",
    "missing-email",
    "missing-email-or-phone",
    "mfa-prove-phone",
    "mfa-prove-email",
}


@pytest.fixture
async def everything(site: Site) -> None:
    """Let the tenant use as many pages as one can."""
    await (await site.scope()).configuration.connectors.create(SYSTEM, "development-inbox", {})
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, EVERYTHING)
    shown = dict.fromkeys(("name", "profile", "phone", "password", "mfa", "session"), "Edit")
    await settings.save_account_center(SYSTEM, {"enabled": True, "fields": shown})


async def look(browser: Browser, screen: str, **how: str) -> Page:
    query = {"preview_screen": screen, **{f"preview_{name}": way for name, way in how.items()}}
    return Page(await browser.client.get(f"{PREVIEW}?{urlencode(query)}"))


async def try_out(browser: Browser, form: str, screen: str, **typed: str | None) -> Page:
    """Post a form of the console to the preview."""
    pairs = [pair for pair in browser.page.form(f"/{form}").pairs if pair[0] not in typed]
    pairs += [(name, value) for name, value in typed.items() if value is not None]
    pairs = [*(pair for pair in pairs if pair[0] != "preview_screen"), ("preview_screen", screen)]
    return Page(
        await browser.client.post(
            f"{PREVIEW}/{form}",
            content=urlencode(pairs),
            headers={**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"},
        )
    )


async def rows_of(site: Site) -> dict[str, list[str]]:
    """Return every row there is."""
    repository = ServerRepository(site.server.storage)
    return {name: sorted(map(str, await repository.all(dump))) for name, dump in DUMPS.items()}


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_every_page_is_drawn_with_every_phrase(
    owner: Browser, everything: None, language: str
) -> None:
    pages: dict[str, str] = {}
    for screen in SCREENS:
        page = await look(owner, screen, language=language)

        assert page.status == 200, screen
        assert f'<html lang="{language}"' in page.html, screen
        assert "pages." not in page.words, screen
        is_absent = ("Nobody sees this page" in page.words) or ("표시되지 않아요" in page.words)
        assert is_absent == (screen in NOBODY_SEES), screen
        if not is_absent:
            pages.setdefault(page.words, screen)

    # The code page is one, whoever waits for what.
    alike = set(SCREENS) - NOBODY_SEES - set(pages.values())
    assert alike == {"forgot-password-code"}


async def test_a_page_in_the_frame_posts_nothing_and_leads_nowhere(
    owner: Browser, everything: None
) -> None:
    for screen in SCREENS:
        page = await look(owner, screen)
        policy = page.response.headers["content-security-policy"].split("; ")

        assert "form-action 'none'" in policy
        assert "default-src 'none'" in policy
        assert not [rule for rule in policy if rule.startswith(("connect-src", "frame-src"))]
        assert "sandbox allow-scripts" in policy
        assert "frame-ancestors 'self'" in policy
        assert "<body inert>" in page.html, screen
        assert "set-cookie" not in page.response.headers


async def test_looking_writes_nothing(site: Site, owner: Browser, everything: None) -> None:
    await owner.open("sign-in-experience/branding")

    before = await rows_of(site)

    for screen in SCREENS:
        assert (await try_out(owner, "branding", screen, primaryColor="#123456")).status == 200

    assert await rows_of(site) == before


async def test_what_is_typed_is_drawn_before_it_is_saved(owner: Browser, everything: None) -> None:
    await owner.open("sign-in-experience/branding")

    page = await try_out(
        owner,
        "branding",
        "sign-in",
        primaryColor="#123456",
        logoUrl=LOGO,
        termsOfUseUrl="https://shop.example/terms",
        agreeToTermsPolicy="Manual",
        customCss="main { outline: 3px solid }",
    )

    assert "--accent:#123456" in page.html
    assert "main { outline: 3px solid }" in page.html
    assert 'name="agree"' in page.html
    assert 'name="agree"' not in (await look(owner, "sign-in")).html


async def test_a_picture_is_drawn_into_the_page_once_it_was_fetched(
    site: Site, owner: Browser, everything: None
) -> None:
    await owner.open("sign-in-experience/branding")
    before = await try_out(owner, "branding", "sign-in", logoUrl=LOGO)
    site.server.outbound.transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, content=b"<svg ></svg>")
    )
    await owner.submit("/branding", do="confirm", logoUrl=LOGO)

    await owner.open("sign-in-experience/branding")
    after = await try_out(owner, "branding", "sign-in", primaryColor="#123456")

    assert "<picture>" not in before.html
    assert 'src="data:image/svg+xml;base64,PHN2ZyA+PC9zdmc+"' in after.html
    for page in (before, after):
        assert LOGO not in page.html
        assert "img-src data:;" in page.response.headers["content-security-policy"]


async def test_half_a_colour_leaves_the_saved_one(owner: Browser, everything: None) -> None:
    await owner.open("sign-in-experience/branding")
    await owner.submit("/branding", do="confirm", primaryColor="#123456")
    await owner.open("sign-in-experience/branding")

    page = await try_out(
        owner, "branding", "sign-in", primaryColor="#65", logoUrl="https", termsOfUseUrl="x"
    )

    assert page.status == 200
    assert "--accent:#123456" in page.html


async def test_ways_to_sign_in_are_drawn_before_they_are_saved(
    owner: Browser, everything: None
) -> None:
    await owner.open("sign-in-experience/sign-up-and-sign-in")

    page = await try_out(owner, "sign-up-and-sign-in", "sign-in", mode="Register")
    assert "Nobody sees this page" in page.words
    page = await try_out(owner, "sign-up-and-sign-in", "sign-in", method="phone")
    assert 'autocomplete="tel"' in page.html or 'inputmode="tel"' in page.html


@pytest.mark.parametrize(("theme", "accent"), [("light", "#123456"), ("dark", "#abcdef")])
async def test_the_theme_is_the_one_asked_for(
    owner: Browser, everything: None, theme: str, accent: str
) -> None:
    await owner.open("sign-in-experience/branding")

    page = await try_out(
        owner,
        "branding",
        "sign-in",
        preview_theme=theme,
        primaryColor="#123456",
        darkPrimaryColor="#abcdef",
        isDarkModeEnabled="yes",
    )

    assert f'data-theme="{theme}"' in page.html
    last = re.findall(r":root\{--accent:(#\w+)", page.html)[-1]
    assert last == accent


async def test_without_a_dark_theme_dark_looks_light(owner: Browser, everything: None) -> None:
    await owner.open("sign-in-experience/branding")

    page = await try_out(
        owner,
        "branding",
        "sign-in",
        preview_theme="dark",
        primaryColor="#123456",
        isDarkModeEnabled=None,
    )

    assert 'data-theme="light"' in page.html


async def test_a_viewer_looks_at_what_is_saved(
    owner: Browser, invite: Invite, everything: None
) -> None:
    await owner.open("sign-in-experience/branding")
    viewer = await invite("viewer")

    page = await viewer.open("sign-in-experience/branding")
    assert "The real pages, with the saved settings." in page.words
    assert (await look(viewer, "code")).status == 200


async def test_what_there_is_not_becomes_what_comes_first(owner: Browser) -> None:
    await owner.open("get-started")

    page = await look(owner, "nowhere", language="xx", theme="pink")

    assert page.status == 200
    assert 'data-theme="light"' in page.html
    assert "Sign in" in page.words


async def test_strangers_see_no_preview(stranger: Browser) -> None:
    answer = await stranger.client.get(PREVIEW)

    assert answer.status_code == 303
    assert "/console/sign-in" in answer.headers["location"]


async def test_only_the_pages_with_a_preview_may_hold_a_frame(owner: Browser) -> None:
    await owner.open("get-started")
    assert "frame-src" not in owner.page.response.headers["content-security-policy"]

    await owner.open("sign-in-experience/branding")
    assert "frame-src 'self'" in owner.page.response.headers["content-security-policy"]
    assert 'sandbox="allow-scripts"' in owner.page.html
