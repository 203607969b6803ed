"""Operators in the console: roles, open invitations, and what the log tells of both."""

import pytest

from tests.web.console.conftest import Browser, Invite, Site
from watchword.audit.models import AuditEntry, AuditFilter
from watchword.core.pagination import PageRequest
from watchword.operators.models import Operator, Role


async def told(site: Site, event: str) -> AuditEntry:
    scope = await site.scope()
    [entry] = (await scope.audit.list(PageRequest(1, 10), AuditFilter(event=event))).items
    return entry


async def named(site: Site, username: str) -> Operator:
    return next(one for one in await site.server.operators.list() if one.username == username)


async def test_an_owner_gives_another_operator_a_role_and_it_is_told(
    site: Site, owner: Browser, invite: Invite
) -> None:
    editor = await invite("editor")
    changed = await named(site, "editor")

    await owner.open("operators")
    page = await owner.submit("/operators/role", role="viewer")

    assert "The operator has another role from now on." in page.words
    assert (await named(site, "editor")).role is Role.VIEWER
    await editor.open("security")
    assert (await editor.post("/security/preset", preset="strict", do="confirm")).status_code == 403
    entry = await told(site, "operator.role_changed")
    assert entry.subject == f"operator:{changed.id}"
    assert (entry.payload["before"], entry.payload["after"]) == ("editor", "viewer")


async def test_a_column_of_actions_stands_where_there_is_something_to_do(
    owner: Browser, invite: Invite
) -> None:
    alone = (await owner.open("operators")).html.partition("</table>")[0]
    assert alone.count("<td") == alone.count("<td data-label")

    await invite("editor")

    assert "Remove editor" in (await owner.open("operators")).html


async def test_a_role_that_somebody_else_changed_is_shown_and_kept(
    site: Site, owner: Browser, invite: Invite
) -> None:
    await invite("editor")
    await owner.open("operators")
    await owner.post("/operators/role", role="viewer")

    page = await owner.submit("/operators/role", role="owner")

    assert page.status == 409
    assert ("seen", "viewer") in page.form("/operators/role").pairs
    assert (await named(site, "editor")).role is Role.VIEWER


async def test_an_operator_who_got_another_role_meanwhile_is_looked_at_before_they_are_removed(
    site: Site, owner: Browser, invite: Invite
) -> None:
    await invite("editor")
    doomed = (await named(site, "editor")).id
    await owner.open("operators")
    await owner.post("/operators/role", role="owner")

    page = await owner.submit("/operators/delete", operator=doomed)

    assert page.status == 409
    assert (await named(site, "editor")).role is Role.OWNER
    await owner.submit("/operators/delete", operator=doomed)
    assert "editor" not in {one.username for one in await site.server.operators.list()}


async def test_the_last_owner_is_told_why_they_stay_one(site: Site, owner: Browser) -> None:
    me = await named(site, "owner")
    page = await owner.open("operators")
    assert not any(form.action.endswith("/operators/role") for form in page.forms)
    csrf = dict(page.form("/operators/invite").pairs)["csrf"]

    answers = [
        await owner.client.post(
            f"/console/default/operators/{path}",
            data={"csrf": csrf, "operator": me.id, "seen": "owner", "role": "viewer"},
        )
        for path in ("role", "delete")
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert "The last owner stays an owner." in answers[0].text
    assert (await named(site, "owner")).role is Role.OWNER


async def test_an_open_invitation_is_listed_and_revoked(
    site: Site, owner: Browser, stranger: Browser
) -> None:
    await owner.open("operators")
    page = await owner.submit("/operators/invite", role="viewer")
    link = page.html.partition("/console/setup?token=")[2].partition("<")[0]
    invitation = await only_invitation(site)
    assert "Open invitations" in page.words
    assert invitation in page.html

    page = await owner.submit("/operators/revoke", invitation=invitation)

    assert "The invitation was revoked." in page.words
    assert invitation not in page.html
    assert (await stranger.open(f"/console/setup?token={link}")).status == 410
    assert (await told(site, "operator.invitation_revoked")).payload["role"] == "viewer"


async def test_revoking_a_link_that_was_used_meanwhile_says_so(
    site: Site, owner: Browser, stranger: Browser
) -> None:
    token = await site.server.operators.invite("editor")
    await owner.open("operators")
    invitation = await only_invitation(site)
    await stranger.open(f"/console/setup?token={token}")
    await stranger.submit("/console/setup", username="bob", password="quiet harbour lamp")

    page = await owner.submit("/operators/revoke", invitation=invitation)

    assert page.status == 410
    assert "This link was used already or has expired." in page.words


@pytest.mark.parametrize("path", ["role", "revoke", "delete", "invite"])
async def test_an_editor_manages_no_operators(site: Site, invite: Invite, path: str) -> None:
    editor = await invite("editor")
    page = await editor.open("profile")
    csrf = dict(page.form("/profile/password").pairs)["csrf"]
    me = await named(site, "editor")

    answer = await editor.client.post(
        f"/console/default/operators/{path}",
        data={"csrf": csrf, "operator": me.id, "seen": "editor", "role": "owner"},
    )

    assert answer.status_code == 403
    assert (await named(site, "editor")).role is Role.EDITOR


async def only_invitation(site: Site) -> str:
    [invitation] = [
        one for one in await site.server.operators.list_invitations() if not one.is_setup
    ]
    return invitation.id
