"""Rows of signing keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.storage import Row, TenantRepository
from watchword.storage.schema import signing_keys

k = signing_keys.c

LIST_KEYS = (
    select(signing_keys)
    .where(
        k.tenant_id == bindparam("tenant_id"),
        or_(k.retired_at.is_(None), k.retired_at > bindparam("retired_since")),
    )
    .order_by(k.created_at, k.id)
)

INSERT_KEY = (
    upsert(signing_keys)
    .values(
        tenant_id=bindparam("tenant_id"),
        id=bindparam("id"),
        algorithm=bindparam("algorithm"),
        private_key=bindparam("private_key"),
        public_key=bindparam("public_key"),
        created_at=bindparam("created_at"),
    )
    .on_conflict_do_nothing()
)

RETIRE_KEY = (
    update(signing_keys)
    .where(
        k.tenant_id == bindparam("tenant_id"),
        k.algorithm == bindparam("of_algorithm"),
        k.retired_at.is_(None),
    )
    .values(retired_at=bindparam("moment"))
)

PURGE_KEYS = delete(signing_keys).where(
    k.tenant_id == bindparam("tenant_id"), k.retired_at <= bindparam("retired_since")
)


@dataclass(frozen=True)
class NewKey:
    """A signing key as it is stored."""

    id: str
    algorithm: str
    private_key: str
    """Sealed."""
    public_key: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class SigningKeyRepository(TenantRepository):
    """Rows of `signing_keys`."""

    async def list(self, retired_since: datetime) -> list[Row]:
        """Return the keys in use and those retired later than *retired_since*, oldest first."""
        return await self.all(LIST_KEYS, retired_since=retired_since)

    async def insert(self, key: NewKey) -> None:
        """Write a key unless another process has just written one."""
        await self.run(INSERT_KEY, **vars(key))

    async def replace(self, key: NewKey, moment: datetime) -> None:
        """Write a key, and let the one of its algorithm sign until *moment* and no longer.

        At any time there is one that is not retired, however many do this at once.
        """
        async with self.db.transaction() as tx:
            await self.within(tx).run(RETIRE_KEY, of_algorithm=key.algorithm, moment=moment)
            await self.within(tx).insert(key)

    async def purge(self, retired_since: datetime) -> None:
        """Delete keys that no living token was signed with."""
        await self.run(PURGE_KEYS, retired_since=retired_since)
