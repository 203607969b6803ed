"""A provider in a real browser: set up in the console, signed in by, linked to an account.

The provider is another server of ours, as a process of its own.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.site import Site, running_site
from tests.browser.test_first_story import (
    NARROW,
    WIDE,
    Look,
    Walk,
    ask_for_a_code,
    see_claims,
    set_the_console_up,
    type_code,
)
from tests.journeys.provider import running_provider
from tests.journeys.server import Installation
from tests.journeys.test_webhooks import manage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONES = {WIDE: "14155550177", NARROW: "14155550178"}


@pytest.fixture(scope="module")
def issuer(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Any]]:
    """Return the provider's installation, running, and where its messages arrive."""
    folder = tmp_path_factory.mktemp("provider")
    copy(sqlite_template, folder / "provider.db")
    provider = Installation(f"sqlite:///{folder}/provider.db", folder)
    with running_provider() as messages:
        provider.seed_phone_sign_in(messages.url)
        with provider.server():
            yield provider, messages


def created(installation: Installation, *arguments: str) -> dict[str, str]:
    """Register an application from the terminal."""
    made: dict[str, str] = json.loads(
        installation.command("apps", "create", *arguments, "--json").stdout
    )
    return made


def add_accounts(installation: Installation) -> None:
    """Make accounts with the numbers, as a script of the tenant's would, and ask for no more."""
    installation.seed(
        signIn={
            "signUp": {"identifiers": [], "password": False, "verify": False},
            "signIn": {"methods": []},
        }
    )
    with manage(installation, installation.origin) as api:
        for phone in PHONES.values():
            assert api.post("/api/users", json={"primaryPhone": phone}).is_success


def set_acme_up(admin: Walk, provider: Installation) -> None:
    """Connectors: the guide, the address to copy, the form, and save."""
    page = admin.page
    admin.go("console.nav.connectors")
    admin.link("console.social.tab").click()
    admin.says("console.social.none")
    admin.take("social-none")
    admin.link("console.social.add").click()
    page.get_by_role("link", name=re.compile("OpenID Connect")).click()
    callback = page.get_by_text(re.compile(r"^http\S+/callback/\S+$")).first.inner_text()
    arguments = ("--name", "Ours", "--type", "Traditional", "--redirect-uri", callback)
    client = created(provider, *arguments)
    page.locator("[name=target]").fill("acme")
    page.locator("[name=name_en]").fill("Acme")
    page.locator("[name=issuer]").fill(f"{provider.origin}/oidc")
    page.locator("[name=clientId]").fill(client["id"])
    page.locator("[name=clientSecret]").fill(client["secret"])
    page.locator("[name=scope]").fill("openid phone")
    admin.take("social-form")
    admin.button("console.guide.save").click()
    admin.says("console.social.now_offer")
    admin.take("social-connector")


def offer_acme(admin: Walk) -> None:
    """Sign-in experience: put the button on the sign-in page."""
    page = admin.page
    admin.go("console.nav.sign_in_experience")
    page.locator("button[value='add-social:acme']").click()
    expect(page.locator("[name=social][value=acme]")).to_have_count(1)
    admin.button("console.save").click()
    admin.says("console.sign_in_experience.confirm_title")
    admin.confirm()
    admin.take("social-offered")


@pytest.fixture(scope="module")
def site(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    issuer: tuple[Installation, Any],
) -> Iterator[Site]:
    """Return a running server where an administrator lets people sign in by the provider."""
    provider, _ = issuer
    with running_site(sqlite_template, tmp_path_factory.mktemp("site")) as site:
        add_accounts(site.installation)
        admin = Walk(site.browser, NARROW)
        set_the_console_up(admin, site.server)
        set_acme_up(admin, provider)
        offer_acme(admin)
        assert admin.complaints.lines == []
        admin.context.close()
        yield site


@pytest.mark.parametrize("look", [WIDE, NARROW], ids=lambda look: look.name)
def test_a_person_signs_in_by_a_provider_and_links_the_account_of_their_number(
    site: Site, issuer: tuple[Installation, Any], look: Look
) -> None:
    provider, messages = issuer
    phone = PHONES[look]
    walk = Walk(site.browser, look)
    walk.page.goto(f"{site.origin}/demo-app")

    walk.button("demo_app.sign_in").click()
    expect(walk.button("pages.social.button", provider="Acme")).to_be_visible()
    walk.take("social-sign-in")
    walk.button("pages.social.button", provider="Acme").click()
    expect(walk.page).to_have_url(re.compile(f"^{provider.origin}/sign-in"))
    ask_for_a_code(walk, f"+{phone}")
    type_code(walk, messages.next_code(phone))
    walk.button("pages.no_account.button").click()

    walk.says("pages.social_link.related.title")
    assert phone[-7:] not in walk.page.content()
    walk.take("social-link")
    walk.button("pages.social_link.link").click()
    see_claims(walk, f"+{phone}")

    # From now on the provider's word is enough, and nobody is asked anything.
    walk.button("demo_app.sign_out").click()
    walk.says("demo_app.signed_out.after")
    walk.button("demo_app.sign_in_again").click()
    walk.button("pages.social.button", provider="Acme").click()
    see_claims(walk, f"+{phone}")
    assert walk.complaints.lines == []
    walk.context.close()
