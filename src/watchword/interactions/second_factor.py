"""A second proof: asked for by the tenant's rules, given with what the person has set up."""

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from watchword.connector_kit.models import UsageType
from watchword.core.clock import Clock
from watchword.core.context import RequestContext
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.factors.errors import FactorNotEnabled, TotpAlreadyInUse
from watchword.factors.models import (
    IDENTIFIERS,
    Choice,
    Pending,
    PendingTotp,
    Standing,
    address_of,
    counts_twice,
    has_factors,
    label_of,
)
from watchword.factors.service import FactorService
from watchword.interactions.errors import (
    AdditionalFactorSuggested,
    FactorMissing,
    IdentifierNotFound,
    NobodyIdentified,
    NothingPending,
    PolicyNotUserControlled,
    RecoveryCodesRequired,
    SecondFactorRequired,
    VerificationFailed,
)
from watchword.interactions.events import Events
from watchword.interactions.models import AMR, Interaction, InteractionEvent
from watchword.interactions.profile import ProfileForm
from watchword.interactions.proofs import Proofs
from watchword.interactions.repository import InteractionRepository
from watchword.notices.service import ADDED, Notices
from watchword.oidc.authentication_context import TWO_FACTORS
from watchword.organizations.service import OrganizationService
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.sections import CODE_FACTORS, MfaFactor
from watchword.sign_in_settings.service import CONNECTOR_TYPES
from watchword.storage import Database
from watchword.storage.database import StorageUnavailable
from watchword.users.models import Identifier, IdentifierType, User, UserChange
from watchword.users.service import UserService
from watchword.verification.errors import RecordNotFound
from watchword.verification.models import RecordType, VerificationRecord, recipient_of

RECORD_TYPES: dict[IdentifierType, RecordType] = {
    "phone": RecordType.MFA_PHONE_CODE,
    "email": RecordType.MFA_EMAIL_CODE,
}

T = TypeVar("T")

# RFC 8176. A recovery code is one of a list of one-time passwords.
METHODS: dict[MfaFactor, tuple[str, ...]] = {
    "PhoneVerificationCode": AMR[RecordType.PHONE_CODE],
    "EmailVerificationCode": AMR[RecordType.EMAIL_CODE],
    "Totp": ("otp",),
    "BackupCode": ("otp",),
}


def is_asked(interaction: Interaction) -> bool:
    """Tell whether a second proof is wanted of whoever can give one, whatever they chose."""
    return interaction.request.wants_two_factors or interaction.state.owes_proof


@dataclass(frozen=True, kw_only=True)
class SecondFactor:
    """The story of a person who proves who they are once more, or sets up how to."""

    interactions: InteractionRepository
    users: UserService
    factors: FactorService
    organizations: OrganizationService
    settings: SignInSettings
    proofs: Proofs
    notices: Notices
    profile: ProfileForm
    events: Events
    clock: Clock

    @property
    def is_offered(self) -> bool:
        """Tell whether the tenant has any factor; if not, nothing here costs anything."""
        return has_factors(self.settings.mfa)

    async def standing(self, interaction: Interaction, user: User | None = None) -> Standing:
        """Return how the identified person stands; raises IdentifierNotFound."""
        if interaction.user_id is None:
            raise IdentifierNotFound
        mfa = self.settings.mfa
        connectors = self.proofs.verification.messaging.connectors
        standing = Standing(
            mfa=mfa,
            user=user or await self.users.get(interaction.user_id),
            saved=await self.factors.of_user(interaction.user_id),
            pending=interaction.second,
            amr=interaction.state.amr,
            is_sign_up=interaction.event is InteractionEvent.REGISTER,
            is_forced=interaction.request.wants_two_factors
            and interaction.request.is_acr_essential,
            sendable=frozenset(
                [name for name, type_ in CONNECTOR_TYPES.items() if await connectors.active(type_)]
            ),
            given=interaction.state.profile.contacts,
        )
        if standing.must or not await self._is_required_by_organization(standing.user):
            return standing
        return replace(standing, is_forced=True)

    async def _is_required_by_organization(self, user: User) -> bool:
        if self.settings.mfa.organization_required_mfa_policy != "Mandatory":
            return False
        return await self.organizations.requires_mfa(user.id)

    # What submitting and changing an account ask for.

    async def require_proved(self, interaction: Interaction) -> Standing | None:
        """Let pass who owes no proof (any more); raises SecondFactorRequired. None: not offered."""
        if not self.is_offered or interaction.user_id is None:
            return None
        standing = await self.standing(interaction)
        owed = standing.to_prove(is_asked=is_asked(interaction))
        if owed:
            raise SecondFactorRequired(
                data={"availableFactors": owed, "maskedIdentifiers": _masked(standing.user, owed)}
            )
        return standing

    def require_bound(self, standing: Standing) -> None:
        """Let pass whose factors satisfy the tenant; raises what the person is to set up."""
        if standing.is_missing:
            raise FactorMissing(data={"availableFactors": standing.bindable})
        if standing.is_prompted:
            raise FactorMissing(data={"availableFactors": standing.choices, "skippable": True})
        if standing.is_suggested:
            raise AdditionalFactorSuggested(
                data={"availableFactors": standing.bindable, "skippable": True}
            )
        if standing.lacks_recovery_codes:
            raise RecoveryCodesRequired

    async def write(self, standing: Standing, language: str, *, tx: Database) -> User:
        """Keep what the visit set up and what the person said, as part of *tx*; they are told."""
        pending, user = standing.pending, standing.user
        if not pending.changes_person:
            return user
        written = await self.factors.write(user.id, pending, tx=tx)
        await self.events.factors_added(user, [factor.type for factor in written], tx=tx)
        for factor in written if not standing.is_sign_up else ():
            change = ADDED[factor.type]
            await self.notices.tell_everywhere(user, change, language=language, tx=tx)
        choice = pending.choice(Choice.of(user.mfa))
        return await self.users.change(user.id, UserChange(mfa=choice.row()), tx=tx)

    def context_of(self, interaction: Interaction) -> tuple[tuple[str, ...], str | None]:
        """Return `amr` and `acr` of a visit: what was done, and what that is worth.

        `amr` holds the values of RFC 8176, 2; `acr` is None where only one factor was proved.
        """
        first = interaction.state.amr
        pending = interaction.second
        proved = (*pending.proved, *pending.set_up)
        methods = dict.fromkeys((*first, *(name for f in proved for name in METHODS[f])))
        if not counts_twice(proved):
            return tuple(methods), None
        # RFC 8176: only proofs of two kinds, what one knows and what one has, are `mfa`.
        more = ("mfa",) if "pwd" in first else ()
        return (*methods, *more), TWO_FACTORS

    # Authenticator apps.

    async def new_totp(self, interaction: Interaction) -> tuple[Interaction, PendingTotp]:
        """Begin with a new authenticator app; an earlier beginning is forgotten.

        Raises FactorNotEnabled, TotpAlreadyInUse.
        """
        standing = await self._ready(interaction)
        if "Totp" not in standing.offered:
            raise FactorNotEnabled
        if standing.saved.totp is not None:
            raise TotpAlreadyInUse
        totp = self.factors.new_totp()
        pending = replace(standing.pending, totp=totp, is_totp_bound=False)
        return await self._save(interaction, pending), totp

    async def address_of(self, interaction: Interaction, totp: PendingTotp) -> str:
        """Return the address that an app reads from a picture, with the account's name in it."""
        user = (await self._identified(interaction)).user
        return self.factors.address_of(totp, label_of(user))

    async def verify_totp(
        self, interaction: Interaction, code: str, verification_id: str | None = None
    ) -> str:
        """Accept a code of a new app, or without an id of the app that the person has.

        Returns the app's id. Raises RecordNotFound, FactorNotEnabled and what
        `FactorService.verify_totp` raises.
        """
        if verification_id is not None:
            return await self._prove_new_totp(interaction, verification_id, code)
        standing = await self._identified(interaction)
        if "Totp" not in standing.offered:
            raise FactorNotEnabled
        await self._attempt(
            interaction, "Totp", self.factors.verify_totp(standing.saved, standing.user.id, code)
        )
        await self._save(interaction, standing.pending.with_proof("Totp"))
        assert standing.saved.totp is not None
        return standing.saved.totp.id

    async def _prove_new_totp(
        self, interaction: Interaction, verification_id: str, code: str
    ) -> str:
        standing = await self._ready(interaction)
        totp = standing.pending.totp
        if totp is None or totp.id != verification_id:
            raise RecordNotFound
        proved = await self._attempt(
            interaction, "Totp", self.factors.prove(totp, standing.user.id, code)
        )
        await self._save(interaction, replace(standing.pending, totp=proved))
        return totp.id

    # Recovery codes.

    async def new_codes(self, interaction: Interaction) -> tuple[Interaction, tuple[str, ...]]:
        """Make recovery codes; they count once they are bound and the visit is submitted.

        Raises FactorNotEnabled.
        """
        standing = await self._ready(interaction)
        if "BackupCode" not in standing.offered:
            raise FactorNotEnabled
        codes, shown = await self.factors.new_codes()
        return await self._save(interaction, replace(standing.pending, codes=codes)), shown

    async def verify_recovery_code(self, interaction: Interaction, code: str) -> str:
        """Accept a recovery code in place of another factor, once, and return the codes' id.

        Raises FactorNotEnabled and what `FactorService.verify_code` raises.
        """
        standing = await self._identified(interaction)
        if "BackupCode" not in standing.offered:
            raise FactorNotEnabled
        await self._attempt(
            interaction,
            "BackupCode",
            self.factors.verify_code(standing.saved, standing.user.id, code),
        )
        await self._save(interaction, standing.pending.with_proof("BackupCode"))
        assert standing.saved.codes is not None
        return standing.saved.codes.id

    # Codes that are sent.

    async def send_code(
        self,
        interaction: Interaction,
        type_: IdentifierType,
        context: RequestContext,
        *,
        known_id: str | None = None,
    ) -> VerificationRecord:
        """Send a code to the person's own number or address; raises FactorNotEnabled."""
        identifier = await self._own(interaction, type_)
        return await self.proofs.verification.send_code(
            interaction.id_digest,
            recipient_of(identifier),
            UsageType.MFA_VERIFICATION,
            client_ip=context.client_ip,
            language=self.proofs.language(interaction, context),
            origin_host=urlsplit(self.proofs.origin).hostname,
            known_id=known_id,
            type_=RECORD_TYPES[type_],
        )

    async def verify_code(
        self, interaction: Interaction, type_: IdentifierType, verification_id: str, code: str
    ) -> str:
        """Accept the code that was sent to the person's own number or address, once.

        Returns the record's id. Raises FactorNotEnabled, RecordNotFound and what
        `VerificationService.verify_code` raises.
        """
        identifier = await self._own(interaction, type_)
        record = interaction.find_record(verification_id)
        if record is None or record.type is not RECORD_TYPES[type_]:
            raise RecordNotFound
        await self._attempt(
            interaction,
            record.type,
            self.proofs.verification.verify_code(record, identifier, code),
        )
        pending = interaction.second.with_proof(CODE_FACTORS[type_])
        await self._save(interaction, pending)
        return record.id

    # Keeping what was set up, and saying no.

    async def bind(self, interaction: Interaction, factor: MfaFactor, verification_id: str) -> None:
        """Take what was proved as a factor of the person, written when the visit is submitted.

        Raises FactorNotEnabled, NothingPending, and for a number or an address what
        `ProfileForm.set_phone` and `set_email` raise.
        """
        standing = await self._ready(interaction)
        if factor not in standing.offered:
            raise FactorNotEnabled
        if factor in IDENTIFIERS:
            await self._bind_identifier(interaction, factor, verification_id)
            return
        pending = standing.pending
        if factor == "Totp":
            await self._save(interaction, _with_totp(pending, verification_id))
            return
        if pending.codes is None or pending.codes.id != verification_id:
            raise NothingPending
        if not standing.main:
            raise FactorNotEnabled
        # Shown for as long as it took to write them down, and never again.
        codes = replace(pending.codes, sealed=None, is_bound=True)
        await self._save(interaction, replace(pending, codes=codes))

    async def _bind_identifier(
        self, interaction: Interaction, factor: MfaFactor, verification_id: str
    ) -> None:
        add = self.profile.set_phone if IDENTIFIERS[factor] == "phone" else self.profile.set_email
        gathered = await add(interaction, verification_id)
        await self._save(gathered, replace(gathered.second.with_new(factor), enabled=True))

    async def skip(self, interaction: Interaction) -> None:
        """Remember that the person wants none; raises PolicyNotUserControlled."""
        standing = await self._ready(interaction)
        if standing.must:
            raise PolicyNotUserControlled
        pending = replace(standing.pending, skipped=True, enabled=False)
        await self._save(interaction, pending)

    async def enable(self, interaction: Interaction) -> None:
        """Remember that codes to what the person has shall be their second step."""
        standing = await self._ready(interaction)
        pending = replace(standing.pending, enabled=True, skipped=False)
        await self._save(interaction, pending)

    async def skip_suggestion(self, interaction: Interaction) -> None:
        """Remember that codes that are sent will do."""
        standing = await self._ready(interaction)
        await self._save(interaction, replace(standing.pending, suggestion_skipped=True))

    # Inside.

    async def _identified(self, interaction: Interaction) -> Standing:
        if interaction.user_id is None:
            raise NobodyIdentified
        return await self.standing(interaction)

    async def _ready(self, interaction: Interaction) -> Standing:
        """Return how a person stands who may change their factors: one who owes no proof."""
        if interaction.event is InteractionEvent.FORGOT_PASSWORD:
            # That visit changes a password and nothing else.
            raise FactorNotEnabled
        if interaction.user_id is None:
            raise NobodyIdentified
        standing = await self.require_proved(interaction)
        if standing is None:
            raise FactorNotEnabled
        return standing

    async def _own(self, interaction: Interaction, type_: IdentifierType) -> Identifier:
        standing = await self._identified(interaction)
        factor = CODE_FACTORS[type_]
        value = address_of(standing.user, factor)
        if factor not in standing.usable or value is None:
            raise FactorNotEnabled
        return Identifier(type_, value)

    async def _save(self, interaction: Interaction, pending: Pending) -> Interaction:
        # What was submitted before did not have this in it.
        changed = replace(interaction.with_second(pending), result=None)
        return await self.interactions.save(changed, self.clock.now())

    async def _attempt(
        self, interaction: Interaction, method: str, proof: Coroutine[Any, Any, T]
    ) -> T:
        try:
            return await proof
        except StorageUnavailable:
            raise
        except DomainError as error:
            await self.events.factor_refused(interaction, method, error)
            raise


def _with_totp(pending: Pending, verification_id: str) -> Pending:
    totp = pending.totp
    if totp is None or totp.id != verification_id:
        raise NothingPending
    if totp.step is None:
        raise VerificationFailed
    return replace(pending.with_new("Totp"), is_totp_bound=True)


def _masked(user: User, factors: tuple[MfaFactor, ...]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for factor in factors:
        address = address_of(user, factor)
        if address is not None:
            is_phone = IDENTIFIERS[factor] == "phone"
            shown[factor] = f"****{address[-4:]}" if is_phone else EmailAddress(address).masked
    return shown
