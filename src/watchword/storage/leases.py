"""Leases: who, of several processes, does a job now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_
from sqlalchemy.dialects.postgresql import insert

from watchword.storage.repositories import TenantRepository
from watchword.storage.schema import leases
from watchword.storage.types import UtcDateTime

_insert = insert(leases).values(
    tenant_id=bindparam("tenant_id"),
    name=bindparam("name"),
    holder=bindparam("holder"),
    expires_at=bindparam("expires_at"),
)
TAKE = _insert.on_conflict_do_update(
    index_elements=[leases.c.tenant_id, leases.c.name],
    set_={"holder": _insert.excluded.holder, "expires_at": _insert.excluded.expires_at},
    where=or_(
        leases.c.holder == _insert.excluded.holder,
        leases.c.expires_at <= bindparam("now", type_=UtcDateTime),
    ),
).returning(leases.c.holder)


@dataclass(frozen=True)
class Leases(TenantRepository):
    """The leases of one tenant."""

    async def take(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or renew a lease; False while another holder has it."""
        row = await self.first(TAKE, name=name, holder=holder, now=now, expires_at=until)
        return row is not None
