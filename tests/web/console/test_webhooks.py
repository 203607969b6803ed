"""The console's pages of webhooks: set up, try, watch, send again, delete."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.web.console.conftest import PASSWORD, Browser, Invite, Page, Site
from tests.webhooks.receiver import Receiver, receiving
from watchword.core.phrases import Phrases
from watchword.web.console.webhooks import GROUPS
from watchword.webhooks.models import DeliveryError, DeliveryState, Event

SOON = timedelta(seconds=20)
URL = "https://billing.example/events"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a receiver that takes everything."""
    async with receiving() as receiver:
        yield receiver


async def set_up(site: Site, owner: Browser, url: str = URL, **typed: str) -> tuple[str, str]:
    """Set a webhook up; return its id and its signing key."""
    await owner.open("webhooks/new")
    page = await owner.submit(
        "/webhooks/new", name="Billing", url=url, events="User.Created", **typed
    )
    assert page.status == 200, page.words
    saved = await (await site.scope()).deliveries.webhooks.all()
    webhook = saved[-1]
    key = (await site.scope()).deliveries.webhooks.signing_key(webhook)
    assert key in page.html
    return webhook.id, key


async def press_test(owner: Browser, webhook_id: str, **typed: str) -> Page:
    """Press the form's other button, which sends a test."""
    form = owner.page.form(f"/webhooks/{webhook_id}")
    form.action += "/test"
    return await owner.submit(form.action, **typed)


async def test_the_signing_key_is_shown_when_it_is_made_and_never_again(
    site: Site, owner: Browser
) -> None:
    webhook_id, key = await set_up(site, owner)

    for path in ("webhooks", f"webhooks/{webhook_id}", f"webhooks/{webhook_id}/history"):
        page = await owner.open(path)
        assert page.status == 200
        assert key not in page.html
    await owner.open(f"webhooks/{webhook_id}")
    rotated = await owner.submit("/signing-key")

    scope = await site.scope()
    new_key = scope.deliveries.webhooks.signing_key((await scope.deliveries.webhooks.all())[0])
    assert new_key != key
    assert new_key in rotated.html


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"url": "billing.example"}, "url"),
        ({"url": "https://me:secret@billing.example"}, "url"),
        ({"headers": "Authorization"}, "headers"),
        ({"headers": "Host: evil.example"}, "headers"),
        ({"events": None}, "events"),
        ({"name": "x" * 257}, "name"),
    ],
)
async def test_what_is_wrong_is_said_beside_it_and_nothing_is_saved(
    site: Site, owner: Browser, typed: dict[str, str | None], wrong: str
) -> None:
    await owner.open("webhooks/new")
    right = {"name": "Billing", "url": URL, "events": "User.Created", "headers": ""}

    page = await owner.submit("/webhooks/new", **{**right, **typed})

    assert page.status == 422
    assert f'id="{wrong}-note" role="alert"' in page.html
    assert list(await (await site.scope()).deliveries.webhooks.all()) == []


async def test_a_change_is_saved_and_a_header_that_shows_dots_is_kept(
    site: Site, owner: Browser, receiver: Receiver
) -> None:
    webhook_id, _ = await set_up(site, owner, receiver.address, headers="X-Shop: north")
    page = await owner.open(f"webhooks/{webhook_id}")
    assert "north" not in page.html

    await owner.submit(f"/webhooks/{webhook_id}", name="Shop", events="User.Deleted")
    scope = await site.scope()
    await scope.webhooks.announce(Event.USER_DELETED, {})
    await site.server.courier.settle(SOON)

    saved = await scope.deliveries.webhooks.get(webhook_id)
    assert (saved.name, saved.events) == ("Shop", (Event.USER_DELETED,))
    assert receiver.received[0].headers["x-shop"] == "north"


async def test_a_change_that_somebody_else_made_is_not_overwritten(
    site: Site, owner: Browser
) -> None:
    webhook_id, _ = await set_up(site, owner)
    await owner.open(f"webhooks/{webhook_id}")
    await owner.submit(f"/webhooks/{webhook_id}", name="First")

    await owner.open(f"webhooks/{webhook_id}")
    page = await owner.submit(f"/webhooks/{webhook_id}", name="Second", version="1")

    assert page.status == 422
    saved = await (await site.scope()).deliveries.webhooks.get(webhook_id)
    assert saved.name == "First"


async def test_a_test_says_what_the_receiver_answered(
    site: Site, owner: Browser, receiver: Receiver
) -> None:
    webhook_id, key = await set_up(site, owner, receiver.address)
    receiver.answers = [200, 500]
    await owner.open(f"webhooks/{webhook_id}")

    taken = await press_test(owner, webhook_id, name="Not saved")
    await owner.open(f"webhooks/{webhook_id}")
    refused = await press_test(owner, webhook_id)

    assert "The receiver took the test." in taken.words
    assert "Not saved" in taken.html
    assert "status 500" in refused.words
    assert receiver.received[0].is_signed_with(key)


async def test_deliveries_show_what_went_wrong_and_what_failed_can_be_sent_again(
    site: Site, owner: Browser, receiver: Receiver
) -> None:
    webhook_id, _ = await set_up(site, owner, receiver.address)
    receiver.answers = [503]
    scope = await site.scope()
    await scope.webhooks.announce(Event.USER_CREATED, {"data": {"primaryPhone": "447700900123"}})
    await site.server.courier.settle(SOON)
    retrying = await owner.open(f"webhooks/{webhook_id}/deliveries")
    site.clock.advance(timedelta(days=2))
    await scope.deliveries.purge(site.clock.now())
    await owner.open("/console/sign-in")
    await owner.submit("/console/sign-in", username="owner", password=PASSWORD)
    given_up = await owner.open(f"webhooks/{webhook_id}/deliveries")

    again = await owner.submit("/repeat")
    await site.server.courier.settle(SOON)

    assert "Trying again" in retrying.words
    assert "The receiver answered 503." in retrying.words
    assert "Given up" in given_up.words
    assert "It is on its way again." in again.words
    assert len(receiver.received) == 2
    arrived = await owner.open(f"webhooks/{webhook_id}/deliveries")
    assert "Arrived" in arrived.words
    assert "447700900123" not in retrying.html + given_up.html + arrived.html


async def test_a_webhook_is_deleted_once_its_name_is_typed(site: Site, owner: Browser) -> None:
    webhook_id, _ = await set_up(site, owner)
    await owner.open(f"webhooks/{webhook_id}")

    refused = await owner.submit("/delete", typed_name="Bill")
    assert refused.status == 422
    await owner.submit("/delete", typed_name="Billing")

    assert "The webhook was deleted." in owner.page.words
    assert list(await (await site.scope()).deliveries.webhooks.all()) == []


async def test_an_earlier_version_comes_back(site: Site, owner: Browser) -> None:
    webhook_id, _ = await set_up(site, owner)
    await owner.open(f"webhooks/{webhook_id}")
    await owner.submit(f"/webhooks/{webhook_id}", name="Changed")
    await owner.open(f"webhooks/{webhook_id}/history")

    await owner.submit("/restore")
    await owner.submit("/restore", do="confirm")

    assert (await (await site.scope()).deliveries.webhooks.get(webhook_id)).name == "Billing"


async def test_a_viewer_looks_and_changes_nothing(
    site: Site, owner: Browser, invite: Invite
) -> None:
    webhook_id, _ = await set_up(site, owner)
    viewer = await invite("viewer")

    for path in ("webhooks", f"webhooks/{webhook_id}", f"webhooks/{webhook_id}/deliveries"):
        assert (await viewer.open(path)).status == 200
    await viewer.open(f"webhooks/{webhook_id}")
    for action in ("", "/test", "/signing-key", "/delete", "/restore"):
        form = viewer.page.form(f"/webhooks/{webhook_id}")
        form.action = f"/console/default/webhooks/{webhook_id}{action}"
        answer = await viewer.post(form.action, typed_name="Billing", name="Mine")
        form.action = f"/console/default/webhooks/{webhook_id}"
        assert answer.status_code == 403, action

    [saved] = await (await site.scope()).deliveries.webhooks.all()
    assert (saved.name, saved.version) == ("Billing", 1)


async def test_changing_wants_a_fresh_proof_of_who_one_is(site: Site, owner: Browser) -> None:
    webhook_id, key = await set_up(site, owner)
    site.clock.advance(timedelta(hours=2))
    await owner.open(f"webhooks/{webhook_id}")

    asked = await owner.submit("/signing-key")

    scope = await site.scope()
    present = scope.deliveries.webhooks.signing_key((await scope.deliveries.webhooks.all())[0])
    assert present == key
    assert "_password" in asked.html


def test_every_event_state_and_error_has_its_words_and_its_place() -> None:
    phrases = Phrases.load()
    wanted = [
        *(f"console.event.{event.value.replace('.', '_')}" for event in Event),
        *(f"console.event_group.{group}" for group in GROUPS),
        *(f"console.delivery_state.{state}" for state in DeliveryState),
        *(f"console.delivery_error.{error}" for error in DeliveryError),
    ]

    for language in phrases.languages:
        missing = [key for key in wanted if key not in phrases.languages[language]]
        assert missing == [], language
    assert sorted(event for events in GROUPS.values() for event in events) == sorted(Event)
