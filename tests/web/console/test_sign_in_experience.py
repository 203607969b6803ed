"""Sign-up and sign-in in the console: what its form does, and what it saves."""

import re

import httpx2
import pytest

from tests.web.console.conftest import HOME, Browser, Page, Site
from watchword.audit.models import SYSTEM

METHODS = "sign-in-experience/sign-up-and-sign-in"
SAVE = "/sign-up-and-sign-in"


@pytest.fixture
async def with_connector(site: Site) -> None:
    await (await site.scope()).configuration.connectors.create(SYSTEM, "development-inbox", {})


def listed(page: Page, name: str) -> list[str]:
    return [value for key, value in page.form(SAVE).pairs if key == name]


def rows(page: Page) -> list[str]:
    """Return what a table of changes names."""
    return re.findall(r'<th scope="row">(.*?)</th>', page.html)


async def test_adding_a_phone_adds_the_way_to_sign_in_and_forces_verification(
    site: Site, owner: Browser, with_connector: None
) -> None:
    await owner.open(METHODS)

    page = await owner.submit(SAVE, do="add-sign-up:phone")
    assert listed(page, "sign_up") == ["username", "phone"]
    assert listed(page, "method") == ["username", "phone"]
    page = await owner.submit(SAVE, do="remove-sign-up:username")
    page = await owner.submit(SAVE, do="edit", sign_up_password=None)
    assert "Verification code" in page.words
    page = await owner.submit(SAVE, do="save")
    assert "Save these changes?" in page.words
    assert sorted(rows(page)) == [
        *("Create a password", "Password recovery", "Sign-in", "Sign-up", "Verify at sign-up"),
    ]
    assert "Phone number: Verification code, Password" in page.words
    await owner.submit(SAVE, do="confirm")

    settings = (await site.scope()).settings
    assert settings.sign_up.identifiers == ("phone",)
    assert settings.sign_up.verify
    method = settings.sign_in.method("phone")
    assert method is not None
    assert method.verification_code
    assert not method.is_password_primary


async def test_recovery_by_whatever_can_be_sent_stays_so(
    site: Site, owner: Browser, with_connector: None
) -> None:
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, {"forgotPasswordMethods": None})
    await owner.open(METHODS)

    page = await owner.submit(SAVE, do="save", mode="SignIn")
    assert rows(page) == ["Who may come in"]
    await owner.submit(SAVE, do="confirm")

    assert (await site.scope()).settings.forgot_password_methods is None


async def test_without_a_connector_the_page_warns_and_saving_is_refused(
    site: Site, owner: Browser
) -> None:
    await owner.open(METHODS)

    page = await owner.submit(SAVE, do="add-sign-up:phone")
    assert "No SMS connector is set up" in page.words
    assert f"{HOME}/connectors/set-up" in page.links
    page = await owner.submit(SAVE, do="save")

    assert page.status == 422
    assert listed(page, "sign_up") == ["username", "phone"]
    assert (await site.scope()).settings.sign_up.identifiers == ("username",)


async def test_email_is_not_offered_where_it_cannot_be_set_up(owner: Browser) -> None:
    page = await owner.open(METHODS)

    assert "add-sign-up:email" not in page.html
    assert "add-sign-in:email" not in page.html


async def test_the_order_is_changed_by_buttons(owner: Browser, with_connector: None) -> None:
    await owner.open(METHODS)
    await owner.submit(SAVE, do="add-sign-in:phone")

    page = await owner.submit(SAVE, do="up:phone")
    assert listed(page, "method") == ["phone", "username"]
    page = await owner.submit(SAVE, do="up:phone")
    assert listed(page, "method") == ["phone", "username"]
    page = await owner.submit(SAVE, do="swap:phone")
    assert listed(page, "phone_first") == ["code"]


async def test_someone_elses_change_is_said_and_the_form_stays(
    site: Site, owner: Browser, with_connector: None
) -> None:
    await owner.open(METHODS)
    await (await site.scope()).configuration.settings.save_sign_in(SYSTEM, {"signInMode": "SignIn"})
    await owner.submit(SAVE, do="add-sign-up:phone")

    page = await owner.submit(SAVE, do="confirm")

    assert page.status == 409
    assert listed(page, "sign_up") == ["username", "phone"]


async def test_one_button_asks_for_a_phone_number_and_a_code_alone(
    site: Site, owner: Browser, with_connector: None
) -> None:
    await owner.open(METHODS)

    page = await owner.submit(SAVE, do="phone-alone")

    assert listed(page, "sign_up") == listed(page, "method") == ["phone"]
    assert "Phone number and code alone" not in page.words
    await owner.submit(SAVE, do="confirm")
    settings = (await site.scope()).settings
    assert not settings.sign_up.password
    [method] = settings.sign_in.methods
    assert (method.identifier, method.password, method.verification_code) == ("phone", False, True)


async def test_without_a_connector_a_phone_number_alone_is_not_offered(owner: Browser) -> None:
    assert "Phone number and code alone" not in (await owner.open(METHODS)).words


async def test_an_unknown_button_changes_nothing(owner: Browser) -> None:
    cases: list[str] = ["", "up", "up:", "up:nobody", "add-sign-up:x", "x:phone", ":"]
    for action in cases:
        await owner.open(METHODS)

        page = await owner.submit(SAVE, do=action, sign_up="username")

        assert page.status == 200, action
        assert listed(page, "sign_up") == ["username"], action


async def test_saving_with_htmx_leads_on_by_a_header(
    site: Site, owner: Browser, with_connector: None
) -> None:
    await owner.open(METHODS)
    await owner.submit(SAVE, do="add-sign-up:phone")
    owner.client.headers["HX-Request"] = "true"

    answer = await owner.post(SAVE, do="confirm")

    assert answer.status_code == 204
    assert answer.headers["hx-redirect"].startswith(f"{HOME}/{METHODS}")


async def test_branding_is_saved_and_mistakes_are_shown_at_their_fields(
    site: Site, owner: Browser
) -> None:
    await owner.open("sign-in-experience/branding")
    page = await owner.submit(
        "/branding", primaryColor="green", logoUrl="javascript:alert(1)", termsOfUseUrl=""
    )
    assert page.status == 422
    assert "A colour is #" in page.words
    assert "An address begins with" in page.words

    page = await owner.submit(
        "/branding", do="confirm", primaryColor="#0b6e4f", logoUrl="https://example.com/logo.svg"
    )

    assert "Saved." in page.words
    settings = (await site.scope()).settings
    assert settings.color.primary_color == "#0b6e4f"
    assert settings.branding.logo_url == "https://example.com/logo.svg"


async def test_branding_shows_before_and_after_in_words_and_can_be_left(
    site: Site, owner: Browser
) -> None:
    settings = (await site.scope()).configuration.settings
    await settings.save_sign_in(SYSTEM, {"customCss": "main { margin: 0 }\nh1 { margin: 0 }"})
    await owner.open("sign-in-experience/branding")

    page = await owner.submit(
        "/branding",
        primaryColor="#0b6e4f",
        logoUrl="https://example.com/logo.svg",
        customCss="main { margin: 0 }\nh1 { margin: 1px }\nh2 { margin: 0 }",
    )

    assert "Save these changes?" in page.words
    assert "1 line removed h1 { margin: 0 } 2 lines added h1 { margin: 1px }" in page.words
    assert 'fill="#0b6e4f"' in page.html
    assert "Logo empty https://example.com/logo.svg" in page.words
    assert "{}" not in page.words
    page = await owner.submit("/branding", do="edit")
    assert "Save these changes?" not in page.words
    assert ("primaryColor", "#0b6e4f") in page.form("/branding").pairs
    assert (await site.scope()).settings.branding.logo_url is None
    await owner.submit("/branding", do="confirm")
    assert (await site.scope()).settings.color.primary_color == "#0b6e4f"


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("https://example.com/logo.svg", 404, "its server answered with an error"),
        ("https://example.com/logo.svg", 301, "the address leads on to another"),
        ("https://example.com/logo.svg", 200, "what is there is no PNG"),
        ("https://10.0.0.1/logo.svg", None, "leads into a private network"),
    ],
)
async def test_a_picture_that_pages_cannot_show_is_saved_and_its_field_says_why(
    site: Site, owner: Browser, address: str, status: int | None, words: str
) -> None:
    if status is not None:
        site.server.outbound.transport = httpx2.MockTransport(
            lambda _: httpx2.Response(status, content=b"<p>Hello")
        )
    await owner.open("sign-in-experience/branding")

    page = await owner.submit("/branding", do="confirm", logoUrl=address)

    assert page.status == 200
    assert words in page.words
    assert 'class="warning" id="logoUrl-note"' in page.html
    assert 'id="favicon-note"' not in page.html
    # Nothing waits to be saved, which a script would read from a field in error.
    assert 'data-dirty="no"' in page.html
    assert "aria-invalid" not in page.html
    assert (await site.scope()).settings.branding.logo_url == address
    owner.client.headers["Accept-Language"] = "ko"
    assert (
        "저장했지만 화면에 표시되지 않습니다"
        in (await owner.open("sign-in-experience/branding")).words
    )


async def test_a_picture_is_fetched_again_and_kept_where_its_host_is_gone(
    site: Site, owner: Browser
) -> None:
    host: dict[str, httpx2.Response] = {}
    site.server.outbound.transport = httpx2.MockTransport(lambda _: host["now"])
    scope = await site.scope()
    address = "https://example.com/logo.svg"
    await scope.configuration.settings.save_sign_in(SYSTEM, {"branding": {"logoUrl": address}})
    page = await owner.open("sign-in-experience/branding")
    assert "It is fetched once a page wants it." in page.words

    shown = []
    for content in (b"<svg>1</svg>", b"<svg>2</svg>"):
        host["now"] = httpx2.Response(200, content=content)
        page = await owner.submit("/branding/pictures", picture="logoUrl")
        assert "Fetched in" in page.words
        shown.append((await site.scope()).pictures.address_of(address))
    host["now"] = httpx2.Response(404)
    page = await owner.submit("/branding/pictures", picture="logoUrl")

    assert "Pages keep the picture from before: its server answered with an error." in page.words
    assert "Tried in" in page.words
    assert shown[0] != shown[1] == (await site.scope()).pictures.address_of(address)
    assert (await owner.submit("/branding/pictures", picture="termsOfUseUrl")).status == 200


async def test_a_style_sheet_is_saved_and_its_errors_name_the_line(
    site: Site, owner: Browser
) -> None:
    await owner.open("sign-in-experience/branding")
    page = await owner.submit("/branding", customCss="main {}\nbody { background: url(//x) }")
    assert page.status == 422
    assert "Line 2: url() would load from elsewhere." in page.words
    assert "url(//x)" in dict(page.form("/branding").pairs)["customCss"]

    page = await owner.submit("/branding", do="confirm", customCss="main { outline: 1px solid }")

    assert "Saved." in page.words
    assert (await site.scope()).settings.custom_css == "main { outline: 1px solid }"
    assert dict(page.form("/branding").pairs)["customCss"].strip() == "main { outline: 1px solid }"


async def test_history_restores(site: Site, owner: Browser, with_connector: None) -> None:
    await owner.open(METHODS)
    await owner.submit(SAVE, do="confirm", mode="SignIn")
    await owner.open(METHODS)
    await owner.submit(SAVE, do="confirm", mode="SignInAndRegister")
    await owner.open("sign-in-experience/history")

    await owner.submit("/restore")
    await owner.submit("/restore", do="confirm")

    assert (await site.scope()).settings.sign_in_mode == "SignIn"
