"""The account centre in the console: what people see and change, before and after."""

from tests.web.console.conftest import HOME, Browser, Invite, Site
from watchword.audit.models import SYSTEM

PAGE = f"{HOME}/sign-in-experience/account-center"
ON = {"enabled": "yes", "field.phone": "Edit", "field.name": "ReadOnly"}


async def test_before_and_after_are_shown_and_then_saved(site: Site, owner: Browser) -> None:
    await owner.open(PAGE)

    page = await owner.submit("/account-center", **ON)

    assert "Save these changes?" in page.words
    assert "<ins>Shown and changed</ins>" in page.html
    assert page.html.count("<ins>") == len(ON)
    assert not (await site.scope()).account_center.enabled
    page = await owner.submit("/account-center", do="confirm")
    assert "Saved." in page.words
    settings = (await site.scope()).account_center
    assert settings.enabled
    assert settings.lets_edit("phone")
    assert settings.shows("name")
    assert not settings.lets_edit("name")


async def test_what_a_script_has_set_stays(site: Site, owner: Browser) -> None:
    saving = (await site.scope()).configuration.settings
    await saving.save_account_center(
        SYSTEM, {"fields": {"passkey": "Edit"}, "webauthnRelatedOrigins": ["https://a.example"]}
    )
    await owner.open(PAGE)

    await owner.submit("/account-center", do="confirm", **ON)

    settings = (await site.scope()).account_center
    assert settings.lets_edit("passkey")
    assert settings.webauthn_related_origins == ("https://a.example",)


async def test_what_is_wrong_is_said_at_its_field(site: Site, owner: Browser) -> None:
    await owner.open(PAGE)

    page = await owner.submit("/account-center", deleteAccountUrl="javascript:alert(1)", **ON)
    assert page.status == 422
    assert "An address begins with" in page.words
    page = await owner.submit("/account-center", deleteAccountUrl="", customCss="a {")
    assert page.status == 422
    assert "Line 1: { is not closed." in page.words
    assert ("field.phone", "Edit") in page.form("/account-center").pairs

    assert not (await site.scope()).account_center.enabled


async def test_a_change_of_somebody_else_is_shown(site: Site, owner: Browser) -> None:
    await owner.open(PAGE)
    await (await site.scope()).configuration.settings.save_account_center(
        SYSTEM, {"deleteAccountUrl": "https://shop.example/goodbye"}
    )

    page = await owner.submit("/account-center", do="confirm", **ON)

    assert page.status == 409
    assert "https://shop.example/goodbye" in page.words
    assert not (await site.scope()).account_center.enabled


async def test_a_field_that_can_not_be_proved_says_what_lacks(owner: Browser) -> None:
    await owner.open(PAGE)
    await owner.submit("/account-center", do="confirm", **ON)

    page = await owner.open(PAGE)

    assert "No SMS connector is set up" in page.words
    assert "http://localhost:3001/account/phone" in page.words


async def test_a_viewer_looks_and_changes_nothing(site: Site, invite: Invite) -> None:
    viewer = await invite("viewer")
    await viewer.open(PAGE)

    page = await viewer.submit("/account-center", do="confirm", **ON)

    assert page.status == 403
    assert not (await site.scope()).account_center.enabled
