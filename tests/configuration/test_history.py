"""Any version can be compared and brought back; old ones are forgotten, the newest never."""

from datetime import timedelta

import pytest

from tests.configuration.test_documents import ALL, fill
from tests.connectors.provider import OTHER_PROVIDER_ID
from tests.connectors.rooms import OPERATOR, Rooms
from watchword.applications.models import NewApplication
from watchword.configuration.errors import (
    ConfigurationChanged,
    VersionNotFound,
    VersionNotRestorable,
)
from watchword.configuration.models import SINGLE, Change, Kind
from watchword.connectors.models import MASK


async def test_two_versions_are_compared_secrets_masked(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    for key, sender in (("key-2", "Second"), ("key-3", "Example")):
        config = {**saved.config, "apiKey": key, "sender": sender}
        await rooms.configuration.connectors.change(OPERATOR, saved.id, config)

    compare = rooms.configuration.compare

    assert await compare(Kind.CONNECTOR, saved.id, 1, 2) == (
        Change("config.sender", "Example", "Second"),
        Change("config.apiKey", MASK, MASK),
    )
    assert await compare(Kind.CONNECTOR, saved.id, 3, 1) == (Change("config.apiKey", MASK, MASK),)
    assert await compare(Kind.CONNECTOR, saved.id, 2, 2) == ()
    with pytest.raises(VersionNotFound):
        await compare(Kind.CONNECTOR, saved.id, 1, 4)


async def test_a_change_that_was_not_seen_is_not_taken_back(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    for sender in ("Second", "Third"):
        config = {**saved.config, "apiKey": MASK, "sender": sender}
        await rooms.configuration.connectors.change(OPERATOR, saved.id, config)
    restore = rooms.configuration.restore

    with pytest.raises(ConfigurationChanged):
        await restore(OPERATOR, Kind.CONNECTOR, saved.id, 1, expected_version=2)
    await restore(OPERATOR, Kind.CONNECTOR, saved.id, 2, expected_version=3)

    assert (await rooms.connectors.get(saved.id)).config["sender"] == "Second"


async def test_present_versions_are_known_of_everything(rooms: Rooms) -> None:
    old = await rooms.set_up()
    new = await rooms.set_up(OTHER_PROVIDER_ID)
    await rooms.configuration.settings.save_guard(OPERATOR, {"allowedCountries": ["KR"]})

    assert await rooms.configuration.present_versions() == {
        (Kind.CONNECTOR, old.id): 2,
        (Kind.CONNECTOR, new.id): 1,
        (Kind.GUARD, SINGLE): 1,
    }


async def test_old_versions_are_forgotten_and_the_newest_two_never(rooms: Rooms) -> None:
    for count in (1, 2, 3, 4):
        limit = {"perNumber": {"count": count, "seconds": 60}}
        await rooms.configuration.settings.save_guard(OPERATOR, limit)
    rooms.clock.advance(timedelta(days=400))

    await rooms.configuration.writer.versions.purge(rooms.clock.now() - timedelta(days=365))

    kept = await rooms.configuration.history(Kind.GUARD)
    assert sorted(version.version for version in kept.items) == [3, 4]
    await rooms.configuration.restore(OPERATOR, Kind.GUARD, SINGLE, 3)
    policy, version = await rooms.configuration.settings.guard()
    assert (policy.per_number.count, version) == (3, 5)


async def test_young_versions_are_all_kept(rooms: Rooms) -> None:
    await fill(rooms)
    before = await rooms.configuration.history(page=ALL)

    await rooms.configuration.writer.versions.purge(rooms.clock.now() - timedelta(days=365))

    assert (await rooms.configuration.history(page=ALL)).total == before.total


async def test_a_deleted_application_comes_back_with_its_secret_after_a_purge(
    rooms: Rooms,
) -> None:
    created = await rooms.configuration.applications.create(
        OPERATOR, NewApplication(name="Shop", type="Traditional"), id="shop"
    )
    await rooms.configuration.applications.change(OPERATOR, "shop", {"name": "Shop 2"})
    await rooms.configuration.applications.delete(OPERATOR, "shop")
    rooms.clock.advance(timedelta(days=400))
    await rooms.configuration.writer.versions.purge(rooms.clock.now() - timedelta(days=365))

    await rooms.configuration.restore(OPERATOR, Kind.APPLICATION, "shop", 2)

    found = await rooms.configuration.applications.saved.get("shop")
    assert found.name == "Shop 2"
    assert rooms.configuration.applications.saved.is_secret_of(found, created.secret or "")


async def test_what_an_owner_allowed_is_not_restored_by_others(rooms: Rooms) -> None:
    for is_allowed in (True, False):
        await rooms.configuration.test_numbers.allow_in_production(OPERATOR, is_allowed)

    with pytest.raises(VersionNotRestorable):
        await rooms.configuration.restore(OPERATOR, Kind.TEST_NUMBERS, SINGLE, 1)
