"""Counts of messages by day, connector, country and error."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.messaging.rows import message_row
from tests.plans import plan_of
from watchword.audit.models import SYSTEM, interaction_event
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.messaging.models import MessageState
from watchword.messaging.repository import MessageRows
from watchword.messaging.statistics import repository as statements
from watchword.messaging.statistics.models import Day, Statistics, Tally, Times
from watchword.messaging.statistics.repository import StatisticsRows
from watchword.messaging.statistics.service import StatisticsService
from watchword.storage import Storage
from watchword.storage.compiled import CompiledStatement

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
YESTERDAY = NOON - timedelta(days=1)
SUBMITTED = interaction_event("SignIn")


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock at noon: a day's edges are half a day away."""
    clock = FakeClock()
    clock.moment = NOON
    return clock


@pytest.fixture
def statistics(storage: Storage, clock: FakeClock) -> StatisticsService:
    """Return the service of the default tenant."""
    return StatisticsService(rows=StatisticsRows(storage, "default"), clock=clock)


async def add(storage: Storage, at: datetime, **changes: Any) -> None:
    """Write one message."""
    await MessageRows(storage, "default").add(message_row(at, **changes))


async def delivered(storage: Storage, at: datetime, seconds: float, **changes: Any) -> None:
    """Write a message that was delivered so many seconds after it was asked for."""
    final_at = at + timedelta(seconds=seconds)
    await add(storage, at, state=MessageState.DELIVERED, final_at=final_at, segments=2, **changes)


async def test_each_message_counts_in_its_day_connector_and_country(
    storage: Storage, statistics: StatisticsService
) -> None:
    await delivered(storage, YESTERDAY, 2, country="KR", connector_id="twilio")
    await add(storage, NOON, state=MessageState.UNDELIVERED, error_class="recipient_unreachable")
    await add(storage, NOON, state=MessageState.FAILED, accepted_at=None, error_class="too_late")
    await add(storage, NOON, state=MessageState.EXPIRED, accepted_at=None)

    found = await statistics.of_days(3)

    assert [day.date for day in found.days] == [date(2026, 3, day) for day in (8, 9, 10)]
    assert found.days[0].tally == Tally()
    assert found.days[1].tally == Tally(1, 1, 1, 0, 0, 2, 1)
    assert found.days[2].tally == Tally(3, 1, 0, 1, 2, 0, 1)
    assert {name: tally.sent for name, tally in found.connectors.items()} == {
        "development-inbox": 3,
        "twilio": 1,
    }
    assert list(found.countries) == ["GB", "KR"]
    assert found.errors == {"general": 1, "recipient_unreachable": 1, "too_late": 1}
    assert found.whole.tally.sent == 4
    assert found.whole.tally.delivered_ratio == 0.5


async def test_tests_messages_to_nobody_other_days_and_other_tenants_do_not_count(
    storage: Storage, statistics: StatisticsService
) -> None:
    await add(storage, NOON, is_test=True)
    await add(storage, NOON, state=MessageState.SUPPRESSED, accepted_at=None)
    await add(storage, NOON - timedelta(days=7))
    await add(storage, NOON + timedelta(days=1))
    await MessageRows(storage, "other").add(message_row(NOON))

    found = await statistics.of_days(7)

    assert found.whole.tally == Tally()
    assert found.whole.times.percentile(50) is None


async def test_one_connector_is_counted_alone_and_without_used_codes(
    storage: Storage, statistics: StatisticsService
) -> None:
    await add(storage, NOON)
    await delivered(storage, NOON, 4, connector_id="twilio")

    found = await statistics.of_days(1, "twilio")

    assert found.whole.tally.sent == 1
    assert found.whole.times.percentile(50) == timedelta(seconds=4)
    assert found.whole.used is None
    assert found.whole.used_ratio is None


async def test_a_code_is_used_when_what_it_was_sent_for_is_done(
    storage: Storage, statistics: StatisticsService, clock: FakeClock
) -> None:
    audit = AuditService(AuditRows(storage, "default"), clock)
    for _ in range(4):
        await add(storage, NOON)
    await add(storage, NOON, usage_type="BindMfa")
    await audit.record(SUBMITTED, SYSTEM, method="PhoneVerificationCode")
    await audit.record(SUBMITTED, SYSTEM, method="Password")
    await audit.record("session.ended", SYSTEM, method="PhoneVerificationCode")

    found = await statistics.of_days(1)

    assert (found.whole.used, found.whole.tally.codes) == (1, 4)
    assert found.whole.used_ratio == 0.25


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1.0, 0),
        (0.0, 0),
        (3.47, 3.4),
        (9.99, 9.9),
        (10.7, 10),
        (61.5, 60),
        (599.0, 590),
        (7e3, 600),
    ],
)
async def test_times_are_counted_finely_while_they_are_short(
    storage: Storage, statistics: StatisticsService, seconds: float, shown: float
) -> None:
    await delivered(storage, NOON, seconds)

    found = await statistics.of_days(1)

    assert found.whole.times.percentile(95) == timedelta(seconds=shown)


def test_a_percentile_is_the_time_within_which_so_many_arrived() -> None:
    times = Times.together([Times({10: 90}), Times({20: 6, 10: 4}), Times({})])

    assert times.percentile(50) == timedelta(seconds=1)
    assert times.percentile(94) == timedelta(seconds=1)
    assert times.percentile(95) == timedelta(seconds=2)


def test_a_day_whose_codes_were_sent_the_day_before_used_no_more_than_all() -> None:
    day = Day(date(2026, 3, 10), Tally(codes=1), used=2)

    assert day.used_ratio == 1.0
    assert Statistics((day,), {}, {}, {}).whole.used == 2


async def test_each_count_walks_an_index_where_there_are_many_days(storage: Storage) -> None:
    async with storage.transaction() as tx:
        rows, audit = (
            MessageRows(tx, "default"),
            AuditService(AuditRows(tx, "default"), FakeClock()),
        )
        for hours in range(1000):
            await rows.add(message_row(NOON - timedelta(hours=hours), recipient_digest=str(hours)))
            await audit.record("session.ended" if hours % 50 else SUBMITTED, SYSTEM, tx=tx)
        await tx._execute(CompiledStatement("ANALYZE", (), (), False), [])
    stretch = {"since": YESTERDAY, "until": NOON}
    one = {**stretch, "connector_id": "development-inbox"}

    plans = {
        "ix_messages_created_at": [
            await plan_of(storage, statements.KINDS, **stretch),
            await plan_of(storage, statements.KINDS_OF_CONNECTOR, **one),
            await plan_of(storage, statements.TIMES, **stretch),
            await plan_of(storage, statements.TIMES_OF_CONNECTOR, **one),
        ],
        "ix_audit_log": [await plan_of(storage, statements.USED, **stretch)],
    }

    for index, found in plans.items():
        assert [index in plan for plan in found] == [True] * len(found), found
