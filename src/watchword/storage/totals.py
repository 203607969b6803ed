"""Totals of whole lists: counted as rows come and go, so that no list counts its table."""

import secrets
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, cast, func, select
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

    async def get(self, counted: str) -> int:
        """Return how many rows there are."""
        row = await self.first(GET, counted=counted)
        return int(row["total"]) if row else 0
