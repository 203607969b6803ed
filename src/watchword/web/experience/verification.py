"""Prove something: a code, a password, the name and password of a new account."""

from fastapi import APIRouter

from watchword.connector_kit.errors import ConnectorError
from watchword.connectors.errors import NoConnector
from watchword.core.email import InvalidEmailAddress
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
from watchword.interactions.errors import (
    CaptchaRequired,
    EventForbidden,
    RecoveryMethodNotEnabled,
    SignInMethodNotEnabled,
)
from watchword.interactions.models import InteractionEvent
from watchword.sign_in_settings.errors import PasswordRejected, UsernameRejected
from watchword.users.errors import (
    InvalidCredentials,
    InvalidUsername,
    UsernameAlreadyInUse,
    UserSuspended,
)
from watchword.users.models import Identifier
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
from watchword.web.experience.models import (
    AnyIdentifier,
    Code,
    CodeIdentifier,
    NewIdentifier,
    Password,
    RecordId,
    Verified,
)
from watchword.web.experience.visit import REFUSED_ADDRESS, Visiting, visited
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience/verification", tags=["Experience"])


class SendCode(ApiModel):
    """Where to send a code, and what for."""

    identifier: CodeIdentifier
    interaction_event: InteractionEvent


class VerifyCode(ApiModel):
    """The code a person typed."""

    identifier: CodeIdentifier
    verification_id: RecordId
    code: Code


class VerifyPassword(ApiModel):
    """The password a person typed."""

    identifier: AnyIdentifier
    password: Password


class NewPasswordIdentity(ApiModel):
    """What a person chose for a new account."""

    identifier: NewIdentifier
    password: Password


@router.post(
    "/verification-code",
    responses=visited(
        InvalidPhoneNumber,
        InvalidEmailAddress,
        NoConnector,
        DevelopmentMessagesUsedUp,
        TooManyMessages,
        TooManyAttempts,
        CountryNotAllowed,
        NumberAtRisk,
        NumberTypeNotAllowed,
        NumberUnchecked,
        RecoveryMethodNotEnabled,
        SignInMethodNotEnabled,
        CaptchaRequired,
        *REFUSED_ADDRESS,
        ConnectorError,
    ),
)
async def send_code(body: SendCode, visit: Visiting) -> Verified:
    """Send a code; known and unknown identifiers get the same answer."""
    record = await visit.interactions.send_code(
        visit.interaction, body.identifier.parsed(), body.interaction_event, visit.context
    )
    return Verified(verification_id=record.id)


@router.post(
    "/verification-code/verify",
    responses=visited(
        InvalidPhoneNumber,
        InvalidEmailAddress,
        RecordNotFound,
        CodeNotFound,
        PhoneMismatch,
        EmailMismatch,
        CodeExpired,
        TooManyTries,
        CodeMismatch,
        CodeSentMeanwhile,
        TooManyAttempts,
    ),
)
async def verify_code(body: VerifyCode, visit: Visiting) -> Verified:
    """Accept a code, once."""
    record = await visit.interactions.verify_code(
        visit.interaction, body.identifier.parsed(), body.verification_id, body.code
    )
    return Verified(verification_id=record.id)


@router.post(
    "/password",
    responses=visited(
        InvalidPhoneNumber,
        InvalidEmailAddress,
        InvalidCredentials,
        UserSuspended,
        TooManyAttempts,
        SignInMethodNotEnabled,
    ),
)
async def verify_password(body: VerifyPassword, visit: Visiting) -> Verified:
    """Accept the password of an account."""
    record = await visit.interactions.verify_password(
        visit.interaction, body.identifier.parsed(), body.password
    )
    return Verified(verification_id=record.id)


@router.post(
    "/new-password-identity",
    responses=visited(
        InvalidUsername, UsernameRejected, UsernameAlreadyInUse, PasswordRejected, EventForbidden
    ),
)
async def new_password_identity(body: NewPasswordIdentity, visit: Visiting) -> Verified:
    """Accept a user name and a password for a new account."""
    identifier = Identifier("username", body.identifier.value)
    record = await visit.interactions.new_password_identity(
        visit.interaction, identifier, body.password
    )
    return Verified(verification_id=record.id)
