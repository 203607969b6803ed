"""What operators do to get in and out is in the audit log, what they typed is not."""

from datetime import timedelta

import pytest

from tests.web.console.conftest import HOME, PASSWORD, Browser, Site
from watchword.audit.models import AuditEntry
from watchword.audit.service import AuditService
from watchword.storage import StorageUnavailable


async def newest(site: Site) -> AuditEntry:
    """Return what happened last."""
    return (await (await site.scope()).audit.list()).items[0]


@pytest.mark.proves("S134")
async def test_signing_out_and_failing_to_sign_in_are_told(site: Site, owner: Browser) -> None:
    site.clock.advance(timedelta(seconds=1))
    await owner.open("profile")
    await owner.submit("/console/sign-out")

    left = await newest(site)
    assert (left.event, left.result, left.actor.kind) == (
        "operator.sign_out",
        "success",
        "operator",
    )

    site.clock.advance(timedelta(seconds=1))
    await owner.open("/console/sign-in")
    await owner.submit("/console/sign-in", username="owner", password="not the password")

    refused = await newest(site)
    assert (refused.event, refused.result) == ("operator.sign_in", "failure")
    assert "not the password" not in str(vars(refused))


async def test_a_wrong_password_before_a_change_is_told(site: Site, owner: Browser) -> None:
    site.clock.advance(timedelta(minutes=31))
    await owner.open("connectors/set-up/development-inbox")
    await owner.submit("/development-inbox", confirm="yes")
    page = await owner.submit("/development-inbox", _password="not the password")

    assert "Is it still you?" in page.words
    refused = await newest(site)
    assert (refused.event, refused.result) == ("operator.proof", "failure")
    assert "not the password" not in str(vars(refused))


async def test_ended_sessions_are_told(site: Site, owner: Browser) -> None:
    site.clock.advance(timedelta(seconds=1))
    page = await owner.open("profile")
    csrf = dict(page.form("/profile/password").pairs)["csrf"]
    answer = await owner.client.post(
        f"{HOME}/profile/sessions/end", data={"csrf": csrf, "session": "others"}
    )

    assert answer.status_code == 303
    assert (await newest(site)).event == "operator.sessions_ended"


async def test_nothing_of_an_operators_own_changes_that_is_not_written_down(
    site: Site, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TornAudit(AuditService):
        async def record(self, *_: object, **__: object) -> None:
            raise StorageUnavailable("gone in the middle")

    operators = site.server.operators
    elsewhere = await operators.sign_in("owner", PASSWORD)
    scope = await site.scope()
    page = await owner.open("profile")
    csrf = dict(page.form("/profile/password").pairs)["csrf"]
    monkeypatch.setitem(vars(scope), "audit", TornAudit(scope.audit.rows, scope.audit.clock))

    for path, form in (
        ("password", {"present": PASSWORD, "new": "another quiet lamp"}),
        ("alerts", {"alert_email": "ada@example.com"}),
        ("sessions/end", {"session": "others"}),
        ("sessions/end", {"session": elsewhere.visit.session.id}),
    ):
        answer = await owner.client.post(f"{HOME}/profile/{path}", data={"csrf": csrf, **form})
        assert answer.status_code == 503, path

    there = await operators.find_visit(elsewhere.token)
    assert there is not None
    assert "alert_email" not in there.operator.preferences
    await operators.sign_in("owner", PASSWORD)
