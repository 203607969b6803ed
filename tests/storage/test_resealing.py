"""Keys are rotated while the server runs, and an old key is known to be out of use."""

import asyncio

import pytest
from sqlalchemy import Text, type_coerce

from tests.connectors.rooms import ALICE, OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from tests.messaging.test_sending import MOMENT, queue
from watchword.applications.models import NewApplication
from watchword.configuration.models import Kind
from watchword.core.keys import SecretKeys
from watchword.core.sealing import SealBroken
from watchword.messaging.models import MessageFilter
from watchword.storage import Storage
from watchword.storage.resealing import keys_in_use, reseal, sealed_columns


@pytest.fixture
async def rooms(storage: Storage, clock: FakeClock, keys: SecretKeys) -> Rooms:
    return await open_rooms(storage, clock, keys)


def only(keys: SecretKeys, key_id: str) -> SecretKeys:
    return SecretKeys({key_id: keys.keys[key_id]})


def led_by(keys: SecretKeys, key_id: str) -> SecretKeys:
    return SecretKeys({key_id: keys.keys[key_id], **keys.keys})


def use(rooms: Rooms, keys: SecretKeys) -> None:
    rooms.keys = keys
    rooms.reload()


def test_every_sealed_column_of_the_schema_is_walked() -> None:
    names = {column.name for column in sealed_columns()}

    assert names == {
        "applications.secret",
        "applications.secrets",
        "configuration_versions.secrets",
        "connectors.secrets",
        "factors.secret",
        "messages.content",
        "messages.recipient",
        "operators.totp_secret",
        "signing_keys.private_key",
        "social_verifications.secrets",
        "webhook_deliveries.body",
        "webhooks.secrets",
    }
    for column in sealed_columns():
        assert type_coerce(column.column, Text) is not None
        columns = {part.name for part in column.table.columns}
        place = column.column.type.place  # type: ignore[attr-defined]  # a sealed type
        assert {part for part in place if not part.startswith("'")} <= columns


@pytest.mark.proves("S126")
async def test_after_rotation_the_old_key_may_go(rooms: Rooms) -> None:
    keys = rooms.keys
    use(rooms, only(keys, "k1"))
    saved = await rooms.set_up()
    created = await rooms.configuration.applications.create(
        OPERATOR, NewApplication(name="Shop", type="Traditional")
    )
    queued = await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    assert await keys_in_use(rooms.storage) == {
        "k1": [
            "applications.secret",
            "configuration_versions.secrets",
            "connectors.secrets",
            "messages.recipient",
        ]
    }
    assert await reseal(rooms.storage, led_by(keys, "k2")) == 5
    assert set(await keys_in_use(rooms.storage)) == {"k2"}
    assert await reseal(rooms.storage, led_by(keys, "k2")) == 0

    use(rooms, only(keys, "k2"))
    assert rooms.connectors.opened_secrets(await rooms.connectors.get(saved.id))
    applications = rooms.configuration.applications.saved
    assert created.secret is not None
    assert applications.is_secret_of(await applications.get(created.application.id), created.secret)
    assert await rooms.messaging.log.reveal_recipient(queued.id, OPERATOR) == ALICE
    await rooms.configuration.restore(OPERATOR, Kind.CONNECTOR, saved.id, 1)


@pytest.mark.proves("S126")
async def test_many_rows_are_walked_in_batches_while_messages_are_sent(rooms: Rooms) -> None:
    keys = rooms.keys
    use(rooms, only(keys, "k1"))
    await rooms.set_up()
    for _ in range(250):
        await queue(rooms, deliver=False)
    use(rooms, led_by(keys, "k2"))

    async def serve() -> None:
        for _ in range(20):
            await queue(rooms)
        await rooms.messaging.drain(MOMENT)

    resealed, _ = await asyncio.gather(reseal(rooms.storage, rooms.keys), serve())

    assert resealed >= 250
    assert set(await keys_in_use(rooms.storage)) == {"k2"}
    assert len(rooms.provider.sent) == 20
    assert (await rooms.messaging.log.list(MessageFilter())).total == 270


async def test_two_rotations_at_once_do_no_harm(rooms: Rooms) -> None:
    keys = rooms.keys
    use(rooms, only(keys, "k1"))
    saved = await rooms.set_up()
    for _ in range(20):
        await queue(rooms, deliver=False)

    done = await asyncio.gather(*(reseal(rooms.storage, led_by(keys, "k2")) for _ in range(3)))

    assert sum(done) == 22
    use(rooms, only(keys, "k2"))
    rooms.connectors.build(await rooms.connectors.get(saved.id))


async def test_a_wrong_key_under_the_old_id_stops_the_rotation(rooms: Rooms) -> None:
    keys = rooms.keys
    use(rooms, only(keys, "k1"))
    await rooms.set_up()

    with pytest.raises(SealBroken):
        await reseal(rooms.storage, SecretKeys({"k2": keys.keys["k2"], "k1": b"x" * 32}))
    assert set(await keys_in_use(rooms.storage)) == {"k1"}
