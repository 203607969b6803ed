"""Second factors in an interaction: prove one, set one up, or say no."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from watchword.factors.models import SUPPORTED
from watchword.sign_in_settings.sections import MfaFactor
from watchword.web.experience.models import Code, RecordId, Verified
from watchword.web.experience.visit import SECOND_STEP, Visiting
from watchword.web.models import ApiModel
from watchword.web.qr_codes import picture_of

router = APIRouter(prefix="/api/experience", tags=["Experience"])

Bindable = Literal["Totp", "PhoneVerificationCode", "EmailVerificationCode", "BackupCode"]
assert set(SUPPORTED) == {"Totp", "PhoneVerificationCode", "EmailVerificationCode", "BackupCode"}


class SendMfaCode(ApiModel):
    """Which of the person's own identifiers a code goes to."""

    identifier_type: Literal["email", "phone"]


class VerifyMfaCode(ApiModel):
    """The code a person typed."""

    identifier_type: Literal["email", "phone"]
    verification_id: RecordId
    code: Code


class VerifyTotp(ApiModel):
    """A code of an authenticator app: with an id, of one that is being set up."""

    code: Code
    verification_id: RecordId | None = None


class VerifyRecoveryCode(ApiModel):
    """A recovery code."""

    code: Code


class BindFactor(ApiModel):
    """What was proved, to be kept as a factor."""

    type: Bindable
    verification_id: RecordId


class NewTotp(ApiModel):
    """A secret on its way into an authenticator app."""

    verification_id: str
    secret: str
    secret_qr_code: Annotated[str, Field(alias="secretQrCode")]
    """The `otpauth:` address as a picture, in a `data:` address."""


class NewRecoveryCodes(ApiModel):
    """Recovery codes, shown this once."""

    verification_id: str
    codes: list[str]


@router.post("/verification/mfa-verification-code", responses=SECOND_STEP)
async def send_mfa_code(body: SendMfaCode, visit: Visiting) -> Verified:
    """Send a code to the identified person's own number or address."""
    record = await visit.interactions.second_factor.send_code(
        visit.interaction, body.identifier_type, visit.context
    )
    return Verified(verification_id=record.id)


@router.post("/verification/mfa-verification-code/verify", responses=SECOND_STEP)
async def verify_mfa_code(body: VerifyMfaCode, visit: Visiting) -> Verified:
    """Accept a code as the second proof, once."""
    verification_id = await visit.interactions.second_factor.verify_code(
        visit.interaction, body.identifier_type, body.verification_id, body.code
    )
    return Verified(verification_id=verification_id)


@router.post("/verification/totp/secret", responses=SECOND_STEP)
async def new_totp_secret(visit: Visiting) -> NewTotp:
    """Begin with an authenticator app."""
    second_factor = visit.interactions.second_factor
    interaction, totp = await second_factor.new_totp(visit.interaction)
    address = await second_factor.address_of(interaction, totp)
    return NewTotp(
        verification_id=totp.id,
        secret=second_factor.factors.secret_of(totp),
        secret_qr_code=picture_of(address),
    )


@router.post("/verification/totp/verify", responses=SECOND_STEP)
async def verify_totp(body: VerifyTotp, visit: Visiting) -> Verified:
    """Accept a code of an authenticator app, once."""
    verification_id = await visit.interactions.second_factor.verify_totp(
        visit.interaction, body.code, body.verification_id
    )
    return Verified(verification_id=verification_id)


@router.post("/verification/backup-code/generate", responses=SECOND_STEP)
async def new_recovery_codes(visit: Visiting) -> NewRecoveryCodes:
    """Make recovery codes; they count once they are bound and the visit is submitted."""
    interaction, codes = await visit.interactions.second_factor.new_codes(visit.interaction)
    assert interaction.second.codes is not None
    return NewRecoveryCodes(verification_id=interaction.second.codes.id, codes=list(codes))


@router.post("/verification/backup-code/verify", responses=SECOND_STEP)
async def verify_recovery_code(body: VerifyRecoveryCode, visit: Visiting) -> Verified:
    """Accept a recovery code as the second proof, once."""
    verification_id = await visit.interactions.second_factor.verify_recovery_code(
        visit.interaction, body.code
    )
    return Verified(verification_id=verification_id)


@router.post("/profile/mfa", status_code=204, responses=SECOND_STEP)
async def bind_factor(body: BindFactor, visit: Visiting) -> None:
    """Keep what was proved as a factor, once the visit is submitted."""
    factor: MfaFactor = body.type
    await visit.interactions.second_factor.bind(visit.interaction, factor, body.verification_id)


@router.post("/profile/mfa/mfa-skipped", status_code=204, responses=SECOND_STEP)
async def skip_mfa(visit: Visiting) -> None:
    """Say no to a second factor, where the policy lets people."""
    await visit.interactions.second_factor.skip(visit.interaction)


@router.post("/profile/mfa/mfa-enabled", status_code=204, responses=SECOND_STEP)
async def enable_mfa(visit: Visiting) -> None:
    """Say yes: codes to what the person has become their second step."""
    await visit.interactions.second_factor.enable(visit.interaction)


@router.post("/profile/mfa/mfa-suggestion-skipped", status_code=204, responses=SECOND_STEP)
async def skip_suggestion(visit: Visiting) -> None:
    """Leave it at codes that are sent."""
    await visit.interactions.second_factor.skip_suggestion(visit.interaction)
