"""Numbers change hands: one that was long unused opens no old account by itself."""

from dataclasses import dataclass, replace
from datetime import timedelta

from watchword.core.clock import Clock
from watchword.interactions.errors import NumberLongUnused
from watchword.interactions.models import Interaction
from watchword.interactions.second_factor import SecondFactor
from watchword.users.models import User
from watchword.verification.models import RecordType, VerificationRecord


@dataclass(frozen=True, kw_only=True)
class OldNumbers:
    """Judges whether holding a number is still a proof of being who it belonged to."""

    unused: timedelta | None
    """How long an account may lie before its number is not enough; None where it always is."""
    second_factor: SecondFactor
    clock: Clock

    async def asks_for_more(
        self, interaction: Interaction, record: VerificationRecord, user: User
    ) -> bool:
        """Tell whether the person owes a second proof for this.

        Raises NumberLongUnused where they have none: a password signs them in all the same.
        """
        if self.unused is None or record.type is not RecordType.PHONE_CODE:
            return False
        last_seen = user.last_sign_in_at or user.created_at
        if self.clock.now() - last_seen < self.unused:
            return False
        standing = await self.second_factor.standing(replace(interaction, user_id=user.id), user)
        factors = standing.to_prove(is_asked=True)
        # Another code to the very number would prove nothing new.
        if not factors or "PhoneVerificationCode" in factors:
            raise NumberLongUnused
        return True
