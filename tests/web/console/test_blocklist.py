"""Security, blocklist: which e-mail addresses no account may have."""

import pytest

from tests.web.console.conftest import Browser, Site
from watchword.audit.models import SYSTEM
from watchword.sign_in_settings.errors import EmailNotAllowed, SubaddressNotAllowed
from watchword.sign_in_settings.service import check_email

PAGE = "security/blocklist"


async def test_what_changes_is_shown_by_the_line_and_then_holds(site: Site, owner: Browser) -> None:
    settings = (await site.scope()).configuration.settings
    kept = {"customBlocklist": ["@old.example", "@kept.example"]}
    await settings.save_sign_in(SYSTEM, {"emailBlocklistPolicy": kept})
    await owner.open(PAGE)

    page = await owner.submit(
        PAGE, blockSubaddressing="yes", customBlocklist="@kept.example\r\n\r\nBob@New.example\r\n"
    )

    assert "1 line removed @old.example 1 line added bob@new.example" in page.words
    assert "Refuse addresses with a plus sign" in page.words
    page = await owner.submit(PAGE, do="confirm")
    assert "Saved." in page.words
    now = (await site.scope()).settings
    check_email(now, "ada@old.example")
    for address in ("ada@kept.example", "bob@new.example"):
        with pytest.raises(EmailNotAllowed):
            check_email(now, address)
    with pytest.raises(SubaddressNotAllowed):
        check_email(now, "ada+1@old.example")


async def test_a_list_of_what_is_allowed_refuses_the_rest_and_goes_again(
    site: Site, owner: Browser
) -> None:
    await owner.open(PAGE)
    await owner.submit(PAGE, do="confirm", customAllowlist="@ours.example")
    with pytest.raises(EmailNotAllowed):
        check_email((await site.scope()).settings, "ada@example.com")

    await owner.submit(PAGE, do="confirm", customAllowlist="")

    check_email((await site.scope()).settings, "ada@example.com")


async def test_what_is_wrong_is_said_by_its_line_and_nothing_is_lost(
    site: Site, owner: Browser
) -> None:
    await owner.open(PAGE)

    page = await owner.submit(PAGE, customBlocklist="@good.example\nexample.com\n@nothing")

    assert page.status == 422
    assert "Line 2: “example.com” is no address, and a domain begins with @." in page.words
    assert "Line 3: “@nothing”" in page.words
    assert "example.com" in dict(page.form(PAGE).pairs)["customBlocklist"]
    page = await owner.submit(PAGE, customBlocklist="\n".join(f"@{n}.example" for n in range(1001)))
    assert "1,000 entries at most" in page.words
    assert (await (await site.scope()).configuration.history()).total == 0
