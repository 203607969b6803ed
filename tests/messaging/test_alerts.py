"""Operators who asked for it are mailed when a connector needs them, once, and when it is well."""

from datetime import timedelta
from typing import Any

import pytest

from tests.connectors.rooms import OPERATOR, Rooms
from tests.messaging.rows import message_row
from tests.messaging.test_email import EMAIL_CONFIG, EMAIL_ID, Post, PostConnector
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.core.phrases import Phrases
from watchword.core.sealing import Sealer
from watchword.messaging.alerts import ConnectorAlerts
from watchword.messaging.health import HealthService
from watchword.messaging.health_repository import HealthRows
from watchword.messaging.models import MessageState
from watchword.operators.repository import OperatorRepository
from watchword.operators.service import OperatorService


class Watch:
    """The judgement of one tenant's connectors, with operators who hear of it."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.operators = OperatorService(
            storage=rooms.storage,
            repository=OperatorRepository(rooms.storage),
            sealer=Sealer(rooms.keys, "operator"),
            clock=rooms.clock,
        )

    async def operator(self, name: str, email: str = "", language: str | None = None) -> None:
        """Let an operator in who asks for mail at an address."""
        token = await self.operators.invite("owner")
        opened = await self.operators.accept_invitation(token, name, "quiet harbour lamp")
        await self.operators.set_alert_email(opened.visit.operator, email)
        found = [one for one in await self.operators.list() if one.username == name]
        await self.operators.set_preferences(found[0], language=language, theme=None)

    async def look(self, saved: SavedConnector) -> None:
        """Judge a connector, and let the mails go out."""
        rooms = self.rooms
        health = HealthService(
            rows=HealthRows(rooms.storage, rooms.tenant.id),
            webhooks=rooms.webhooks,
            clock=rooms.clock,
            alerts=ConnectorAlerts(
                messaging=rooms.messaging,
                operators=self.operators,
                phrases=Phrases.load(),
                tenant=rooms.tenant,
                console="https://auth.example.com/console/default",
            ),
        )
        await health.watch(saved)
        await rooms.messaging.drain(timedelta(seconds=1))

    async def add(self, saved: SavedConnector, **changes: Any) -> None:
        """Write a message that went through a connector."""
        self.rooms.clock.advance(timedelta(seconds=1))
        await self.rooms.messaging.rows.add(
            message_row(self.rooms.clock.now(), connector_instance_id=saved.id, **changes)
        )

    async def refuse(self, saved: SavedConnector) -> None:
        """Let the provider refuse a connector's credentials."""
        await self.add(
            saved,
            state=MessageState.FAILED,
            accepted_at=None,
            error_class="invalid_credentials",
        )


@pytest.fixture
def watch(rooms: Rooms) -> Watch:
    """Return the judgement of the rooms' connectors."""
    return Watch(rooms)


@pytest.fixture
async def post(rooms: Rooms) -> Post:
    """Return what the tenant's mail server got; its texts go through another connector."""
    post = Post()
    rooms.registry.add(type("AlertPostConnector", (PostConnector,), {"post": post}))
    await rooms.configuration.connectors.create(OPERATOR, EMAIL_ID, EMAIL_CONFIG)
    return post


def mailed(post: Post) -> list[tuple[str, str]]:
    """Return to whom mails went, and their subjects."""
    return [(message.to.address, mail.subject) for message, mail in post.mails]


async def test_whoever_asked_is_mailed_once_when_it_begins_and_once_when_it_ends(
    rooms: Rooms, watch: Watch, post: Post
) -> None:
    saved = await rooms.set_up()
    await watch.operator("ada", "Ada@example.com")
    await watch.operator("bea")
    await watch.refuse(saved)
    for _ in range(3):
        await watch.look(saved)
    assert mailed(post) == [("ada@example.com", "test-provider needs a look")]
    [(_, mail)] = post.mails
    assert "The provider refuses the settings." in mail.text
    assert f"https://auth.example.com/console/default/connectors/{saved.id}" in mail.text

    await watch.add(saved)
    for _ in range(3):
        await watch.look(saved)

    assert mailed(post)[1:] == [("ada@example.com", "test-provider works again")]


async def test_each_is_written_to_in_their_own_language(
    rooms: Rooms, watch: Watch, post: Post
) -> None:
    saved = await rooms.set_up()
    await watch.operator("minji", "minji@example.com", "ko")
    await watch.refuse(saved)

    await watch.look(saved)

    [(_, subject)] = mailed(post)
    assert subject.endswith("커넥터를 확인해야 합니다")


async def test_what_is_unwell_does_not_carry_the_news_of_itself(
    rooms: Rooms, watch: Watch, post: Post
) -> None:
    saved = await rooms.connectors.active(ConnectorType.EMAIL)
    assert saved is not None
    await watch.operator("ada", "ada@example.com")
    await watch.refuse(saved)

    await watch.look(saved)

    assert mailed(post) == []
    assert await HealthRows(rooms.storage, rooms.tenant.id).find_episode(saved.id) is not None


async def test_without_an_email_connector_the_episode_is_known_all_the_same(
    rooms: Rooms, watch: Watch
) -> None:
    saved = await rooms.set_up()
    await watch.operator("ada", "ada@example.com")
    await watch.refuse(saved)

    await watch.look(saved)

    assert await HealthRows(rooms.storage, rooms.tenant.id).find_episode(saved.id) is not None


async def test_an_address_is_forgotten_when_it_is_left_empty(watch: Watch) -> None:
    await watch.operator("ada", "ada@example.com", "ko")
    [ada] = await watch.operators.list()

    await watch.operators.set_alert_email(ada, " ")

    [ada] = await watch.operators.list()
    assert (ada.alert_email, ada.language) == (None, "ko")
