"""What was tried in one tenant moves to another: chosen parts, secrets apart, all or nothing."""

import asyncio

import pytest

from tests.configuration.test_documents import exported, fill
from tests.connectors.provider import OTHER_PROVIDER_ID
from tests.connectors.rooms import OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from watchword.audit.models import AuditFilter
from watchword.configuration.documents import Plan
from watchword.configuration.errors import (
    ConfigurationChanged,
    DocumentRefused,
    NothingChosen,
    SameTenant,
)
from watchword.configuration.promotion import MovedSecret, Promotion, SecretState
from watchword.connectors.models import MASK
from watchword.core.keys import SecretKeys
from watchword.core.pagination import PageRequest
from watchword.storage import Storage
from watchword.tenants.models import TenantTag

SECRET = ("connectors", "sms", "config", "apiKey")
SMS = ["connectors.sms"]


@pytest.fixture
async def trial(storage: Storage, clock: FakeClock, keys: SecretKeys) -> Rooms:
    """Return a development tenant with something of everything."""
    rooms = await open_rooms(storage, clock, keys, tenant_id="trial", tag=TenantTag.DEVELOPMENT)
    await fill(rooms)
    return rooms


def promotion(source: Rooms, target: Rooms) -> Promotion:
    return Promotion(source=source.configuration.documents, target=target.configuration.documents)


async def test_everything_can_be_chosen(trial: Rooms, rooms: Rooms) -> None:
    assert await promotion(trial, rooms).choices() == (
        *("signIn", "guard", "accountCenter", "tenant", "connectors.sms"),
        *("resources.https://orders.example", "applications.shop", "webhooks.hook"),
    )


async def test_what_is_chosen_moves_and_the_rest_of_the_target_stays(
    trial: Rooms, rooms: Rooms
) -> None:
    await rooms.set_up(OTHER_PROVIDER_ID)
    before = await exported(rooms)
    moving = promotion(trial, rooms)

    preview = await moving.preview(OPERATOR, ["guard"], {})
    await moving.move(OPERATOR, ["guard"], {}, expected_stamp=preview.plan.stamp)

    assert [change.path for change in preview.plan.changes] == [("guard",)]
    assert await exported(rooms) == {**before, "guard": (await exported(trial))["guard"]}


async def test_a_missing_secret_is_entered_and_never_taken_along(
    trial: Rooms, rooms: Rooms
) -> None:
    moving = promotion(trial, rooms)

    preview = await moving.preview(OPERATOR, SMS, {})
    with pytest.raises(DocumentRefused) as refused:
        await moving.move(OPERATOR, SMS, {})
    await moving.move(OPERATOR, SMS, {"SMS_API_KEY": "key-of-production"})

    assert preview.secrets == (MovedSecret(SECRET, SecretState.MISSING),)
    assert refused.value.issues[0].path == SECRET
    [saved] = await rooms.connectors.list()
    assert rooms.connectors.opened_secrets(saved) == {"apiKey": "key-of-production"}
    assert "key-7f3a" not in repr(preview)


@pytest.mark.parametrize(
    ("key", "state"),
    [("key-7f3a", SecretState.SAME), ("key-of-production", SecretState.DIFFERENT)],
)
async def test_a_secret_that_the_target_has_stays(
    trial: Rooms, rooms: Rooms, key: str, state: SecretState
) -> None:
    await rooms.set_up(config={"apiKey": key, "sender": "Before"})
    moving = promotion(trial, rooms)

    preview = await moving.preview(OPERATOR, SMS, {})
    await moving.move(OPERATOR, SMS, {})

    assert preview.secrets == (MovedSecret(SECRET, state),)
    [saved] = await rooms.connectors.list()
    assert saved.config["sender"] == "Example"
    assert rooms.connectors.opened_secrets(saved) == {"apiKey": key}


async def test_a_connector_is_tried_in_the_target_before_it_moves(
    trial: Rooms, rooms: Rooms
) -> None:
    present = await rooms.set_up()
    moving = promotion(trial, rooms)

    kept = await moving.connector_config("sms", {})
    entered = await moving.connector_config("sms", {"SMS_API_KEY": "key-of-production"})

    assert kept[1]["apiKey"] == MASK
    assert kept[2] is not None
    assert kept[2].id == present.id
    assert entered[1]["apiKey"] == "key-of-production"


async def test_of_two_people_at_once_one_wins_and_the_other_is_told(
    trial: Rooms, rooms: Rooms
) -> None:
    stamp = (await promotion(trial, rooms).preview(OPERATOR, ["guard"], {})).plan.stamp

    ended = await asyncio.gather(
        *(
            promotion(trial, process).move(OPERATOR, ["guard"], {}, expected_stamp=stamp)
            for process in (rooms, rooms.anew())
        ),
        return_exceptions=True,
    )

    assert {type(end) for end in ended} == {Plan, ConfigurationChanged}


async def test_the_audit_log_says_where_it_came_from(trial: Rooms, rooms: Rooms) -> None:
    await promotion(trial, rooms).move(OPERATOR, ["guard"], {}, reason="launch")

    found = await rooms.audit.list(PageRequest(1, 100), AuditFilter(event="configuration.applied"))
    [entry] = found.items
    assert (entry.payload["source"], entry.payload["reason"]) == ("trial", "launch")


async def test_a_development_connector_does_not_move_to_production(
    trial: Rooms, rooms: Rooms
) -> None:
    await trial.set_up("development-provider")

    with pytest.raises(DocumentRefused) as refused:
        await promotion(trial, rooms).move(OPERATOR, SMS, {"SMS_API_KEY": "k"})

    assert refused.value.issues[0].code == "connector.development_only"


async def test_what_can_not_be_is_refused(trial: Rooms, rooms: Rooms) -> None:
    with pytest.raises(SameTenant):
        promotion(rooms, rooms)
    for chosen in ([], ["elsewhere"], ["connectors.email"]):
        with pytest.raises(NothingChosen):
            await promotion(trial, rooms).move(OPERATOR, chosen, {})
