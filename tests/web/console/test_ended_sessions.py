"""A session ends while somebody fills a form: what they typed is there when they are back."""

from datetime import timedelta

import pytest

from tests.web.console.conftest import HOME, PASSWORD, SAME_ORIGIN, Browser, Site
from watchword.operators.models import SESSION_LIFETIME

SENDING = "/security/sending"
TYPED = {"perNumber.count": "7", "countries": "KR"}


async def filled(site: Site, owner: Browser) -> None:
    """Open a form, and let the session end."""
    await owner.open("security")
    site.clock.advance(SESSION_LIFETIME + timedelta(minutes=1))


async def test_the_filled_form_is_kept_over_signing_in_again(site: Site, owner: Browser) -> None:
    await filled(site, owner)

    page = await owner.submit(SENDING, **TYPED)
    assert page.status == 401
    assert "What you filled in is kept" in page.words
    page = await owner.submit("/console/sign-in", username="owner", password="wrong one")
    assert page.status == 422
    page = await owner.submit("/console/sign-in", username="owner", password=PASSWORD)
    assert "is not saved yet" in page.words
    assert (await site.scope()).guard_policy.allowed_countries is None

    page = await owner.submit(SENDING)

    # In the filled form, with what changes by it.
    assert "Save these changes?" in page.words
    assert dict(page.form(SENDING).pairs)["perNumber.count"] == "7"
    await owner.submit(SENDING, do="confirm")
    policy = (await site.scope()).guard_policy
    assert (policy.per_number.count, policy.allowed_countries) == (7, ("KR",))


async def test_a_form_of_an_earlier_session_is_offered_again(site: Site, owner: Browser) -> None:
    await filled(site, owner)
    page = owner.page
    await owner.open("/console/sign-in")
    await owner.submit("/console/sign-in", username="owner", password=PASSWORD)
    owner.page = page

    page = await owner.submit(SENDING, do="confirm", **TYPED)
    assert page.status == 403
    assert (await site.scope()).guard_policy.allowed_countries is None
    await owner.submit(SENDING)

    assert (await site.scope()).guard_policy.allowed_countries == ("KR",)


async def test_what_a_browser_says_of_a_page_without_referrer_is_enough(
    site: Site, owner: Browser
) -> None:
    await filled(site, owner)
    form = owner.page.form(SENDING)

    answer = await owner.client.post(
        form.action,
        data=dict(form.pairs),
        headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    )

    assert answer.status_code == 401
    assert "What you filled in is kept" in answer.text


async def test_passwords_are_not_kept(site: Site, owner: Browser) -> None:
    await owner.open("profile")
    site.clock.advance(SESSION_LIFETIME + timedelta(minutes=1))

    page = await owner.submit(
        "/profile/password", old_password="one secret", new_password="another secret", other="x"
    )

    assert "kept:other" in page.html
    assert "one secret" not in page.html
    assert "another secret" not in page.html


async def test_a_post_that_may_come_from_elsewhere_comes_back_in_no_page(
    site: Site, owner: Browser
) -> None:
    await filled(site, owner)
    form = owner.page.form(SENDING)

    answer = await owner.client.post(form.action, data=dict(form.pairs))

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_piece_of_a_page_says_so_in_place_and_keeps_the_page(
    site: Site, owner: Browser, method: str
) -> None:
    await filled(site, owner)
    path = f"{HOME}/sign-in-experience/sign-up-and-sign-in"

    answer = await owner.client.request(method, path, headers={**SAME_ORIGIN, "HX-Request": "true"})

    # The number ends htmx's polling.
    assert answer.status_code == 286
    assert answer.headers["hx-retarget"] == "#flash"
    assert "You are signed out" in answer.text
    assert "hx-redirect" not in answer.headers


async def test_a_piece_of_a_page_of_an_earlier_session_is_told_the_new_token(
    owner: Browser,
) -> None:
    page = await owner.open("security")
    csrf = dict(page.form(SENDING).pairs)["csrf"]

    answer = await owner.client.post(
        f"{HOME}/sign-in-experience/sign-up-and-sign-in",
        data={"csrf": "of an earlier session"},
        headers={**SAME_ORIGIN, "HX-Request": "true"},
    )

    assert answer.status_code == 286
    assert csrf in answer.headers["hx-trigger"]
    assert "Press the button again." in answer.text
