"""The account center in the console: opened, field by field, and nobody's change overwritten."""

from tests.web.console.conftest import HOME, Browser, Site
from watchword.audit.models import SYSTEM

PAGE = f"{HOME}/account-center"


async def test_a_new_tenants_account_center_is_closed_and_opens_with_what_is_chosen(
    site: Site, owner: Browser
) -> None:
    await owner.open("account-center")
    assert not (await site.scope()).account_center.enabled

    await owner.submit(
        PAGE,
        enabled="yes",
        field_phone="Edit",
        field_email="ReadOnly",
        delete_account_url="https://shop.example.com/goodbye",
    )

    settings = (await site.scope()).account_center
    assert settings.enabled
    assert settings.lets_edit("phone")
    assert settings.shows("email")
    assert not settings.lets_edit("email")
    assert not settings.shows("password")
    assert settings.delete_account_url == "https://shop.example.com/goodbye"


async def test_what_a_script_has_set_beside_the_page_stays(site: Site, owner: Browser) -> None:
    settings = (await site.scope()).configuration.settings
    beside = {"fields": {"passkey": "Edit"}, "customCss": "a{color:red}"}
    await settings.save_account_center(SYSTEM, beside)
    await owner.open("account-center")

    await owner.submit(PAGE, enabled="yes", field_phone="Edit", field_name="Anything")

    saved = (await site.scope()).account_center
    assert saved.fields["passkey"] == saved.fields["phone"] == "Edit"
    assert saved.fields.get("name", "Off") == "Off"
    assert saved.custom_css == "a{color:red}"


async def test_an_address_that_is_none_is_refused_and_the_form_stays(
    site: Site, owner: Browser
) -> None:
    await owner.open("account-center")

    await owner.submit(
        PAGE, enabled="yes", field_phone="Edit", delete_account_url="javascript:alert(1)"
    )

    assert owner.page.status == 422
    assert "needs an address" in owner.page.words
    assert {("field_phone", "Edit"), ("enabled", "yes")} <= set(owner.page.form(PAGE).pairs)
    assert not (await site.scope()).account_center.enabled


async def test_a_change_of_somebody_else_is_not_overwritten(site: Site, owner: Browser) -> None:
    await owner.open("account-center")
    settings = (await site.scope()).configuration.settings
    await settings.save_account_center(SYSTEM, {"enabled": True})

    await owner.submit(PAGE, field_phone="Edit")

    assert owner.page.status == 422
    assert (await site.scope()).account_center.enabled
