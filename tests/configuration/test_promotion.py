"""What was tried in one tenant moves to another: chosen parts, secrets apart, all or nothing."""

import asyncio
from datetime import timedelta

import pytest

from tests.configuration.test_documents import exported, fill
from tests.connectors.provider import OTHER_PROVIDER_ID
from tests.connectors.rooms import ALICE, OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from watchword.audit.models import AuditEntry, AuditFilter
from watchword.configuration.connector_tests import ConnectorTests, TriedConnector
from watchword.configuration.document_plan import Plan
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorNotTested,
    DocumentRefused,
    NothingChosen,
    SameTenant,
)
from watchword.configuration.promotion import MovedSecret, Promotion, SecretState
from watchword.configuration.proofs_of_tests import LIFETIME
from watchword.connector_kit.errors import InvalidCredentials
from watchword.core.keys import SecretKeys
from watchword.core.pagination import PageRequest
from watchword.messaging.models import MessageState
from watchword.storage import Storage
from watchword.tenants.models import TenantTag

SECRET = ("connectors", "sms", "config", "apiKey")
SMS = ["connectors.sms"]
ENTERED = {"SMS_API_KEY": "key-of-production"}


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
    await moving.move(OPERATOR, SMS, ENTERED, may_be_untested=True)

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
    await moving.move(OPERATOR, SMS, {}, may_be_untested=True)

    assert preview.secrets == (MovedSecret(SECRET, state),)
    [saved] = await rooms.connectors.list()
    assert saved.config["sender"] == "Example"
    assert rooms.connectors.opened_secrets(saved) == {"apiKey": key}


async def test_a_connector_moves_once_it_was_tested_in_the_target(
    trial: Rooms, rooms: Rooms
) -> None:
    moving = promotion(trial, rooms)
    with pytest.raises(ConnectorNotTested) as refused:
        await moving.move(OPERATOR, SMS, ENTERED)
    assert await rooms.connectors.list() == []

    tried = await _tried(moving, rooms, ENTERED)
    await moving.move(OPERATOR, SMS, ENTERED, tests=[tried.proof or ""])

    assert refused.value.data == {"connectors": ["sms"]}
    assert rooms.provider.keys == ["key-of-production"]
    [saved] = await rooms.connectors.list()
    assert saved.tested_at == rooms.clock.now()
    assert await _untested(rooms) == []


async def test_a_test_with_the_targets_own_secret_counts(trial: Rooms, rooms: Rooms) -> None:
    await rooms.set_up(config={"apiKey": "key-of-production", "sender": "Before"})
    moving = promotion(trial, rooms)

    tried = await _tried(moving, rooms, {})
    await moving.move(OPERATOR, SMS, {}, tests=[tried.proof or ""])

    assert (await rooms.connectors.list())[0].config["sender"] == "Example"


async def test_a_test_is_of_one_set_up_in_one_tenant_and_grows_old(
    trial: Rooms, rooms: Rooms, clock: FakeClock
) -> None:
    moving = promotion(trial, rooms)
    proof = (await _tried(moving, rooms, ENTERED)).proof or ""
    elsewhere = (await _tried(moving, trial, ENTERED)).proof or ""

    for tests, entered in (
        ([proof], {"SMS_API_KEY": "another-key"}),
        ([elsewhere], ENTERED),
        (["", "12.x", "9999999999.cli.x", f"9{proof}", "é.é"], ENTERED),
    ):
        with pytest.raises(ConnectorNotTested):
            await moving.move(OPERATOR, SMS, entered, tests=tests)
    clock.advance(LIFETIME + timedelta(seconds=1))
    with pytest.raises(ConnectorNotTested):
        await moving.move(OPERATOR, SMS, ENTERED, tests=[proof])


async def test_a_test_that_the_provider_refuses_proves_nothing(trial: Rooms, rooms: Rooms) -> None:
    rooms.provider.answers.append(InvalidCredentials("no such key"))

    tried = await _tried(promotion(trial, rooms), rooms, ENTERED)

    assert (tried.message.state, tried.proof) == (MessageState.FAILED, None)


async def test_going_live_untested_is_said_and_audited(trial: Rooms, rooms: Rooms) -> None:
    await promotion(trial, rooms).move(
        OPERATOR, SMS, ENTERED, may_be_untested=True, reason="no phone at hand"
    )

    [saved] = await rooms.connectors.list()
    [entry] = await _untested(rooms)
    assert (saved.tested_at, entry.subject) == (None, f"connector:{saved.id}")
    assert entry.payload == {"reason": "no phone at hand", "source": "trial"}


async def test_a_connector_that_stays_as_it_is_needs_no_test(trial: Rooms, rooms: Rooms) -> None:
    await promotion(trial, rooms).move(OPERATOR, SMS, ENTERED, may_be_untested=True)

    await promotion(trial, rooms).move(OPERATOR, [*SMS, "guard"], {})

    assert len(await _untested(rooms)) == 1


async def _tried(moving: Promotion, rooms: Rooms, entered: dict[str, str]) -> TriedConnector:
    tests = ConnectorTests(documents=rooms.configuration.documents, messaging=rooms.messaging)
    given = await tests.prepare(await moving.document(SMS), ALICE, entered)
    return await tests.send(OPERATOR, given, ALICE)


async def _untested(rooms: Rooms) -> list[AuditEntry]:
    event = AuditFilter(event="connector.went_live_untested")
    return (await rooms.audit.list(PageRequest(1, 100), event)).items


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
