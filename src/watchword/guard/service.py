"""Give leave to send, or refuse it; count failures, and end guessing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from watchword.audit.models import Actor, Event
from watchword.audit.service import AuditService
from watchword.connector_kit.models import UsageType
from watchword.core.clock import Clock
from watchword.core.context import asked_by
from watchword.core.digests import KeyedDigest
from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.guard.carrier import Carrier
from watchword.guard.errors import (
    CountryNotAllowed,
    DevelopmentMessagesUsedUp,
    NumberAtRisk,
    NumberTypeNotAllowed,
    NumberUnchecked,
    TooManyMessages,
)
from watchword.guard.gate_repository import GateRepository
from watchword.guard.gates import Gate, Reason, window
from watchword.guard.limits import DAY, Limits
from watchword.guard.models import (
    NO_RULES,
    Attempt,
    GuardPolicy,
    Limit,
    LockoutPool,
    ServerRules,
    locked,
    masked_identifier,
    normalized,
    spellings,
)
from watchword.guard.reports import GuardReports, refusals_of, told_of
from watchword.guard.repository import GuardRepository
from watchword.sign_in_settings.models import LockoutPolicy
from watchword.storage import Storage
from watchword.webhooks.models import Event as WebhookEvent
from watchword.webhooks.service import NOBODY_LISTENS, WebhookService

FAILURE_WINDOW = timedelta(hours=1)
INVITATIONS = Limit(count=10, seconds=600)
"""The contract's."""
NOTICES = Limit(count=10, seconds=600)


@dataclass(frozen=True)
class Today:
    """What one tenant sent since the day began, and what its guard refused."""

    sent: int
    most: int | None
    refused: Mapping[Reason, int]

    @property
    def is_nearly_spent(self) -> bool:
        """Tell whether the day's messages come to an end."""
        return self.most is not None and self.sent >= _nearly(self.most)

    @property
    def is_spent(self) -> bool:
        """Tell whether nothing is sent until tomorrow."""
        return self.most is not None and self.sent >= self.most


@dataclass(frozen=True, kw_only=True)
class SendGuard:
    """Decides whether a message may be sent; what it can't count, it refuses."""

    counters: GuardRepository
    digest: KeyedDigest
    clock: Clock
    policy: GuardPolicy
    webhooks: WebhookService = NOBODY_LISTENS
    reports: GuardReports | None = None
    """None where nobody hears of refusals."""
    server: ServerRules = NO_RULES
    carrier: Carrier | None = None
    """What is asked about a number before a code goes there; None where nothing is."""

    @cached_property
    def gates(self) -> GateRepository:
        """Return what counts."""
        return GateRepository(self.counters.db, self.counters.tenant_id)

    @cached_property
    def limits(self) -> Limits:
        """Return what names the gates."""
        return Limits(
            tenant_id=self.counters.tenant_id,
            digest=self.digest,
            policy=self.policy,
            development_day=self.server.development_day,
        )

    @cached_property
    def allowed_countries(self) -> frozenset[str] | None:
        """Return the countries that both tenant and server allow; None for every one."""
        listed, ours = self.policy.allowed_countries, self.server.allowed_countries
        if listed is None or ours is None:
            return ours if listed is None else frozenset(listed)
        return ours.intersection(listed)

    async def spend_send(
        self,
        to: Recipient,
        *,
        client_ip: str | None = None,
        is_told: bool = True,
        usage: UsageType = UsageType.GENERIC,
    ) -> None:
        """Use up one code to a number or an address, or raise why not: TooManyMessages (which
        DevelopmentMessagesUsedUp is one of), CountryNotAllowed, NumberTypeNotAllowed;
        StorageUnavailable when limits can't be counted;
        NumberAtRisk and NumberUnchecked where a carrier is asked.

        With *is_told*, the first refusal in each window is an event for the tenant's webhooks.
        """
        now = self.clock.now()
        # Where it comes from goes first: what is refused below still counts there.
        gates = self.limits.of_source(client_ip, now)
        broken = self._broken_rule(to)
        if broken is not None:
            await self._pass(gates, to)
            await self._tell(broken[0], [_kind_of(to)], broken[1], to)
            raise broken[1]
        kind, recipient = _bucket_of(to)
        own = window(Reason.NUMBER, self._buckets(kind, recipient), self.policy.per_number, now)
        refused_by = await self._pass(
            [*gates, *self.limits.of_message(to, own, client_ip, now)], to, own
        )
        if refused_by is own:
            if is_told:
                await self._tell_of_limit(recipient)
            raise TooManyMessages
        if self.carrier is not None and isinstance(to, PhoneNumber):
            # Last: a look-up costs money, too, and is limited by what was counted before it.
            await self._require_no_risk(self.carrier, to, usage)

    def require_allowed(self, to: Recipient) -> None:
        """Let pass whom the tenant writes to; raises CountryNotAllowed, NumberTypeNotAllowed."""
        broken = self._broken_rule(to)
        if broken is not None:
            raise broken[1]

    async def spend_invitation(self, to: Recipient) -> None:
        """Use up one invitation to somebody; raises TooManyMessages.

        Counted apart from codes: who is invited too often must still be able to sign in.
        """
        await self._spend("invitation", to, INVITATIONS)

    async def spend_notice(self, to: Recipient) -> None:
        """Use up one word to somebody of a change of their account; raises TooManyMessages.

        Counted apart from codes: who is told must still be able to sign in and undo it.
        """
        await self._spend("notice", to, NOTICES)

    async def spend_test_send(self, operator_id: str) -> None:
        """Use up one of an operator's test messages; raises TooManyMessages."""
        buckets = self._buckets("test", operator_id)
        await self._pass(
            [window(Reason.OTHER, buckets, self.policy.test_sends, self.clock.now())], None
        )

    async def spend_parts(self, more: int) -> None:
        """Count the parts of a text message behind its first one, which was counted before."""
        now, most = self.clock.now(), self.limits.most_texts
        sent = await self.gates.add(DAY, more, now)
        if most and sent - more < _nearly(most) <= sent:
            await self._warn(sent, most, now)

    async def spend_guess(self) -> None:
        """Count an attempt for the address it comes from; raises TooManyAttempts.

        It counts as a failure until `take_back_guess`, so that of many at once none is free.
        """
        gates = self.limits.of_guess(_client_ip(), self.clock.now())
        if not gates:
            return
        stopped = (await self.gates.pass_through(gates)).refused_by
        if stopped is not None:
            error = locked(stopped.window)
            await self._tell(stopped.reason, stopped.buckets, error, None)
            raise error

    async def take_back_guess(self, answered: PhoneNumber | None = None) -> None:
        """Forget an attempt that was right; *answered* is the number whose code was typed."""
        now = self.clock.now()
        gates = self.limits.of_guess(_client_ip(), now)
        bucket = self.limits.answered(answered, now) if answered else None
        if gates or bucket:
            await self.gates.take_back([name for gate in gates for name in gate.buckets], bucket)

    async def answered(self, to: PhoneNumber) -> None:
        """Count that an application had the code of a number verified."""
        bucket = self.limits.answered(to, self.clock.now())
        if bucket:
            await self.gates.take_back((), bucket)

    async def today(self) -> Today:
        """Return what was sent and refused since the day began."""
        names = {refusals_of(reason): reason for reason in Reason}
        found = await self.gates.totals([DAY, *names], self.clock.now())
        return Today(
            sent=found.pop(DAY, 0),
            most=self.limits.most_texts,
            refused={names[name]: count for name, count in sorted(found.items())},
        )

    async def forgive(self, identifiers: Iterable[str]) -> int:
        """Forget what was sent to numbers and addresses: the next is within the limit again."""
        return await self.counters.clear_windows(
            [
                bucket
                for identifier in identifiers
                for spelling in spellings(identifier)
                for kind in ("number", "email")
                for bucket in self._buckets(kind, spelling)
            ]
        )

    async def purge(self, now: datetime) -> int:
        """Delete windows in which nothing counts any more."""
        return await self.counters.purge_windows(now)

    async def _require_no_risk(self, carrier: Carrier, to: PhoneNumber, usage: UsageType) -> None:
        try:
            risk = await carrier.find_risk(to, usage)
        except NumberUnchecked as error:
            await self._tell(Reason.RISK, ["unchecked"], error, to, risk="unchecked")
            raise
        if risk is not None:
            refused = NumberAtRisk()
            await self._tell(Reason.RISK, self._buckets("risk", to.digits), refused, to, risk=risk)
            raise refused

    def _broken_rule(self, to: Recipient) -> tuple[Reason, DomainError] | None:
        if not isinstance(to, PhoneNumber):
            return None
        if not self.server.allows(to):
            return Reason.SERVER_RULE, CountryNotAllowed()
        try:
            self.policy.check_number(to)
        except CountryNotAllowed as error:
            return Reason.COUNTRY_RULE, error
        except NumberTypeNotAllowed as error:
            return Reason.NUMBER_TYPE, error
        return None

    async def _spend(self, kind: str, to: Recipient, limit: Limit) -> None:
        now = self.clock.now()
        own = window(Reason.OTHER, self._buckets(kind, _bucket_of(to)[1]), limit, now)
        await self._pass([own, *self.limits.of_day(to, now)], to)

    async def _pass(
        self, gates: Sequence[Gate], to: Recipient | None, own: Gate | None = None
    ) -> Gate | None:
        """Go through the gates; raises TooManyMessages, but returns *own* where it refuses."""
        if not gates:
            return None
        passage = await self.gates.pass_through(gates)
        stopped = passage.refused_by
        if stopped is not None:
            error = self._refusal(stopped)
            await self._tell(stopped.reason, stopped.buckets, error, to)
            if stopped is own:
                return own
            raise error
        most, sent = self.limits.most_texts, passage.sent.get(Reason.DAY)
        # Each message counts one, so that one request alone sees this very number.
        if most and sent == _nearly(most) and isinstance(to, PhoneNumber):
            await self._warn(sent, most, self.clock.now())
        return None

    def _refusal(self, stopped: Gate) -> TooManyMessages:
        most = self.server.development_day
        # The tenant's own limit may be the smaller one, and is answered as in production.
        if stopped.reason is Reason.DAY and stopped.most == most:
            return DevelopmentMessagesUsedUp(
                most=f"{most:,}", setting="WATCHWORD_DEVELOPMENT_MESSAGES"
            )
        return TooManyMessages()

    async def _tell(
        self,
        reason: Reason,
        key: Sequence[str],
        error: DomainError,
        to: Recipient | None,
        **more: str,
    ) -> None:
        if self.reports is not None:
            await self.reports.refused(reason, key, error, told_of(to) | more)

    async def _warn(self, sent: int, most: int, now: datetime) -> None:
        if self.reports is not None:
            await self.reports.day_is_ending(sent, most, now)

    async def _tell_of_limit(self, recipient: str) -> None:
        event = WebhookEvent.MESSAGE_RATE_LIMITED
        if not self.webhooks.is_heard(event):
            return
        once = Limit(count=1, seconds=self.policy.per_number.seconds)
        gate = window(Reason.OTHER, self._buckets("told", recipient), once, self.clock.now())
        async with self.webhooks.told_with(event) as tx:
            gates = self.gates if tx is None else self.gates.within(tx)
            # Whoever goes on asking must not flood the receiver, too.
            if (await gates.pass_through([gate])).refused_by is None:
                payload = {"action": "VerificationCodeSend", "recipient": recipient}
                await self.webhooks.announce(event, payload, tx=tx)

    def _buckets(self, kind: str, value: str) -> Sequence[str]:
        return self.limits.buckets(kind, value)


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
    guard: SendGuard | None = None
    """Counts guesses for where they come from; None where they count for identifiers alone."""

    async def attempt(self, pool: LockoutPool, identifier: str) -> Attempt:
        """Count an attempt before it is checked; raises TooManyAttempts while locked.

        Call `succeeded` when it was right and `failed` when it was wrong.
        """
        if self.guard is not None:
            # First, so that whoever is stopped here locks nobody's identifier.
            await self.guard.spend_guess()
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

    async def succeeded(
        self, pool: LockoutPool, identifier: str, *, answered: PhoneNumber | None = None
    ) -> None:
        """Forget the failures: the person proved who they are, by the code sent to *answered*."""
        await self.counters.clear(self._buckets(pool, identifier))
        if self.guard is not None:
            await self.guard.take_back_guess(answered)

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

    async def unblock(
        self, actor: Actor, identifiers: Sequence[str], *, subject: str | None = None
    ) -> None:
        """Drop the locks, failures and counted messages of identifiers, and say who did it."""
        async with self.storage.transaction() as tx:
            await replace(self.lockout, counters=self.lockout.counters.within(tx)).unblock(
                identifiers
            )
            await replace(self.guard, counters=self.guard.counters.within(tx)).forgive(identifiers)
            await self.audit.record(
                Event.UNBLOCKED,
                actor,
                subject=subject,
                payload={"targets": sorted({masked_identifier(given) for given in identifiers})},
                tx=tx,
            )


def _bucket_of(to: Recipient) -> tuple[str, str]:
    return ("number", to.digits) if isinstance(to, PhoneNumber) else ("email", to.address)


def _kind_of(to: Recipient) -> str:
    return f"{to.region} {to.number_type}" if isinstance(to, PhoneNumber) else "email"


def _client_ip() -> str | None:
    request = asked_by.get()
    return request.client_ip if request else None


def _nearly(most: int) -> int:
    """Return how many messages are four fifths of the day's, rounded up."""
    return -(-most * 4 // 5)
