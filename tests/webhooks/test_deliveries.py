"""Events reach their receivers: at least once each, signed, and in the receivers' own time."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.connectors.rooms import OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from tests.webhooks.receiver import Receiver, receiving
from watchword.configuration.webhooks import SignedWebhook
from watchword.connector_kit.outbound import OutboundClient
from watchword.core.keys import SecretKeys
from watchword.storage import Storage
from watchword.storage.schema import webhook_deliveries
from watchword.webhooks.courier import AT_ONCE, Courier
from watchword.webhooks.deliveries import KEPT, LEASE, REPEATABLE_FOR
from watchword.webhooks.errors import DeliveryNotRepeatable
from watchword.webhooks.models import (
    Delivery,
    DeliveryError,
    DeliveryState,
    Event,
    NewWebhook,
    RetrySchedule,
    WebhookChange,
    WebhookConfig,
)
from watchword.webhooks.service import WebhookService

SOON = timedelta(seconds=20)
PAYLOAD = {"data": {"id": "u1", "primaryPhone": "447700900123"}}


async def listen(
    rooms: Rooms,
    receiver: Receiver,
    *events: Event,
    **config: Any,
) -> SignedWebhook:
    """Set a webhook up that wants to hear of *events*."""
    new = NewWebhook(
        name="billing",
        events=events or (Event.USER_CREATED,),
        config=WebhookConfig(url=receiver.address, **config),
    )
    return await rooms.configuration.webhooks.create(OPERATOR, new)


async def announce(rooms: Rooms, event: Event = Event.USER_CREATED) -> None:
    """Tell of an event, and wait for what comes of it at once."""
    await rooms.webhooks.announce(event, PAYLOAD)
    await rooms.courier.settle(SOON)


async def sweep(rooms: Rooms) -> None:
    """Do what the background does every few seconds."""
    await rooms.webhooks.start_due()
    await rooms.courier.settle(SOON)


async def only_delivery(rooms: Rooms, signed: SignedWebhook) -> Delivery:
    """Return the one delivery there is."""
    found = await rooms.deliveries.list(signed.webhook.id)
    assert found.total == 1
    return found.items[0]


@contextmanager
def counting(storage: Storage) -> Iterator[list[int]]:
    """Count the statements of a block."""
    counted: list[int] = []
    before = storage.statements
    yield counted
    counted.append(storage.statements - before)


async def test_an_event_arrives_signed_with_its_name_and_its_webhook(
    rooms: Rooms, receiver: Receiver
) -> None:
    signed = await listen(rooms, receiver, headers={"X-Shop": "north"})

    await announce(rooms)

    assert receiver.bodies == [
        {
            "hookId": signed.webhook.id,
            "event": "User.Created",
            "createdAt": "2026-05-01T09:00:00.000Z",
            **PAYLOAD,
        }
    ]
    request = receiver.received[0]
    assert request.is_signed_with(signed.signing_key)
    assert not request.is_signed_with("another key")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("Watchword/")
    assert request.headers["x-shop"] == "north"


async def test_nobody_is_asked_anything_where_nobody_listens(
    rooms: Rooms, receiver: Receiver, storage: Storage
) -> None:
    await listen(rooms, receiver, Event.POST_SIGN_IN)

    with counting(storage) as statements:
        await announce(rooms, Event.USER_CREATED)

    assert statements == [0]
    assert receiver.received == []


async def test_each_webhook_that_listens_gets_the_event_and_no_other(
    rooms: Rooms, receiver: Receiver
) -> None:
    first = await listen(rooms, receiver)
    second = await listen(rooms, receiver)
    await listen(rooms, receiver, Event.USER_DELETED)
    silent = await listen(rooms, receiver)
    change = WebhookChange(enabled=False)
    await rooms.configuration.webhooks.change(OPERATOR, silent.webhook.id, change)

    await announce(rooms)

    told = {body["hookId"] for body in receiver.bodies}
    assert told == {first.webhook.id, second.webhook.id}
    assert (await rooms.deliveries.list(silent.webhook.id)).total == 0


async def test_an_event_of_a_change_that_was_taken_back_is_never_told(
    rooms: Rooms, receiver: Receiver, storage: Storage
) -> None:
    signed = await listen(rooms, receiver)

    with pytest.raises(RuntimeError):  # noqa: PT012  # the change and its end
        async with storage.transaction() as tx:
            await rooms.webhooks.announce(Event.USER_CREATED, PAYLOAD, tx=tx)
            raise RuntimeError
    await rooms.courier.settle(SOON)

    assert (await rooms.deliveries.list(signed.webhook.id)).total == 0
    assert receiver.received == []


async def test_an_event_is_told_once_its_change_is_there_for_all_to_see(
    rooms: Rooms, receiver: Receiver, storage: Storage
) -> None:
    await listen(rooms, receiver)

    async with storage.transaction() as tx:
        await rooms.webhooks.announce(Event.USER_CREATED, PAYLOAD, tx=tx)
        await asyncio.sleep(0.05)
        assert receiver.received == []
    await receiver.until(1)

    await rooms.courier.settle(SOON)
    assert len(receiver.received) == 1


async def test_what_is_refused_is_tried_again_later_under_the_same_id(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    signed = await listen(rooms, receiver)
    receiver.answers = [500, 503]

    await announce(rooms)
    waiting = await only_delivery(rooms, signed)
    await sweep(rooms)  # too early
    clock.advance(timedelta(seconds=12))
    await sweep(rooms)
    clock.advance(timedelta(seconds=36))
    await sweep(rooms)

    assert (waiting.state, waiting.attempts) == (DeliveryState.WAITING, 1)
    assert (waiting.last_status, waiting.last_error) == (500, DeliveryError.REFUSED)
    assert waiting.next_at - waiting.created_at >= timedelta(seconds=8)
    assert len(receiver.received) == 3
    assert len(set(receiver.ids)) == 1
    assert receiver.received[0].body == receiver.received[2].body
    arrived = await only_delivery(rooms, signed)
    assert (arrived.state, arrived.attempts) == (DeliveryState.DELIVERED, 3)
    assert (arrived.last_status, arrived.last_error) == (200, None)


def test_the_waits_grow_and_differ_and_end_within_the_day() -> None:
    schedule = RetrySchedule()

    waits = [schedule.wait(attempts) for attempts in range(1, 30)]

    assert timedelta(seconds=8) <= waits[0] <= timedelta(seconds=12)
    assert timedelta(seconds=72) <= waits[2] <= timedelta(seconds=108)
    assert max(waits) <= schedule.longest * 1.2
    assert schedule.wait(10_000) <= schedule.longest * 1.2
    assert len({schedule.wait(1) for _ in range(20)}) > 1


async def test_what_nobody_takes_for_a_day_is_given_up_and_says_so(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    signed = await listen(rooms, receiver)
    receiver.answers = [500] * 60

    await announce(rooms)
    for _ in range(50):
        clock.advance(timedelta(minutes=30))
        await sweep(rooms)
        await rooms.deliveries.purge(clock.now())

    failed = await only_delivery(rooms, signed)
    assert failed.state is DeliveryState.FAILED
    assert failed.last_status == 500
    assert 8 <= failed.attempts <= 25
    assert failed.final_at is not None
    assert failed.final_at - failed.created_at <= timedelta(days=1)
    assert len(receiver.received) == failed.attempts


@pytest.mark.proves("S128")
async def test_a_redirect_is_not_followed(rooms: Rooms, receiver: Receiver) -> None:
    signed = await listen(rooms, receiver)
    receiver.answers = [302]

    await announce(rooms)

    delivery = await only_delivery(rooms, signed)
    assert (delivery.last_status, delivery.last_error) == (302, DeliveryError.REDIRECTED)
    assert len(receiver.received) == 1


@pytest.mark.proves("S128")
async def test_a_private_address_is_refused_unless_the_operator_allows_it(
    rooms: Rooms, receiver: Receiver
) -> None:
    rooms.courier = Courier(OutboundClient())
    rooms.reload()
    signed = await listen(rooms, receiver)

    await announce(rooms)

    delivery = await only_delivery(rooms, signed)
    assert delivery.last_error is DeliveryError.ADDRESS_REFUSED
    assert receiver.received == []


async def test_a_receiver_that_hangs_is_left_and_tried_again(
    rooms: Rooms, receiver: Receiver
) -> None:
    rooms.courier.client.total = timedelta(seconds=0.1)
    signed = await listen(rooms, receiver)
    receiver.is_hanging = True

    await announce(rooms)

    delivery = await only_delivery(rooms, signed)
    assert delivery.state is DeliveryState.WAITING
    assert delivery.last_error is DeliveryError.TIMED_OUT


async def test_a_receiver_that_is_not_there_is_tried_again(rooms: Rooms) -> None:
    async with receiving() as gone:
        pass
    signed = await listen(rooms, gone)

    await announce(rooms)

    assert (await only_delivery(rooms, signed)).last_error is DeliveryError.NO_CONNECTION


async def test_a_receiver_that_hangs_keeps_nobody_else_waiting(
    rooms: Rooms, receiver: Receiver, storage: Storage, clock: FakeClock, keys: SecretKeys
) -> None:
    other = await open_rooms(storage, clock, keys, tenant_id="other")
    other.courier = rooms.courier
    other.reload()
    async with receiving() as hanging:
        hanging.is_hanging = True
        await listen(rooms, hanging)
        await listen(rooms, receiver)
        await listen(other, receiver)
        for _ in range(2 * AT_ONCE):
            await rooms.webhooks.announce(Event.USER_CREATED, PAYLOAD)

        await other.webhooks.announce(Event.USER_CREATED, PAYLOAD)
        await receiver.until(2 * AT_ONCE + 1)
        await hanging.until(1)

        assert hanging.most_at_once <= AT_ONCE
        hanging.is_hanging = False
        hanging.release.set()
        await rooms.courier.settle(SOON)
        assert len(set(hanging.ids)) == 2 * AT_ONCE


async def test_a_receiver_that_failed_gets_one_request_at_a_time_until_it_takes_one(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    await listen(rooms, receiver)
    receiver.answers = [500]
    await announce(rooms)
    for _ in range(6):
        await rooms.webhooks.announce(Event.USER_CREATED, PAYLOAD)
        receiver.answers = [500]
        await rooms.courier.settle(SOON)
    receiver.most_at_once = 0

    clock.advance(timedelta(minutes=1))
    receiver.answers = [500]
    before = len(receiver.received)
    await sweep(rooms)

    assert len(receiver.received) == before + 1
    await sweep(rooms)
    assert len(set(receiver.ids)) == 7


async def test_of_many_claims_at_once_each_delivery_is_taken_by_one(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    signed = await listen(rooms, receiver)
    rooms.courier._is_stopping = True  # written, and posted by nobody
    for _ in range(40):
        await announce(rooms)
    rows, webhook_id = rooms.deliveries.rows, signed.webhook.id
    # Connections are opened at first use, one after another.
    await asyncio.gather(*(rows.has_due(webhook_id, clock.now()) for _ in range(10)))

    taken = await asyncio.gather(
        *(
            rows.claim(webhook_id, clock.now(), holder=f"p{n}", lease=LEASE, at_most=20)
            for n in range(10)
        )
    )

    claimed = [one.id for batch in taken for one in batch]
    assert len(claimed) == len(set(claimed)) > 0


async def test_of_two_processes_one_posts_each_event(
    rooms: Rooms, receiver: Receiver, storage: Storage
) -> None:
    signed = await listen(rooms, receiver)
    successor = rooms.anew()
    await successor._changed()
    rooms.courier._is_stopping = True  # written, and posted by nobody
    for _ in range(12):
        await announce(rooms)
    rooms.courier._is_stopping = False

    await asyncio.gather(*(one.webhooks.start_due() for one in (rooms, successor)))
    await asyncio.gather(*(one.courier.settle(SOON) for one in (rooms, successor)))
    await successor.courier.client.aclose()

    assert len(receiver.ids) == 12
    assert len(set(receiver.ids)) == 12
    found = await rooms.deliveries.list(signed.webhook.id)
    assert {delivery.state for delivery in found.items} == {DeliveryState.DELIVERED}


async def test_what_a_lost_process_was_posting_is_posted_again_when_its_lease_is_over(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    signed = await listen(rooms, receiver)
    receiver.is_hanging = True
    await rooms.webhooks.announce(Event.USER_CREATED, PAYLOAD)
    await receiver.until(1)
    successor = rooms.anew()
    await successor._changed()

    # Killed: no line of it is ever finished.
    for task in rooms.courier._running.values():
        task.cancel()
    receiver.is_hanging = False
    await sweep(successor)
    assert len(receiver.received) == 1, "the lease holds"
    clock.advance(LEASE)
    await sweep(successor)
    await successor.courier.client.aclose()

    assert len(receiver.received) == 2
    assert len(set(receiver.ids)) == 1
    assert (await only_delivery(rooms, signed)).state is DeliveryState.DELIVERED


async def test_a_process_that_slept_through_its_lease_posts_nothing(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    signed = await listen(rooms, receiver)
    # Every look at the clock finds that the whole lease has passed.
    clock.tick = LEASE

    await announce(rooms)

    assert receiver.received == []
    clock.tick = timedelta(0)
    delivery = await only_delivery(rooms, signed)
    assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 0)


async def test_a_stop_waits_for_what_is_under_way_and_begins_nothing_new(
    rooms: Rooms, receiver: Receiver
) -> None:
    signed = await listen(rooms, receiver)
    receiver.is_hanging = True
    await rooms.webhooks.announce(Event.USER_CREATED, PAYLOAD)
    await receiver.until(1)

    stopping = asyncio.create_task(rooms.courier.drain(SOON))
    await asyncio.sleep(0)
    await rooms.webhooks.announce(Event.USER_CREATED, PAYLOAD)
    receiver.release.set()

    assert await stopping == 0
    assert len(receiver.received) == 1
    states = [d.state for d in (await rooms.deliveries.list(signed.webhook.id)).items]
    assert sorted(states) == [DeliveryState.DELIVERED, DeliveryState.WAITING]


async def test_what_an_event_says_is_sealed_and_erased_when_it_has_arrived(
    rooms: Rooms, receiver: Receiver, storage: Storage
) -> None:
    await listen(rooms, receiver)
    receiver.answers = [500, 200]
    every_row = select(webhook_deliveries)

    await announce(rooms)
    waiting = (await storage.all(every_row, {}))[0]
    await sweep_later(rooms)
    arrived = (await storage.all(every_row, {}))[0]

    assert waiting["body"].startswith("k2.")
    assert "447700900123" not in str(waiting)
    assert arrived["body"] is None


async def sweep_later(rooms: Rooms) -> None:
    """Let a minute pass first."""
    rooms.clock.advance(timedelta(minutes=1))
    await sweep(rooms)


async def test_what_failed_can_be_sent_again_for_some_days(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    signed = await listen(rooms, receiver)
    rooms.deliveries = replace(
        rooms.deliveries, schedule=RetrySchedule(give_up_after=timedelta(seconds=1))
    )
    rooms.webhooks = WebhookService(webhooks=(signed.webhook,), deliveries=rooms.deliveries)
    receiver.answers = [500]
    await announce(rooms)
    failed = await only_delivery(rooms, signed)
    assert failed.state is DeliveryState.FAILED
    assert failed.can_be_repeated

    clock.advance(REPEATABLE_FOR - timedelta(minutes=1))
    await rooms.deliveries.purge(clock.now())
    await rooms.deliveries.repeat(signed.webhook, failed.id)
    await rooms.courier.settle(SOON)

    assert len(set(receiver.ids)) == 1
    assert len(receiver.received) == 2
    assert (await only_delivery(rooms, signed)).state is DeliveryState.DELIVERED
    with pytest.raises(DeliveryNotRepeatable):
        await rooms.deliveries.repeat(signed.webhook, failed.id)


async def test_what_nobody_sent_again_is_erased_and_at_last_forgotten(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    signed = await listen(rooms, receiver)
    receiver.answers = [500]
    await announce(rooms)

    # Nobody was there to try: the server was down for two days.
    clock.advance(timedelta(days=2))
    await rooms.deliveries.purge(clock.now())
    failed = await only_delivery(rooms, signed)
    clock.advance(REPEATABLE_FOR + timedelta(seconds=1))
    await rooms.deliveries.purge(clock.now())
    erased = await only_delivery(rooms, signed)

    assert (failed.state, failed.can_be_repeated) == (DeliveryState.FAILED, True)
    assert not erased.can_be_repeated
    with pytest.raises(DeliveryNotRepeatable):
        await rooms.deliveries.repeat(signed.webhook, failed.id)
    clock.advance(KEPT)
    await rooms.deliveries.purge(clock.now())
    assert (await rooms.deliveries.list(signed.webhook.id)).total == 0


async def test_a_changed_address_gets_what_waited_for_the_old_one(
    rooms: Rooms, receiver: Receiver, clock: FakeClock
) -> None:
    async with receiving() as old:
        signed = await listen(rooms, old)
        old.answers = [500]
        await announce(rooms)
    config = WebhookConfig(url=receiver.address)
    await rooms.configuration.webhooks.change(
        OPERATOR, signed.webhook.id, WebhookChange(config=config)
    )

    await sweep_later(rooms)

    assert len(receiver.received) == 1


async def test_a_webhook_that_is_switched_off_gets_what_waits_when_it_is_on_again(
    rooms: Rooms, receiver: Receiver
) -> None:
    signed = await listen(rooms, receiver)
    receiver.answers = [500]
    await announce(rooms)
    webhooks = rooms.configuration.webhooks
    await webhooks.change(OPERATOR, signed.webhook.id, WebhookChange(enabled=False))
    await sweep_later(rooms)
    assert len(receiver.received) == 1

    webhooks = rooms.configuration.webhooks
    await webhooks.change(OPERATOR, signed.webhook.id, WebhookChange(enabled=True))
    await sweep_later(rooms)

    assert len(receiver.received) == 2


async def test_deleting_a_webhook_ends_and_erases_what_is_on_its_way(
    rooms: Rooms, receiver: Receiver, storage: Storage
) -> None:
    signed = await listen(rooms, receiver)
    receiver.answers = [500]
    await announce(rooms)

    await rooms.configuration.webhooks.delete(OPERATOR, signed.webhook.id)
    await sweep_later(rooms)

    assert len(receiver.received) == 1
    row = (await storage.all(select(webhook_deliveries), {}))[0]
    assert (row["state"], row["body"]) == ("failed", None)
    assert row["last_error"] == DeliveryError.WEBHOOK_DELETED


async def test_another_tenants_events_are_not_told(
    rooms: Rooms, receiver: Receiver, storage: Storage, clock: FakeClock, keys: SecretKeys
) -> None:
    await listen(rooms, receiver)
    other = await open_rooms(storage, clock, keys, tenant_id="other")

    await announce(other)

    assert receiver.received == []
