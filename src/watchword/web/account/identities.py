"""`/api/my-account/identities`: social accounts that are linked, each proved at its provider."""

from typing import Annotated

from fastapi import APIRouter, Path

from watchword.account.errors import (
    FieldNotEditable,
    LastSignInMethodRequired,
    ProofNotFound,
    ProofRequired,
)
from watchword.guard.errors import DevelopmentMessagesUsedUp, TooManyMessages
from watchword.users.errors import IdentityAlreadyInUse, IdentityNotExist
from watchword.web.account.access import AccountRoute, Asking, refusals
from watchword.web.experience.models import RecordId
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/my-account", tags=["My account"], route_class=AccountRoute)


REFUSALS = (ProofRequired, FieldNotEditable, DevelopmentMessagesUsedUp, TooManyMessages)
LINKING = refusals(*REFUSALS, ProofNotFound, IdentityAlreadyInUse)


class NewIdentity(ApiModel):
    """The record of `POST /api/verifications/social` that proves the social account."""

    new_identifier_verification_record_id: RecordId


@router.post("/identities", status_code=204, responses=LINKING)
async def link_my_identity(body: NewIdentity, me: Asking) -> None:
    """Link a social account; of each provider there is one."""
    await me.account.link(me.asker, body.new_identifier_verification_record_id, me.context)


@router.put("/identities", status_code=204, responses=LINKING)
async def replace_my_identity(body: NewIdentity, me: Asking) -> None:
    """Link a social account in place of another one of the same provider, if there is one."""
    record_id = body.new_identifier_verification_record_id
    await me.account.link(me.asker, record_id, me.context, replaces=True)


@router.delete(
    "/identities/{target}",
    status_code=204,
    responses=refusals(*REFUSALS, IdentityNotExist, LastSignInMethodRequired),
)
async def unlink_my_identity(target: Annotated[str, Path(max_length=128)], me: Asking) -> None:
    """Take a social account away; it is among the `identities` of `GET /api/my-account`."""
    await me.account.unlink(me.asker, target, me.context)
