"""The page behind an invitation's link, without scripts: who sees what, and who gets in."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from tests.web.pages.browser import ORIGIN, Browser
from tests.web.pages.conftest import DIGITS, PHONE, Site, add_phone_user, authorization
from watchword.audit.models import SYSTEM, Actor
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.core.phrases import Phrases
from watchword.core.recipients import Recipient
from watchword.invitations.models import Invitation, NewInvitation
from watchword.organization_roles.models import NewRole
from watchword.organizations.models import NewOrganization
from watchword.storage.schema import interactions
from watchword.users.models import UserChange

OTHER_DIGITS = "821087654321"
MASKED = PhoneNumber(DIGITS).masked
DAYS = timedelta(days=7)


class Club:
    """An organization that invites."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.id = self.role_id = ""

    async def found(self) -> "Club":
        """Make the organization and its role."""
        scope = await self.site.scope()
        self.id = (
            await scope.organizations.create(SYSTEM, NewOrganization(name="Chess <club>"))
        ).id
        self.role_id = (await scope.organization_roles.create(SYSTEM, NewRole(name="player"))).id
        return self

    async def invite(self, to: Recipient = PhoneNumber(DIGITS), **values: Any) -> str:  # noqa: B008
        """Invite somebody by message and return the link's path."""
        await self.invitation(to, **values)
        sent = self.site.provider.mails if isinstance(to, EmailAddress) else None
        message = (sent or self.site.provider.messages)[-1]
        link = str(message.variables["link"])
        assert link.startswith(f"{ORIGIN}/i/")
        return link.removeprefix(ORIGIN)

    async def invitation(self, to: Recipient, **values: Any) -> Invitation:
        """Invite somebody by message."""
        new: dict[str, Any] = {
            "organization_id": self.id,
            "invitee": to,
            "expires_at": self.site.clock.now() + DAYS,
            "role_ids": (self.role_id,),
            **values,
        }
        return await (await self.site.scope()).invitations.create(SYSTEM, NewInvitation(**new), {})

    async def members(self) -> dict[str | None, list[str]]:
        """Return the members' numbers with their roles."""
        scope = await self.site.scope()
        found = {}
        for digits in (DIGITS, OTHER_DIGITS):
            user = await scope.users.find_by_identifier("phone", digits)
            for membership in await scope.organizations.list_of_user(user.id) if user else ():
                found[user.primary_phone if user else None] = [
                    role.name for role in membership.roles
                ]
        return found

    async def status(self) -> str:
        """Return how the newest invitation stands."""
        return (await (await self.site.scope()).invitations.list())[0].status.value


@pytest.fixture
async def club(site: Site) -> Club:
    """Return an organization that nobody belongs to."""
    return await Club(site).found()


async def sign_in(site: Site, browser: Browser, digits: str = DIGITS) -> Browser:
    """Let somebody with an account sign in to the demo application."""
    await browser.open(authorization())
    await browser.submit(identifier=f"+{digits}", country="KR")
    return await browser.submit(code=site.provider.code)


# The way in.


async def test_who_is_invited_signs_up_with_the_number_and_joins(
    site: Site, browser: Browser, club: Club
) -> None:
    path = await club.invite()

    await browser.open(path)
    assert "Join Chess <club>" in browser.page.words
    assert "You're invited to Chess <club>." in browser.page.words
    assert f"Sent to {MASKED} Ends in 7 days" in browser.page.words
    assert DIGITS[2:] not in browser.page.html

    await browser.submit(decision="register")
    assert browser.page.path == "/register"
    fields = browser.page.forms[0].fields
    assert (fields["identifier"], fields["country"]) == (PHONE, "KR")
    assert "to continue to your invitation" in browser.page.words
    await browser.submit()
    assert browser.page.path == "/register/verification-code"
    await arrive(browser, site.provider.code)
    assert browser.page.path == path
    assert await club.members() == {}
    assert await club.status() == "Pending"

    await browser.submit(decision="accept")
    assert (browser.page.path, browser.page.status) == (path, 200)
    assert "You belong to Chess <club> now." in browser.page.words
    assert await club.members() == {DIGITS: ["player"]}
    assert await club.status() == "Accepted"


async def test_who_has_an_account_signs_in_and_joins(
    site: Site, browser: Browser, club: Club
) -> None:
    await add_phone_user(site)
    path = await club.invite()
    await browser.open(path)

    await browser.submit(decision="sign_in")
    assert browser.page.path == "/sign-in"
    await browser.submit()
    await arrive(browser, site.provider.code)
    await browser.submit(decision="accept")

    assert await club.members() == {DIGITS: ["player"]}


async def test_a_code_in_that_visit_proves_a_number_that_somebody_typed_in(
    site: Site, browser: Browser, club: Club
) -> None:
    await site.add_user(primary_phone=PhoneNumber(DIGITS), is_phone_verified=False)
    path = await club.invite()

    await browser.open(path)
    await browser.submit(decision="sign_in")
    await browser.submit()
    await arrive(browser, site.provider.code)
    await browser.submit(decision="accept")

    assert await club.members() == {DIGITS: ["player"]}


async def test_an_address_is_invited_in_the_same_way(
    site: Site, browser: Browser, club: Club
) -> None:
    await site.set_email_up(
        signUp={"identifiers": ["email"], "password": False, "verify": True},
        signIn={
            "methods": [
                {
                    "identifier": name,
                    "password": False,
                    "verificationCode": True,
                    "isPasswordPrimary": False,
                }
                for name in ("email", "phone")
            ]
        },
    )
    path = await club.invite(EmailAddress("alice@example.com"))

    await browser.open(path)
    assert "alice@example.com" not in browser.page.html
    assert EmailAddress("alice@example.com").masked in browser.page.words
    await browser.submit(decision="register")
    # The field takes what the invitation was sent to, and nothing else.
    assert browser.page.inputs["identifier"]["type"] == "email"
    await browser.submit()
    await arrive(browser, str(site.provider.mails[-1].variables["code"]))
    await browser.submit(decision="accept")

    assert "You belong to" in browser.page.words
    assert await club.status() == "Accepted"


async def test_who_is_signed_in_already_joins_with_one_button(
    site: Site, browser: Browser, club: Club
) -> None:
    user_id = await add_phone_user(site)
    await (await site.scope()).users.change(user_id, UserChange(name="Alice"))
    await sign_in(site, browser)
    path = await club.invite()

    await browser.open(path)
    assert "Join as Alice" in browser.page.words
    await browser.submit(decision="accept")

    assert await club.members() == {DIGITS: ["player"]}
    found = await (await site.scope()).audit.list()
    accepted = [row for row in found.items if row.event == "organization_invitation.accepted"]
    assert [row.actor for row in accepted] == [Actor("user", user_id)]


async def test_the_page_names_who_invites(site: Site, browser: Browser, club: Club) -> None:
    inviter_id = await site.add_user(username="ada", name="Ada <b>")
    path = await club.invite(inviter_id=inviter_id)

    await browser.open(path)

    assert "Ada <b> invites you to Chess <club>." in browser.page.words


# What spends the link, and what does not.


async def test_looking_and_leaving_spend_nothing(site: Site, browser: Browser, club: Club) -> None:
    await add_phone_user(site)
    await sign_in(site, browser)
    path = await club.invite()

    for _ in range(3):
        await browser.open(path)
    await browser.client.head(path)
    await browser.submit(decision="decline")

    assert "You haven't joined" in browser.page.words
    assert path in browser.page.links
    assert (await club.members(), await club.status()) == ({}, "Pending")
    await browser.open(path)
    await browser.submit(decision="accept")
    assert await club.members() == {DIGITS: ["player"]}


async def test_the_address_is_told_to_no_other_page(
    site: Site, browser: Browser, club: Club
) -> None:
    await browser.open(await club.invite())

    assert browser.page.response.headers["referrer-policy"] == "no-referrer"
    assert browser.page.response.headers["cache-control"] == "no-store"
    assert "<script" not in browser.page.html


async def test_the_links_token_is_not_stored_while_its_owner_signs_in(
    site: Site, browser: Browser, club: Club
) -> None:
    path = await club.invite()
    await browser.open(path)
    await browser.submit(decision="sign_in")

    async with site.server.storage.transaction() as tx:
        rows = await tx.all(select(interactions), {})

    assert len(rows) == 1
    assert path.rpartition("/")[2] not in repr(rows)


async def test_the_code_that_comes_back_is_worth_nothing(
    site: Site, browser: Browser, club: Club
) -> None:
    await add_phone_user(site)
    await browser.open(await club.invite())
    await browser.submit(decision="sign_in")
    await browser.submit()
    answer = await browser.post(code=site.provider.code)
    back = (await browser.client.get(answer.headers["location"])).headers["location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "client_id": "invitations",
        "redirect_uri": f"{ORIGIN}/i/back",
        "code": code,
    }

    refused = await browser.client.post("/oidc/token", data=form)

    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "refused",
    [
        ({"token": "0" * 32}, {}, 403),
        ({"token": ""}, {}, 403),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({}, {"Origin": "http://other.localhost:3001", "Sec-Fetch-Site": "same-site"}, 403),
        ({"decision": "x" * 2000}, {}, 400),
        ({"decision": "\x00"}, {}, 400),
    ],
)
async def test_posts_that_the_page_does_not_make_are_refused(
    site: Site,
    browser: Browser,
    club: Club,
    refused: tuple[dict[str, str], dict[str, str], int],
) -> None:
    changes, headers, status = refused
    await add_phone_user(site)
    await sign_in(site, browser)
    await browser.open(await club.invite())
    form = browser.page.forms[0]

    answer = await browser.client.post(
        form.action, data={**form.fields, "decision": "accept", **changes}, headers=headers
    )

    assert answer.status_code == status
    assert await club.members() == {}


async def test_a_form_of_another_browser_or_before_signing_in_asks_again(
    site: Site, browser: Browser, new_browser: Callable[[], Browser], club: Club
) -> None:
    await add_phone_user(site)
    path = await club.invite()
    stranger = await new_browser().open(path)
    await sign_in(site, browser)
    await browser.open(path)
    own = browser.page.forms[0].fields

    browser.page.forms[0].fields = stranger.page.forms[0].fields
    await browser.submit(decision="accept")

    assert browser.page.status == 403
    assert "This page is out of date" in browser.page.words
    assert await club.members() == {}
    assert browser.page.forms[0].fields == own
    await browser.submit(decision="accept")
    assert await club.members() == {DIGITS: ["player"]}


# Who does not get in.


async def test_somebody_else_is_told_whom_it_is_for_and_can_sign_in_as_them(
    site: Site, browser: Browser, club: Club
) -> None:
    await add_phone_user(site)
    await site.add_user(primary_phone=PhoneNumber(OTHER_DIGITS), is_phone_verified=True, name="Bob")
    await sign_in(site, browser, OTHER_DIGITS)
    path = await club.invite()

    await browser.open(path)
    assert "This invitation is for another account" in browser.page.words
    assert f"Sent to {MASKED} Signed in as Bob" in browser.page.words
    await browser.submit(decision="accept")
    assert browser.page.status == 422
    assert (await club.members(), await club.status()) == ({}, "Pending")

    await browser.submit(decision="sign_in")
    await browser.submit()
    await arrive(browser, site.provider.code)
    assert browser.page.path == path
    await browser.submit(decision="accept")
    assert await club.members() == {DIGITS: ["player"]}


async def test_an_account_that_has_not_confirmed_the_number_is_somebody_elses(
    site: Site, browser: Browser, club: Club
) -> None:
    user_id = await site.add_user(primary_phone=PhoneNumber(DIGITS), is_phone_verified=False)
    session = await (await site.scope()).oidc.sessions.create(user_id, ("pwd",))
    browser.client.cookies.set("_session", session.token)

    await browser.open(await club.invite())
    assert "This invitation is for another account" in browser.page.words
    await browser.submit(decision="accept")

    assert browser.page.status == 422
    assert await club.members() == {}


async def test_nobody_gets_in_without_signing_in(site: Site, browser: Browser, club: Club) -> None:
    await browser.open(await club.invite())

    await browser.submit(decision="accept")

    assert "Join Chess <club>" in browser.page.words
    assert (await club.members(), await club.status()) == ({}, "Pending")


async def test_a_suspended_account_is_nobody(site: Site, browser: Browser, club: Club) -> None:
    user_id = await add_phone_user(site)
    await sign_in(site, browser)
    path = await club.invite()
    await (await site.scope()).users.change(user_id, UserChange(is_suspended=True))

    await browser.open(path)
    await browser.submit(decision="accept")

    assert "Sign in with the number it was sent to" in browser.page.words
    assert await club.members() == {}


async def test_a_link_that_is_no_invitations_is_said_to_be_unknown(
    site: Site, browser: Browser
) -> None:
    cases: list[str] = [
        "unknown",
        "A" * 22,
        "A" * 23,
        "back/",
        "%00",
        "%F0%9F%8E%89",
        "..%2f..%2fapi",
    ]
    for token in cases:
        await browser.open(f"/i/{token}")

        assert browser.page.status == 404, token


@pytest.mark.parametrize("state", ["", "nonsense", "k1.AAAA", "%00"])
async def test_who_comes_back_from_nowhere_is_told_so(
    site: Site, browser: Browser, state: str
) -> None:
    await browser.open(f"/i/back?code=x&state={state}")

    assert browser.page.status == 404
    assert "There is no such invitation" in browser.page.words
    assert not browser.page.forms


async def end(site: Site, club: Club, how: str) -> str:
    """Invite, and let the invitation come to an end; return its link."""
    path = await club.invite()
    service = (await site.scope()).invitations
    if how == "expired":
        site.clock.advance(DAYS)
    elif how == "revoked":
        await service.revoke(SYSTEM, (await service.list())[0].id)
    else:
        user_id = await add_phone_user(site)
        await service.accept(SYSTEM, (await service.list())[0].id, user_id)
    return path


ENDS = {
    "expired": "This invitation has ended",
    "revoked": "This invitation was taken back",
    "accepted": "This invitation was used",
}


@pytest.mark.parametrize("how", ENDS)
async def test_an_invitation_that_ended_says_how(
    site: Site, browser: Browser, club: Club, how: str
) -> None:
    await site.settle(supportEmail="help@example.test")
    path = await end(site, club, how)

    await browser.open(path)

    assert browser.page.status == 410
    assert ENDS[how] in browser.page.words
    assert not browser.page.forms
    assert "mailto:help@example.test" in browser.page.links
    assert MASKED not in browser.page.words


@pytest.mark.parametrize("how", ["expired", "revoked", "deleted"])
async def test_an_invitation_that_ends_while_the_page_is_open_lets_nobody_in(
    site: Site, browser: Browser, club: Club, how: str
) -> None:
    await add_phone_user(site)
    await sign_in(site, browser)
    hour = timedelta(hours=1)
    await browser.open(await club.invite(expires_at=site.clock.now() + hour))
    service = (await site.scope()).invitations
    invitation = (await service.list())[0]
    if how == "expired":
        site.clock.advance(hour)
    elif how == "revoked":
        await service.revoke(SYSTEM, invitation.id)
    else:
        await service.delete(SYSTEM, invitation.id)

    await browser.submit(decision="accept")

    assert browser.page.status == (404 if how == "deleted" else 410)
    assert await club.members() == {}


async def test_a_used_link_shows_its_owner_that_they_belong_there(
    site: Site, browser: Browser, new_browser: Callable[[], Browser], club: Club
) -> None:
    path = await end(site, club, "accepted")
    await sign_in(site, browser)
    await site.add_user(primary_phone=PhoneNumber(OTHER_DIGITS), is_phone_verified=True)
    other = await sign_in(site, new_browser(), OTHER_DIGITS)

    assert "You're in" in (await browser.open(path)).page.words
    assert ENDS["accepted"] in (await other.open(path)).page.words


# How it looks.


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=10, hours=3), "in 10 days"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(hours=47), "in 2 days"),
        (timedelta(hours=5), "in 5 hours"),
    ],
)
async def test_the_page_says_how_long_the_invitation_stands(
    site: Site, browser: Browser, club: Club, left: timedelta, words: str
) -> None:
    await browser.open(await club.invite(expires_at=site.clock.now() + left))

    assert f"Ends {words}" in browser.page.words


TITLES = {"en": "Join Chess", "ko": "참여하기"}


@pytest.mark.parametrize(("language", "other"), [("en", "ko"), ("ko", "en")])
async def test_the_page_speaks_the_readers_language_and_keeps_a_choice(
    site: Site, new_browser: Callable[[str], Browser], club: Club, language: str, other: str
) -> None:
    browser = await new_browser(language).open(await club.invite())

    assert TITLES[language] in browser.page.words
    assert "pages." not in browser.page.words
    assert not re.search(r"\son[a-z]+=|\sstyle=|javascript:", browser.page.html)
    choice = next(link for link in browser.page.links if "lang=" in link)
    await browser.open(choice)
    assert TITLES[other] in browser.page.words
    await browser.submit(decision="sign_in")
    assert Phrases.load().text(other, "pages.sign_in.button_code") in browser.page.words


@pytest.mark.parametrize("mode", ["SignIn", "Register", "SignInAndRegister"])
async def test_only_ways_that_are_open_are_offered(
    site: Site, browser: Browser, club: Club, mode: str
) -> None:
    await site.settle(signInMode=mode)
    await browser.open(await club.invite())

    offered = {str(button["value"]) for button in browser.page.forms[0].buttons}

    assert (
        offered
        == {
            "SignIn": {"sign_in"},
            "Register": {"register"},
            "SignInAndRegister": {"sign_in", "register"},
        }[mode]
    )


async def arrive(browser: Browser, code: str) -> None:
    """Type the code and follow where it leads, through the application's redirect."""
    answer = await browser.post(code=code)
    for _ in range(5):
        location = answer.headers.get("location")
        if location is None:
            break
        answer = await browser.client.get(location)
    await browser.open(answer.url.path)
