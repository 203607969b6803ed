"""Send codes and check them; keep what a person proved in a flow."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from watchword.connector_kit.models import UsageType
from watchword.core.clock import Clock
from watchword.core.digests import KeyedDigest, key_id_of
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.guard.models import LockoutPool
from watchword.guard.service import Lockout, SendGuard
from watchword.messaging.models import origin_line
from watchword.messaging.service import MessagingService
from watchword.sign_in_settings.models import CodePolicy
from watchword.test_numbers.models import FixedNumber
from watchword.test_numbers.service import FixedNumbers
from watchword.verification.errors import (
    CodeExpired,
    CodeMismatch,
    CodeNotFound,
    CodeSentMeanwhile,
    EmailMismatch,
    PhoneMismatch,
    RecordNotFound,
    TooManyTries,
)
from watchword.verification.models import (
    PROOF_LIFETIME,
    Identifier,
    RecordType,
    VerificationRecord,
    identifier_of,
)
from watchword.verification.repository import VerificationRepository

FIXED = "fixed"
"""In a record's details: its code is that of a test number."""


@dataclass(frozen=True, kw_only=True)
class VerificationService:
    """Send and check the verification codes of one tenant."""

    records: VerificationRepository
    messaging: MessagingService
    guard: SendGuard
    lockout: Lockout
    digest: KeyedDigest
    clock: Clock
    policy: CodePolicy
    delivery_wait: timedelta = timedelta(seconds=3)
    fixed_numbers: FixedNumbers | None = None

    async def send_code(
        self,
        flow_id: str,
        to: Recipient,
        usage: UsageType,
        *,
        client_ip: str | None = None,
        language: str | None = None,
        deliver: bool = True,
        wait: bool = True,
        origin_host: str | None = None,
        known_id: str | None = None,
        about: Mapping[str, Any] | None = None,
        is_told: bool = True,
        type_: RecordType | None = None,
    ) -> VerificationRecord:
        """Text or mail a fresh code to *to*; the flow's earlier one of its kind stops working.

        With *wait*, a provider that refuses soon is heard: its ConnectorError is raised. Without
        *deliver* nothing is sent, and nothing tells the difference. With *known_id*, the id of the
        earlier code or "" for none, raises CodeSentMeanwhile where another request was faster.
        *about* is what an e-mail's template may name besides: `application`, `organization`,
        `user`. `recipient_of` makes a *to* of an identifier. With *is_told*, the tenant's webhooks
        hear of a limit that is reached. *type_* is the record's, where the code is a second proof.
        """
        fixed = await self._fixed(to)
        if fixed is None:
            await self.guard.spend_send(to, client_ip=client_ip, is_told=is_told, usage=usage)
        else:
            self.guard.require_allowed(to)
            deliver = False
        code = self.policy.new_code()
        record = self._new_record(flow_id, type_ or _record_type(to), to, usage)
        record = (
            replace(record, code_digest=fixed.code_digest, details={FIXED: True})
            if fixed
            else replace(record, code_digest=self._digest_of(record, code))
        )
        # Saved first: a code that arrives must find its record, and without a connector the
        # contract still has one.
        if known_id is None:
            await self.records.replace(record)
        elif not await self.records.replace_known(record, known_id):
            raise CodeSentMeanwhile
        # Queued, not sent: a provider may take seconds, and a person who closes
        # the page must not stop the message half-way.
        message = await self.messaging.queue(
            to,
            usage,
            variables=_variables(to, code, about, origin_host),
            until=record.expires_at,
            language=language,
            client_ip=client_ip,
            deliver=deliver,
            message_id=record.message_id,
        )
        if deliver and wait:
            await self.messaging.outcome(message, self.delivery_wait)
        return record

    async def verify_code(
        self, record: VerificationRecord, identifier: Identifier, code: str
    ) -> VerificationRecord:
        """Accept *code* for the record, once; raises what `errors.py` lists, or TooManyAttempts."""
        # Counted as a failure before it is looked at, so that of many guesses at once none is
        # free; and while locked nothing is looked at, so that a right code is not used up.
        attempt = await self.lockout.attempt(LockoutPool.SHARED, record.identifier.value)
        try:
            verified = await self._try_code(record, identifier, code)
        except DomainError:
            await self.lockout.failed(attempt, record.identifier.type, record.identifier.value)
            raise
        await self.lockout.succeeded(
            LockoutPool.SHARED, record.identifier.value, answered=_number_of(record)
        )
        return verified

    async def send_lone_code(self, to: Recipient) -> VerificationRecord:
        """Send a code that belongs to no visit; the earlier one that went there stops working."""
        flow_id = lone_flow_of(identifier_of(to))
        # An application asks, and hears of the limit itself.
        return await self.send_code(flow_id, to, UsageType.GENERIC, is_told=False)

    async def verify_lone_code(self, identifier: Identifier, code: str) -> None:
        """Accept the code that was last sent to *identifier* outside a visit, once.

        Nobody is locked out by this: an application asks, and each code bears a few tries only.
        Raises CodeNotFound and the other errors of `errors.py` that say what is wrong with a code.
        """
        found = await self.records.list(lone_flow_of(identifier))
        if not found:
            raise CodeNotFound
        await self._try_code(found[0], identifier, code)
        number = _number_of(found[0])
        if number is not None:
            await self.guard.answered(number)

    async def record_verified(
        self,
        flow_id: str,
        type_: RecordType,
        identifier: Identifier,
        details: Mapping[str, Any] | None = None,
    ) -> VerificationRecord:
        """Note what was proved in another way, such as a password."""
        now = self.clock.now()
        record = VerificationRecord(
            id=new_id(),
            flow_id=flow_id,
            type=type_,
            identifier=identifier,
            template_type=None,
            state="verified",
            code_digest=None,
            tries=0,
            message_id=None,
            details=details or {},
            created_at=now,
            expires_at=now + PROOF_LIFETIME,
        )
        await self.records.replace(record)
        return record

    async def list(self, flow_id: str) -> Sequence[VerificationRecord]:
        """Return the flow's records, oldest first."""
        return await self.records.list(flow_id)

    async def find(self, flow_id: str, record_id: str) -> VerificationRecord | None:
        """Return the flow's record, or None."""
        return await self.records.find(flow_id, record_id)

    async def find_anywhere(self, record_id: str) -> VerificationRecord | None:
        """Return the record, whose flow is for the caller to judge, or None."""
        return await self.records.find_anywhere(record_id)

    async def get(self, flow_id: str, record_id: str) -> VerificationRecord:
        """Return the flow's record; raises RecordNotFound."""
        record = await self.records.find(flow_id, record_id)
        if record is None:
            raise RecordNotFound
        return record

    async def consume(self, flow_id: str) -> int:
        """Use up the flow's proofs: the visit they were for is over."""
        return await self.records.consume(flow_id)

    async def purge(self, now: datetime) -> int:
        """Delete records that ended so long ago that nobody asks why."""
        return await self.records.purge(now - PROOF_LIFETIME)

    async def _try_code(
        self, record: VerificationRecord, given: Identifier, code: str
    ) -> VerificationRecord:
        if record.code_digest is None:
            raise CodeNotFound
        now = self.clock.now()
        after = await self.records.try_code(
            record,
            given,
            # Under the key that was current when the code was sent.
            self._digest_of(record, code, key_id_of(record.code_digest)),
            now=now,
            max_tries=self.policy.max_tries,
            verified_until=now + PROOF_LIFETIME,
        )
        if after is None:
            raise CodeNotFound
        if after["state"] == "verified":
            return replace(
                record, state="verified", tries=after["tries"], expires_at=after["expires_at"]
            )
        if given != record.identifier:
            raise PhoneMismatch if record.identifier.type == "phone" else EmailMismatch
        if after["expires_at"] <= now:
            raise CodeExpired
        if after["tries"] > self.policy.max_tries:
            raise TooManyTries
        raise CodeMismatch

    def _new_record(
        self, flow_id: str, type_: RecordType, to: Recipient, usage: UsageType
    ) -> VerificationRecord:
        now = self.clock.now()
        return VerificationRecord(
            id=new_id(),
            flow_id=flow_id,
            type=type_,
            identifier=identifier_of(to),
            template_type=usage,
            state="pending",
            code_digest=None,
            tries=0,
            message_id=new_id(),
            details={},
            created_at=now,
            expires_at=now + self.policy.lifetime,
        )

    async def _fixed(self, to: Recipient) -> FixedNumber | None:
        if self.fixed_numbers is None or not isinstance(to, PhoneNumber):
            return None
        return await self.fixed_numbers.find_usable(to)

    def _digest_of(self, record: VerificationRecord, code: str, key_id: str | None = None) -> str:
        if record.details.get(FIXED) and self.fixed_numbers is not None:
            return self.fixed_numbers.digest_of(record.identifier.value, code, key_id)
        parts = record.digest_parts(self.records.tenant_id, code)
        return self.digest.of(*parts, key_id=key_id)


def _number_of(record: VerificationRecord) -> PhoneNumber | None:
    if record.identifier.type != "phone":
        return None
    return PhoneNumber(record.identifier.value)


def _variables(
    to: Recipient, code: str, about: Mapping[str, Any] | None, origin_host: str | None
) -> dict[str, Any]:
    if isinstance(to, EmailAddress):
        return {**(about or {}), "code": code}
    if origin_host:
        return {"code": code, "origin_line": origin_line(origin_host, code)}
    return {"code": code}


def _record_type(to: Recipient) -> RecordType:
    return RecordType.PHONE_CODE if isinstance(to, PhoneNumber) else RecordType.EMAIL_CODE


def lone_flow_of(identifier: Identifier) -> str:
    """Return the flow of the codes that are sent to *identifier* outside a visit.

    A flow holds one code, so an identifier has one, too.
    """
    named = f"{identifier.type}:{identifier.value}".encode()
    return f"lone-{hashlib.sha256(named).hexdigest()[:40]}"
