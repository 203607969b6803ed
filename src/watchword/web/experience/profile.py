"""Fill in what the tenant asks for."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from watchword.interactions.errors import (
    EmailExistsInProfile,
    ForgotPasswordUnsupported,
    IdentifierNotFound,
    NotRecovering,
    PasswordExistsInProfile,
    PhoneExistsInProfile,
    SamePassword,
    UsernameExistsInProfile,
    VerificationFailed,
)
from watchword.sign_in_settings.errors import PasswordRejected, UsernameRejected
from watchword.users.errors import InvalidUsername
from watchword.verification.errors import RecordNotFound
from watchword.web.experience.models import Password, RecordId, Username
from watchword.web.experience.visit import (
    REFUSED_ADDRESS,
    SECOND_STEP_WANTED,
    TAKEN,
    Visit,
    Visiting,
    visited,
)
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience", tags=["Experience"])


class PhoneAnswer(ApiModel):
    """A number that was proved with a code."""

    type: Literal["phone"]
    verification_id: RecordId

    async def give(self, visit: Visit) -> None:
        """Add it to the pending profile."""
        await visit.interactions.set_phone(visit.interaction, self.verification_id)


class EmailAnswer(ApiModel):
    """An address that was proved with a code."""

    type: Literal["email"]
    verification_id: RecordId

    async def give(self, visit: Visit) -> None:
        """Add it to the pending profile."""
        await visit.interactions.set_email(visit.interaction, self.verification_id)


class SocialAnswer(ApiModel):
    """A social account that its provider proved."""

    type: Literal["social"]
    verification_id: RecordId

    async def give(self, visit: Visit) -> None:
        """Add it to the pending profile."""
        await visit.interactions.add_social(visit.interaction, self.verification_id)


class UsernameAnswer(ApiModel):
    """A user name."""

    type: Literal["username"]
    value: Username

    async def give(self, visit: Visit) -> None:
        """Add it to the pending profile."""
        await visit.interactions.set_username(visit.interaction, self.value)


class PasswordAnswer(ApiModel):
    """A password."""

    type: Literal["password"]
    value: Password

    async def give(self, visit: Visit) -> None:
        """Add it to the pending profile."""
        await visit.interactions.set_password(visit.interaction, self.value)


class NewPassword(ApiModel):
    """The password of someone who forgot theirs."""

    password: Password


Answer = Annotated[
    PhoneAnswer | EmailAnswer | SocialAnswer | UsernameAnswer | PasswordAnswer,
    Field(discriminator="type"),
]


@router.post(
    "/profile",
    status_code=204,
    responses=visited(
        RecordNotFound,
        VerificationFailed,
        IdentifierNotFound,
        ForgotPasswordUnsupported,
        PhoneExistsInProfile,
        EmailExistsInProfile,
        UsernameExistsInProfile,
        PasswordExistsInProfile,
        InvalidUsername,
        UsernameRejected,
        PasswordRejected,
        *TAKEN,
        *REFUSED_ADDRESS,
        *SECOND_STEP_WANTED,
    ),
)
async def fill_in(body: Answer, visit: Visiting) -> None:
    """Add one thing to the pending profile."""
    await body.give(visit)


@router.put(
    "/profile/password",
    status_code=204,
    responses=visited(NotRecovering, IdentifierNotFound, PasswordRejected, SamePassword),
)
async def choose_new_password(body: NewPassword, visit: Visiting) -> None:
    """Keep the new password of someone who forgot theirs, until it is submitted."""
    await visit.interactions.set_new_password(visit.interaction, body.password)
