"""Signing up: gather what the tenant asks for, then create the account."""

from dataclasses import dataclass, replace

from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.interactions.errors import (
    EventForbidden,
    IdentityConflict,
    MissingProfile,
    VerificationFailed,
)
from watchword.interactions.events import Events
from watchword.interactions.models import AMR, Interaction, PendingProfile
from watchword.interactions.repository import InteractionRepository
from watchword.sign_in_settings.models import Profile, SignInSettings, missing_profile
from watchword.sign_in_settings.service import check_email
from watchword.storage import Storage
from watchword.users.errors import EmailAlreadyInUse, PhoneAlreadyInUse, UsernameAlreadyInUse
from watchword.users.models import Identifier, IdentifierType, NewUser
from watchword.users.service import UserService
from watchword.verification.models import RecordType, VerificationRecord
from watchword.webhooks.models import Event

TAKEN: dict[IdentifierType, type[DomainError]] = {
    "phone": PhoneAlreadyInUse,
    "email": EmailAlreadyInUse,
    "username": UsernameAlreadyInUse,
}
USABLE = {RecordType.PHONE_CODE, RecordType.EMAIL_CODE, RecordType.NEW_PASSWORD_IDENTITY}


@dataclass(frozen=True, kw_only=True)
class Register:
    """The story of a person who has no account yet."""

    storage: Storage
    interactions: InteractionRepository
    users: UserService
    settings: SignInSettings
    events: Events
    clock: Clock

    async def identify(self, interaction: Interaction, verification_id: str | None) -> None:
        """Create the account, or say what is missing and keep what is there."""
        if interaction.is_identified:
            await self._require_own(interaction, verification_id)
            return
        gathered = interaction
        if verification_id is not None:
            record = _usable_record(interaction, verification_id)
            gathered = _with_record(interaction, record)
            self._check_address(gathered)
            await require_unused(self.users, record.identifier)
        await self.complete(interaction, gathered)

    async def complete(self, interaction: Interaction, gathered: Interaction) -> None:
        """Create the account of what was gathered, or keep that and say what is missing."""
        # Once more: a provider may have brought the address.
        self._check_address(gathered)
        refusal = self._refusal(gathered)
        if refusal is not None:
            if gathered is not interaction:
                await self.interactions.save(gathered, self.clock.now())
            raise refusal
        await self._create(gathered)

    def _check_address(self, interaction: Interaction) -> None:
        if (email := interaction.state.profile.email) is not None:
            check_email(self.settings, email)

    def _refusal(self, interaction: Interaction) -> DomainError | None:
        profile = interaction.state.profile
        if not (profile.username or profile.email or profile.phone or profile.social):
            return VerificationFailed()
        if not self.settings.allows_register:
            return EventForbidden()
        missing = missing_profile(
            self.settings,
            Profile(
                username=profile.username,
                email=profile.email,
                phone=profile.phone,
                has_password=profile.password_digest is not None,
                has_identities=profile.social is not None,
            ),
        )
        return MissingProfile(data={"missingProfile": missing}) if missing else None

    async def _create(self, interaction: Interaction) -> None:
        profile = interaction.state.profile
        new = NewUser(
            username=profile.username,
            primary_email=profile.email,
            is_email_verified=profile.email is not None,
            primary_phone=PhoneNumber(profile.phone) if profile.phone else None,
            is_phone_verified=profile.phone is not None,
            password_digest=profile.password_digest,
            name=profile.name,
            avatar=profile.avatar,
            identities=profile.social or {},
            application_id=interaction.application_id,
        )
        state = replace(interaction.state, profile=PendingProfile())
        # Together: an account that no interaction knows would lock its owner out of signing up.
        async with self.storage.transaction() as tx:
            user = await self.users.create(new, tx=tx)
            await self.events.written(Event.USER_CREATED, user, tx=tx)
            await self.interactions.within(tx).save(
                replace(interaction, user_id=user.id, state=state), self.clock.now()
            )

    async def _require_own(self, interaction: Interaction, verification_id: str | None) -> None:
        """Let a repeated request through, but nobody else's proof."""
        if verification_id is None:
            return
        identifier = _usable_record(interaction, verification_id).identifier
        owner = await self.users.find_by_identifier(identifier.type, identifier.value)
        if owner is None or owner.id != interaction.user_id:
            raise IdentityConflict


async def require_unused(users: UserService, identifier: Identifier) -> None:
    """Raise …AlreadyInUse if the identifier belongs to someone."""
    if await users.find_by_identifier(identifier.type, identifier.value) is None:
        return
    raise TAKEN[identifier.type]


def _usable_record(interaction: Interaction, verification_id: str) -> VerificationRecord:
    record = interaction.get_record(verification_id)
    if record.type not in USABLE or not record.is_verified:
        raise VerificationFailed
    return record


def _with_record(interaction: Interaction, record: VerificationRecord) -> Interaction:
    if record.type is RecordType.PHONE_CODE:
        gathered = interaction.with_profile(phone=record.identifier.value)
    elif record.type is RecordType.EMAIL_CODE:
        gathered = interaction.with_profile(email=record.identifier.value)
    else:
        gathered = interaction.with_profile(
            username=record.identifier.value,
            password_digest=record.details["password_digest"],
        )
    return replace(gathered, state=replace(gathered.state, amr=AMR[record.type]))
