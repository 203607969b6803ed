"""Signing in: who proved what, and may they come in this way?"""

from dataclasses import dataclass, replace
from datetime import datetime

from watchword.core.clock import Clock
from watchword.interactions.errors import (
    EventForbidden,
    IdentityConflict,
    SignInMethodNotEnabled,
    VerificationFailed,
)
from watchword.interactions.models import AMR, Interaction
from watchword.interactions.old_numbers import OldNumbers
from watchword.interactions.proofs import PASSWORD_MARK
from watchword.interactions.repository import InteractionRepository
from watchword.sign_in_settings.models import SignInSettings, is_method_enabled
from watchword.sign_in_settings.sections import Factor
from watchword.users.errors import UserNotExist, UserSuspended
from watchword.users.models import User
from watchword.users.service import UserService
from watchword.verification.models import RecordType, VerificationRecord

FACTORS: dict[RecordType, Factor] = {
    RecordType.PHONE_CODE: "verificationCode",
    RecordType.EMAIL_CODE: "verificationCode",
    RecordType.PASSWORD: "password",
}


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """The story of a person who has an account."""

    interactions: InteractionRepository
    users: UserService
    settings: SignInSettings
    old_numbers: OldNumbers
    clock: Clock

    async def identify(self, interaction: Interaction, verification_id: str | None) -> None:
        """Find out who the person is by what they proved; the order of checks is API.

        Raises, in this order, what `Interaction.get_record` raises, EventForbidden,
        SignInMethodNotEnabled and what `owner_of` raises.
        """
        record = interaction.get_record(verification_id)
        if not self.settings.allows_sign_in:
            raise EventForbidden
        self._require_method(record)
        user = await owner_of(self.users, interaction, record)
        if interaction.user_id == user.id:
            return
        # Who knew the password of before says nothing of who has this one.
        if record.details.get(PASSWORD_MARK, user.password_mark) != user.password_mark:
            raise VerificationFailed
        state = replace(
            interaction.state,
            amr=AMR[record.type],
            owes_proof=await self.old_numbers.asks_for_more(interaction, record, user),
            verified_phone=_news(record, RecordType.PHONE_CODE, user.phone_verified_at),
            verified_email=_news(record, RecordType.EMAIL_CODE, user.email_verified_at),
        )
        await self.interactions.save(
            replace(interaction, user_id=user.id, state=state), self.clock.now()
        )

    def _require_method(self, record: VerificationRecord) -> None:
        factor = FACTORS.get(record.type)
        if factor is None or not is_method_enabled(self.settings, record.identifier.type, factor):
            raise SignInMethodNotEnabled


async def owner_of(
    users: UserService, interaction: Interaction, record: VerificationRecord
) -> User:
    """Return whose identifier was proved.

    Raises VerificationFailed where it is not yet, UserNotExist, UserSuspended, and
    IdentityConflict where the interaction is somebody else's; in this order, which is API.
    """
    if not record.is_verified:
        raise VerificationFailed
    identifier = record.identifier
    user = await users.find_by_identifier(identifier.type, identifier.value)
    if user is None:
        raise UserNotExist(data={"identifier": identifier.value})
    if user.is_suspended:
        raise UserSuspended
    if interaction.is_identified and interaction.user_id != user.id:
        raise IdentityConflict
    return user


def _news(record: VerificationRecord, type_: RecordType, known: datetime | None) -> str | None:
    return record.identifier.value if record.type is type_ and known is None else None
