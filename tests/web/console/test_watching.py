"""What operators watch: the check list, the audit log's filters, a connector's health."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from tests.messaging.rows import message_row
from tests.web.console.conftest import Browser, Site
from watchword.applications.models import NewApplication
from watchword.audit.models import SYSTEM, Actor
from watchword.connector_kit.models import UsageType
from watchword.core.phone import PhoneNumber
from watchword.core.phrases import Phrases
from watchword.messaging.health import Reason
from watchword.messaging.models import MessageState

# Some of these questions no service's own test asks.
pytestmark = pytest.mark.both_databases

ALICE = PhoneNumber.parse("+447700900123")


async def test_the_check_list_ticks_the_application_by_itself(site: Site, owner: Browser) -> None:
    before = await owner.open("get-started")
    scope = await site.scope()
    shop = NewApplication(name="S", type="SPA", redirect_uris=("https://shop.example/back",))
    await scope.configuration.applications.create(SYSTEM, shop)

    after = await owner.open("get-started")

    assert "0 of 5 done" in before.words
    assert "Add an application" in before.words
    assert "1 of 5 done" in after.words
    assert "Add an application" not in after.words


async def test_the_audit_log_is_filtered_by_event_actor_person_and_time(
    site: Site, owner: Browser
) -> None:
    cases: list[tuple[dict[str, str], bool]] = [
        ({"event": "door.opened"}, True),
        ({"event": "door.shut"}, False),
        ({"actor": "operator:bea"}, True),
        ({"actor": "operator:cy"}, False),
        ({"person": "alice"}, True),
        ({"person": "bob"}, False),
        ({"since": "+0"}, True),
        ({"since": "+1"}, False),
        ({"until": "+1"}, True),
        ({"until": "-1"}, False),
    ]
    scope = await site.scope()
    await scope.audit.record("door.opened", Actor("operator", "bea", "Bea"), user_id="alice")
    now = site.clock.now()

    for query, is_found in cases:
        asked = {
            name: (now + timedelta(hours=int(value))).strftime("%Y-%m-%dT%H:%M")
            if name in {"since", "until"}
            else value
            for name, value in query.items()
        }

        page = await owner.open(f"audit-log?{urlencode(asked)}")

        table = page.html.partition("<tbody>")[2]
        assert ("door.opened" in table) is is_found, query


async def test_details_of_the_audit_log_are_read_as_they_were_written(
    site: Site, owner: Browser
) -> None:
    scope = await site.scope()
    await scope.audit.record("door.opened", SYSTEM, payload={"reason": "<b>시험</b> ••••"})

    page = await owner.open("audit-log?event=door.opened")

    assert "<b>시험</b> ••••" in page.words
    assert "&lt;b&gt;시험&lt;/b&gt; ••••" in page.html


async def test_pages_of_the_audit_log_keep_the_filter_in_their_links(
    site: Site, owner: Browser
) -> None:
    scope = await site.scope()
    for _ in range(21):
        await scope.audit.record("door.opened", Actor("operator", "bea", "Bea"))

    page = await owner.open("audit-log?actor=operator%3Abea")

    assert any(link.endswith("?actor=operator%3Abea&page=2") for link in page.links)


async def test_a_time_that_is_none_is_said(owner: Browser) -> None:
    page = await owner.open("audit-log?since=yesterday")

    assert page.status == 200
    assert "A time was left out" in page.words


async def test_a_connectors_page_says_how_it_does(site: Site, owner: Browser) -> None:
    scope = await site.scope()
    saved = await scope.configuration.connectors.create(SYSTEM, "development-inbox", {})
    scope = await site.scope()
    before = await owner.open(f"connectors/{saved.id}")
    queued = await scope.messaging.queue(
        ALICE,
        UsageType.SIGN_IN,
        variables={"code": "135790"},
        until=site.clock.now() + timedelta(minutes=10),
    )
    await scope.messaging.outcome(queued, timedelta(seconds=5))

    after = await owner.open(f"connectors/{saved.id}")

    assert "No messages in the last hour." in before.words
    assert "100%" in after.words
    assert "1 of 1" in after.words
    assert "needs a look" not in after.words


def test_every_reason_to_worry_about_a_connector_has_its_words() -> None:
    for language, catalogue in Phrases.load().languages.items():
        missing = [one for one in Reason if f"console.health.reason.{one.value}" not in catalogue]
        assert missing == [], language


async def test_a_connector_that_its_provider_slowed_down_says_until_when(
    site: Site, owner: Browser
) -> None:
    scope = await site.scope()
    saved = await scope.configuration.connectors.create(SYSTEM, "development-inbox", {})
    scope = await site.scope()
    await scope.messaging.pace.pause(saved.id, site.clock.now() + timedelta(minutes=4))

    assert "Paused" in (await owner.open("connectors")).words
    page = await owner.open(f"connectors/{saved.id}")
    assert "The provider asked for fewer messages." in page.words
    assert "in 4 minutes" in page.words

    site.clock.advance(timedelta(minutes=5))
    assert "Paused" not in (await owner.open("connectors")).words
    assert "fewer messages" not in (await owner.open(f"connectors/{saved.id}")).words


async def test_an_unwell_connector_is_named_on_the_list_with_the_providers_words(
    site: Site, owner: Browser
) -> None:
    scope = await site.scope()
    saved = await scope.configuration.connectors.create(SYSTEM, "development-inbox", {})
    scope = await site.scope()
    assert "needs a look" not in (await owner.open("connectors")).words
    for _ in range(2):
        row = message_row(
            site.clock.now(),
            connector_instance_id=saved.id,
            state=MessageState.FAILED,
            accepted_at=None,
            error_class="insufficient_balance",
            provider_words="402: <b>no money</b>",
        )
        await scope.messaging.rows.add(row)

    page = await owner.open("connectors")

    assert "Development inbox needs a look" in page.words
    assert "The provider refuses the settings" in page.words
    assert "402: <b>no money</b>" in page.words
    details = (await owner.open(f"connectors/{saved.id}")).words
    assert details.count("402: <b>no money</b> 2 times · ") == 1


async def test_an_operator_chooses_where_alerts_are_mailed(owner: Browser) -> None:
    await owner.open("profile")
    page = await owner.submit("/alerts", alert_email="nobody")
    assert page.status == 422
    assert dict(page.form("/alerts").pairs)["alert_email"] == "nobody"

    await owner.submit("/alerts", alert_email="ada@example.com")
    await owner.submit("/console/appearance", language="en", theme="dark")

    page = await owner.open("profile")
    assert dict(page.form("/alerts").pairs)["alert_email"] == "ada@example.com"
