"""Forgot password: prove who you are, choose another password, and nothing else."""

from dataclasses import dataclass, replace

from watchword.core.clock import Clock
from watchword.core.context import RequestContext
from watchword.interactions.errors import (
    IdentifierNotFound,
    NewPasswordRequired,
    NotRecovering,
    RecoveryMethodNotEnabled,
    SamePassword,
)
from watchword.interactions.events import Events
from watchword.interactions.models import AMR, Interaction, InteractionEvent, InteractionState
from watchword.interactions.old_numbers import OldNumbers
from watchword.interactions.profile import known_of
from watchword.interactions.proofs import Proofs
from watchword.interactions.repository import InteractionRepository
from watchword.interactions.sign_in import owner_of
from watchword.notices.service import Channel, Notices
from watchword.oidc.sessions import SessionService
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.service import check_password
from watchword.storage import Database, Storage
from watchword.users.errors import UserSuspended
from watchword.users.models import User, UserChange
from watchword.users.service import UserService
from watchword.verification.models import VerificationRecord
from watchword.webhooks.models import Event

METHODS = {"PhoneVerificationCode", "EmailVerificationCode"}
"""The records that recover a password; the contract calls the methods by the same names."""


@dataclass(frozen=True, kw_only=True)
class Recover:
    """The story of a person who forgot their password.

    It ends where it began, signed out: whoever got hold of a phone for a minute has no session.
    """

    storage: Storage
    interactions: InteractionRepository
    users: UserService
    settings: SignInSettings
    sessions: SessionService
    notices: Notices
    proofs: Proofs
    old_numbers: OldNumbers
    events: Events
    clock: Clock

    async def identify(self, interaction: Interaction, verification_id: str | None) -> None:
        """Find out whose password it is; the order of checks is API."""
        record = interaction.get_record(verification_id)
        self._require_method(record)
        user = await owner_of(self.users, interaction, record)
        if interaction.user_id == user.id:
            return
        owes_proof = await self.old_numbers.asks_for_more(interaction, record, user)
        state = replace(interaction.state, amr=AMR[record.type], owes_proof=owes_proof)
        await self.interactions.save(
            replace(interaction, user_id=user.id, state=state), self.clock.now()
        )

    async def set_password(self, interaction: Interaction, password: str) -> Interaction:
        """Keep a new password until it is submitted; raises PasswordRejected, SamePassword."""
        if interaction.event is not InteractionEvent.FORGOT_PASSWORD:
            raise NotRecovering
        if interaction.user_id is None:
            raise IdentifierNotFound
        user = await self.users.get(interaction.user_id)
        check_password(self.settings, password, known_of(interaction, user))
        passwords = self.users.passwords
        if user.has_password and await passwords.matches(user.password_digest, password):
            raise SamePassword
        digest = await passwords.digest_of(password)
        return await self.interactions.save(
            interaction.with_profile(password_digest=digest), self.clock.now()
        )

    async def submit(self, interaction: Interaction, context: RequestContext) -> None:
        """Write the new password, end every session of its owner, and tell them.

        The visit can then begin another event, knowing nothing of this one. Raises
        IdentifierNotFound, NewPasswordRequired, UserSuspended.
        """
        if interaction.user_id is None:
            raise IdentifierNotFound
        digest = interaction.state.profile.password_digest
        if digest is None:
            raise NewPasswordRequired
        cleared = replace(interaction, event=None, user_id=None, state=InteractionState())
        async with self.storage.transaction() as tx:
            # First: of two submits at once, the second finds another version and changes nothing.
            await self.interactions.within(tx).save(cleared, self.clock.now())
            user = await self.users.change(
                interaction.user_id, UserChange(password_digest=digest), tx=tx
            )
            if user.is_suspended:
                raise UserSuspended
            await self.sessions.within(tx).end_all(user.id)
            await self.events.submitted(interaction, user, context, tx=tx)
            await self.events.written(Event.USER_DATA_UPDATED, user, tx=tx)
            await self._tell(interaction, user, context, tx)

    async def _tell(
        self, interaction: Interaction, user: User, context: RequestContext, tx: Database
    ) -> None:
        """Send the account's owner, who may be somebody else, a word about it."""
        # Whoever took the phone, or the mailbox, may not have the other. One message is enough.
        other: Channel = "email" if "sms" in interaction.state.amr else "phone"
        language = self.proofs.language(interaction, context)
        await self.notices.tell(user, other, "password_reset", language=language, tx=tx)

    def _require_method(self, record: VerificationRecord) -> None:
        if record.type not in METHODS or not self.settings.recovers_by(record.identifier.type):
            raise RecoveryMethodNotEnabled
