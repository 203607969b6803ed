"""Some messages go through a connector on trial, always the same people's, until it ends."""

from datetime import timedelta
from typing import Any

from tests.connectors.provider import CONFIG, OTHER_PROVIDER_ID, signature
from tests.connectors.rooms import ALICE, MINJI, OPERATOR, ORIGIN, Rooms
from tests.messaging.test_crashes import kill
from tests.messaging.test_pacing import SECOND, pass_time, settle, sweep, throttled
from tests.messaging.test_sending import MOMENT, queue, rows_of
from watchword.configuration.trials import TrialTerms
from watchword.connector_kit.errors import InvalidCredentials
from watchword.connector_kit.models import ReportRequest
from watchword.connectors.models import SavedConnector, Trial
from watchword.core.phone import PhoneNumber
from watchword.messaging.dispatch import QUEUED_LEASE
from watchword.messaging.models import MessageState

DAY = timedelta(days=1)
TRIED = {**CONFIG, "apiKey": "key-tried"}
MANY = [PhoneNumber.parse(f"+4474001{n:05}") for n in range(400)]


async def try_out(rooms: Rooms, **terms: Any) -> tuple[SavedConnector, Trial]:
    active = await rooms.set_up()
    chosen = {"share": None, "numbers": [ALICE], **terms}
    trial = await rooms.configuration.trials.start(
        OPERATOR,
        active.id,
        OTHER_PROVIDER_ID,
        TRIED,
        TrialTerms(ends_at=rooms.clock.now() + DAY, **chosen),
    )
    return active, trial


async def sent_through(rooms: Rooms, to: PhoneNumber) -> str | None:
    queued = await queue(rooms, to)
    await rooms.messaging.drain(MOMENT)
    return (await rooms.messaging.log.get(queued.id)).connector_instance_id


async def test_only_a_chosen_numbers_messages_go_through_the_trial(rooms: Rooms) -> None:
    active, trial = await try_out(rooms)

    assert await sent_through(rooms, ALICE) == trial.saved.id
    assert await sent_through(rooms, ALICE) == trial.saved.id
    assert await sent_through(rooms, MINJI) == active.id
    assert rooms.provider.keys == ["key-tried", "key-tried", CONFIG["apiKey"]]


async def test_a_share_of_the_numbers_goes_through_the_trial_whichever_process_sends(
    rooms: Rooms,
) -> None:
    _, trial = await try_out(rooms, share=20, numbers=())
    now = rooms.clock.now()

    taken = [number for number in MANY if trial.takes(number.digits, tuple, now)]

    assert len(MANY) * 0.13 < len(taken) < len(MANY) * 0.27
    again = rooms.anew().connectors.running_trial
    assert again is not None
    assert taken == [number for number in MANY if again.takes(number.digits, tuple, now)]
    assert await sent_through(rooms, taken[0]) == trial.saved.id


async def test_a_larger_share_keeps_whom_a_smaller_one_took(rooms: Rooms) -> None:
    active, trial = await try_out(rooms, share=10, numbers=())
    now = rooms.clock.now()

    wider = await rooms.configuration.trials.change(OPERATOR, active.id, share=50)

    before, after = (
        {number for number in MANY if each.takes(number.digits, tuple, now)}
        for each in (trial, wider)
    )
    assert before < after


async def test_nothing_goes_through_a_trial_that_is_over(rooms: Rooms) -> None:
    active, _ = await try_out(rooms)

    rooms.clock.advance(DAY)

    assert await sent_through(rooms, ALICE) == active.id


async def test_what_waits_for_a_trial_that_ends_goes_through_the_active_connector(
    rooms: Rooms,
) -> None:
    active, _ = await try_out(rooms)
    lost = await queue(rooms, ALICE)
    await kill(rooms)

    successor = rooms.anew()
    await successor.configuration.trials.drop(OPERATOR, active.id)
    successor.clock.advance(QUEUED_LEASE)
    await sweep(successor)

    assert (await successor.messaging.log.get(lost.id)).connector_instance_id == active.id


async def test_a_successor_sends_what_waits_through_the_connector_it_was_meant_for(
    rooms: Rooms,
) -> None:
    active, trial = await try_out(rooms)
    waiting = [await queue(rooms, ALICE), await queue(rooms, MINJI)]
    await kill(rooms)

    successor = rooms.anew()
    successor.clock.advance(QUEUED_LEASE)
    assert await sweep(successor) == 2

    found = [(await successor.messaging.log.get(each.id)) for each in waiting]
    assert [one.connector_instance_id for one in found] == [trial.saved.id, active.id]
    assert {one.state for one in found} == {MessageState.ACCEPTED}


async def test_a_trial_that_is_throttled_holds_up_nobody_else(rooms: Rooms) -> None:
    active, trial = await try_out(rooms)
    rooms.provider.answers.append(throttled(20))
    slow = await queue(rooms, ALICE)
    await settle(rooms)

    assert await sent_through(rooms, MINJI) == active.id
    await pass_time(6 * SECOND, rooms)
    assert (await rooms.messaging.log.get(slow.id)).state is MessageState.QUEUED

    await pass_time(20 * SECOND, rooms)
    found = await rooms.messaging.log.get(slow.id)
    assert (found.state, found.connector_instance_id) == (MessageState.ACCEPTED, trial.saved.id)


async def test_an_active_connector_that_is_throttled_does_not_hold_up_the_trial(
    rooms: Rooms,
) -> None:
    _, trial = await try_out(rooms)
    rooms.provider.answers.append(throttled(60))
    await queue(rooms, MINJI)
    await settle(rooms)
    lost = await queue(rooms, ALICE)
    await kill(rooms)

    successor = rooms.anew()
    successor.clock.advance(QUEUED_LEASE)
    await sweep(successor)

    found = await successor.messaging.log.get(lost.id)
    assert (found.state, found.connector_instance_id) == (MessageState.ACCEPTED, trial.saved.id)


async def test_what_the_trial_refuses_is_not_sent_by_the_other_connector(rooms: Rooms) -> None:
    _, trial = await try_out(rooms)
    rooms.provider.answers.append(InvalidCredentials("wrong key"))

    queued = await queue(rooms, ALICE)
    await rooms.messaging.drain(MOMENT)

    found = await rooms.messaging.log.get(queued.id)
    assert (found.state, found.connector_instance_id) == (MessageState.FAILED, trial.saved.id)
    assert rooms.provider.keys == ["key-tried"]


async def test_reports_name_the_connector_on_trial(rooms: Rooms) -> None:
    _, trial = await try_out(rooms)
    queued = await queue(rooms, ALICE)
    await rooms.messaging.drain(MOMENT)
    [message] = rooms.provider.sent
    assert message.receipt_url == f"{ORIGIN}/receipts/{trial.saved.id}?message={queued.id}"

    url, body = message.receipt_url, f'{{"id": "P-{queued.id}", "state": "delivered"}}'.encode()
    headers = {"x-signature": signature("key-tried", url, body)}
    request = ReportRequest(method="POST", url=url, headers=headers, body=body)
    callback = await rooms.connectors.read_reports(trial.saved.id, None, request)
    await rooms.messaging.reports.apply(trial.saved.id, callback.reports)

    assert (await rooms.messaging.log.get(queued.id)).state is MessageState.DELIVERED


async def test_an_unknown_number_gets_a_row_of_the_same_connector(rooms: Rooms) -> None:
    _, trial = await try_out(rooms)

    await queue(rooms, ALICE, deliver=False)

    [row] = await rows_of(rooms)
    assert (row["state"], row["connector_instance_id"]) == ("suppressed", trial.saved.id)
