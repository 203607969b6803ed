"""Fill in what the tenant asks for."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from watchword.web.experience.models import Password, RecordId, Username
from watchword.web.experience.visit import Visit, Visiting
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/experience", tags=["Experience"])


class PhoneAnswer(ApiModel):
    """A number that was proved with a code."""

    type: Literal["phone"]
    verification_id: RecordId

    async def give(self, visit: Visit) -> None:
        """Add it to the pending profile."""
        await visit.interactions.set_phone(visit.interaction, self.verification_id)


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


Answer = Annotated[PhoneAnswer | UsernameAnswer | PasswordAnswer, Field(discriminator="type")]


@router.post("/profile", status_code=204)
async def fill_in(body: Answer, visit: Visiting) -> None:
    """Add one thing to the pending profile."""
    await body.give(visit)
