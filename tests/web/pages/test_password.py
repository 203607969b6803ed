"""User names and passwords, and what an account still lacks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.web.pages.browser import Browser
from tests.web.pages.conftest import DIGITS, PHONE, Site, authorization

GOOD = "correct horse 42 staple"


def method(identifier: str, **changes: bool) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "password": True,
        "verificationCode": identifier == "phone",
        "isPasswordPrimary": True,
        **changes,
    }


BY_USERNAME = {
    "signUp": {"identifiers": ["username"], "password": True, "verify": False},
    "signIn": {"methods": [method("username")]},
}
USERNAME_AND_PHONE = {
    "signUp": {
        "identifiers": ["username"],
        "password": True,
        "verify": False,
        "secondaryIdentifiers": [{"identifier": "phone", "verify": True}],
    },
    "signIn": {"methods": [method("username"), method("phone", isPasswordPrimary=False)]},
}


async def sign_up(browser: Browser, name: str = "alice", password: str = GOOD) -> Browser:
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier=name)
    return await browser.submit(password=password)


async def test_a_user_name_signs_up_and_in(site: Site, new_browser: Callable[[], Browser]) -> None:
    await site.settle(**BY_USERNAME)
    assert (await sign_up(new_browser())).is_signed_in

    browser = await new_browser().open(authorization())
    assert set(browser.page.inputs) == {"token", "identifier", "password"}
    await browser.submit(identifier="alice", password="wrong")
    assert browser.page.status == 422
    assert browser.page.inputs["password"]["aria-invalid"] == "true"
    assert browser.page.inputs["identifier"]["value"] == "alice"
    assert "value" not in browser.page.inputs["password"]
    await browser.submit(password=GOOD)
    assert browser.is_signed_in


async def test_unknown_names_and_wrong_passwords_look_alike(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    await site.settle(**BY_USERNAME)
    await sign_up(new_browser())

    seen = []
    for name in ("alice", "nobody"):
        browser = await new_browser().open(authorization())
        await browser.submit(identifier=name, password="wrong")
        seen.append((browser.page.status, browser.page.words))
    assert seen[0] == seen[1]


async def test_a_taken_or_impossible_user_name_is_said_before_a_password_is_asked(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    await site.settle(**BY_USERNAME)
    await sign_up(new_browser())

    for name, status in (("alice", 422), ("1alice", 422), ("", 400)):
        browser = await new_browser().open(authorization(first_screen="register"))
        await browser.submit(identifier=name)
        assert browser.page.path == "/register"
        assert browser.page.status in {status, 400}
        assert browser.page.inputs["identifier"]["aria-invalid"] == "true"


async def test_a_weak_password_is_refused_with_what_to_mend(site: Site, browser: Browser) -> None:
    await site.settle(**BY_USERNAME)

    await sign_up(browser, password="short")

    assert browser.page.status == 422
    assert "at least 8 characters" in browser.page.words
    await browser.submit(password=GOOD)
    assert browser.is_signed_in


async def test_sign_up_asks_for_a_second_identifier_after_the_first(
    site: Site, browser: Browser
) -> None:
    await site.settle(**USERNAME_AND_PHONE)

    await sign_up(browser)
    assert browser.page.path == "/continue/phone"
    await browser.submit(identifier=PHONE, country="KR")
    assert browser.page.path == "/continue/verification-code"
    await browser.submit(code=site.provider.code)

    assert browser.is_signed_in
    assert await site.phones() == [DIGITS]


async def test_an_unknown_number_gives_the_account_all_it_needs(
    site: Site, browser: Browser
) -> None:
    await site.settle(**USERNAME_AND_PHONE)

    await browser.open(authorization())
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/sign-in/no-account"
    await browser.submit()
    assert browser.page.path == "/continue/username"
    await browser.submit(identifier="bob")
    assert browser.page.path == "/continue/password"
    await browser.submit(password=GOOD)

    assert browser.is_signed_in
    assert len(site.provider.messages) == 1


async def test_an_existing_account_is_asked_for_what_became_needed(
    site: Site, new_browser: Callable[[], Browser]
) -> None:
    await site.settle(**BY_USERNAME)
    await sign_up(new_browser())
    await site.settle(**USERNAME_AND_PHONE)

    browser = await new_browser().open(authorization())
    await browser.submit(identifier="alice")
    assert "alice" in browser.page.words
    await browser.submit(password=GOOD)
    assert browser.page.path == "/continue/phone"
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=site.provider.code)
    assert browser.is_signed_in
    assert await site.phones() == [DIGITS]

    again = await new_browser().open(authorization())
    await again.submit(identifier=PHONE, country="KR")
    await again.open(next(link for link in again.page.links if "/sign-in/password" in link))
    await again.submit(password=GOOD)
    assert again.is_signed_in


async def test_the_primary_way_comes_first_and_the_other_is_a_link_away(
    site: Site, browser: Browser
) -> None:
    await site.settle(
        signUp={"identifiers": ["phone"], "password": True, "verify": True},
        signIn={"methods": [method("phone")]},
    )
    await browser.open(authorization())
    await browser.submit(identifier=PHONE, country="KR")
    assert "<h1>Enter your password</h1>" in browser.page.html
    assert not site.provider.messages

    await browser.submit(form=1, way="code")

    assert browser.page.path == "/sign-in/verification-code"
    assert len(site.provider.messages) == 1


async def test_sign_up_by_phone_asks_for_the_password_it_needs(
    site: Site, browser: Browser
) -> None:
    await site.settle(
        signUp={"identifiers": ["phone"], "password": True, "verify": True},
        signIn={"methods": [method("phone")]},
    )
    await browser.open(authorization(first_screen="register"))
    await browser.submit(identifier=PHONE, country="KR")
    await browser.submit(code=site.provider.code)
    assert browser.page.path == "/continue/password"
    await browser.submit(password="12345678")
    assert browser.page.status == 422
    await browser.submit(password=GOOD)

    assert browser.is_signed_in


@pytest.mark.parametrize(
    ("mode", "first", "other"),
    [("SignIn", "/sign-in", "/register"), ("Register", "/register", "/sign-in")],
)
async def test_what_the_mode_excludes_is_not_offered(
    site: Site, browser: Browser, mode: str, first: str, other: str
) -> None:
    await site.settle(signInMode=mode)
    await browser.open(authorization())
    assert browser.page.path == first
    assert not any(link.startswith(other) for link in browser.page.links)

    await browser.open(f"{other}?app_id=demo-app")
    assert browser.page.path == first
