"""The rows that say when a connector may send, and how long it is paused."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, and_, bindparam, case, null, or_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.storage import TenantRepository
from watchword.storage.schema import connector_pace
from watchword.storage.types import UtcDateTime

p = connector_pace.c

# Whole microseconds, so that both databases calculate alike and exactly.
MICROSECOND = timedelta(microseconds=1)
_present = bindparam("present", type_=BigInteger)
_step = bindparam("step", type_=BigInteger)
_slot = case((p.next_at > _present, p.next_at), else_=_present)
_first = upsert(connector_pace).values(
    tenant_id=bindparam("tenant_id"), instance_id=bindparam("instance_id"), next_at=_present + _step
)
# The lock on the row lets parallel senders take their turns; no row comes back where the next slot
# is too far away to be waited for, so that it stays for whoever comes when it is near.
RESERVE = _first.on_conflict_do_update(
    index_elements=[p.tenant_id, p.instance_id],
    set_={"next_at": _slot + _step},
    where=and_(
        or_(p.next_at.is_(None), p.next_at <= bindparam("latest", type_=BigInteger)),
        or_(p.paused_until.is_(None), p.paused_until <= bindparam("now", type_=UtcDateTime)),
    ),
).returning(p.next_at)
_paused = upsert(connector_pace).values(
    tenant_id=bindparam("tenant_id"),
    instance_id=bindparam("instance_id"),
    paused_until=bindparam("paused_until"),
)
PAUSE = _paused.on_conflict_do_update(
    index_elements=[p.tenant_id, p.instance_id],
    set_={"paused_until": _paused.excluded.paused_until},
    # Of two refusals the longer one holds, whichever is read first.
    where=or_(p.paused_until.is_(None), p.paused_until < _paused.excluded.paused_until),
)
RESUME = (
    update(connector_pace)
    .where(p.tenant_id == bindparam("tenant_id"), p.instance_id == bindparam("instance_id"))
    .values(paused_until=null())
)


class PaceRows(TenantRepository):
    """Knows when one tenant's connectors may send."""

    async def reserve(
        self, instance_id: str, now: datetime, *, step: timedelta, reach: timedelta
    ) -> datetime | None:
        """Return the connector's next free moment, now taken.

        None where it lies beyond *reach*, or where the connector is paused.
        """
        present, apart = _microseconds(now), step // MICROSECOND
        row = await self.first(
            RESERVE,
            instance_id=instance_id,
            now=now,
            present=present,
            latest=_microseconds(now + reach),
            step=apart,
        )
        if row is None:
            return None
        next_at: int = row["next_at"]
        return now + (next_at - apart - present) * MICROSECOND

    async def pause(self, instance_id: str, until: datetime) -> None:
        """Hand nothing more to the connector's provider until then."""
        await self.run(PAUSE, instance_id=instance_id, paused_until=until)

    async def resume(self, instance_id: str) -> None:
        """End a pause."""
        await self.run(RESUME, instance_id=instance_id)


def _microseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // MICROSECOND
