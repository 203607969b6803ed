"""`/api/my-account/password`."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from watchword.account.errors import FieldNotEditable, ProofRequired
from watchword.guard.errors import DevelopmentMessagesUsedUp, TooManyMessages
from watchword.sign_in_settings.errors import PasswordRejected
from watchword.web.account.access import AccountRoute, Asking, refusals
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/my-account", tags=["My account"], route_class=AccountRoute)


class NewPassword(ApiModel):
    """The password a person chose."""

    password: Annotated[str, Field(min_length=1, max_length=1024)]


@router.post(
    "/password",
    status_code=204,
    responses=refusals(
        FieldNotEditable,
        ProofRequired,
        PasswordRejected,
        DevelopmentMessagesUsedUp,
        TooManyMessages,
    ),
)
async def set_my_password(body: NewPassword, me: Asking) -> None:
    """Choose a password: other sessions and their tokens end, and the person is told.

    Who has neither a password nor a number nor an address needs no proof.
    """
    await me.account.set_password(me.asker, body.password, me.context)
