"""Stepping up: a signed-in person proves once more that it is they, or that a number is theirs.

Every proof is a verification record that lives ten minutes from when it was made, and belongs to
the person who asked for it. A record of the API has a flow of its own, so many can be there at
once; our pages have one flow for each session, in which a new code replaces the earlier one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from watchword.account.errors import ProofNotFound, ProofRequired
from watchword.account.models import Asker
from watchword.audit.service import AuditService
from watchword.connector_kit.models import UsageType
from watchword.core.clock import Clock
from watchword.core.context import RequestContext
from watchword.core.errors import DomainError
from watchword.core.ids import new_id
from watchword.core.phrases import Phrases
from watchword.guard.models import LockoutPool
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.service import check_email
from watchword.storage.database import StorageUnavailable
from watchword.users.errors import InvalidCredentials, UserSuspended
from watchword.users.models import Identifier, IdentifierType, User
from watchword.users.service import UserService
from watchword.verification.models import RecordType, VerificationRecord, recipient_of
from watchword.verification.service import VerificationService

RECORD_LIFETIME = timedelta(minutes=10)
CODES: Mapping[IdentifierType, RecordType] = {
    "phone": RecordType.PHONE_CODE,
    "email": RecordType.EMAIL_CODE,
}
ACCOUNT = "account:"
REFUSED = "user.proof_refused"
"""What the audit log calls a proof that was wrong."""


def api_flow(user_id: str) -> str:
    """Return a new flow, for the one record of one request."""
    return f"{_beginning(user_id)}{new_id()}"


def page_flow(user_id: str, session: str, purpose: str) -> str:
    """Return the flow of a session's pages: `own` for who asks, `new` for what is new."""
    return f"{_beginning(user_id)}{session}:{purpose}"


def is_flow_of(user: User, flow: str) -> bool:
    """Tell whether a flow is of the person's own account."""
    return flow.startswith(_beginning(user.id))


def is_account_flow(flow: str) -> bool:
    """Tell whether a flow is of somebody's own account, and of no visit that signs people in."""
    return flow.startswith(ACCOUNT)


def _beginning(user_id: str) -> str:
    return f"{ACCOUNT}{user_id}:"


def ends_at(record: VerificationRecord) -> datetime:
    """Return when the record counts no more; a code may well be over before."""
    # The row says when its code expires or, as in a visit, how long a proof may be needed there.
    return record.created_at + RECORD_LIFETIME


@dataclass(frozen=True, kw_only=True)
class StepUp:
    """Makes and judges the proofs of people who are signed in."""

    users: UserService
    verification: VerificationService
    audit: AuditService
    phrases: Phrases
    clock: Clock
    origin: str
    sign_in: SignInSettings

    async def verify_password(
        self, asker: Asker, password: str, *, flow: str | None = None
    ) -> VerificationRecord:
        """Accept the person's own password; raises InvalidCredentials, TooManyAttempts."""
        asker.require_first_party()
        user = asker.user
        try:
            await self._check_password(user, password)
        except StorageUnavailable:
            raise
        except DomainError as error:
            await self._note(asker, RecordType.PASSWORD, None, error)
            raise
        return await self.verification.record_verified(
            flow or api_flow(user.id), RecordType.PASSWORD, _named(user)
        )

    async def _check_password(self, user: User, password: str) -> None:
        lockout = self.verification.lockout
        attempt = await lockout.attempt(LockoutPool.SHARED, user.id)
        try:
            await self.users.verify_password_of(user.id, password)
        except InvalidCredentials:
            await lockout.failed(attempt, "userId", user.id)
            raise
        await lockout.succeeded(LockoutPool.SHARED, user.id)
        if user.is_suspended:
            raise UserSuspended

    async def send_code(
        self,
        asker: Asker,
        identifier: Identifier,
        context: RequestContext,
        *,
        is_own: bool,
        own_usage: UsageType = UsageType.USER_PERMISSION_VALIDATION,
        flow: str | None = None,
        known_id: str | None = None,
    ) -> VerificationRecord:
        """Send a code to a number or address of the person's own, or to one that is to be theirs.

        Whether somebody else has the new one is found out when it is saved: until it is proved,
        nobody learns. With *known_id*, as `VerificationService.send_code` has it, of two at once
        one is sent.
        """
        asker.require_first_party()
        if not is_own and identifier.type == "email":
            check_email(self.sign_in, identifier.value)
        return await self.verification.send_code(
            flow or api_flow(asker.user.id),
            recipient_of(identifier),
            own_usage if is_own else UsageType.BIND_NEW_IDENTIFIER,
            client_ip=context.client_ip,
            language=self.language(context),
            origin_host=urlsplit(self.origin).hostname,
            known_id=known_id,
            about=_about(asker),
        )

    async def verify_code(
        self, asker: Asker, record_id: str, identifier: Identifier, code: str
    ) -> VerificationRecord:
        """Accept the code that this person was sent, once; what is refused is remembered."""
        asker.require_first_party()
        record = await self._find(asker.user, record_id)
        if record is None or record.type is not CODES.get(identifier.type):
            raise ProofNotFound
        try:
            return await self.verification.verify_code(record, identifier, code)
        except StorageUnavailable:
            raise
        except DomainError as error:
            await self._note(asker, record.type, identifier, error)
            raise

    async def require(self, asker: Asker) -> None:
        """Let those pass who have just proved that it is they; raises ProofRequired."""
        record = await self._find(asker.user, asker.proof_id) if asker.proof_id else None
        if record is None or not is_proof_of(asker.user, record):
            raise ProofRequired

    async def get_new(
        self, asker: Asker, type_: IdentifierType, value: str, record_id: str
    ) -> Identifier:
        """Return the number or address that the record proves to be the person's.

        Raises ProofNotFound unless it is exactly this one.
        """
        record = await self._find(asker.user, record_id)
        if record is None or record.type is not CODES[type_] or not record.is_verified:
            raise ProofNotFound
        try:
            given = Identifier.of(type_, value)
        except DomainError:
            raise ProofNotFound from None
        if record.identifier != given:
            raise ProofNotFound
        return given

    async def list_live(self, user: User, flow: str) -> list[VerificationRecord]:
        """Return a flow's records that are not over, the oldest first."""
        assert is_flow_of(user, flow)
        now = self.clock.now()
        return [record for record in await self.verification.list(flow) if now < ends_at(record)]

    def language(self, context: RequestContext) -> str:
        """Return the language that a message to this person speaks."""
        page = (context.page_language,) if context.page_language else ()
        fallback = self.sign_in.language_info.fallback_language
        return self.phrases.choose((*page, *context.languages), fallback)

    async def _find(self, user: User, record_id: str) -> VerificationRecord | None:
        record = await self.verification.find_anywhere(record_id)
        if record is None or not is_flow_of(user, record.flow_id):
            return None
        return record if self.clock.now() < ends_at(record) else None

    async def _note(
        self, asker: Asker, type_: RecordType, identifier: Identifier | None, error: DomainError
    ) -> None:
        payload = {}
        if identifier is not None:
            payload["identifier"] = {"type": identifier.type, "value": identifier.masked}
        await self.audit.record(
            REFUSED,
            asker.actor,
            subject=f"user:{asker.user.id}",
            payload=payload,
            application_id=asker.application.id if asker.application else None,
            method=type_,
            error=error,
        )


def is_proof_of(user: User, record: VerificationRecord) -> bool:
    """Tell whether a live record of the person's shows that it is they who ask.

    A code counts while the number or address that it went to is theirs: whoever lost a phone and
    changed the number must not meet its finder again.
    """
    if not record.is_verified:
        return False
    if record.type is RecordType.PASSWORD:
        return True
    if record.template_type is not UsageType.USER_PERMISSION_VALIDATION:
        return False
    own = {
        RecordType.PHONE_CODE: user.primary_phone,
        RecordType.EMAIL_CODE: user.primary_email,
    }
    return record.identifier.value == own.get(record.type)


def _named(user: User) -> Identifier:
    if user.primary_phone:
        return Identifier("phone", user.primary_phone)
    if user.primary_email:
        return Identifier("email", user.primary_email)
    return Identifier("username", user.username or user.id)


def _about(asker: Asker) -> Mapping[str, Any] | None:
    application = asker.application
    if application is None:
        return None
    return {"application": {"id": application.id, "name": application.name}}
