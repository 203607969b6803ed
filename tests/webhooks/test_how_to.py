"""The receiver of the how-to page takes what this server sends, once, and nothing else."""

import re
from pathlib import Path
from typing import Any

from tests.connectors.rooms import OPERATOR, Rooms
from tests.webhooks.receiver import Receiver
from tests.webhooks.test_deliveries import SOON
from watchword.webhooks.models import Event, NewWebhook, WebhookConfig

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "receive-webhooks.md"


def of_the_page() -> dict[str, Any]:
    """Run the page's Python and return what it defines."""
    [block] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    defined: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), defined)  # noqa: S102  # our own page
    return defined


async def test_the_receiver_of_the_page_takes_each_event_once(
    rooms: Rooms, receiver: Receiver
) -> None:
    config = WebhookConfig(url=receiver.address)
    new = NewWebhook(name="x", events=(Event.USER_DELETED,), config=config)
    signed = await rooms.configuration.webhooks.create(OPERATOR, new)
    await rooms.webhooks.announce(Event.USER_DELETED, {"data": None})
    await rooms.courier.settle(SOON)
    sent = receiver.received[0]
    reader = of_the_page()["Receiver"](signed.signing_key)

    statuses = [reader.receive(sent.headers, sent.body) for _ in range(2)]

    assert statuses == [204, 204]
    assert [event["event"] for event in reader.events] == ["User.Deleted"]
    assert reader.receive(sent.headers, sent.body + b" ") == 401
    assert reader.receive({**sent.headers, "logto-signature-sha-256": "é"}, sent.body) == 401


def test_the_page_names_every_event() -> None:
    text = PAGE.read_text("utf-8")
    families = ("Organization.", "OrganizationRole.", "OrganizationScope.")

    missing = [event for event in Event if event not in text and not event.startswith(families)]

    assert missing == []
