"""`/api/my-account/mfa-verifications` and what a person says about second factors."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field

from watchword.account.errors import FieldNotEditable, ProofRequired
from watchword.factors.errors import (
    FactorNotEnabled,
    FactorNotFound,
    InvalidTotpCode,
    InvalidTotpSecret,
    RecoveryCodesAlone,
    RecoveryCodesAlreadyInUse,
    TotpAlreadyInUse,
)
from watchword.factors.models import Choice, label_of
from watchword.factors.recovery_codes import HOW_MANY, are_well_made
from watchword.guard.errors import DevelopmentMessagesUsedUp, TooManyAttempts, TooManyMessages
from watchword.web.account.access import AccountRoute, Asking, Me, refusals
from watchword.web.management.user_factors import FactorAnswer
from watchword.web.models import ApiModel
from watchword.web.qr_codes import picture_of

router = APIRouter(prefix="/api/my-account", tags=["My account"], route_class=AccountRoute)

Id = Annotated[str, Path(max_length=128)]
Secret = Annotated[str, Field(max_length=256)]
AppCode = Annotated[str, Field(max_length=64)]
CHANGING = (ProofRequired, FieldNotEditable, DevelopmentMessagesUsedUp, TooManyMessages)
ADDING = (*CHANGING, FactorNotEnabled)
ADDING_TOTP = (*ADDING, InvalidTotpSecret, InvalidTotpCode, TooManyAttempts)


def _own_make(codes: list[str]) -> list[str]:
    if not are_well_made(codes):
        raise ValueError("these are not the codes of /backup-codes/generate")
    return codes


class NewTotp(ApiModel):
    """An authenticator app, by the secret it was given."""

    secret: Secret
    code: AppCode | None = None
    """What the app shows now: without it, nobody knows that the app has the secret."""


class AddMyTotp(NewTotp):
    """An authenticator app, for a person who has none."""

    type: Literal["Totp"]

    async def add(self, me: Me) -> None:
        """Add it."""
        await me.tenant.own_factors.add_totp(me.asker, self.secret, self.code, me.context)


class AddMyCodes(ApiModel):
    """Recovery codes that were made by `/backup-codes/generate`, once the person has kept them."""

    type: Literal["BackupCode"]
    codes: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(min_length=HOW_MANY, max_length=HOW_MANY),
        AfterValidator(_own_make),
    ]

    async def add(self, me: Me) -> None:
        """Add them."""
        await me.tenant.own_factors.add_codes(me.asker, self.codes, me.context)


AddMyFactor = Annotated[AddMyTotp | AddMyCodes, Field(discriminator="type")]


class TotpSecret(ApiModel):
    """What an authenticator app reads, as text and as a picture."""

    secret: str
    secret_qr_code: str


class RecoveryCodes(ApiModel):
    """Recovery codes, each good for one sign-in."""

    codes: list[str]


class MfaSettings(ApiModel):
    """Whether the person is asked for a second proof when they sign in."""

    skip_mfa_on_sign_in: bool


class MfaChoice(ApiModel):
    """What the person said about second factors; what is left out stays."""

    enabled: bool | None = None
    skipped: bool | None = None
    additional_binding_suggestion_skipped: bool | None = None


class ChangeChoices(ApiModel):
    """What to write down."""

    mfa: MfaChoice

    def decide(self, said: Choice) -> Choice:
        """Return what the person will have said."""
        names = {"additional_binding_suggestion_skipped": "suggestion_skipped"}
        named = {
            names.get(name, name): getattr(self.mfa, name) for name in self.mfa.model_fields_set
        }
        return replace(said, **{name: value for name, value in named.items() if value is not None})


@router.get(
    "/mfa-verifications",
    response_model=list[FactorAnswer],
    response_model_exclude_unset=True,
    responses=refusals(FieldNotEditable),
)
async def list_my_factors(me: Asking) -> list[dict[str, Any]]:
    """List what the person has set up; a number or an address is not among it."""
    return [factor.row() for factor in await me.tenant.own_factors.list(me.asker)]


@router.post(
    "/mfa-verifications",
    status_code=204,
    responses=refusals(
        *ADDING_TOTP, TotpAlreadyInUse, RecoveryCodesAlone, RecoveryCodesAlreadyInUse
    ),
)
async def add_my_factor(body: AddMyFactor, me: Asking) -> None:
    """Set a factor up; the person is told."""
    await body.add(me)


@router.put("/mfa-verifications/totp", status_code=204, responses=refusals(*ADDING_TOTP))
async def replace_my_totp(body: NewTotp, me: Asking) -> None:
    """Set an authenticator app up in place of another, if there is one; the person is told."""
    await me.tenant.own_factors.add_totp(
        me.asker, body.secret, body.code, me.context, replaces=True
    )


@router.post("/mfa-verifications/totp-secret/generate", responses=refusals(*ADDING))
async def make_my_totp_secret(me: Asking) -> TotpSecret:
    """Make a secret for an authenticator app; it counts once it is added."""
    totp = await me.tenant.own_factors.new_totp(me.asker)
    factors = me.tenant.factors
    address = factors.address_of(totp, label_of(me.asker.user))
    return TotpSecret(secret=factors.secret_of(totp), secret_qr_code=picture_of(address))


@router.post("/mfa-verifications/backup-codes/generate", responses=refusals(*ADDING))
async def make_my_recovery_codes(me: Asking) -> RecoveryCodes:
    """Make recovery codes; they count once they are added."""
    return RecoveryCodes(codes=list(await me.tenant.own_factors.new_codes(me.asker)))


@router.delete(
    "/mfa-verifications/{factor_id}",
    status_code=204,
    responses=refusals(*CHANGING, FactorNotFound),
)
async def remove_my_factor(factor_id: Id, me: Asking) -> None:
    """Take a factor away; the person is told."""
    await me.tenant.own_factors.remove(me.asker, factor_id, me.context)


@router.get("/mfa-settings", responses=refusals(FieldNotEditable))
async def get_my_mfa_settings(me: Asking) -> MfaSettings:
    """Tell whether the person is asked for a second proof when they sign in."""
    return MfaSettings(skip_mfa_on_sign_in=me.tenant.own_factors.choice(me.asker).skip_on_sign_in)


@router.patch("/mfa-settings", responses=refusals(*CHANGING))
async def change_my_mfa_settings(body: MfaSettings, me: Asking) -> MfaSettings:
    """Ask for a second proof at sign-in, or not, as far as the tenant leaves it to people."""
    said = await me.tenant.own_factors.choose(
        me.asker,
        lambda said: replace(said, skip_on_sign_in=body.skip_mfa_on_sign_in),
        me.context,
    )
    return MfaSettings(skip_mfa_on_sign_in=said.skip_on_sign_in)


@router.get("/logto-configs", response_model=dict[str, Any], responses=refusals(FieldNotEditable))
async def get_my_choices(me: Asking) -> dict[str, Any]:
    """Show everything the person said about second factors."""
    return {"mfa": me.tenant.own_factors.choice(me.asker).row()}


@router.patch("/logto-configs", response_model=dict[str, Any], responses=refusals(*CHANGING))
async def change_my_choices(body: ChangeChoices, me: Asking) -> dict[str, Any]:
    """Write down what the person says about second factors."""
    return {"mfa": (await me.tenant.own_factors.choose(me.asker, body.decide, me.context)).row()}
