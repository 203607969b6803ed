"""Filling in what the tenant asks for, before an account is created or a person comes in."""

from dataclasses import dataclass, replace
from datetime import datetime

from watchword.core.clock import Clock
from watchword.core.phone import PhoneNumber
from watchword.interactions.errors import (
    EmailExistsInProfile,
    ForgotPasswordUnsupported,
    IdentifierNotFound,
    MissingProfile,
    PasswordExistsInProfile,
    PhoneExistsInProfile,
    UsernameExistsInProfile,
    VerificationFailed,
)
from watchword.interactions.models import (
    Interaction,
    InteractionEvent,
    InteractionState,
    PendingProfile,
)
from watchword.interactions.proofs import Proofs
from watchword.interactions.register import require_unused
from watchword.interactions.repository import InteractionRepository
from watchword.sign_in_settings.models import Profile, SignInSettings, missing_profile
from watchword.sign_in_settings.service import check_password
from watchword.users.models import Identifier, User, UserChange
from watchword.users.service import UserService
from watchword.verification.errors import RecordNotFound
from watchword.verification.models import RecordType


@dataclass(frozen=True, kw_only=True)
class ProfileForm:
    """What a person adds to the pending profile, one thing at a time."""

    interactions: InteractionRepository
    users: UserService
    settings: SignInSettings
    proofs: Proofs
    clock: Clock

    async def set_phone(self, interaction: Interaction, verification_id: str) -> Interaction:
        """Add the number that was proved with a code.

        Raises RecordNotFound, VerificationFailed, PhoneExistsInProfile, PhoneAlreadyInUse.
        """
        user = await self._user_of(interaction)
        identifier = _proved(interaction, verification_id, RecordType.PHONE_CODE)
        if user is not None and user.primary_phone is not None:
            raise PhoneExistsInProfile
        await require_unused(self.users, identifier)
        return await self._save(interaction.with_profile(phone=identifier.value))

    async def set_email(self, interaction: Interaction, verification_id: str) -> Interaction:
        """Add the address that was proved with a code.

        Raises RecordNotFound, VerificationFailed, EmailExistsInProfile, EmailAlreadyInUse and what
        `check_email` raises.
        """
        user = await self._user_of(interaction)
        identifier = _proved(interaction, verification_id, RecordType.EMAIL_CODE)
        if user is not None and user.primary_email is not None:
            raise EmailExistsInProfile
        self.proofs.check_new(identifier)
        await require_unused(self.users, identifier)
        return await self._save(interaction.with_profile(email=identifier.value))

    async def set_username(self, interaction: Interaction, username: str) -> Interaction:
        """Add a user name; raises UsernameExistsInProfile and what `check_new_username` raises."""
        user = await self._user_of(interaction)
        if user is not None and user.username is not None:
            raise UsernameExistsInProfile
        await self.proofs.check_new_username(username)
        return await self._save(interaction.with_profile(username=username))

    async def set_password(self, interaction: Interaction, password: str) -> Interaction:
        """Add a password; raises PasswordExistsInProfile, PasswordRejected."""
        user = await self._user_of(interaction)
        if user is not None and user.has_password:
            raise PasswordExistsInProfile
        check_password(self.settings, password, known_of(interaction, user))
        digest = await self.users.passwords.digest_of(password)
        return await self._save(interaction.with_profile(password_digest=digest))

    async def _user_of(self, interaction: Interaction) -> User | None:
        """Return who is identified; a new person need not be, anyone else must."""
        if interaction.event is InteractionEvent.FORGOT_PASSWORD:
            # Its visit can set a password, and nothing else.
            raise ForgotPasswordUnsupported
        if interaction.user_id is not None:
            return await self.users.get(interaction.user_id)
        if interaction.event is not InteractionEvent.REGISTER:
            raise IdentifierNotFound
        return None

    async def _save(self, interaction: Interaction) -> Interaction:
        # What was submitted before did not have this in it.
        return await self.interactions.save(replace(interaction, result=None), self.clock.now())


def require_complete(settings: SignInSettings, user: User) -> None:
    """Raise MissingProfile if the tenant asks for more than the account has."""
    missing = missing_profile(
        settings,
        Profile(
            username=user.username,
            email=user.primary_email,
            phone=user.primary_phone,
            has_password=user.has_password,
            has_identities=user.has_identities,
        ),
    )
    if missing:
        raise MissingProfile(data={"missingProfile": missing})


def _proved(interaction: Interaction, verification_id: str, type_: RecordType) -> Identifier:
    record = interaction.find_record(verification_id)
    if record is None or record.type is not type_:
        raise RecordNotFound
    if not record.is_verified:
        raise VerificationFailed
    return record.identifier


def known_of(interaction: Interaction, user: User | None) -> Profile:
    """Return what is known of the person, which their password must not repeat."""
    pending = interaction.state.profile
    return Profile(
        username=pending.username or (user.username if user else None),
        email=pending.email or (user.primary_email if user else None),
        phone=pending.phone or (user.primary_phone if user else None),
        name=pending.name or (user.name if user else None),
    )


def change_of(profile: PendingProfile) -> UserChange | None:
    """Return how a pending profile changes its person; None where it is empty.

    Without social accounts, which are added to those that are there (`Social.linked`).
    """
    if profile.is_empty:
        return None
    change = UserChange()
    if profile.phone is not None:
        change = replace(change, primary_phone=PhoneNumber(profile.phone), is_phone_verified=True)
    if profile.email is not None:
        change = replace(change, primary_email=profile.email, is_email_verified=True)
    if profile.username is not None:
        change = replace(change, username=profile.username)
    if profile.password_digest is not None:
        change = replace(change, password_digest=profile.password_digest)
    if profile.name is not None:
        change = replace(change, name=profile.name)
    if profile.avatar is not None:
        change = replace(change, avatar=profile.avatar)
    return change


def news_of(user: User, state: InteractionState) -> UserChange | None:
    """Return what a visit proved that nobody had proved before of *user*, or None."""
    if _is_news(state.verified_phone, user.primary_phone, user.phone_verified_at):
        return UserChange(primary_phone=user.phone, is_phone_verified=True)
    if _is_news(state.verified_email, user.primary_email, user.email_verified_at):
        return UserChange(primary_email=user.primary_email, is_email_verified=True)
    return None


def _is_news(verified: str | None, current: str | None, known_since: datetime | None) -> bool:
    # It may have been changed since it was proved: then nothing is known of the new one.
    return verified is not None and current == verified and known_since is None
