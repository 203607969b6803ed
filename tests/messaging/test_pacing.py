"""A connector sends at its provider's pace, whichever process sends."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.connectors.provider import CONFIG, OTHER_PROVIDER_ID, PROVIDER_ID
from tests.connectors.rooms import ALICE, OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from tests.messaging.test_crashes import kill
from tests.messaging.test_sending import LIFETIME, MOMENT, queue, rows_of
from watchword.connector_kit.errors import ProviderThrottled
from watchword.connector_kit.models import UsageType
from watchword.connectors.models import SavedConnector
from watchword.core.keys import SecretKeys
from watchword.messaging.dispatch import QUEUED_LEASE
from watchword.messaging.models import Channel, MessageState
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.sending import LONGEST_PAUSE, NEW_REACH
from watchword.storage import Storage

SECOND = timedelta(seconds=1)
SWEEP = timedelta(seconds=5)


def throttled(seconds: float | None = None) -> ProviderThrottled:
    wait = None if seconds is None else timedelta(seconds=seconds)
    return ProviderThrottled("slow down", retry_after=wait)


async def throttle(rooms: Rooms, seconds: float | None = 20) -> str:
    """Let the provider refuse one message."""
    rooms.provider.answers.append(throttled(seconds))
    queued = await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    return queued.id


async def sweep(rooms: Rooms) -> int:
    taken = await rooms.messaging.take_over_lapsed()
    await settle(rooms)
    return taken


async def settle(*rooms: Rooms) -> None:
    """Let every sending come to its end, or to where it waits for time to pass."""
    clock = rooms[0].clock
    # There is no event for "nothing moves any more".
    while sum(len(each.dispatch._running) for each in rooms) > clock.sleeping:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


async def pass_time(by: timedelta, *rooms: Rooms, step: timedelta = SECOND / 20) -> None:
    """Let time pass in small steps; each process sweeps every five seconds, as servers do."""
    clock = rooms[0].clock
    started, end = clock.moment, clock.moment + by
    while clock.moment < end:
        clock.advance(step)
        if (clock.moment - started) % SWEEP < step:
            for each in rooms:
                await each.messaging.take_over_lapsed()
        await settle(*rooms)


async def states(rooms: Rooms) -> list[str]:
    return sorted(row["state"] for row in await rows_of(rooms))


async def attempts(rooms: Rooms) -> list[int]:
    return sorted(row["attempts"] for row in await rows_of(rooms))


async def sent_at(rooms: Rooms) -> list[datetime]:
    return sorted(row["sending_at"] for row in await rows_of(rooms) if row["sending_at"])


async def paced(rooms: Rooms, rate: float) -> SavedConnector:
    return await rooms.set_up(config={"messagesPerSecond": rate})


# A provider that was asked too often.


async def test_one_refusal_pauses_the_connector_and_fails_nothing(rooms: Rooms) -> None:
    await rooms.set_up()
    await throttle(rooms, 20)

    for _ in range(4):
        await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    for _ in range(3):
        rooms.clock.advance(SWEEP)
        assert await sweep(rooms) == 0
    assert len(rooms.provider.sent) == 1
    assert await states(rooms) == ["queued"] * 5

    rooms.clock.advance(SWEEP)
    await sweep(rooms)
    assert await states(rooms) == ["accepted"] * 5
    # Who only waited has not used up an attempt.
    assert await attempts(rooms) == [1, 1, 1, 1, 2]


async def test_every_process_keeps_the_pause(rooms: Rooms) -> None:
    await rooms.set_up()
    other = rooms.anew()
    await throttle(rooms, 20)

    await queue(other)
    await other.messaging.drain(MOMENT)
    rooms.clock.advance(SWEEP)
    await sweep(other)
    assert len(rooms.provider.sent) == 1

    rooms.clock.advance(3 * SWEEP)
    await sweep(other)
    assert await states(rooms) == ["accepted", "accepted"]


async def test_a_pause_that_begins_while_messages_are_on_their_way_holds_the_others(
    rooms: Rooms,
) -> None:
    await rooms.set_up()
    rooms.provider.gate = asyncio.Event()
    rooms.provider.answers.append(throttled(20))
    await queue(rooms)
    await rooms.provider.asked.wait()
    rooms.provider.gate.set()
    await rooms.messaging.drain(MOMENT)

    processes = [rooms, rooms.anew(), rooms.anew()]
    await asyncio.gather(*(queue(each) for each in processes for _ in range(4)))
    for each in processes:
        await each.messaging.drain(MOMENT)

    assert len(rooms.provider.sent) == 1
    assert await states(rooms) == ["queued"] * 13


async def test_without_a_time_the_pause_is_a_short_one(rooms: Rooms) -> None:
    await rooms.set_up()
    await throttle(rooms, None)

    rooms.clock.advance(4 * SECOND)
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    assert len(rooms.provider.sent) == 1

    rooms.clock.advance(SECOND)
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    assert len(rooms.provider.sent) == 2


async def test_of_two_refusals_the_longer_one_holds(rooms: Rooms) -> None:
    await rooms.set_up()
    rooms.provider.gate = asyncio.Event()
    rooms.provider.answers.extend([throttled(60), throttled(2)])
    for _ in range(2):
        await queue(rooms)
    await settle_at_provider(rooms, 2)
    rooms.provider.gate.set()
    await rooms.messaging.drain(MOMENT)

    rooms.clock.advance(59 * SECOND)
    await sweep(rooms)
    assert len(rooms.provider.sent) == 2

    rooms.clock.advance(SECOND)
    await sweep(rooms)
    assert await states(rooms) == ["accepted", "accepted"]


async def settle_at_provider(rooms: Rooms, count: int) -> None:
    while len(rooms.provider.sent) < count:  # noqa: ASYNC110  # its event tells of the first
        await asyncio.sleep(0.001)


async def test_a_message_that_waits_past_its_expiry_is_expired(rooms: Rooms) -> None:
    await rooms.set_up()
    await throttle(rooms, LIFETIME.total_seconds() + 60)
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    rooms.clock.advance(LIFETIME)
    await sweep(rooms)

    # The one that the provider refused has failed with the provider's words.
    assert await states(rooms) == ["expired", "failed"]
    assert len(rooms.provider.sent) == 1


async def test_no_provider_stops_a_connector_for_more_than_an_hour(rooms: Rooms) -> None:
    await rooms.set_up()
    await throttle(rooms, timedelta(days=1).total_seconds())

    rooms.clock.advance(LONGEST_PAUSE)
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    assert len(rooms.provider.sent) == 2


async def test_the_connector_that_replaces_a_paused_one_sends_what_waits(rooms: Rooms) -> None:
    await rooms.set_up()
    await throttle(rooms, 60)
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    replacement = await rooms.set_up(OTHER_PROVIDER_ID)
    rooms.clock.advance(QUEUED_LEASE)
    await sweep(rooms)

    by_state = {row["state"]: row for row in await rows_of(rooms)}
    assert by_state["accepted"]["connector_instance_id"] == replacement.id
    assert by_state["queued"]["attempts"] == 1


async def test_a_pause_is_one_tenants_own(
    rooms: Rooms, storage: Storage, clock: FakeClock, keys: SecretKeys
) -> None:
    saved = await rooms.set_up()
    theirs = await open_rooms(storage, clock, keys, tenant_id="acme")
    await theirs.set_up(id=saved.id)
    await throttle(rooms)

    await queue(theirs)
    await theirs.messaging.drain(MOMENT)

    assert await states(theirs) == ["accepted"]


async def test_a_refused_test_of_other_settings_pauses_nothing(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    rooms.provider.answers.append(throttled(60))
    await rooms.messaging.tests.send(ALICE, PROVIDER_ID, CONFIG, actor=OPERATOR, keep_from=saved)

    await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    assert await states(rooms) == ["accepted", "failed"]


async def test_a_test_that_the_provider_takes_ends_the_pause(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await throttle(rooms, 60)

    async def sent_after_test(config: dict[str, Any]) -> int:
        await rooms.messaging.tests.send(
            ALICE, PROVIDER_ID, config, actor=OPERATOR, keep_from=saved
        )
        before = len(rooms.provider.sent)
        await queue(rooms)
        await rooms.messaging.drain(MOMENT)
        return len(rooms.provider.sent) - before

    # Of other settings it says nothing.
    assert await sent_after_test({**CONFIG, "sender": "Another"}) == 0
    assert await sent_after_test(CONFIG) == 1


# A pace of its own.


async def test_parallel_senders_share_one_pace_exactly(rooms: Rooms) -> None:
    await paced(rooms, 10)
    processes = [rooms, rooms.anew(), rooms.anew()]
    began = rooms.clock.moment

    await asyncio.gather(*(queue(each) for each in processes for _ in range(8)))
    await settle(*processes)
    await pass_time(3 * SECOND, *processes)

    assert await sent_at(rooms) == [began + turn * SECOND / 10 for turn in range(24)]
    assert len(rooms.provider.sent) == 24


async def test_what_has_no_turn_soon_goes_out_later_at_the_same_pace(rooms: Rooms) -> None:
    await paced(rooms, 4)
    processes = [rooms, rooms.anew()]

    await asyncio.gather(*(queue(each) for each in processes for _ in range(30)))
    await settle(*processes)
    # The others are in the queue, not in this process.
    assert rooms.clock.sleeping + len(rooms.provider.sent) == 1 + NEW_REACH // (SECOND / 4)
    await pass_time(20 * SECOND, *processes)

    moments = await sent_at(rooms)
    gaps = [after - before for before, after in pairwise(moments)]
    assert min(gaps) >= SECOND / 4
    assert len(moments) == 60
    # Not one turn was left out once the queue was looked at.
    assert [gap for gap in gaps[-40:] if gap > SECOND / 4] == []
    assert await states(rooms) == ["accepted"] * 60
    assert await attempts(rooms) == [1] * 60


async def test_the_most_urgent_message_of_the_queue_goes_first(rooms: Rooms) -> None:
    await paced(rooms, 0.5)
    for _ in range(2):
        await queue(rooms)
    await settle(rooms)
    # More than are taken over at once.
    for days in (6, 5, 4, 3, 2, 1):
        await rooms.messaging.queue(
            ALICE,
            UsageType.ORGANIZATION_INVITATION,
            variables={"code": "135790"},
            until=rooms.clock.now() + timedelta(days=days),
        )
    await settle(rooms)
    rooms.clock.advance(SECOND)
    await queue(rooms, usage=UsageType.REGISTER)
    await settle(rooms)

    await pass_time(25 * SECOND, rooms)

    sent = rooms.provider.sent
    assert [message.usage for message in sent[:3]] == [
        UsageType.SIGN_IN,
        UsageType.SIGN_IN,
        UsageType.REGISTER,
    ]
    days_left = [round(message.time_left / timedelta(days=1)) for message in sent[3:]]
    assert days_left == [1, 2, 3, 4, 5, 6]


async def test_a_message_of_a_process_that_died_waiting_for_its_turn_is_sent_by_another(
    rooms: Rooms,
) -> None:
    await paced(rooms, 1)
    for _ in range(2):
        await queue(rooms)
    await settle(rooms)
    assert len(rooms.provider.sent) == 1
    await kill(rooms)
    successor = rooms.anew()

    rooms.clock.advance(QUEUED_LEASE)
    await sweep(successor)

    assert await states(rooms) == ["accepted", "accepted"]
    assert await attempts(rooms) == [1, 1]


async def test_a_pause_holds_what_already_had_its_turn(rooms: Rooms) -> None:
    saved = await paced(rooms, 1)
    for _ in range(3):
        await queue(rooms)
    await settle(rooms)
    await rooms.messaging.pace.pause(saved.id, rooms.clock.now() + 30 * SECOND)

    await pass_time(29 * SECOND, rooms)
    assert len(rooms.provider.sent) == 1
    await pass_time(12 * SECOND, rooms)

    moments = await sent_at(rooms)
    assert await states(rooms) == ["accepted"] * 3
    assert moments[2] - moments[1] >= SECOND


async def test_the_administrators_pace_wins_over_the_providers(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    assert rooms.connectors.messages_per_second(saved) is None

    found = rooms.registry.get(PROVIDER_ID)
    found.metadata = replace(found.metadata, messages_per_second=30.0)
    rooms.reload()
    assert rooms.connectors.messages_per_second(saved) == 30.0
    set_by_hand = await paced(rooms, 2.5)
    assert rooms.connectors.messages_per_second(set_by_hand) == 2.5
    assert rooms.connectors.messages_per_second(None) is None


async def test_a_connector_that_cannot_be_built_has_no_pace_and_fails_as_it_did(
    rooms: Rooms,
) -> None:
    saved = await rooms.configuration.connectors.create(OPERATOR, PROVIDER_ID)

    await queue(rooms)
    await rooms.messaging.drain(MOMENT)

    assert rooms.connectors.messages_per_second(saved) is None
    [row] = await rows_of(rooms)
    assert (row["state"], row["error_class"]) == (MessageState.FAILED, "invalid_config")


async def test_a_pace_that_is_no_round_number_is_not_exceeded(rooms: Rooms) -> None:
    await paced(rooms, 3)

    turns = [
        await rooms.messaging.sending.turn(Channel.SMS, None, "anyone", NEW_REACH) for _ in range(4)
    ]

    first, *_, fourth = [turn for turn in turns if turn is not None]
    assert SECOND <= fourth - first < SECOND + timedelta(milliseconds=1)


# The turns themselves.


@pytest.fixture
def pace(rooms: Rooms) -> PaceRows:
    return rooms.messaging.pace


async def test_turns_are_given_once_each_however_many_ask(rooms: Rooms, pace: PaceRows) -> None:
    now, step = rooms.clock.now(), timedelta(microseconds=333_334)

    turns = await asyncio.gather(
        *(pace.reserve("one", now, step=step, reach=60 * SECOND) for _ in range(50))
    )

    assert sorted(turn for turn in turns if turn) == [now + number * step for number in range(50)]


async def test_a_turn_out_of_reach_is_left_for_whoever_comes_when_it_is_near(
    rooms: Rooms, pace: PaceRows
) -> None:
    now = rooms.clock.now()
    for _ in range(3):
        assert await pace.reserve("one", now, step=SECOND, reach=2 * SECOND)

    for _ in range(5):
        assert await pace.reserve("one", now, step=SECOND, reach=2 * SECOND) is None

    later = now + SECOND
    assert await pace.reserve("one", later, step=SECOND, reach=2 * SECOND) == now + 3 * SECOND


async def test_a_quiet_time_earns_no_burst(rooms: Rooms, pace: PaceRows) -> None:
    now = rooms.clock.now()
    await pace.reserve("one", now, step=SECOND, reach=SECOND)

    later = now + timedelta(hours=1)
    turns = [await pace.reserve("one", later, step=SECOND, reach=SECOND) for _ in range(3)]

    assert turns == [later, later + SECOND, None]


async def test_there_are_no_turns_in_a_pause_and_each_connector_has_its_own(
    rooms: Rooms, pace: PaceRows
) -> None:
    now = rooms.clock.now()
    await pace.pause("one", now + SECOND)

    assert await pace.reserve("one", now, step=SECOND, reach=SECOND) is None
    assert await pace.reserve("two", now, step=SECOND, reach=SECOND) == now
    assert await pace.reserve("one", now + SECOND, step=SECOND, reach=SECOND) == now + SECOND
