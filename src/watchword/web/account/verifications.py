"""`/api/verifications`: a person proves that it is they, or that a number is theirs."""

from typing import Literal

from fastapi import APIRouter

from watchword.account.errors import ProofNotFound
from watchword.account.step_up import ends_at
from watchword.connector_kit.models import UsageType
from watchword.connectors.errors import NoConnector
from watchword.core.phone import InvalidPhoneNumber
from watchword.guard.errors import (
    CountryNotAllowed,
    NumberTypeNotAllowed,
    TooManyAttempts,
    TooManyMessages,
)
from watchword.users.errors import InvalidCredentials, InvalidEmail
from watchword.verification.errors import (
    CodeExpired,
    CodeMismatch,
    CodeNotFound,
    EmailMismatch,
    PhoneMismatch,
    TooManyTries,
)
from watchword.verification.models import VerificationRecord
from watchword.web.account.access import AccountRoute, Asking, refusals
from watchword.web.experience.models import Code, CodeIdentifier, Password, RecordId
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/verifications", tags=["Verifications"], route_class=AccountRoute)

OwnUsage = Literal["UserPermissionValidation", "BindMfa"]


class ProvePassword(ApiModel):
    """The password of the person who asks."""

    password: Password


class AskForCode(ApiModel):
    """Where to send a code; for a number that is not the person's own, `templateType` is unused."""

    identifier: CodeIdentifier
    template_type: OwnUsage = "UserPermissionValidation"


class ProveCode(ApiModel):
    """The code a person typed."""

    identifier: CodeIdentifier
    verification_id: RecordId
    code: Code


class Made(ApiModel):
    """A record that was made, and until when it counts."""

    verification_record_id: str
    expires_at: str

    @classmethod
    def of(cls, record: VerificationRecord) -> "Made":
        """Describe *record*."""
        moment = ends_at(record).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return cls(verification_record_id=record.id, expires_at=moment)


class Proved(ApiModel):
    """A record that proves something now."""

    verification_record_id: str


@router.post("/password", status_code=201, responses=refusals(InvalidCredentials, TooManyAttempts))
async def prove_password(body: ProvePassword, me: Asking) -> Made:
    """Prove by the password that it is the person who asks."""
    return Made.of(await me.step_up.verify_password(me.asker, body.password))


@router.post(
    "/verification-code",
    status_code=201,
    responses=refusals(
        InvalidPhoneNumber,
        InvalidEmail,
        CountryNotAllowed,
        NumberTypeNotAllowed,
        TooManyMessages,
        NoConnector,
        codes=("connector.general",),
    ),
)
async def ask_for_code(body: AskForCode, me: Asking) -> Made:
    """Send a code to the person's own number or address, or to one that is to be theirs."""
    user, given = me.asker.user, body.identifier
    own = user.primary_phone if given.type == "phone" else user.primary_email
    record = await me.step_up.send_code(
        me.asker,
        given.parsed(),
        me.context,
        # Letter by letter, as the contract has it.
        is_own=given.value == own,
        own_usage=UsageType(body.template_type),
    )
    return Made.of(record)


@router.post(
    "/verification-code/verify",
    responses=refusals(
        ProofNotFound,
        InvalidPhoneNumber,
        CodeNotFound,
        PhoneMismatch,
        EmailMismatch,
        CodeExpired,
        TooManyTries,
        CodeMismatch,
        TooManyAttempts,
    ),
)
async def prove_code(body: ProveCode, me: Asking) -> Proved:
    """Accept a code, once."""
    record = await me.step_up.verify_code(
        me.asker, body.verification_id, body.identifier.parsed(), body.code
    )
    return Proved(verification_record_id=record.id)
