"""A test of any purpose and language, followed until the provider has spoken its last word."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pytest

from tests.messaging.rows import message_row
from tests.web.console.conftest import HOME, SAME_ORIGIN, Browser, Page, Site
from tests.web.console.test_connectors import INBOX, TO, set_twilio_up
from watchword.connector_kit.models import DeliveryReport

TEXTS = json.dumps(
    [
        {"usageType": usage, "content": f"{usage} {{{{code}}}}{{{{link}}}}{{{{organization}}}}"}
        for usage in ("SignIn", "Register", "ForgotPassword", "Generic", "OrganizationInvitation")
    ]
    + [{"usageType": "SignIn", "language": "de", "content": "Anmeldung {{code}}"}]
)


async def send_test(owner: Browser, path: str = INBOX, **typed: str) -> Page:
    """Send a test with a connector's form."""
    await owner.open(path)
    owner.page.form(f"/{path.rpartition('/')[2]}").action += "/test"
    return await owner.submit("/test", **TO, templates=TEXTS, **typed)


async def test_a_number_that_is_none_is_told_at_its_field(owner: Browser) -> None:
    await owner.open(INBOX)
    form = owner.page.form(f"/{INBOX.rpartition('/')[2]}")
    form.action += "/test"
    values = {**dict(form.pairs), "templates": TEXTS, "test_phone": "12"}

    page = await owner.submit("/test", templates=TEXTS, test_phone="12")
    piece = await owner.client.post(
        form.action, data=values, headers={**SAME_ORIGIN, "HX-Request": "true"}
    )

    for answer in (page.html, piece.text):
        [field] = re.findall(r'<input id="test_phone".*?>', answer)
        assert 'value="12"' in field
        assert 'aria-invalid="true"' in field
        assert 'id="test_phone-note" role="alert"' in answer
    assert 'id="test-receiver" class="field wrong" hx-swap-oob="true"' in piece.text
    assert "hx-swap-oob" not in page.html


async def test_a_number_typed_with_its_code_comes_back_under_its_country(owner: Browser) -> None:
    await owner.open(INBOX)
    form = owner.page.form(f"/{INBOX.rpartition('/')[2]}")
    pieces = []

    for number in ("+82 10-0000-0000", "07700 900123"):
        values = {**dict(form.pairs), **TO, "templates": TEXTS, "test_phone": number}
        headers = {**SAME_ORIGIN, "HX-Request": "true"}
        pieces.append(await owner.client.post(f"{form.action}/test", data=values, headers=headers))

    moved, unmoved = (piece.text for piece in pieces)
    assert 'id="test-receiver" class="field" hx-swap-oob="true"' in moved
    assert '<option value="KR" selected>' in moved
    assert 'value="010-0000-0000"' in moved
    # What needs no other country stays as it is, with the cursor in it.
    assert "test-receiver" not in unmoved
    assert all("Accepted by" in text for text in (moved, unmoved))


@pytest.mark.parametrize(
    ("usage", "language", "text"),
    [
        ("SignIn", "en", "SignIn 000000"),
        ("SignIn", "de", "Anmeldung 000000"),
        ("OrganizationInvitation", "en", "https://example.com/invitationAcme"),
        ("no-such", "", "Generic 000000"),
    ],
)
async def test_a_test_has_the_purpose_and_the_language_that_were_chosen(
    site: Site, owner: Browser, usage: str, language: str, text: str
) -> None:
    page = await send_test(owner, test_usage=usage, test_language=language)

    [entry] = site.server.inbox.list("default")
    assert text in entry.text
    assert "Accepted by Development inbox" in page.words


async def test_a_test_that_passed_takes_back_that_fields_are_to_be_fixed(owner: Browser) -> None:
    await owner.open(INBOX)
    form = owner.page.form(f"/{INBOX.rpartition('/')[2]}")

    piece = await owner.client.post(
        f"{form.action}/test",
        data={**dict(form.pairs), **TO, "templates": TEXTS},
        headers={**SAME_ORIGIN, "HX-Request": "true"},
    )

    assert '<div id="to-fix" hidden>' in owner.page.html
    assert '<div id="to-fix" hx-swap-oob="true" hidden></div>' in piece.text


async def test_the_languages_of_tenant_and_templates_are_named_and_any_other_is_typed(
    site: Site, owner: Browser
) -> None:
    page = await send_test(owner, test_usage="SignIn", test_language="*", test_tag="de-AT")

    [entry] = site.server.inbox.list("default")
    assert "Anmeldung 000000" in entry.text
    offered = re.findall(r'<select id="test_language".*?</select>', page.html, re.DOTALL)[0]
    assert re.findall(r'value="(.*?)"(?: selected)?>(.*?)<', offered) == [
        ("en", "English"),
        ("de", "German"),
        ("ko", "Korean"),
        ("*", "Another language"),
    ]
    assert '<option value="*" selected>' in offered
    assert dict(page.form(f"/{INBOX.rpartition('/')[2]}").pairs)["test_tag"] == "de-AT"


@pytest.mark.parametrize("tag", ["korean please", ""])
async def test_what_is_no_language_is_said_and_nothing_is_sent(
    site: Site, owner: Browser, tag: str
) -> None:
    page = await send_test(owner, test_language="*", test_tag=tag)

    assert "A language is a tag" in page.words
    assert site.server.inbox.list("default") == []


async def test_a_connector_that_gets_no_reports_is_not_waited_for(owner: Browser) -> None:
    page = await send_test(owner)

    assert "every 2s" not in page.html
    assert "Read it in the development inbox" in page.words
    assert f"{HOME}/inbox" in page.links
    assert "Delivery reports reach a saved connector only" not in page.words


@dataclass(frozen=True)
class Waiting:
    """A text that a connector's provider took, and has not reported on."""

    site: Site
    id: str
    instance_id: str

    @property
    def piece(self) -> str:
        """Return the address of the timeline alone."""
        return f"{HOME}/messages/{self.id}/timeline"

    async def report(self, state: Literal["delivered", "undelivered"], words: str = "") -> None:
        """Let the provider report."""
        report = DeliveryReport("SM1", state, "recipient_unreachable" if words else None, words)
        scope = await self.site.scope()
        assert await scope.messaging.reports.apply(self.instance_id, [report])


@pytest.fixture
async def waiting(site: Site, owner: Browser) -> Waiting:
    """Return a message whose provider can report to this server."""
    instance_id = await set_twilio_up(owner)
    site.server.public_url = "https://auth.example.com"
    await site.server.forget("default")
    row = message_row(
        site.clock.now(),
        connector_instance_id=instance_id,
        connector_id="twilio-short-message-service",
        provider_message_id="SM1",
    )
    await (await site.scope()).messaging.rows.add(row)
    return Waiting(site, row["id"], instance_id)


async def test_an_unchanged_message_is_not_shown_again(owner: Browser, waiting: Waiting) -> None:
    page = await owner.open(f"messages/{waiting.id}")
    assert f"{waiting.piece}?seen=accepted" in page.html

    answer = await owner.client.get(f"{waiting.piece}?seen=accepted")

    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("state", "words", "said"),
    [
        ("delivered", "", "Delivered"),
        ("undelivered", "30003: unreachable", "The message did not get through to the phone"),
    ],
)
async def test_a_last_word_is_shown_and_ends_the_looking(
    owner: Browser, waiting: Waiting, state: Any, words: str, said: str
) -> None:
    await waiting.report(state, words)

    page = await owner.open(f"{waiting.piece}?seen=accepted")

    assert said in page.words
    assert words in page.words
    assert "every 2s" not in page.html
    assert "<html" not in page.html


async def test_after_some_minutes_a_page_looks_no_more(
    site: Site, owner: Browser, waiting: Waiting
) -> None:
    site.clock.advance(timedelta(minutes=6))

    page = await owner.open(f"{waiting.piece}?seen=accepted")

    assert page.status == 200
    assert "This page stopped looking" in page.words
    assert "every 2s" not in page.html
