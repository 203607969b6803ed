"""Changing the connector that sends: compare, switch in one step, and back."""

import json

import pytest

from tests.web.console.conftest import Browser, Site
from tests.web.console.test_connectors import TEMPLATES, TWILIO, TWILIO_FORM, set_inbox_up
from watchword.audit.models import SYSTEM
from watchword.configuration.errors import VersionNotFound

KOREAN = json.dumps(
    [*json.loads(TEMPLATES), {"usageType": "Generic", "language": "ko", "content": "{{code}}"}]
)


async def switch(owner: Browser) -> str:
    """Put Twilio in the place of the development inbox; return the inbox's id."""
    instance = await set_inbox_up(owner)
    await owner.open(TWILIO)
    await owner.submit("/twilio-short-message-service", **TWILIO_FORM, confirm="yes")
    assert owner.page.status == 200, owner.page.words
    return instance


async def test_a_first_connector_is_compared_with_nothing(owner: Browser) -> None:
    page = await owner.open(TWILIO)

    assert "sends now" not in page.words


async def test_the_new_connector_stands_beside_the_one_that_sends(owner: Browser) -> None:
    await set_inbox_up(owner)

    page = await owner.open(TWILIO)

    assert "Development inbox sends now Twilio SMS Service this form" in page.words
    assert "Delivery reports No Yes" in page.words
    assert "Credential check No Yes" in page.words
    # The inbox has texts of its own in both; Twilio's form starts with one for everybody.
    assert "Languages English, Korean One text for all less than now" in page.words


async def test_the_comparison_follows_the_form(owner: Browser) -> None:
    await owner.open(TWILIO)
    await owner.submit(
        "/twilio-short-message-service", **TWILIO_FORM, templates=KOREAN, confirm="yes"
    )
    await owner.open("connectors/set-up/development-inbox")
    owner.page.form("/development-inbox").action += "/compare"

    page = await owner.submit("/compare", templates=TEMPLATES)

    assert "Languages Korean One text for all" in page.words
    assert "Delivery reports Yes No less than now" in page.words
    assert "<html" not in page.html


async def test_the_way_back_is_offered_at_once(site: Site, owner: Browser) -> None:
    inbox = await switch(owner)
    assert "Development inbox sent before and sends no more" in owner.page.words

    page = await owner.submit("/bring-back")

    active = await (await site.scope()).connectors.active()
    assert active is not None
    assert active.id == inbox
    assert "Twilio SMS Service sent before and sends no more" in page.words


async def test_a_secret_comes_back_with_its_connector(site: Site, owner: Browser) -> None:
    await switch(owner)
    await owner.submit("/bring-back")
    page = await owner.open("connectors")
    assert "Earlier connectors Replaced or deleted" in page.words
    assert "the-real-token" not in page.html

    await owner.submit("/bring-back")

    connectors = (await site.scope()).connectors
    active = await connectors.active()
    assert active is not None
    assert active.connector_id == "twilio-short-message-service"
    assert connectors.opened_secrets(active)["authToken"] == "the-real-token"


async def test_a_deleted_connector_comes_back_as_it_was(site: Site, owner: Browser) -> None:
    instance = await set_inbox_up(owner)
    await owner.open(f"connectors/{instance}/delete")
    await owner.submit("/delete", name="development inbox")
    assert await (await site.scope()).connectors.active() is None

    await owner.open("connectors")
    await owner.submit("/bring-back")

    active = await (await site.scope()).connectors.active()
    assert active is not None
    assert active.id == instance


async def test_what_never_was_does_not_come_back(site: Site) -> None:
    scope = await site.scope()

    with pytest.raises(VersionNotFound):
        await scope.configuration.bring_back(SYSTEM, "nobody")
