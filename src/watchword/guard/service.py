"""Give leave to send, or refuse it; count failures, and end guessing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from watchword.core.clock import Clock
from watchword.core.digests import KeyedDigest
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import TooManyMessages
from watchword.guard.models import (
    Attempt,
    GuardPolicy,
    Limit,
    LockoutPool,
    locked,
    network_of,
    normalized,
)
from watchword.guard.repository import GuardRepository
from watchword.sign_in_settings.models import LockoutPolicy

FAILURE_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class SendGuard:
    """Decides whether a message may be sent; what it can't count, it refuses."""

    counters: GuardRepository
    digest: KeyedDigest
    clock: Clock
    policy: GuardPolicy

    async def spend_send(self, phone: PhoneNumber, *, client_ip: str | None = None) -> None:
        """Use up one message to *phone*, or raise why not: TooManyMessages, CountryNotAllowed,
        NumberTypeNotAllowed; StorageUnavailable when limits can't be counted.
        """
        # Addresses come first: what is refused below still counts for them.
        if client_ip and self.policy.per_address:
            await self._count("address", network_of(client_ip, 32, 128), self.policy.per_address)
        if client_ip and self.policy.per_subnet:
            await self._count("subnet", network_of(client_ip, 24, 64), self.policy.per_subnet)
        self.policy.check_number(phone)
        await self._spend("number", phone.digits, self.policy.per_number)

    async def spend_test_send(self, operator_id: str) -> None:
        """Use up one of an operator's test messages; raises TooManyMessages."""
        await self._spend("test", operator_id, self.policy.test_sends)

    async def purge(self, now: datetime) -> int:
        """Delete windows in which nothing counts any more."""
        return await self.counters.purge_windows(now)

    async def _spend(self, kind: str, value: str, limit: Limit) -> None:
        if not await self.counters.spend(self._buckets(kind, value), limit, self.clock.now()):
            raise TooManyMessages

    async def _count(self, kind: str, value: str, limit: Limit) -> None:
        if not await self.counters.count(self._buckets(kind, value), limit, self.clock.now()):
            raise TooManyMessages

    def _buckets(self, kind: str, value: str) -> Sequence[str]:
        # Under every listed key, so that a change of keys starts no limit anew.
        return self.digest.all_of(self.counters.tenant_id, kind, value)


@dataclass(frozen=True, kw_only=True)
class Lockout:
    """Locks an identifier after too many failures in a row, whether or not anyone owns it.

    New codes and new browsers do not reset the count; a success does.
    """

    counters: GuardRepository
    digest: KeyedDigest
    clock: Clock
    policy: LockoutPolicy

    async def attempt(self, pool: LockoutPool, identifier: str) -> Attempt:
        """Count an attempt before it is checked; raises TooManyAttempts while locked.

        Call `succeeded` when it was right and `Attempt.raise_if_last` when it was wrong.
        """
        now = self.clock.now()
        until = now + self.policy.duration
        buckets = self._buckets(pool, identifier)
        is_last = await self.counters.attempt(
            buckets, self.policy.max_attempts, FAILURE_WINDOW, now, until
        )
        if is_last is None:
            raise locked((await self.counters.find_lock(buckets) or until) - now)
        return Attempt(is_last=is_last, locked_for=self.policy.duration)

    async def succeeded(self, pool: LockoutPool, identifier: str) -> None:
        """Forget the failures: the person proved who they are."""
        await self.counters.clear(self._buckets(pool, identifier))

    async def unblock(self, identifiers: Iterable[str]) -> int:
        """Unlock identifiers in every pool; returns how many locks or counts were dropped."""
        dropped = 0
        for identifier in identifiers:
            for pool in LockoutPool:
                dropped += await self.counters.clear(self._buckets(pool, identifier))
        return dropped

    async def purge(self, now: datetime) -> int:
        """Delete failures and locks that no longer count."""
        return await self.counters.purge_lockouts(now)

    def _buckets(self, pool: LockoutPool, identifier: str) -> Sequence[str]:
        return self.digest.all_of(
            self.counters.tenant_id, f"lockout {pool}", normalized(identifier)
        )
