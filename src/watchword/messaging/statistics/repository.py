"""Counts of a tenant's messages: each statement walks one stretch of one index once."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select

from watchword.audit.models import interaction_event
from watchword.messaging.models import MessageState
from watchword.storage import Row, TenantRepository
from watchword.storage.moments import DayOf, TenthsBetween
from watchword.storage.schema import audit_log, messages

State = MessageState
m = messages.c
a = audit_log.c

EVENTS = ("SignIn", "Register", "ForgotPassword")
"""Interactions that a code of the same usage type completes."""
METHODS = ("PhoneVerificationCode", "EmailVerificationCode")
# Tenths of a second; finer would be more rows and no more to see.
FINE, COARSE, LONGEST = 100, 600, 6000

STRETCH = and_(
    m.tenant_id == bindparam("tenant_id"),
    m.created_at >= bindparam("since"),
    m.created_at < bindparam("until"),
    m.is_test.is_(False),
    m.state != State.SUPPRESSED,
)
OF_CONNECTOR = m.connector_id == bindparam("connector_id")
IS_ACCEPTED = m.accepted_at.is_not(None)


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


_kinds = (DayOf(m.created_at), m.connector_id, m.country, m.error_class)
KINDS = (
    select(
        _kinds[0].label("day"),
        m.connector_id,
        m.country,
        m.error_class,
        func.count().label("sent"),
        _count_if(IS_ACCEPTED).label("accepted"),
        _count_if(m.state == State.DELIVERED).label("delivered"),
        _count_if(m.state == State.UNDELIVERED).label("undelivered"),
        _count_if(or_(m.state == State.FAILED, m.state == State.EXPIRED)).label("failed"),
        func.coalesce(func.sum(m.segments), 0).label("segments"),
        _count_if(and_(IS_ACCEPTED, or_(*(m.usage_type == event for event in EVENTS)))).label(
            "codes"
        ),
    )
    .where(STRETCH)
    .group_by(*_kinds)
)

_tenths = TenthsBetween(m.created_at, m.final_at)
_bucket = case(
    (_tenths < 0, 0),
    (_tenths < FINE, _tenths),
    (_tenths < COARSE, _tenths // 10 * 10),
    (_tenths < LONGEST, _tenths // 100 * 100),
    else_=LONGEST,
)
_timed = (DayOf(m.created_at), _bucket)
TIMES = (
    select(_timed[0].label("day"), _bucket.label("tenths"), func.count().label("messages"))
    .where(STRETCH, m.state == State.DELIVERED, m.final_at.is_not(None))
    .group_by(*_timed)
)

_day_used = DayOf(a.created_at)
USED = (
    select(_day_used.label("day"), func.count().label("codes"))
    .where(
        a.tenant_id == bindparam("tenant_id"),
        or_(*(a.event == interaction_event(event) for event in EVENTS)),
        a.created_at >= bindparam("since"),
        a.created_at < bindparam("until"),
        a.result == "success",
        or_(*(a.method == method for method in METHODS)),
    )
    .group_by(_day_used)
)

KINDS_OF_CONNECTOR: Select[tuple[object, ...]] = KINDS.where(OF_CONNECTOR)
TIMES_OF_CONNECTOR: Select[tuple[object, ...]] = TIMES.where(OF_CONNECTOR)


class StatisticsRows(TenantRepository):
    """Counts one tenant's messages."""

    async def kinds(self, since: datetime, until: datetime, connector_id: str | None) -> list[Row]:
        """Return counts by day, connector class, country and class of error."""
        if connector_id is None:
            return await self.all(KINDS, since=since, until=until)
        return await self.all(
            KINDS_OF_CONNECTOR, since=since, until=until, connector_id=connector_id
        )

    async def times(self, since: datetime, until: datetime, connector_id: str | None) -> list[Row]:
        """Return how many messages were delivered within how long, by day."""
        if connector_id is None:
            return await self.all(TIMES, since=since, until=until)
        return await self.all(
            TIMES_OF_CONNECTOR, since=since, until=until, connector_id=connector_id
        )

    async def used_codes(self, since: datetime, until: datetime) -> dict[int, int]:
        """Return how many codes were right, by day."""
        rows = await self.all(USED, since=since, until=until)
        return {row["day"]: row["codes"] for row in rows}
