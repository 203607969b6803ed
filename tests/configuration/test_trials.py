"""A connector on trial: one at a time, ended by itself, and promoted or dropped as a whole."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.connectors.provider import (
    CONFIG,
    DEVELOPMENT_ID,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    connector_classes,
)
from tests.connectors.rooms import ALICE, MINJI, OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.configuration.errors import (
    ConfigurationChanged,
    DevelopmentPartsInUse,
    VersionNotRestorable,
)
from watchword.configuration.models import SINGLE, Action, Kind
from watchword.configuration.trials import LONGEST_TRIAL, MOST_NUMBERS, TrialTerms
from watchword.connector_kit.errors import InvalidConfig
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.errors import (
    ConnectorNotFound,
    DevelopmentConnectorRefused,
    TrialEndOutOfRange,
    TrialNotFound,
    TrialReachInvalid,
    TrialRunning,
    UnknownConnectorClass,
)
from watchword.connectors.models import Trial, TrialState
from watchword.core.keys import SecretKeys
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.storage import Storage
from watchword.tenants.models import TenantTag

DAY = timedelta(days=1)


async def try_out(rooms: Rooms, active_id: str, **options: Any) -> Trial:
    terms = {"share": 10, "ends_at": rooms.clock.now() + DAY, **options}
    return await rooms.configuration.trials.start(
        OPERATOR, active_id, OTHER_PROVIDER_ID, CONFIG, TrialTerms(**terms), reason="cheaper"
    )


async def active_ids(rooms: Rooms) -> list[str]:
    return [saved.id for saved in await rooms.connectors.list()]


async def test_a_trial_leaves_the_active_connector_active(rooms: Rooms) -> None:
    active = await rooms.set_up()

    trial = await try_out(rooms, active.id)

    assert await active_ids(rooms) == [active.id]
    assert rooms.connectors.running_trial == trial
    assert rooms.connectors.opened_secrets(trial.saved) == {"apiKey": CONFIG["apiKey"]}
    assert await rooms.connectors.list_retired(10) == []
    [version] = (await rooms.configuration.history(Kind.TRIAL)).items
    assert (version.author, version.reason, version.action) == (OPERATOR, "cheaper", Action.CREATED)
    assert {change.field: change.after for change in version.changes}["share"] == 10


async def test_history_and_the_audit_log_hold_no_full_number_of_a_trial(rooms: Rooms) -> None:
    active = await rooms.set_up()

    trial = await try_out(rooms, active.id, share=None, numbers=[ALICE, MINJI, ALICE])

    assert [number.masked for number in trial.numbers] == [ALICE.masked, MINJI.masked]
    [version] = (await rooms.configuration.history(Kind.TRIAL)).items
    asked = AuditFilter(event="configuration.trial.created")
    [logged] = (await rooms.audit.list(PageRequest(), asked)).items
    for number in (ALICE.digits, ALICE.e164, "7400123456"):
        assert number not in repr((version, logged))


@pytest.mark.parametrize(
    "terms",
    [
        {"share": 0},
        {"share": 51},
        {"share": None},
        {"numbers": [ALICE]},
        {
            "share": None,
            "numbers": [PhoneNumber.parse(f"+4474001{n:05}") for n in range(MOST_NUMBERS + 1)],
        },
    ],
)
async def test_a_trial_takes_a_share_or_else_some_numbers(
    rooms: Rooms, terms: dict[str, Any]
) -> None:
    active = await rooms.set_up()

    with pytest.raises(TrialReachInvalid):
        await try_out(rooms, active.id, **terms)
    assert rooms.connectors.trial is None


@pytest.mark.parametrize("lasts", [timedelta(), LONGEST_TRIAL + timedelta(seconds=1)])
async def test_a_trial_has_an_end_within_a_month(rooms: Rooms, lasts: timedelta) -> None:
    active = await rooms.set_up()

    with pytest.raises(TrialEndOutOfRange):
        await try_out(rooms, active.id, ends_at=rooms.clock.now() + lasts)


async def test_a_refused_trial_leaves_nothing_behind(rooms: Rooms) -> None:
    active = await rooms.set_up()
    terms = TrialTerms(share=10, ends_at=rooms.clock.now() + DAY)
    trials = rooms.configuration.trials

    with pytest.raises(InvalidConfig):
        await trials.start(OPERATOR, active.id, OTHER_PROVIDER_ID, {"sender": "x"}, terms)
    with pytest.raises(DevelopmentConnectorRefused):
        await trials.start(OPERATOR, active.id, DEVELOPMENT_ID, CONFIG, terms)
    with pytest.raises(ConnectorNotFound):
        await trials.start(OPERATOR, "unknown", OTHER_PROVIDER_ID, CONFIG, terms)

    assert (await rooms.configuration.history()).total == 1
    assert rooms.connectors.trial is None


async def test_of_two_trials_begun_at_once_one_runs(rooms: Rooms) -> None:
    active = await rooms.set_up()
    others = [rooms.anew(), rooms.anew()]

    begun = await asyncio.gather(
        *(try_out(each, active.id) for each in others), return_exceptions=True
    )

    assert {type(one) for one in begun} == {Trial, TrialRunning}
    assert (await rooms.configuration.history(Kind.TRIAL)).total == 1


async def test_a_trial_ends_by_itself_and_goes_on_when_its_end_is_moved(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)

    rooms.clock.advance(DAY)

    assert rooms.connectors.running_trial is None
    assert rooms.configuration.trials.get(active.id).state_at(rooms.clock.now()) is TrialState.ENDED
    # Its connector is one of the earlier ones now, and its late reports are still read.
    assert [saved.id for saved in await rooms.connectors.list_retired(10)] == [trial.saved.id]
    assert await rooms.connectors.find_for_reports(trial.saved.id) is not None

    later = rooms.clock.now() + DAY
    changed = await rooms.configuration.trials.change(OPERATOR, active.id, share=50, ends_at=later)
    assert rooms.connectors.running_trial == changed
    assert (changed.share, changed.saved.id) == (50, trial.saved.id)


async def test_the_numbers_of_a_trial_stay_when_its_end_is_moved(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id, share=None, numbers=[ALICE])

    later = rooms.clock.now() + 2 * DAY
    changed = await rooms.configuration.trials.change(OPERATOR, active.id, ends_at=later)

    assert changed.numbers == trial.numbers
    with pytest.raises(TrialReachInvalid):
        await rooms.configuration.trials.change(OPERATOR, active.id, share=51)


async def test_a_new_trial_takes_the_place_of_one_that_is_over(rooms: Rooms) -> None:
    active = await rooms.set_up()
    old = await try_out(rooms, active.id)
    rooms.clock.advance(DAY)

    new = await try_out(rooms, active.id)

    assert rooms.connectors.running_trial == new
    assert new.saved.id != old.saved.id


async def test_promoting_makes_the_tried_connector_the_only_active_one(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)

    promoted = await rooms.configuration.trials.promote(OPERATOR, active.id, reason="it is good")

    assert await active_ids(rooms) == [promoted.id] == [trial.saved.id]
    assert rooms.connectors.trial is None
    assert [saved.id for saved in await rooms.connectors.list_retired(10)] == [active.id]
    actions = {
        (version.kind, version.subject_id): version.action
        for version in reversed((await rooms.configuration.history()).items)
        if version.reason == "it is good"
    }
    assert actions == {
        (Kind.CONNECTOR, trial.saved.id): Action.PROMOTED,
        (Kind.CONNECTOR, active.id): Action.REPLACED,
        (Kind.TRIAL, SINGLE): Action.PROMOTED,
    }
    # And back, as after any other replacement.
    await rooms.configuration.bring_back(OPERATOR, active.id)
    assert await active_ids(rooms) == [active.id]


async def test_a_promotion_that_is_refused_half_way_changes_nothing(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)
    older = rooms.anew()
    older.registry = ConnectorRegistry(connector_classes(rooms.provider)[:1])
    older.reload()

    with pytest.raises(UnknownConnectorClass):
        await older.configuration.trials.promote(OPERATOR, active.id)

    assert await active_ids(rooms) == [active.id]
    assert rooms.connectors.running_trial == trial


async def test_of_promoting_and_dropping_at_once_one_happens(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)
    one, other = rooms.anew(), rooms.anew()

    done = await asyncio.gather(
        one.configuration.trials.promote(OPERATOR, active.id, expected_version=trial.version),
        other.configuration.trials.drop(OPERATOR, active.id, expected_version=trial.version),
        return_exceptions=True,
    )

    assert sum(isinstance(result, TrialNotFound) for result in done) == 1
    assert len(await active_ids(rooms)) == 1


async def test_whoever_saw_other_terms_is_told(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)
    await rooms.configuration.trials.change(OPERATOR, active.id, share=20)

    for act in (rooms.configuration.trials.promote, rooms.configuration.trials.drop):
        with pytest.raises(ConfigurationChanged):
            await act(OPERATOR, active.id, expected_version=trial.version)


async def test_a_dropped_trial_is_over_and_its_connector_can_be_brought_back(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)

    await rooms.configuration.trials.drop(OPERATOR, active.id)

    assert rooms.connectors.trial is None
    assert await active_ids(rooms) == [active.id]
    with pytest.raises(TrialNotFound):
        rooms.configuration.trials.get(active.id)
    await rooms.configuration.bring_back(OPERATOR, trial.saved.id)
    assert await active_ids(rooms) == [trial.saved.id]


@pytest.mark.parametrize("leaves", ["replaced", "deleted", "outdone by the one on trial"])
async def test_a_trial_ends_with_the_connector_that_it_was_beside(
    rooms: Rooms, leaves: str
) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)

    if leaves == "replaced":
        await rooms.set_up(PROVIDER_ID)
    elif leaves == "deleted":
        await rooms.configuration.connectors.delete(OPERATOR, active.id, force=True)
    else:
        await rooms.configuration.bring_back(OPERATOR, trial.saved.id)

    assert rooms.connectors.trial is None
    [newest, *_] = sorted(
        (await rooms.configuration.history(Kind.TRIAL)).items, key=lambda version: -version.version
    )
    assert newest.action is Action.DELETED


async def test_changing_the_active_connector_lets_the_trial_go_on(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)

    await rooms.configuration.connectors.change(
        OPERATOR, active.id, {**CONFIG, "sender": "Another"}
    )
    await rooms.configuration.restore(OPERATOR, Kind.CONNECTOR, active.id, 1)

    assert rooms.connectors.running_trial == trial


async def test_a_stopped_trial_says_why_and_stays_to_be_looked_at(rooms: Rooms) -> None:
    active = await rooms.set_up()
    trial = await try_out(rooms, active.id)

    await rooms.configuration.trials.stop(SYSTEM, trial.saved.id, "failing")
    await rooms.configuration.trials.stop(SYSTEM, trial.saved.id, "undelivered")

    found = rooms.configuration.trials.get(active.id)
    assert (found.state_at(rooms.clock.now()), found.stopped) == (TrialState.STOPPED, "failing")
    assert rooms.connectors.running_trial is None
    assert (await rooms.configuration.history(Kind.TRIAL)).total == 2


async def test_a_tenant_with_a_development_connector_on_trial_stays_in_development(
    storage: Storage, clock: FakeClock, keys: SecretKeys
) -> None:
    rooms = await open_rooms(storage, clock, keys, tenant_id="acme", tag=TenantTag.DEVELOPMENT)
    active = await rooms.set_up()
    terms = TrialTerms(share=10, ends_at=clock.now() + DAY)
    await rooms.configuration.trials.start(OPERATOR, active.id, DEVELOPMENT_ID, CONFIG, terms)

    with pytest.raises(DevelopmentPartsInUse):
        await rooms.configuration.settings.set_tag(OPERATOR, TenantTag.PRODUCTION)


async def test_the_terms_of_a_trial_are_not_restored(rooms: Rooms) -> None:
    active = await rooms.set_up()
    await try_out(rooms, active.id)

    with pytest.raises(VersionNotRestorable):
        await rooms.configuration.restore(OPERATOR, Kind.TRIAL, SINGLE, 1)
