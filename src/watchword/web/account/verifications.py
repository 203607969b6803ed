"""`/api/verifications`: a person proves that it is they, or that a number is theirs."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from watchword.account.errors import ProofNotFound
from watchword.account.social_proofs import ends_at as social_ends_at
from watchword.account.step_up import ends_at
from watchword.connector_kit.models import UsageType
from watchword.connectors.errors import ConnectorNotFound, NoConnector
from watchword.core.phone import InvalidPhoneNumber
from watchword.guard.errors import (
    CountryNotAllowed,
    DevelopmentMessagesUsedUp,
    NumberAtRisk,
    NumberTypeNotAllowed,
    NumberUnchecked,
    TooManyAttempts,
    TooManyMessages,
)
from watchword.sign_in_settings.errors import EmailNotAllowed, SubaddressNotAllowed
from watchword.social.errors import AnswerSpent, InsufficientInfo, NotSocial, StateMismatch
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
from watchword.web.documented import AT_PROVIDER
from watchword.web.experience.models import Code, CodeIdentifier, Password, RecordId
from watchword.web.experience.social import ConnectorData, Departure, texts_of
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
        return cls(verification_record_id=record.id, expires_at=_wire(ends_at(record)))


class Proved(ApiModel):
    """A record that proves something now."""

    verification_record_id: str


class AskForProvider(Departure):
    """Where to go, and where the provider sends the person back to."""

    connector_id: Annotated[str, Field(max_length=128)]


class Begun(ApiModel):
    """A record that waits for the provider's answer, and the address to go to."""

    verification_record_id: str
    authorization_uri: str
    expires_at: str


class ProveIdentity(ApiModel):
    """What the provider sent along with the browser."""

    verification_record_id: RecordId
    connector_data: ConnectorData


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
        NumberAtRisk,
        NumberTypeNotAllowed,
        NumberUnchecked,
        DevelopmentMessagesUsedUp,
        TooManyMessages,
        NoConnector,
        EmailNotAllowed,
        SubaddressNotAllowed,
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


@router.post(
    "/social",
    status_code=201,
    responses=refusals(ConnectorNotFound, NotSocial, InsufficientInfo, codes=AT_PROVIDER),
)
async def ask_for_provider(body: AskForProvider, me: Asking) -> Begun:
    """Make the address of a provider at which a social account is proved to be the person's."""
    departure = await me.account.social_proofs.begin(
        me.asker, body.connector_id, redirect_uri=body.redirect_uri, state=body.state
    )
    begun = departure.verification
    return Begun(
        verification_record_id=begun.id,
        authorization_uri=departure.address,
        expires_at=_wire(social_ends_at(begun)),
    )


@router.post(
    "/social/verify",
    responses=refusals(
        ProofNotFound,
        ConnectorNotFound,
        NotSocial,
        StateMismatch,
        AnswerSpent,
        codes=AT_PROVIDER,
    ),
)
async def prove_identity(body: ProveIdentity, me: Asking) -> Proved:
    """Believe the provider's answer, once; a `state` among it must be the one that was sent."""
    proved = await me.account.social_proofs.finish(
        me.asker, body.verification_record_id, texts_of(body.connector_data)
    )
    return Proved(verification_record_id=proved.id)


def _wire(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
