"""What the rows of messages and codes say of a connector, and which connectors are unwell."""

from datetime import datetime

from sqlalchemy import and_, bindparam, case, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.messaging.models import Sample
from watchword.messaging.repository import OURS, THEIRS, State, m, p
from watchword.storage import TenantRepository
from watchword.storage.schema import connector_health, messages, verification_records
from watchword.storage.types import UtcDateTime

h = connector_health.c
r = verification_records.c
SAMPLED = (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.FAILED, State.UNKNOWN)
SAMPLES = (
    select(*(m[name] for name in Sample.__dataclass_fields__))
    .where(
        OURS,
        THEIRS,
        m.created_at > bindparam("since"),
        m.is_test.is_(False),
        or_(*(m.state == state for state in SAMPLED)),
    )
    .order_by(m.created_at.desc(), m.id)
    .limit(bindparam("at_most"))
)
CODES = (
    select(
        func.count().label("codes"),
        func.sum(case((r.state == "pending", 0), else_=1)).label("verified"),
    )
    .select_from(verification_records)
    .join(messages, and_(m.tenant_id == r.tenant_id, m.id == r.message_id))
    .where(
        r.tenant_id == bindparam("tenant_id"),
        # No record ends before it begins, and there is an index on the end.
        r.expires_at > bindparam("since"),
        r.created_at > bindparam("since"),
        r.created_at <= bindparam("until"),
        THEIRS,
        m.accepted_at.is_not(None),
    )
)
OUR_HEALTH = and_(h.tenant_id == bindparam("tenant_id"), h.instance_id == bindparam("instance_id"))
_episode = upsert(connector_health).values({column.name: bindparam(column.name) for column in h})
BEGIN_EPISODE = _episode.on_conflict_do_update(
    index_elements=[h.tenant_id, h.instance_id],
    set_={"reason": _episode.excluded.reason, "since": _episode.excluded.since},
    where=h.reason.is_(None),
).returning(h.instance_id)
END_EPISODE = (
    update(connector_health)
    .where(OUR_HEALTH, h.reason.is_not(None))
    .values(reason=null(), since=bindparam("since"))
)
EPISODE = select(h.since).where(OUR_HEALTH, h.reason.is_not(None))
PAUSED_UNTIL = select(p.paused_until).where(
    p.tenant_id == bindparam("tenant_id"),
    p.instance_id == bindparam("instance_id"),
    p.paused_until > bindparam("now", type_=UtcDateTime),
)


class HealthRows(TenantRepository):
    """Looks at how one tenant's connectors do, and remembers which of them are unwell."""

    async def samples(self, instance_id: str, since: datetime, at_most: int) -> list[Sample]:
        """Return a connector's newest messages that have an answer, the newest first."""
        rows = await self.all(SAMPLES, instance_id=instance_id, since=since, at_most=at_most)
        return [Sample(**row | {"state": State(row["state"])}) for row in rows]

    async def count_codes(
        self, instance_id: str, since: datetime, until: datetime
    ) -> tuple[int, int]:
        """Return how many codes were sent through a connector, and how many were typed in."""
        row = await self.first(CODES, instance_id=instance_id, since=since, until=until)
        return (row["codes"], row["verified"] or 0) if row else (0, 0)

    async def find_pause(self, instance_id: str, now: datetime) -> datetime | None:
        """Return until when a connector is paused, or None."""
        row = await self.first(PAUSED_UNTIL, instance_id=instance_id, now=now)
        return row["paused_until"] if row else None

    async def find_episode(self, instance_id: str) -> datetime | None:
        """Return since when a connector is unwell, or None."""
        row = await self.first(EPISODE, instance_id=instance_id)
        return row["since"] if row else None

    async def begin(self, instance_id: str, reason: str, now: datetime) -> bool:
        """Note that a connector is unwell; False where that is known."""
        row = await self.first(BEGIN_EPISODE, instance_id=instance_id, reason=reason, since=now)
        return row is not None

    async def end(self, instance_id: str, now: datetime) -> bool:
        """Note that a connector is well again; False where that is known."""
        return await self.run(END_EPISODE, instance_id=instance_id, since=now) > 0
