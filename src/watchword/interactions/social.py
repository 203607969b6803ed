"""Social sign-in: by way of a provider, to the account it is linked to, or to one that it proves.

Nobody is ever linked by an address or a number that was not proved: the provider has to say that
it has checked it, and whoever could be in the account already must have proved it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.interactions.errors import (
    EventForbidden,
    ForgotPasswordUnsupported,
    IdentifierNotFound,
    IdentityConflict,
    SignInMethodNotEnabled,
    SocialAccountExistsInProfile,
    VerificationFailed,
)
from watchword.interactions.events import Events
from watchword.interactions.models import (
    AMR,
    Identification,
    Interaction,
    InteractionEvent,
    PendingProfile,
)
from watchword.interactions.register import Register
from watchword.interactions.repository import InteractionRepository
from watchword.sign_in_settings.models import SignInSettings
from watchword.social.models import SocialVerification
from watchword.social.service import Departure, SocialService
from watchword.storage import Database
from watchword.storage.database import StorageUnavailable
from watchword.users.errors import IdentityAlreadyInUse, IdentityNotExist, UserSuspended
from watchword.users.models import Identifier, IdentifierType, User
from watchword.users.service import UserService
from watchword.verification.errors import RecordNotFound
from watchword.verification.models import RecordType


@dataclass(frozen=True, kw_only=True)
class Social:
    """The story of a person who comes by way of a provider."""

    interactions: InteractionRepository
    users: UserService
    settings: SignInSettings
    accounts: SocialService
    register: Register
    events: Events
    clock: Clock

    async def begin(
        self,
        interaction: Interaction,
        connector_id: str,
        *,
        redirect_uri: str,
        state: str | None = None,
        is_agreed: bool = False,
    ) -> Departure:
        """Return the provider's address to go to; what comes back must come to this browser."""
        if interaction.event is InteractionEvent.FORGOT_PASSWORD:
            raise ForgotPasswordUnsupported
        saved = await self.accounts.connector(connector_id)
        self._require_offered(self.accounts.connectors.target_of(saved))
        return await self.accounts.begin(
            interaction.id_digest,
            saved,
            redirect_uri=redirect_uri,
            state=state,
            is_agreed=is_agreed,
        )

    async def verify(
        self,
        interaction: Interaction,
        connector_id: str,
        answer: Mapping[str, str],
        verification_id: str | None = None,
    ) -> SocialVerification:
        """Believe the provider's answer, once; what is refused is remembered."""
        saved = await self.accounts.connector(connector_id)
        if await self.of(interaction) is None:
            raise RecordNotFound
        try:
            return await self.accounts.finish(interaction.id_digest, saved, answer, verification_id)
        except StorageUnavailable:
            raise
        except DomainError as error:
            target = self.accounts.connectors.target_of(saved)
            await self.events.refused_by_provider(interaction, target, error)
            raise

    async def of(self, interaction: Interaction) -> SocialVerification | None:
        """Return what the visit proved, or is about to prove, at a provider; None otherwise."""
        found = await self.accounts.find(interaction.id_digest)
        started_at = interaction.state.started_at
        is_current = found and started_at is not None and found.created_at >= started_at
        return found if is_current else None

    async def find(
        self, interaction: Interaction, verification_id: str | None
    ) -> SocialVerification | None:
        """Return the try of this id; None, without looking, where it is something else's."""
        if verification_id is None or interaction.find_record(verification_id) is not None:
            return None
        found = await self.of(interaction)
        return found if found is not None and found.id == verification_id else None

    async def identify(
        self, interaction: Interaction, proof: SocialVerification, *, links: bool = False
    ) -> Identification:
        """Say who the person is: the one who is linked, with *links* the one who is related."""
        if interaction.event is InteractionEvent.REGISTER:
            await self._sign_up(interaction, proof)
            return Identification.CREATED
        await self._sign_in(interaction, proof, links=links)
        return Identification.IDENTIFIED

    async def add(self, interaction: Interaction, verification_id: str) -> Interaction:
        """Add a proved social account to the pending profile.

        Raises ForgotPasswordUnsupported, IdentifierNotFound, RecordNotFound, VerificationFailed,
        and what says that the account belongs to somebody.
        """
        if interaction.event is InteractionEvent.FORGOT_PASSWORD:
            raise ForgotPasswordUnsupported
        if interaction.user_id is None and interaction.event is not InteractionEvent.REGISTER:
            raise IdentifierNotFound
        proof = await self.find(interaction, verification_id)
        if proof is None:
            raise RecordNotFound
        if not proof.is_verified:
            raise VerificationFailed
        await self._require_free(interaction, proof)
        gathered = interaction.with_profile(social=_identity(proof))
        # Both were done in this visit: what signed the person in, and what their provider said.
        amr = tuple(dict.fromkeys((*interaction.state.amr, *AMR[RecordType.SOCIAL])))
        gathered = replace(gathered, state=replace(gathered.state, amr=amr), result=None)
        return await self.interactions.save(gathered, self.clock.now())

    async def related(self, proof: SocialVerification) -> tuple[Identifier, User] | None:
        """Return whose account the provider has proved to be the person's; None if nobody's.

        The phone first.
        """
        identity = proof.proved()
        proved: list[tuple[IdentifierType, str | None]] = [
            ("phone", identity.phone if identity.phone_verified else None),
            ("email", identity.email if identity.email_verified else None),
        ]
        for type_, value in proved:
            if value is None:
                continue
            user = await self.users.find_by_identifier(type_, value)
            if user is not None and proof.target not in user.identities:
                return (Identifier(type_, value), user) if _is_owned(user, type_) else None
        return None

    async def linked(
        self, user_id: str, social: Mapping[str, Any], *, tx: Database
    ) -> dict[str, Any]:
        """Return the account's identities with these among them, for *tx* to write.

        Raises SocialAccountExistsInProfile where another one of the same provider is there.
        """
        user = await self.users.get_for_change(user_id, tx=tx)
        for target, identity in social.items():
            known = user.identities.get(target)
            if known is not None and known["userId"] != identity["userId"]:
                raise SocialAccountExistsInProfile
        return {**user.identities, **social}

    async def _sign_in(
        self, interaction: Interaction, proof: SocialVerification, *, links: bool
    ) -> None:
        if not self.settings.allows_sign_in:
            raise EventForbidden
        self._require_offered(proof.target)
        if not proof.is_verified:
            raise VerificationFailed
        user = await self.users.find_by_identity(proof.target, proof.proved().id)
        by: Identifier | None = None
        if user is None:
            related = await self.related(proof)
            if related is None or not links:
                raise IdentityNotExist(data=_related(related))
            by, user = related
        if user.is_suspended:
            raise UserSuspended
        if interaction.is_identified and interaction.user_id != user.id:
            raise IdentityConflict
        state = replace(
            interaction.state,
            profile=await self._news(interaction.state.profile, user, proof),
            amr=AMR[RecordType.SOCIAL],
            verified_phone=by.value if by and by.type == "phone" else None,
            verified_email=by.value if by and by.type == "email" else None,
        )
        await self.interactions.save(
            replace(interaction, user_id=user.id, state=state, result=None), self.clock.now()
        )

    async def _news(
        self, profile: PendingProfile, user: User, proof: SocialVerification
    ) -> PendingProfile:
        """Return the pending profile with what the provider tells anew."""
        identity, linked = proof.proved(), _identity(proof)
        if user.identities.get(proof.target) != linked[proof.target]:
            profile = replace(profile, social=linked)
        saved = await self.accounts.connector(proof.connector_instance_id)
        if saved.sync_profile and identity.name not in {None, user.name}:
            profile = replace(profile, name=identity.name)
        if saved.sync_profile and identity.avatar not in {None, user.avatar}:
            profile = replace(profile, avatar=identity.avatar)
        return profile

    async def _sign_up(self, interaction: Interaction, proof: SocialVerification) -> None:
        self._require_offered(proof.target)
        if not proof.is_verified:
            raise VerificationFailed
        identity = proof.proved()
        owner = await self.users.find_by_identity(proof.target, identity.id)
        if interaction.is_identified:
            # A repeated request passes, but nobody else's proof.
            if owner is None or owner.id != interaction.user_id:
                raise IdentityConflict
            return
        if owner is not None:
            raise IdentityAlreadyInUse
        gathered = interaction.with_profile(
            social=_identity(proof),
            name=identity.name,
            avatar=identity.avatar,
            **await self._free(interaction, proof),
        )
        state = replace(gathered.state, amr=AMR[RecordType.SOCIAL])
        await self.register.complete(interaction, replace(gathered, state=state))

    async def _free(self, interaction: Interaction, proof: SocialVerification) -> dict[str, str]:
        """Return the identifiers that the provider proved and nobody has."""
        # One that is not proved would keep its owner from ever signing up with it.
        identity, pending = proof.proved(), interaction.state.profile
        found: dict[str, str] = {}
        if identity.phone and identity.phone_verified and pending.phone is None:
            found["phone"] = identity.phone
        if identity.email and identity.email_verified and pending.email is None:
            found["email"] = identity.email
        types: dict[str, IdentifierType] = {"phone": "phone", "email": "email"}
        return {
            name: value
            for name, value in found.items()
            if await self.users.find_by_identifier(types[name], value) is None
        }

    async def _require_free(self, interaction: Interaction, proof: SocialVerification) -> None:
        owner = await self.users.find_by_identity(proof.target, proof.proved().id)
        if owner is not None and owner.id != interaction.user_id:
            raise IdentityAlreadyInUse
        if interaction.user_id is not None:
            user = await self.users.get(interaction.user_id)
            if proof.target in user.identities:
                raise SocialAccountExistsInProfile

    def _require_offered(self, target: str) -> None:
        if target not in self.settings.social_sign_in_connector_targets:
            raise SignInMethodNotEnabled


def _identity(proof: SocialVerification) -> dict[str, Any]:
    identity = proof.proved()
    return {proof.target: {"userId": identity.id, "details": identity.details()}}


def _related(found: tuple[Identifier, User] | None) -> dict[str, Any]:
    if found is None:
        return {}
    identifier, _ = found
    return {"relatedUser": {"type": identifier.type, "value": identifier.masked}}


def _is_owned(user: User, type_: IdentifierType) -> bool:
    """Tell whether nobody but the owner of the number or address can be in the account.

    Who typed somebody else's address somewhere, and whose account was brought along with it, must
    not be joined there by the one whose address it is.
    """
    proved_at = user.phone_verified_at if type_ == "phone" else user.email_verified_at
    if proved_at is not None:
        return True
    others = (user.phone_verified_at, user.email_verified_at, user.last_sign_in_at)
    return not (any(others) or user.has_password or user.has_identities)
