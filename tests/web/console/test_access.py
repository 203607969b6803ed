"""Coming in: the set-up link, sign-in, roles, proof of identity, forged posts."""

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest

from tests.web.console.conftest import (
    HOME,
    ORIGIN,
    PASSWORD,
    SAME_ORIGIN,
    Browser,
    Invite,
    Site,
)
from watchword.audit.models import SYSTEM
from watchword.tenants.models import TenantTag


@pytest.mark.proves("S124")
async def test_the_set_up_link_makes_an_owner_once(site: Site, stranger: Browser) -> None:
    token = await site.server.operators.mint_setup_token()
    page = await stranger.open(f"/console/setup?token={token}")
    assert page.response.headers["referrer-policy"] == "no-referrer"

    await stranger.submit("/console/setup", username="Ada", password=PASSWORD)
    assert stranger.page.address == f"{ORIGIN}{HOME}/get-started"

    again = await stranger.open(f"/console/setup?token={token}")
    assert again.status == 410
    assert "doesn't work" in again.words


async def test_a_refused_password_keeps_what_was_typed(site: Site, stranger: Browser) -> None:
    token = await site.server.operators.mint_setup_token()
    await stranger.open(f"/console/setup?token={token}")

    page = await stranger.submit("/console/setup", username="ada", password="password")

    assert page.status == 422
    assert ("username", "ada") in page.form("/console/setup").pairs
    assert "first that anyone tries" in page.words


async def test_before_the_first_operator_the_console_says_how_to_make_one(
    stranger: Browser,
) -> None:
    page = await stranger.open("/console")

    assert "watchword operators invite --owner" in page.words


async def test_signing_in_leads_back_to_the_page_that_was_asked_for(
    owner: Browser, stranger: Browser
) -> None:
    page = await stranger.open("messages")
    assert "/console/sign-in" in page.address

    await stranger.submit("/console/sign-in", username="owner", password=PASSWORD)

    assert stranger.page.address.endswith(f"{HOME}/messages")


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_signing_in_leads_to_the_console_only(
    owner: Browser, stranger: Browser, target: str
) -> None:
    await stranger.open("/console/sign-in")

    answer = await stranger.post(
        "/console/sign-in", username="owner", password=PASSWORD, next=target
    )

    assert answer.headers["location"] == f"{HOME}/get-started"


async def test_a_wrong_password_and_an_unknown_name_read_the_same(
    owner: Browser, stranger: Browser
) -> None:
    answers = []
    for name in ("owner", "nobody"):
        await stranger.open("/console/sign-in")
        page = await stranger.submit("/console/sign-in", username=name, password="wrong password")
        answers.append((page.status, page.words))

    assert answers[0] == answers[1]
    assert answers[0][0] == 422


@pytest.mark.proves("S121")
async def test_signing_out_ends_the_session_on_the_server(owner: Browser) -> None:
    cookie = owner.client.cookies["_console"]
    await owner.open("get-started")
    await owner.submit("/console/sign-out")
    owner.client.cookies.set("_console", cookie)

    page = await owner.open("get-started")

    assert "/console/sign-in" in page.address


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://acme.localhost:3001", "Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.proves("S125")
async def test_posts_from_elsewhere_are_refused(owner: Browser, headers: dict[str, str]) -> None:
    await owner.open("security")
    form = owner.page.form("/security/preset")

    answer = await owner.client.post(
        form.action, data={**dict(form.pairs), "preset": "strict", "do": "confirm"}, headers=headers
    )

    assert answer.status_code == 403


@pytest.mark.proves("S125")
async def test_a_post_without_the_sessions_token_is_refused(site: Site, owner: Browser) -> None:
    await owner.open("security")
    for token in ("", "x" * 43, "é"):
        answer = await owner.post("/security/preset", preset="strict", do="confirm", csrf=token)
        assert answer.status_code == 403

    assert not (await site.scope()).guard_policy.is_strict


async def test_a_viewer_looks_and_changes_nothing(site: Site, invite: Invite) -> None:
    viewer = await invite("viewer")
    assert (await viewer.open("security")).status == 200

    answer = await viewer.post("/security/preset", preset="strict", do="confirm")

    assert answer.status_code == 403
    assert not (await site.scope()).guard_policy.is_strict


async def test_only_owners_see_operators(invite: Invite) -> None:
    editor = await invite("editor")

    assert (await editor.open("operators")).status == 403


async def test_an_old_proof_of_identity_is_renewed_and_the_change_goes_through(
    site: Site, owner: Browser
) -> None:
    await owner.open("operators")
    site.clock.advance(timedelta(minutes=31))

    page = await owner.submit("/operators/invite", role="viewer")
    assert page.status == 403
    before = owner.client.cookies["_console"]
    page = await owner.submit("/operators/invite", _password="not this one")
    assert page.status == 403
    page = await owner.submit("/operators/invite", _password=PASSWORD)

    assert "/console/setup?token=" in page.words
    assert owner.client.cookies["_console"] != before


@pytest.mark.proves("S136")
async def test_a_second_factor_is_asked_for_and_nothing_goes_around_it(
    site: Site, owner: Browser, new_browser: Callable[..., Browser]
) -> None:
    await owner.open("profile")
    page = await owner.submit("/second-factor/begin")
    sealed = dict(page.form("/second-factor/enable").pairs)["sealed"]
    (operator,) = await site.server.operators.list()
    secret = site.server.operators.resume_totp(operator, sealed).secret
    totp = pyotp.TOTP(secret)
    page = await owner.submit("/second-factor/enable", code=totp.at(site.clock.now()))
    assert "recovery codes" in page.words
    site.clock.advance(timedelta(minutes=1))

    other = new_browser()
    await other.open("/console/sign-in")
    await other.submit("/console/sign-in", username="owner", password=PASSWORD)
    assert "second-factor" in other.page.address
    assert "second-factor" in (await other.open("connectors")).address
    await other.submit("/console/second-factor", code="000000")
    assert other.page.status == 422
    await other.submit("/console/second-factor", code=totp.at(site.clock.now()))

    assert (await other.open("connectors")).status == 200


async def test_the_console_is_on_the_public_host_only(
    site: Site, owner: Browser, new_browser: Callable[..., Browser]
) -> None:
    await site.server.directory.create("acme", "Acme", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    elsewhere = new_browser(base_url="http://acme.localhost:3001")

    assert (await elsewhere.client.get("/console/sign-in")).status_code == 404
    assert (await owner.open("/console/acme/get-started")).status == 200
    assert (await owner.open("/console/nobody/get-started")).status == 404


async def test_pages_speak_the_chosen_language(owner: Browser) -> None:
    await owner.open("get-started")

    page = await owner.submit("/console/appearance", language="ko")

    assert "시작하기" in page.words
    assert '<html lang="ko"' in page.html


async def test_sign_in_speaks_the_language_that_is_asked_for(
    owner: Browser, stranger: Browser
) -> None:
    await stranger.open("/console/sign-in?lang=ko")

    page = await stranger.open("/console/sign-in")

    assert "콘솔 로그인" in page.words


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_every_page_is_drawn_with_every_phrase(owner: Browser, language: str) -> None:
    cases: list[str] = [
        "get-started",
        "connectors",
        "connectors/set-up",
        "sign-in-experience/sign-up-and-sign-in",
        "sign-in-experience/branding",
        "sign-in-experience/content",
        "sign-in-experience/content/ko",
        "sign-in-experience/history",
        "mfa",
        "applications",
        "applications/new",
        "security",
        "security/history",
        "users",
        "messages",
        "inbox",
        "audit-log",
        "profile",
        "operators",
    ]
    await owner.open("get-started")
    await owner.submit("/console/appearance", language=language)

    for path in cases:
        page = await owner.open(path)

        assert page.status == 200, path
        assert not re.search(r"\bconsole\.(?!created)\w", page.words), path
        assert " style=" not in page.html, path
        assert "<style" not in page.html, path
        assert " onclick" not in page.html, path


async def test_what_is_not_there_is_a_page_that_says_so(owner: Browser) -> None:
    cases: list[str] = [
        "messages/nothing",
        "users/nothing",
        "applications/nothing",
        "connectors/nothing",
        "connectors/nothing/history",
        "connectors/set-up/nothing",
    ]
    for path in cases:
        page = await owner.open(path)

        assert 400 <= page.status < 500, path
        assert ("Not found" if page.status == 404 else "That didn't work") in page.words, path


async def test_an_address_of_nothing_speaks_as_the_console_does(owner: Browser) -> None:
    korean = {"Accept-Language": "ko"}

    for address in ("/console/nothing", f"{HOME}/no/such/page", "/console/nobody/messages"):
        english = await owner.client.get(address)
        said = (await owner.client.get(address, headers=korean)).text

        assert english.status_code == 404
        assert "There is no such page" in english.text
        assert 'href="/console"' in english.text
        assert "주소를 확인하거나 콘솔 첫 화면에서 다시 시작하세요." in said
        assert "어요" not in said
        assert "아요" not in said


async def test_a_tenant_sees_only_its_own_rows(site: Site, owner: Browser) -> None:
    await site.server.directory.create("acme", "Acme", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    saved = await (await site.scope()).configuration.connectors.create(
        SYSTEM, "development-inbox", {}
    )
    assert (await owner.open(f"connectors/{saved.id}")).status == 200

    for path in ("", "/history", "/guide", "/delete"):
        page = await owner.open(f"/console/acme/connectors/{saved.id}{path}")
        assert page.status == 404


async def test_a_long_body_is_refused(owner: Browser) -> None:
    await owner.open("security")
    csrf = dict(owner.page.forms[0].pairs)["csrf"]

    answer = await owner.client.post(
        f"{HOME}/security/preset",
        data={"csrf": csrf, "preset": "x" * (1024 * 1024)},
        headers=SAME_ORIGIN,
    )

    assert answer.status_code == 413
