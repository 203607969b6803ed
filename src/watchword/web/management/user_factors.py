"""`/api/users/{id}/mfa-verifications`: a person's second factors, for those who help people."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from watchword.account.factors import AccountFactors
from watchword.audit.models import Actor
from watchword.factors.errors import (
    FactorNotFound,
    InvalidTotpSecret,
    RecoveryCodesAlone,
    RecoveryCodesAlreadyInUse,
    TotpAlreadyInUse,
)
from watchword.users.errors import UserNotFound
from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.models import ApiModel
from watchword.web.qr_codes import picture_of

router = APIRouter(prefix="/users/{user_id}/mfa-verifications", tags=["Users"])

Id = Annotated[str, Path(max_length=128)]
RecoveryCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{8,64}$")]


class AddTotp(ApiModel):
    """An authenticator app; without a secret, one is made."""

    type: Literal["Totp"]
    secret: Annotated[str, Field(max_length=256)] | None = None

    async def add(self, factors: AccountFactors, actor: Actor, user_id: str) -> dict[str, Any]:
        """Add it, and show the secret this once."""
        totp = factors.new_totp(self.secret)
        await factors.add_totp(actor, user_id, totp)
        address = factors.factors.address_of(totp, user_id)
        return {
            "type": self.type,
            "secret": factors.factors.secret_of(totp),
            "secretQrCode": picture_of(address),
        }


class AddRecoveryCodes(ApiModel):
    """Recovery codes; without any, ten are made."""

    type: Literal["BackupCode"]
    codes: Annotated[list[RecoveryCode], Field(min_length=1, max_length=20)] | None = None

    async def add(self, factors: AccountFactors, actor: Actor, user_id: str) -> dict[str, Any]:
        """Add them, and show them this once."""
        codes = await factors.add_codes(actor, user_id, self.codes)
        return {"type": self.type, "codes": list(codes)}


NewFactor = Annotated[AddTotp | AddRecoveryCodes, Field(discriminator="type")]


class FactorAnswer(ApiModel):
    """One factor, without anything that proves anything."""

    id: str
    type: str
    created_at: str
    last_used_at: str | None = None
    remain_codes: int | None = None
    """How many recovery codes were not used yet."""


@router.get(
    "",
    response_model=list[FactorAnswer],
    response_model_exclude_unset=True,
    responses=problems(UserNotFound),
)
async def list_factors(user_id: Id, caller: Caller) -> list[dict[str, Any]]:
    """List what a person has set up; a number or an address is not among it."""
    saved = await caller.tenant.account_factors.list(user_id)
    return [factor.row() for factor in saved.all]


@router.post(
    "",
    responses=problems(
        UserNotFound,
        TotpAlreadyInUse,
        InvalidTotpSecret,
        RecoveryCodesAlone,
        RecoveryCodesAlreadyInUse,
    ),
)
async def add_factor(user_id: Id, body: NewFactor, caller: Caller) -> dict[str, Any]:
    """Set a factor up for a person."""
    return await body.add(caller.tenant.account_factors, caller.actor, user_id)


@router.delete("/{factor_id}", status_code=204, responses=problems(UserNotFound, FactorNotFound))
async def remove_factor(user_id: Id, factor_id: Id, caller: Caller) -> None:
    """Take a factor away, for somebody who lost their device."""
    await caller.tenant.account_factors.remove(caller.actor, user_id, factor_id)
