"""Where trouble is read of, the change that may be why is named, and taken back by one button."""

from datetime import timedelta
from typing import Any

import pytest

from tests.messaging.rows import message_row
from tests.web.console.conftest import Browser, Site
from watchword.audit.models import Actor
from watchword.connectors.models import SavedConnector
from watchword.messaging.models import MessageState
from watchword.web.console.undo import LATELY

ROSA = Actor("operator", "op1", "rosa")
UNDO = "/restore"
CONFIG: dict[str, Any] = {
    "accountSID": "AC1",
    "authToken": "not-a-real-token",
    "fromMessagingServiceSID": "MG1",
    "templates": [
        {"usageType": usage, "content": "Code {{code}}"}
        for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}
WITHOUT_CODE = [{**one, "content": "Welcome back"} for one in CONFIG["templates"]]


@pytest.fixture
async def broken(site: Site) -> SavedConnector:
    """Return a connector that was set up well and then changed for the worse."""
    connectors = (await site.scope()).configuration.connectors
    saved = await connectors.create(ROSA, "twilio-short-message-service", CONFIG)
    worse = {**CONFIG, "templates": WITHOUT_CODE}
    changed = await (await site.scope()).configuration.connectors.change(ROSA, saved.id, worse)
    for state in (MessageState.ACCEPTED, MessageState.FAILED):
        refused = {"accepted_at": None, "error_class": "template_rejected"}
        row = message_row(
            site.clock.now() + timedelta(seconds=state is MessageState.FAILED),
            state=state,
            connector_instance_id=saved.id,
            **(refused if state is MessageState.FAILED else {}),
        )
        await (await site.scope()).messaging.rows.add(row)
    return changed


@pytest.mark.parametrize("place", ["messages/dashboard", "connectors", "connectors/{id}"])
async def test_a_change_is_taken_back_where_its_trouble_is_read_of(
    site: Site, owner: Browser, broken: SavedConnector, place: str
) -> None:
    page = await owner.open(place.format(id=broken.id))
    assert "rosa changed Twilio SMS Service." in page.words

    page = await owner.submit(UNDO)
    assert "Code {{code}}" in page.words
    page = await owner.submit(UNDO, do="confirm")

    assert "The earlier version is back" in page.words
    [saved] = await (await site.scope()).connectors.list()
    assert saved.config["templates"][0]["content"] == "Code {{code}}"
    assert (await site.scope()).connectors.opened_secrets(saved) == {
        "authToken": "not-a-real-token"
    }
    # Taking that back would break it again.
    assert "Undo this change" not in (await owner.open("messages/dashboard")).words


async def test_the_dashboard_names_a_change_although_nothing_speaks_against_it(
    site: Site, owner: Browser, broken: SavedConnector
) -> None:
    site.clock.advance(timedelta(hours=2))

    page = await owner.open("messages/dashboard")

    assert "needs a look" not in page.words
    assert page.words.count("Undo this change") == 1


async def test_of_two_who_undo_the_second_is_told(owner: Browser, broken: SavedConnector) -> None:
    await owner.open("messages/dashboard")
    seen = owner.page
    await owner.submit(UNDO)
    await owner.submit(UNDO, do="confirm")
    owner.page = seen

    page = await owner.submit(UNDO)

    assert page.status == 409
    assert "Someone else changed this" in page.words


async def test_an_old_change_is_no_suspect(
    site: Site, owner: Browser, broken: SavedConnector
) -> None:
    site.clock.advance(LATELY + timedelta(seconds=1))

    page = await owner.open("messages/dashboard?days=30")

    assert "Undo this change" not in page.words
