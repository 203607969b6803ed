"""A process may die at any line: nothing is lost, nothing is sent twice or too late."""

import asyncio
from collections import Counter
from datetime import timedelta

from tests.connectors.provider import CONFIG, PROVIDER_ID
from tests.connectors.rooms import ALICE, OPERATOR, Rooms
from tests.messaging.test_sending import LIFETIME, MOMENT, queue, rows_of
from watchword.connector_kit.models import UsageType
from watchword.messaging.dispatch import QUEUED_LEASE, SENDING_LEASE
from watchword.messaging.models import Channel, MessageState
from watchword.messaging.sending import MAX_ATTEMPTS


async def kill(rooms: Rooms) -> None:
    """End a process's sendings as `kill -9` does: between two awaits, with nothing tidied up."""
    running = list(rooms.dispatch._running)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def die_before_sending(rooms: Rooms) -> str:
    queued = await queue(rooms)
    await kill(rooms)
    return queued.id


async def test_a_message_of_a_process_that_died_before_sending_is_sent_by_another(
    rooms: Rooms,
) -> None:
    await rooms.set_up()
    message_id = await die_before_sending(rooms)
    successor = rooms.anew()
    await successor.messaging.take_over_lapsed()
    await successor.messaging.drain(MOMENT)
    assert rooms.provider.sent == []

    rooms.clock.advance(QUEUED_LEASE)
    assert await successor.messaging.take_over_lapsed() == 1
    await successor.messaging.drain(MOMENT)

    assert await successor.messaging.log.find_state(message_id) is MessageState.ACCEPTED
    assert len(rooms.provider.sent) == 1


async def test_a_message_of_a_process_that_died_while_sending_is_unknown_and_never_sent_again(
    rooms: Rooms,
) -> None:
    await rooms.set_up()
    rooms.provider.gate = asyncio.Event()
    queued = await queue(rooms)
    await rooms.provider.asked.wait()
    await kill(rooms)
    successor = rooms.anew()

    rooms.clock.advance(SENDING_LEASE)
    await successor.messaging.take_over_lapsed()
    await successor.messaging.drain(MOMENT)

    message = await successor.messaging.log.get(queued.id)
    assert (message.state, message.error_class) == (MessageState.UNKNOWN, "sender_lost")
    assert len(rooms.provider.sent) == 1
    [row] = await rows_of(rooms)
    assert row["content"] is None


async def test_a_message_is_not_sent_after_its_code_expired(rooms: Rooms) -> None:
    await rooms.set_up()
    message_id = await die_before_sending(rooms)

    rooms.clock.advance(LIFETIME)
    await rooms.messaging.take_over_lapsed()
    await rooms.messaging.drain(MOMENT)

    assert await rooms.messaging.log.find_state(message_id) is MessageState.EXPIRED
    assert rooms.provider.sent == []
    [row] = await rows_of(rooms)
    assert row["content"] is None


async def test_many_sweepers_send_each_message_once(rooms: Rooms) -> None:
    await rooms.set_up()
    for _ in range(12):
        await die_before_sending(rooms)
    rooms.clock.advance(QUEUED_LEASE)
    processes = [rooms.anew() for _ in range(4)]

    taken = await asyncio.gather(*(each.messaging.take_over_lapsed() for each in processes))
    for process in processes:
        await process.messaging.drain(MOMENT)

    assert sum(taken) == 12
    assert set(Counter(message.id for message in rooms.provider.sent).values()) == {1}
    assert len(rooms.provider.sent) == 12


async def test_two_processes_racing_for_one_message_send_it_once(rooms: Rooms) -> None:
    await rooms.set_up()
    message_id = await die_before_sending(rooms)
    processes = [rooms.anew() for _ in range(8)]

    ended = await asyncio.gather(
        *(each.messaging.sending.send(Channel.SMS, None, message_id) for each in processes)
    )

    assert len(rooms.provider.sent) == 1
    assert MessageState.ACCEPTED in {sent.state for sent in ended}


async def test_an_answer_that_comes_after_the_lease_was_taken_over_changes_nothing(
    rooms: Rooms,
) -> None:
    await rooms.set_up()
    rooms.provider.gate = asyncio.Event()
    queued = await queue(rooms)
    await rooms.provider.asked.wait()
    rooms.clock.advance(SENDING_LEASE)
    await rooms.anew().messaging.take_over_lapsed()

    rooms.provider.gate.set()
    state = await rooms.messaging.outcome(queued, MOMENT)

    assert state is MessageState.UNKNOWN


async def test_a_lost_test_is_not_taken_over(rooms: Rooms) -> None:
    rooms.provider.gate = asyncio.Event()
    test = asyncio.create_task(
        rooms.messaging.tests.send(ALICE, PROVIDER_ID, CONFIG, actor=OPERATOR)
    )
    await rooms.provider.asked.wait()
    await kill(rooms)
    await test
    rooms.clock.advance(SENDING_LEASE)
    await rooms.anew().messaging.take_over_lapsed()

    [row] = await rows_of(rooms)
    assert (row["state"], row["attempts"]) == ("unknown", MAX_ATTEMPTS)
    assert len(rooms.provider.sent) == 1


async def test_no_connector_is_left_when_a_message_is_taken_over(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    message_id = await die_before_sending(rooms)
    await rooms.configuration.connectors.delete(OPERATOR, saved.id)

    rooms.clock.advance(QUEUED_LEASE)
    await rooms.messaging.take_over_lapsed()
    await rooms.messaging.drain(MOMENT)

    message = await rooms.messaging.log.get(message_id)
    assert (message.state, message.error_class) == (MessageState.FAILED, "connector.not_found")


async def test_purging_keeps_what_is_still_under_way(rooms: Rooms) -> None:
    await rooms.set_up()
    await queue(rooms)
    await rooms.messaging.drain(MOMENT)
    await die_before_sending(rooms)

    assert await rooms.messaging.purge(rooms.clock.now() + timedelta(days=1)) == 1
    assert [row["state"] for row in await rows_of(rooms)] == ["queued"]


async def test_every_usage_type_has_a_text(rooms: Rooms) -> None:
    await rooms.set_up()

    for usage in UsageType:
        queued = await queue(rooms, usage=usage)
        assert await rooms.messaging.outcome(queued, MOMENT) is MessageState.ACCEPTED
