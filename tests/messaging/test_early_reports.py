"""A delivery report may come twice, out of order, or before its message's id is known."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Integer, bindparam, insert, literal, select

from tests.connectors.provider import OTHER_PROVIDER_ID
from tests.connectors.rooms import Rooms, open_rooms
from tests.messaging.test_crashes import kill
from tests.messaging.test_sending import MOMENT, queue, rows_of
from watchword.background import sweep
from watchword.connector_kit.errors import ProviderThrottled, ProviderTimeout
from watchword.connector_kit.models import DeliveryReport, Receipt
from watchword.connectors.models import SavedConnector
from watchword.messaging.dispatch import SENDING_LEASE
from watchword.messaging.early_report_repository import MOST_EARLY_REPORTS
from watchword.messaging.models import MessageState
from watchword.messaging.reports import EARLY_REPORT_LIFETIME
from watchword.messaging.repository import MessageRows
from watchword.storage import TenantRepository
from watchword.storage.schema import early_reports
from watchword.web.scope import ServerScope

DELIVERED = DeliveryReport("P1", "delivered")
UNDELIVERED = DeliveryReport("P1", "undelivered", "recipient_unreachable", "absent")
EARLY = select(early_reports).where(early_reports.c.tenant_id == bindparam("tenant_id"))
COLUMNS = early_reports.c


async def early_ones(rooms: Rooms) -> list[dict[str, Any]]:
    return await TenantRepository(rooms.storage, rooms.tenant.id).all(EARLY)


async def begin(rooms: Rooms, answer: BaseException | Receipt) -> str:
    """Hand a message to a provider that takes its time to answer."""
    rooms.provider.gate = asyncio.Event()
    rooms.provider.asked.clear()
    rooms.provider.answers.append(answer)
    queued = await queue(rooms)
    await rooms.provider.asked.wait()
    return queued.id


async def answer(rooms: Rooms) -> None:
    assert rooms.provider.gate is not None
    rooms.provider.gate.set()
    await rooms.messaging.drain(MOMENT)


@pytest.fixture
async def saved(rooms: Rooms) -> SavedConnector:
    return await rooms.set_up()


async def test_a_report_that_overtakes_the_answer_is_kept_and_matched_later(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, Receipt("P1", segments=2))

    assert await rooms.messaging.reports.apply(saved.id, [UNDELIVERED]) == 0
    assert await rooms.messaging.reports.match_early() == 0
    await answer(rooms)
    assert await rooms.messaging.reports.match_early() == 1

    message = await rooms.messaging.log.get(message_id)
    assert (message.state, message.error_class) == (
        MessageState.UNDELIVERED,
        "recipient_unreachable",
    )
    assert (message.provider_words, message.segments) == ("absent", 2)
    assert await early_ones(rooms) == []


async def test_replays_of_an_early_report_are_one_and_the_first_word_is_final(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, Receipt("P1"))

    for report in (DELIVERED, DELIVERED, UNDELIVERED, DELIVERED):
        await rooms.messaging.reports.apply(saved.id, [report])
    assert [row["state"] for row in await early_ones(rooms)] == ["delivered"]
    await answer(rooms)
    for _ in range(2):
        await rooms.messaging.reports.match_early()
    await rooms.messaging.reports.apply(saved.id, [UNDELIVERED])

    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED
    assert await early_ones(rooms) == []


async def test_a_report_said_before_is_not_kept(rooms: Rooms, saved: SavedConnector) -> None:
    await begin(rooms, Receipt("P1"))
    await answer(rooms)

    moved = [await rooms.messaging.reports.apply(saved.id, [DELIVERED]) for _ in range(3)]

    assert moved == [1, 0, 0]
    assert await early_ones(rooms) == []


async def test_two_processes_that_match_the_same_reports_do_no_harm(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, Receipt("P1"))
    await rooms.messaging.reports.apply(saved.id, [DELIVERED])
    await answer(rooms)

    await asyncio.gather(*(rooms.anew().messaging.reports.match_early() for _ in range(6)))

    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED
    assert await early_ones(rooms) == []


async def test_a_report_counts_although_the_answer_is_written_between_two_looks(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, Receipt("P1"))

    class AnsweredMeanwhile(MessageRows):
        async def knows(self, instance_id: str, report: DeliveryReport) -> bool:
            await answer(rooms)
            return await super().knows(instance_id, report)

    late = replace(rooms.messaging, rows=AnsweredMeanwhile(rooms.storage, rooms.tenant.id))
    assert await late.reports.apply(saved.id, [DELIVERED]) == 1

    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED
    assert await early_ones(rooms) == []


# By our own id.


async def test_a_report_in_a_batch_may_name_its_message_by_our_id(
    rooms: Rooms, saved: SavedConnector
) -> None:
    lost = []
    for _ in range(3):
        lost.append(await begin(rooms, ProviderTimeout()))
        await answer(rooms)
    batch = [
        replace(DELIVERED, message_id=lost[0]),
        DeliveryReport("P2", "undelivered", message_id=lost[1]),
        # The address named one message, and this may be any of several.
        DeliveryReport("P3", "delivered"),
    ]

    assert await rooms.messaging.reports.apply(saved.id, batch, lost[2]) == 2

    found = [await rooms.messaging.log.get(message_id) for message_id in lost]
    assert [(message.state, message.provider_message_id) for message in found] == [
        (MessageState.DELIVERED, "P1"),
        (MessageState.UNDELIVERED, "P2"),
        (MessageState.UNKNOWN, None),
    ]


async def test_what_the_provider_gives_back_goes_before_what_the_address_says(
    rooms: Rooms, saved: SavedConnector
) -> None:
    named = await begin(rooms, ProviderTimeout())
    await answer(rooms)
    addressed = await begin(rooms, ProviderTimeout())
    await answer(rooms)

    await rooms.messaging.reports.apply(saved.id, [replace(DELIVERED, message_id=named)], addressed)

    assert await rooms.messaging.log.find_state(named) is MessageState.DELIVERED
    assert await rooms.messaging.log.find_state(addressed) is MessageState.UNKNOWN


async def test_a_report_without_the_providers_id_counts_by_ours_alone(
    rooms: Rooms, saved: SavedConnector
) -> None:
    known = await begin(rooms, Receipt(""))
    await answer(rooms)
    other = await begin(rooms, Receipt(None))
    await answer(rooms)
    waiting = await begin(rooms, Receipt(None))

    for name in (known, waiting, None):
        await rooms.messaging.reports.apply(
            saved.id, [DeliveryReport("", "delivered", None, "", name)]
        )
    await answer(rooms)
    await rooms.messaging.reports.match_early()

    message = await rooms.messaging.log.get(known)
    assert (message.state, message.provider_message_id) == (MessageState.DELIVERED, None)
    assert await rooms.messaging.log.find_state(waiting) is MessageState.DELIVERED
    assert await rooms.messaging.log.find_state(other) is MessageState.ACCEPTED
    assert await early_ones(rooms) == []


async def test_a_report_is_kept_for_a_message_whose_sender_died(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, Receipt("P1"))
    await kill(rooms)
    await rooms.messaging.reports.apply(saved.id, [DELIVERED], message_id)
    successor = rooms.anew().messaging
    await successor.reports.match_early()
    assert await successor.log.find_state(message_id) is MessageState.SENDING

    rooms.clock.advance(SENDING_LEASE)
    await successor.take_over_lapsed()
    await successor.reports.match_early()

    message = await successor.log.get(message_id)
    assert (message.state, message.provider_message_id) == (MessageState.DELIVERED, "P1")


async def test_a_name_never_wins_over_the_providers_own_id(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, Receipt("P1"))
    named = DeliveryReport("P9", "undelivered", None, "", message_id)
    await rooms.messaging.reports.apply(saved.id, [named])
    await answer(rooms)

    await rooms.messaging.reports.match_early()
    await rooms.messaging.reports.apply(saved.id, [named])

    assert await rooms.messaging.log.find_state(message_id) is MessageState.ACCEPTED
    assert await early_ones(rooms) == []


async def test_an_early_report_is_its_tenants_and_its_connectors_own(
    rooms: Rooms, saved: SavedConnector
) -> None:
    other = await rooms.set_up(OTHER_PROVIDER_ID)
    theirs = await open_rooms(rooms.storage, rooms.clock, rooms.keys, tenant_id="acme")
    await theirs.set_up(id=other.id)
    await theirs.messaging.reports.apply(other.id, [DELIVERED])
    await rooms.messaging.reports.apply(saved.id, [DELIVERED])

    message_id = await begin(rooms, Receipt("P1"))
    await answer(rooms)
    matched = [await each.messaging.reports.match_early() for each in (rooms, theirs)]

    assert matched == [0, 0]
    assert await rooms.messaging.log.find_state(message_id) is MessageState.ACCEPTED


async def test_a_queued_message_is_nothing_that_a_provider_could_have_delivered(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, ProviderThrottled(retry_after=timedelta(seconds=20)))
    await answer(rooms)

    await rooms.messaging.reports.apply(saved.id, [DELIVERED], message_id)
    await rooms.messaging.reports.match_early()

    assert await rooms.messaging.log.find_state(message_id) is MessageState.QUEUED


# Bounds.


async def test_a_report_that_no_message_comes_for_is_dropped_after_an_hour(
    rooms: Rooms, saved: SavedConnector
) -> None:
    await rooms.messaging.reports.apply(saved.id, [DELIVERED])

    rooms.clock.advance(EARLY_REPORT_LIFETIME)
    assert await rooms.messaging.reports.purge_early() == 0
    rooms.clock.advance(timedelta(seconds=1))
    assert await rooms.messaging.reports.purge_early() == 1

    assert await early_ones(rooms) == []


@pytest.mark.parametrize(
    "report",
    [
        DeliveryReport("P" * 256, "delivered"),
        DeliveryReport("", "delivered"),
        DeliveryReport("", "delivered", message_id="Not one of ours"),
        DeliveryReport("", "delivered", message_id="0" * 33),
    ],
)
async def test_a_report_that_can_name_no_message_is_not_kept(
    rooms: Rooms, saved: SavedConnector, report: DeliveryReport
) -> None:
    assert await rooms.messaging.reports.apply(saved.id, [report]) == 0

    assert await early_ones(rooms) == []


async def test_a_flood_of_reports_fills_its_own_connectors_share_and_no_more(
    rooms: Rooms, saved: SavedConnector
) -> None:
    other = await rooms.set_up(OTHER_PROVIDER_ID)
    await flood(rooms, saved, MOST_EARLY_REPORTS - 1)

    for provider_id in ("last", "too many"):
        await rooms.messaging.reports.apply(saved.id, [DeliveryReport(provider_id, "delivered")])
    await rooms.messaging.reports.apply(other.id, [DeliveryReport("another's", "delivered")])

    kept = {row["provider_message_id"] for row in await early_ones(rooms)}
    assert len(kept) == MOST_EARLY_REPORTS + 1
    assert {"last", "another's"} <= kept
    assert "too many" not in kept


async def flood(rooms: Rooms, saved: SavedConnector, count: int) -> None:
    numbers = select(literal(1, Integer).label("number")).cte("numbers", recursive=True)
    numbers = numbers.union_all(
        select(numbers.c.number + 1).where(numbers.c.number < bindparam("count", type_=Integer))
    )
    values = {
        "tenant_id": bindparam("tenant_id", type_=COLUMNS.tenant_id.type),
        "instance_id": literal(saved.id, COLUMNS.instance_id.type),
        "provider_message_id": numbers.c.number.cast(COLUMNS.provider_message_id.type),
        "message_id": literal("", COLUMNS.message_id.type),
        "state": literal("delivered", COLUMNS.state.type),
        "received_at": bindparam("received_at", type_=COLUMNS.received_at.type),
    }
    rows = TenantRepository(rooms.storage, rooms.tenant.id)
    await rows.run(
        insert(early_reports).from_select([*values], select(*values.values())),
        count=count,
        received_at=rooms.clock.now(),
    )


async def test_the_sweeper_matches_early_reports_beside_sending_what_is_queued(
    rooms: Rooms, saved: SavedConnector
) -> None:
    message_id = await begin(rooms, Receipt("P1"))
    await rooms.messaging.reports.apply(saved.id, [DELIVERED])
    await answer(rooms)

    async def scope_of(tenant_id: str) -> Any:
        assert tenant_id == rooms.tenant.id
        return SimpleNamespace(messaging=rooms.messaging, webhooks=rooms.webhooks)

    server = SimpleNamespace(tenants={rooms.tenant.id: rooms.tenant}, scope_of=scope_of)
    await sweep(cast(ServerScope, server))

    assert await rooms.messaging.log.find_state(message_id) is MessageState.DELIVERED
    assert len(await rows_of(rooms)) == 1
