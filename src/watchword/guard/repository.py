"""Locks after too many failures, and what is forgotten; `gate_repository` counts the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    BindParameter,
    Boolean,
    Executable,
    Integer,
    String,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from watchword.guard.gates import STAMP
from watchword.guard.models import stamp
from watchword.storage import TenantRepository
from watchword.storage.schema import guard_windows, lockouts
from watchword.storage.types import UtcDateTime

window = guard_windows.c
lock = lockouts.c
OURS = window.tenant_id == bindparam("tenant_id")
OUR_LOCKS = lock.tenant_id == bindparam("tenant_id")

_nth = bindparam("nth", type_=Integer)
_keep = bindparam("keep", type_=Integer)
_cutoff = bindparam("cutoff", type_=String)
_stamp = bindparam("stamp", type_=String)


# It takes all buckets of one value (one for each listed key) in one statement, in the same order
# everywhere: the lock on the first row lets parallel requests take their turns through all of them,
# and none can wait for another in a circle.


@cache
def attempt_statement(buckets: int) -> Executable:
    """Count an attempt as a failure before anyone looks whether it is one.

    The last one locks the identifier at once, so that no other slips in beside it; a locked
    bucket gives back no row.
    """
    new = insert(lockouts).values(
        [
            {
                "tenant_id": bindparam("tenant_id", type_=String),
                "bucket": bindparam(f"bucket_{number}", type_=String),
                "stamps": bindparam("first_stamps", type_=String),
                "blocked_until": bindparam("first_until", type_=UtcDateTime),
                "expires_at": bindparam("expires_at", type_=UtcDateTime),
            }
            for number in range(buckets)
        ]
    )
    # As many failures inside the window as are forgiven.
    is_last = or_(
        bindparam("forgives_none", type_=Boolean), func.substr(lock.stamps, _nth, STAMP) > _cutoff
    )
    return new.on_conflict_do_update(
        index_elements=[lock.tenant_id, lock.bucket],
        set_={
            "stamps": case(
                (is_last, lock.stamps), else_=func.substr(_stamp + lock.stamps, 1, _keep)
            ),
            "blocked_until": case((is_last, bindparam("until", type_=UtcDateTime)), else_=None),
            "expires_at": new.excluded.expires_at,
        },
        where=or_(
            lock.blocked_until.is_(None), lock.blocked_until <= bindparam("now", type_=UtcDateTime)
        ),
    ).returning(lock.blocked_until)


FIND_LOCK = select(lock.blocked_until).where(OUR_LOCKS, lock.bucket == bindparam("bucket"))
CLEAR = delete(lockouts).where(OUR_LOCKS, lock.bucket == bindparam("bucket"))
# As many at once as an administrator may name, and no statement for each.
CLEARED_AT_ONCE = 64
_several: list[BindParameter[str]] = [
    bindparam(f"bucket_{number}") for number in range(CLEARED_AT_ONCE)
]
CLEAR_LOCKS = delete(lockouts).where(OUR_LOCKS, lock.bucket.in_(_several))
CLEAR_WINDOWS = delete(guard_windows).where(OURS, window.bucket.in_(_several))
PURGE_WINDOWS = delete(guard_windows).where(OURS, window.expires_at <= bindparam("now"))
PURGE_LOCKOUTS = delete(lockouts).where(OUR_LOCKS, lock.expires_at <= bindparam("now"))


@dataclass(frozen=True)
class GuardRepository(TenantRepository):
    """Counts what is limited."""

    async def attempt(
        self,
        buckets: Sequence[str],
        max_attempts: int,
        failures_within: timedelta,
        now: datetime,
        until: datetime,
    ) -> bool | None:
        """Count an attempt and tell whether it was the last one; None while locked."""
        forgiven = max_attempts - 1
        rows = await self.all(
            attempt_statement(len(buckets)),
            stamp=stamp(now),
            first_stamps=stamp(now) if forgiven else "",
            first_until=None if forgiven else until,
            forgives_none=not forgiven,
            nth=max(0, forgiven - 1) * STAMP + 1,
            keep=forgiven * STAMP,
            cutoff=stamp(now - failures_within),
            now=now,
            until=until,
            expires_at=max(until, now + failures_within),
            **_numbered(buckets),
        )
        if len(rows) < len(buckets):
            return None
        return any(row["blocked_until"] is not None for row in rows)

    async def find_lock(self, buckets: Sequence[str]) -> datetime | None:
        """Return until when one of the buckets is locked, the latest of them; None if none is."""
        rows = [await self.first(FIND_LOCK, bucket=bucket) for bucket in buckets]
        locks = [row["blocked_until"] for row in rows if row and row["blocked_until"]]
        return max(locks, default=None)

    async def clear(self, buckets: Sequence[str]) -> int:
        """Forget the buckets' failures and locks."""
        return sum([await self.run(CLEAR, bucket=bucket) for bucket in buckets])

    async def clear_locks(self, buckets: Sequence[str]) -> int:
        """Forget the failures and locks of many buckets."""
        return sum([await self.run(CLEAR_LOCKS, **part) for part in _parts(buckets)])

    async def clear_windows(self, buckets: Sequence[str]) -> int:
        """Forget what was counted in many windows."""
        return sum([await self.run(CLEAR_WINDOWS, **part) for part in _parts(buckets)])

    async def purge_windows(self, now: datetime) -> int:
        """Delete windows in which nothing counts any more."""
        return await self.run(PURGE_WINDOWS, now=now)

    async def purge_lockouts(self, now: datetime) -> int:
        """Delete failures and locks that no longer count."""
        return await self.run(PURGE_LOCKOUTS, now=now)


def _parts(buckets: Sequence[str]) -> Iterator[dict[str, str]]:
    for start in range(0, len(buckets), CLEARED_AT_ONCE):
        part = list(buckets[start : start + CLEARED_AT_ONCE])
        # The statement takes a fixed number; naming one twice does no harm.
        part += part[:1] * (CLEARED_AT_ONCE - len(part))
        yield {f"bucket_{number}": bucket for number, bucket in enumerate(part)}


def _numbered(buckets: Sequence[str]) -> dict[str, str]:
    return {f"bucket_{number}": bucket for number, bucket in enumerate(sorted(buckets))}
