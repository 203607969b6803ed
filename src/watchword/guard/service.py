"""Give leave to send, or refuse it; count failures, and end guessing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watchword.audit.models import Actor, Event
from watchword.audit.service import AuditService
from watchword.core.clock import Clock
from watchword.core.digests import KeyedDigest
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import TooManyMessages
from watchword.guard.models import (
    Attempt,
    GuardPolicy,
    Limit,
    LockoutPool,
    locked,
    masked_identifier,
    network_of,
    normalized,
    spellings,
)
from watchword.guard.repository import GuardRepository
from watchword.sign_in_settings.models import LockoutPolicy
from watchword.storage import Storage
from watchword.webhooks.models import Event as WebhookEvent
from watchword.webhooks.service import NOBODY_LISTENS, WebhookService

FAILURE_WINDOW = timedelta(hours=1)
INVITATIONS = Limit(count=10, seconds=600)
"""The contract's."""
NOTICES = Limit(count=10, seconds=600)


@dataclass(frozen=True, kw_only=True)
class SendGuard:
    """Decides whether a message may be sent; what it can't count, it refuses."""

    counters: GuardRepository
    digest: KeyedDigest
    clock: Clock
    policy: GuardPolicy
    webhooks: WebhookService = NOBODY_LISTENS

    async def spend_send(
        self,
        to: PhoneNumber | EmailAddress,
        *,
        client_ip: str | None = None,
        is_told: bool = True,
    ) -> None:
        """Use up one message to a number or an address, or raise why not: TooManyMessages,
        CountryNotAllowed, NumberTypeNotAllowed; StorageUnavailable when limits can't be counted.

        With *is_told*, the first refusal in each window is an event for the tenant's webhooks.
        """
        # Addresses come first: what is refused below still counts for them.
        if client_ip and self.policy.per_address:
            await self._count("address", network_of(client_ip, 32, 128), self.policy.per_address)
        if client_ip and self.policy.per_subnet:
            await self._count("subnet", network_of(client_ip, 24, 64), self.policy.per_subnet)
        if isinstance(to, PhoneNumber):
            self.policy.check_number(to)
        kind, recipient = _bucket_of(to)
        try:
            await self._spend(kind, recipient, self.policy.per_number)
        except TooManyMessages:
            if is_told:
                await self._tell_of_limit(recipient)
            raise

    def require_allowed(self, to: PhoneNumber | EmailAddress) -> None:
        """Let pass whom the tenant writes to; raises CountryNotAllowed, NumberTypeNotAllowed."""
        if isinstance(to, PhoneNumber):
            self.policy.check_number(to)

    async def spend_invitation(self, to: PhoneNumber | EmailAddress) -> None:
        """Use up one invitation to somebody; raises TooManyMessages.

        Counted apart from codes: who is invited too often must still be able to sign in.
        """
        recipient = to.digits if isinstance(to, PhoneNumber) else to.address
        await self._spend("invitation", recipient, INVITATIONS)

    async def spend_notice(self, to: PhoneNumber | EmailAddress) -> None:
        """Use up one word to somebody of a change of their account; raises TooManyMessages.

        Counted apart from codes: who is told must still be able to sign in and undo it.
        """
        recipient = to.digits if isinstance(to, PhoneNumber) else to.address
        await self._spend("notice", recipient, NOTICES)

    async def spend_test_send(self, operator_id: str) -> None:
        """Use up one of an operator's test messages; raises TooManyMessages."""
        await self._spend("test", operator_id, self.policy.test_sends)

    async def forgive(self, identifiers: Iterable[str]) -> int:
        """Forget what was sent to numbers: the next message is within the limit again."""
        return await self.counters.clear_windows(
            [
                bucket
                for identifier in identifiers
                for spelling in spellings(identifier)
                for bucket in self._buckets("number", spelling)
            ]
        )

    async def purge(self, now: datetime) -> int:
        """Delete windows in which nothing counts any more."""
        return await self.counters.purge_windows(now)

    async def _tell_of_limit(self, recipient: str) -> None:
        event = WebhookEvent.MESSAGE_RATE_LIMITED
        if not self.webhooks.is_heard(event):
            return
        once = Limit(count=1, seconds=self.policy.per_number.seconds)
        async with self.webhooks.told_with(event) as tx:
            counters = self.counters if tx is None else self.counters.within(tx)
            # Whoever goes on asking must not flood the receiver, too.
            if await counters.spend(self._buckets("told", recipient), once, self.clock.now()):
                payload = {"action": "VerificationCodeSend", "recipient": recipient}
                await self.webhooks.announce(event, payload, tx=tx)

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
    webhooks: WebhookService = NOBODY_LISTENS

    async def attempt(self, pool: LockoutPool, identifier: str) -> Attempt:
        """Count an attempt before it is checked; raises TooManyAttempts while locked.

        Call `succeeded` when it was right and `failed` when it was wrong.
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

    async def failed(self, attempt: Attempt, type_: str, identifier: str) -> None:
        """Answer a wrong attempt; where it was the last one, tell of it and raise TooManyAttempts.

        *type_* is what kind of identifier it is, in the contract's word. Attempts while it is
        locked come to nothing, so a lock is told of once.
        """
        if attempt.is_last:
            payload = {"type": type_, "value": identifier}
            await self.webhooks.announce(WebhookEvent.IDENTIFIER_LOCKOUT, payload)
        attempt.raise_if_last()

    async def succeeded(self, pool: LockoutPool, identifier: str) -> None:
        """Forget the failures: the person proved who they are."""
        await self.counters.clear(self._buckets(pool, identifier))

    async def unblock(self, identifiers: Iterable[str]) -> int:
        """Unlock identifiers in every pool; returns how many locks or counts were dropped."""
        return await self.counters.clear_locks(
            [
                bucket
                for identifier in identifiers
                for spelling in spellings(identifier)
                for pool in LockoutPool
                for bucket in self._buckets(pool, spelling)
            ]
        )

    async def purge(self, now: datetime) -> int:
        """Delete failures and locks that no longer count."""
        return await self.counters.purge_lockouts(now)

    def _buckets(self, pool: LockoutPool, identifier: str) -> Sequence[str]:
        return self.digest.all_of(
            self.counters.tenant_id, f"lockout {pool}", normalized(identifier)
        )


@dataclass(frozen=True, kw_only=True)
class Unblocking:
    """Lets people try again whom the guard made wait."""

    storage: Storage
    guard: SendGuard
    lockout: Lockout
    audit: AuditService

    async def unblock(self, actor: Actor, identifiers: Sequence[str]) -> None:
        """Drop the locks, failures and counted messages of identifiers, and say who did it."""
        async with self.storage.transaction() as tx:
            await replace(self.lockout, counters=self.lockout.counters.within(tx)).unblock(
                identifiers
            )
            await replace(self.guard, counters=self.guard.counters.within(tx)).forgive(identifiers)
            await self.audit.record(
                Event.UNBLOCKED,
                actor,
                payload={"targets": sorted({masked_identifier(given) for given in identifiers})},
                tx=tx,
            )


def _bucket_of(to: PhoneNumber | EmailAddress) -> tuple[str, str]:
    return ("number", to.digits) if isinstance(to, PhoneNumber) else ("email", to.address)
