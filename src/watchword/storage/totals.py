"""Totals of whole lists: counted as rows come and go, so that no list counts its table."""

import secrets
from dataclasses import dataclass

from sqlalchemy import BigInteger, Integer, String, bindparam, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from watchword.storage.repositories import TenantRepository
from watchword.storage.schema import row_totals

SHARDS = 16

_insert = insert(row_totals).values(
    tenant_id=bindparam("tenant_id"),
    counted=bindparam("counted"),
    shard=bindparam("shard"),
    total=bindparam("by"),
)
ADD = _insert.on_conflict_do_update(
    index_elements=[row_totals.c.tenant_id, row_totals.c.counted, row_totals.c.shard],
    set_={"total": row_totals.c.total + _insert.excluded.total},
)
# All that a limited tenant makes is counted here, so that its rows are made one after the other;
# what stands in other shards was there before, or goes.
OWN = 0
_counted = bindparam("counted", type_=String)
_tenant = bindparam("tenant_id", type_=String)
_elsewhere = (
    select(func.coalesce(func.sum(row_totals.c.total), 0))
    .where(
        row_totals.c.tenant_id == _tenant,
        row_totals.c.counted == _counted,
        row_totals.c.shard != OWN,
    )
    .scalar_subquery()
)
_most = bindparam("most", type_=BigInteger)
_insert_own = insert(row_totals).from_select(
    ["tenant_id", "counted", "shard", "total"],
    select(_tenant, _counted, literal(OWN, Integer), literal(1, BigInteger)).where(
        _elsewhere < _most
    ),
)
ADD_WITHIN = _insert_own.on_conflict_do_update(
    index_elements=[row_totals.c.tenant_id, row_totals.c.counted, row_totals.c.shard],
    set_={"total": row_totals.c.total + 1},
    where=row_totals.c.total + _elsewhere < _most,
).returning(row_totals.c.total)
# PostgreSQL sums whole numbers into a decimal one.
GET = select(cast(func.coalesce(func.sum(row_totals.c.total), 0), BigInteger).label("total")).where(
    row_totals.c.tenant_id == bindparam("tenant_id"),
    row_totals.c.counted == bindparam("counted", type_=row_totals.c.counted.type),
)


@dataclass(frozen=True)
class Totals(TenantRepository):
    """How many rows one tenant has in a table that says of each row when it comes and goes."""

    async def add(self, counted: str, by: int) -> None:
        """Note, in the transaction of the rows themselves, that there are *by* more of them.

        Call it after the rows are written: who waits for a row that somebody else is writing must
        not keep others from counting meanwhile.
        """
        shard = secrets.randbelow(SHARDS)
        await self.run(ADD, counted=counted, shard=shard, by=by)

    async def add_within(self, counted: str, most: int) -> bool:
        """Note one more unless there are *most*; exact, whoever asks at the same moment."""
        return await self.first(ADD_WITHIN, counted=counted, most=most) is not None

    async def get(self, counted: str) -> int:
        """Return how many rows there are."""
        row = await self.first(GET, counted=counted)
        return int(row["total"]) if row else 0
