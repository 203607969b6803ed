"""One active connector, under any race; the old one stays in history and comes back."""

import asyncio
from typing import Any

import pytest

from tests.connectors.provider import CONFIG, DEVELOPMENT_ID, OTHER_PROVIDER_ID, PROVIDER_ID
from tests.connectors.rooms import OPERATOR, Rooms, open_rooms
from watchword.audit.models import AuditFilter
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorInUse,
    DevelopmentPartsInUse,
    VersionNotFound,
    VersionNotRestorable,
)
from watchword.configuration.models import Action, Change, Kind
from watchword.connector_kit.errors import InvalidConfig
from watchword.connectors.errors import (
    ConnectorIdTaken,
    ConnectorNotFound,
    DevelopmentConnectorRefused,
    MetadataNotAllowed,
    SecretsWantedAgain,
    SyncProfileNotAllowed,
    UnknownConnectorClass,
)
from watchword.connectors.models import MASK
from watchword.core.pagination import PageRequest
from watchword.tenants.models import TenantTag

PHONE_SIGN_IN: dict[str, Any] = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": False,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
}


async def active_ids(rooms: Rooms) -> list[str]:
    return [saved.id for saved in await rooms.connectors.list()]


async def test_a_new_connector_takes_the_place_of_the_old_one(rooms: Rooms) -> None:
    old = await rooms.set_up()
    new = await rooms.set_up(OTHER_PROVIDER_ID, reason="cheaper")

    assert await active_ids(rooms) == [new.id]
    history = await rooms.configuration.history(Kind.CONNECTOR)
    assert sorted((v.subject_id, v.version, v.action) for v in history.items) == sorted(
        [
            (old.id, 1, Action.CREATED),
            (old.id, 2, Action.REPLACED),
            (new.id, 1, Action.CREATED),
        ]
    )
    [created] = (await rooms.configuration.history(Kind.CONNECTOR, new.id)).items
    assert (created.author, created.reason) == (OPERATOR, "cheaper")
    assert created.document is not None
    assert created.document["config"]["sender"] == "Example"


async def test_a_changed_address_is_not_saved_with_a_kept_secret(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    moved = {**CONFIG, "apiKey": MASK, "gateway": "https://evil.example"}

    with pytest.raises(SecretsWantedAgain):
        await rooms.configuration.connectors.change(OPERATOR, saved.id, moved)
    assert await rooms.connectors.get(saved.id) == saved

    await rooms.configuration.connectors.change(OPERATOR, saved.id, {**moved, "apiKey": "again"})
    assert (await rooms.connectors.get(saved.id)).config["gateway"] == "https://evil.example"


async def test_of_ten_creations_at_once_exactly_one_is_active_and_all_are_in_history(
    rooms: Rooms,
) -> None:
    processes = [rooms.anew() for _ in range(10)]

    saved = await asyncio.gather(
        *(
            process.set_up(PROVIDER_ID if number % 2 else OTHER_PROVIDER_ID)
            for number, process in enumerate(processes)
        )
    )

    active = await active_ids(rooms)
    assert len(active) == 1
    assert active[0] in {each.id for each in saved}
    history = await rooms.configuration.history(Kind.CONNECTOR, page=PageRequest(size=100))
    actions = [version.action for version in history.items]
    assert actions.count(Action.CREATED) == 10
    assert actions.count(Action.REPLACED) == 9
    assert (await rooms.directory.get("default")).configuration_stamp == 10


async def test_a_refused_creation_leaves_everything_as_it_was(rooms: Rooms) -> None:
    old = await rooms.set_up()
    stamp = (await rooms.directory.get("default")).configuration_stamp

    with pytest.raises(InvalidConfig):
        await rooms.configuration.connectors.create(OPERATOR, OTHER_PROVIDER_ID, {"sender": "x"})
    with pytest.raises(UnknownConnectorClass):
        await rooms.configuration.connectors.create(OPERATOR, "logto-sms", CONFIG)
    with pytest.raises(ConnectorIdTaken):
        await rooms.set_up(OTHER_PROVIDER_ID, id=old.id)

    assert await active_ids(rooms) == [old.id]
    assert (await rooms.configuration.history()).total == 1
    assert (await rooms.directory.get("default")).configuration_stamp == stamp


async def test_the_contracts_extras_on_creation_are_kept(rooms: Rooms) -> None:
    saved = await rooms.configuration.connectors.create(
        OPERATOR, PROVIDER_ID, None, id="chosen", metadata={"target": "sms"}, sync_profile=True
    )

    assert saved == await rooms.connectors.get("chosen")
    assert (saved.config, saved.metadata, saved.sync_profile) == ({}, {"target": "sms"}, True)


@pytest.mark.proves("S125")
async def test_a_change_is_a_version_with_its_difference_and_masks(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    templates = [dict(item) for item in CONFIG["templates"]]
    templates[0]["content"] = "Hello {{code}}"
    config = {"apiKey": "key-second", "sender": "Example 2", "templates": templates}

    changed = await rooms.configuration.connectors.change(
        OPERATOR, saved.id, config, expected_version=1
    )

    assert (changed.version, changed.tested_at) == (2, None)
    assert rooms.connectors.opened_secrets(changed) == {"apiKey": "key-second"}
    newest = (await rooms.configuration.history(Kind.CONNECTOR, saved.id)).items[0]
    assert {change.field: (change.before, change.after) for change in newest.changes} == {
        "config.sender": ("Example", "Example 2"),
        "config.templates.SignIn.content": (
            CONFIG["templates"][0]["content"],
            "Hello {{code}}",
        ),
        "config.apiKey": (MASK, MASK),
    }
    entries = await rooms.audit.list(filters=AuditFilter(subject=f"connector:{saved.id}"))
    assert {entry.event for entry in entries.items} == {
        "configuration.connector.created",
        "configuration.connector.changed",
    }


async def test_a_kept_secret_is_not_a_change(rooms: Rooms) -> None:
    saved = await rooms.set_up()

    same = await rooms.configuration.connectors.change(
        OPERATOR, saved.id, rooms.connectors.masked_config(saved)
    )

    assert same.version == 1
    assert (await rooms.configuration.history()).total == 1


async def test_a_change_over_someone_elses_is_refused(rooms: Rooms) -> None:
    saved = await rooms.set_up()

    outcomes = await asyncio.gather(
        *(
            rooms.anew().configuration.connectors.change(
                OPERATOR, saved.id, {**CONFIG, "sender": f"Sender {n}"}, expected_version=1
            )
            for n in range(6)
        ),
        return_exceptions=True,
    )

    refused = [each for each in outcomes if isinstance(each, ConfigurationChanged)]
    assert len(refused) == 5
    assert (await rooms.configuration.history()).total == 2


async def test_the_contracts_refusals_of_a_change(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    change = rooms.configuration.connectors.change

    with pytest.raises(ConnectorNotFound):
        await change(OPERATOR, "nothing", CONFIG)
    with pytest.raises(MetadataNotAllowed):
        await change(OPERATOR, saved.id, metadata={"name": {"en": "x"}})
    with pytest.raises(SyncProfileNotAllowed):
        await change(OPERATOR, saved.id, sync_profile=True)
    with pytest.raises(InvalidConfig):
        await change(OPERATOR, saved.id, {"sender": "Example"})


# Undo.


async def test_a_replaced_connector_comes_back_with_its_secrets(rooms: Rooms) -> None:
    old = await rooms.set_up(config={"apiKey": "key-old"})
    new = await rooms.set_up(OTHER_PROVIDER_ID)

    restored = await rooms.configuration.restore(OPERATOR, Kind.CONNECTOR, old.id, 1)

    assert (restored.version, restored.action) == (3, Action.RESTORED)
    assert await active_ids(rooms) == [old.id]
    saved = await rooms.connectors.get(old.id)
    assert rooms.connectors.opened_secrets(saved) == {"apiKey": "key-old"}
    replaced = (await rooms.configuration.history(Kind.CONNECTOR, new.id)).items[0]
    assert (replaced.action, replaced.changes) == (
        Action.REPLACED,
        (Change("replacedBy", None, old.id),),
    )


async def test_an_earlier_version_of_the_active_connector_comes_back(rooms: Rooms) -> None:
    saved = await rooms.set_up(config={"apiKey": "key-old"})
    await rooms.configuration.connectors.change(OPERATOR, saved.id, {**CONFIG, "apiKey": "key-new"})

    await rooms.configuration.restore(OPERATOR, Kind.CONNECTOR, saved.id, 1)

    back = await rooms.connectors.get(saved.id)
    assert rooms.connectors.opened_secrets(back) == {"apiKey": "key-old"}
    assert back.version == 3


async def test_a_deleted_connector_comes_back(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.connectors.delete(OPERATOR, saved.id)
    assert await active_ids(rooms) == []

    with pytest.raises(VersionNotRestorable):
        await rooms.configuration.restore(OPERATOR, Kind.CONNECTOR, saved.id, 2)
    with pytest.raises(VersionNotFound):
        await rooms.configuration.restore(OPERATOR, Kind.CONNECTOR, saved.id, 9)
    await rooms.configuration.restore(OPERATOR, Kind.CONNECTOR, saved.id, 1)

    assert await active_ids(rooms) == [saved.id]
    rooms.connectors.build(await rooms.connectors.get(saved.id))


async def test_restorations_and_creations_at_once_leave_one_active(rooms: Rooms) -> None:
    saved = [await rooms.set_up() for _ in range(3)]

    await asyncio.gather(
        *(
            rooms.anew().configuration.restore(OPERATOR, Kind.CONNECTOR, each.id, 1)
            for each in saved
        ),
        *(rooms.anew().set_up() for _ in range(3)),
    )

    assert len(await active_ids(rooms)) == 1


# Deleting what is in use.


async def test_deleting_a_connector_in_use_is_refused_unless_forced(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, PHONE_SIGN_IN)

    with pytest.raises(ConnectorInUse) as caught:
        await rooms.configuration.connectors.delete(OPERATOR, saved.id)

    assert isinstance(caught.value.data, dict)
    assert [each["setting"] for each in caught.value.data["breaks"]] == ["sign_up", "sign_in"]
    assert [
        each.setting for each in await rooms.configuration.connectors.what_breaks(saved.id)
    ] == [
        "sign_up",
        "sign_in",
    ]
    assert await active_ids(rooms) == [saved.id]
    await rooms.configuration.connectors.delete(OPERATOR, saved.id, force=True)
    assert await active_ids(rooms) == []
    with pytest.raises(ConnectorNotFound):
        await rooms.configuration.connectors.delete(OPERATOR, saved.id, force=True)


# Production.


@pytest.mark.proves("S135")
async def test_a_tenant_with_a_development_connector_does_not_become_production(
    rooms: Rooms,
) -> None:
    lab = await open_rooms(
        rooms.storage, rooms.clock, rooms.keys, tenant_id="lab", tag=TenantTag.DEVELOPMENT
    )
    saved = await lab.set_up(DEVELOPMENT_ID)

    with pytest.raises(DevelopmentPartsInUse):
        await lab.configuration.settings.set_tag(OPERATOR, TenantTag.PRODUCTION)
    await lab.set_up(PROVIDER_ID)
    stale = lab.anew()
    await lab.configuration.settings.set_tag(OPERATOR, TenantTag.PRODUCTION)

    assert (await lab.directory.get("lab")).is_production
    # A process that has not yet heard of it can't slip one in.
    with pytest.raises(DevelopmentConnectorRefused):
        await stale.set_up(DEVELOPMENT_ID)
    with pytest.raises(DevelopmentConnectorRefused):
        await stale.configuration.restore(OPERATOR, Kind.CONNECTOR, saved.id, 1)
