"""Promotion in the console: choose, see the diff, try, move; whoever is late is told."""

import pytest

from tests.web.console.conftest import Browser, Page, Site
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.core.pagination import PageRequest
from watchword.tenants.models import TenantTag

GUARD = "promotion?source=trial&item=guard"
SMS = "promotion?source=trial&item=connectors.sms"
TWILIO = {
    "accountSID": "AC1",
    "fromMessagingServiceSID": "MG1",
    "templates": [
        {"usageType": usage, "content": "{{code}}"}
        for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}


@pytest.fixture
async def trial(site: Site) -> str:
    """Return a development tenant in which something was tried."""
    await site.server.administration.create(SYSTEM, "trial", "Trial", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    scope = await site.server.scope_of("trial")
    limit = {"perNumber": {"count": 3, "seconds": 600}}
    await scope.configuration.settings.save_guard(SYSTEM, limit)
    return "trial"


async def test_a_lonely_tenant_is_told_what_to_do(owner: Browser) -> None:
    assert "There is no other tenant" in (await owner.open("promotion")).words


async def test_a_difference_is_shown_and_moved(site: Site, owner: Browser, trial: str) -> None:
    page = await owner.open("promotion?source=trial")
    assert "Send limits and guard rules" in page.words
    assert "Connectors on trial and test numbers stay" in page.words
    page = await owner.open(GUARD)
    assert "<del><code>10</code></del>" in page.html
    assert "<ins><code>3</code></ins>" in page.html

    page = await owner.submit("/promotion/move", reason="it did well")

    assert "It moved, as one change." in page.words
    scope = await site.scope()
    assert scope.guard_policy.per_number.count == 3
    found = await scope.audit.list(PageRequest(1, 100), AuditFilter(event="configuration.applied"))
    assert [entry.payload["source"] for entry in found.items] == ["trial"]


async def test_whoever_is_late_is_told_and_sees_the_new_state(
    site: Site, owner: Browser, trial: str
) -> None:
    await owner.open(GUARD)
    limit = {"perNumber": {"count": 7, "seconds": 600}}
    await (await site.scope()).configuration.settings.save_guard(SYSTEM, limit)

    page = await owner.submit("/promotion/move")

    assert page.status == 409
    assert "Someone else changed this" in page.words
    assert "look again, then press once more" in page.words
    assert "<del><code>7</code></del>" in page.html
    await owner.submit("/promotion/move")
    assert (await site.scope()).guard_policy.per_number.count == 3


async def test_a_secret_is_asked_for_and_the_sources_never_shown(
    site: Site, owner: Browser, trial: str
) -> None:
    config = {**TWILIO, "authToken": "token-of-trial"}
    scope = await site.server.scope_of("trial")
    await scope.configuration.connectors.create(SYSTEM, "twilio-short-message-service", config)
    page = await owner.open(SMS)
    assert "Twilio SMS Service · Auth Token Missing" in page.words
    assert 'title="connectors.sms.config.authToken"' in page.html
    assert "Templates · Sign in · Text" in page.words
    assert "SMS connector Twilio SMS Service" in page.words
    refused = await owner.submit("/promotion/move")
    assert refused.status == 422
    assert "Twilio SMS Service · Auth Token – the tenant has no such secret" in refused.words

    entered = {"secret:SMS_AUTH_TOKEN": "token-of-default"}
    await owner.submit("/promotion/move", untested="yes", **entered)

    connectors = (await site.scope()).connectors
    [saved] = await connectors.list()
    assert connectors.opened_secrets(saved) == {"authToken": "token-of-default"}
    assert "token-of-trial" not in page.html + refused.html


async def test_a_connector_is_tried_from_here_before_it_moves(
    site: Site, owner: Browser, trial: str
) -> None:
    await _set_up_inbox(site)
    page = await owner.open(SMS)
    assert "SMS connector Not tested yet" in page.words
    assert "Let it go live untested" in page.words
    refused = await owner.submit("/promotion/move", reason="it did well")
    assert refused.status == 422
    assert "was not tested" in refused.words
    assert ("reason", "it did well") in refused.form("/promotion/move").pairs

    page = await _try(owner, "+447700900124")

    assert "SMS connector Tested" in page.words
    assert "Let it go live untested" not in page.words
    written = (await (await site.scope()).messaging.log.list()).items
    assert [(message.is_test, message.connector_id) for message in written] == [
        (True, "development-inbox")
    ]
    assert await (await site.scope()).connectors.list() == []
    assert "It moved, as one change." in (await owner.submit("/promotion/move")).words
    [saved] = await (await site.scope()).connectors.list()
    assert saved.tested_at is not None


async def test_with_a_script_a_test_puts_its_proof_into_the_form(
    site: Site, owner: Browser, trial: str
) -> None:
    await _set_up_inbox(site)
    form = (await owner.open(SMS)).form("/promotion/move")

    answer = await owner.client.post(
        "/console/default/promotion/test",
        data={**dict(form.pairs), "to": "+447700900124"},
        headers={
            "Origin": "http://localhost:3001",
            "Sec-Fetch-Site": "same-origin",
            "HX-Request": "true",
        },
    )

    assert answer.status_code == 200
    assert '<li id="tested-sms" hx-swap-oob="true">' in answer.text
    assert 'name="tested:sms"' in answer.text
    assert '<div id="untested-choice" hx-swap-oob="true"></div>' in answer.text
    assert "<html" not in answer.text


async def test_a_proof_that_does_not_hold_is_shown_as_no_test(
    site: Site, owner: Browser, trial: str
) -> None:
    await _set_up_inbox(site)
    await owner.open(SMS)

    refused = await owner.submit("/promotion/move", **{"tested:sms": "of-something-else"})

    assert refused.status == 422
    assert "SMS connector Not tested yet" in refused.words
    assert "Let it go live untested" in refused.words


async def test_a_secret_alone_can_be_moved(site: Site, owner: Browser, trial: str) -> None:
    for tenant, token in (("trial", "token-of-trial"), ("default", "token-of-default")):
        scope = await site.server.scope_of(tenant)
        await scope.configuration.connectors.create(
            SYSTEM, "twilio-short-message-service", {**TWILIO, "authToken": token}
        )

    page = await owner.open(SMS)
    assert "Only secrets differ" in page.words
    await owner.submit("/promotion/move", untested="yes", **{"secret:SMS_AUTH_TOKEN": "new-token"})

    connectors = (await site.scope()).connectors
    [saved] = await connectors.list()
    assert connectors.opened_secrets(saved) == {"authToken": "new-token"}


async def test_what_can_not_be_tried_is_said(site: Site, owner: Browser, trial: str) -> None:
    await _set_up_inbox(site)
    await owner.open(SMS)

    no_number = await _try(owner, "nobody")
    no_email = await _try(owner, "ada@example.com")

    assert 'role="alert"' in no_number.html
    assert "connectors.email" in no_email.words
    assert (await (await site.scope()).messaging.log.list()).items == []


async def test_going_live_untested_is_ticked_and_audited(
    site: Site, owner: Browser, trial: str
) -> None:
    await _set_up_inbox(site)
    await owner.open(SMS)

    await owner.submit("/promotion/move", untested="yes")

    event = AuditFilter(event="connector.went_live_untested")
    found = await (await site.scope()).audit.list(PageRequest(1, 100), event)
    assert [entry.payload["source"] for entry in found.items] == ["trial"]


async def _try(owner: Browser, to: str) -> Page:
    """Press the form's other button."""
    owner.page.form("/promotion/move").action = "/console/default/promotion/test"
    return await owner.submit("/promotion/test", to=to)


async def _set_up_inbox(site: Site) -> None:
    scope = await site.server.scope_of("trial")
    await scope.configuration.connectors.create(SYSTEM, "development-inbox", {})


async def test_what_is_not_there_is_no_page(owner: Browser, trial: str) -> None:
    assert (await owner.open("promotion?source=nobody")).status == 404
    assert (await owner.open(SMS)).status == 422
