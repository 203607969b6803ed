"""`/api/my-account/identities`: social accounts that are linked."""

from typing import Annotated

from fastapi import APIRouter, Path

from watchword.account.errors import FieldNotEditable, LastSignInMethodRequired, ProofRequired
from watchword.users.errors import IdentityNotExist
from watchword.web.account.access import AccountRoute, Asking, refusals

router = APIRouter(prefix="/api/my-account", tags=["My account"], route_class=AccountRoute)


@router.delete(
    "/identities/{target}",
    status_code=204,
    responses=refusals(ProofRequired, FieldNotEditable, IdentityNotExist, LastSignInMethodRequired),
)
async def unlink_my_identity(target: Annotated[str, Path(max_length=128)], me: Asking) -> None:
    """Take a social account away; it is among the `identities` of `GET /api/my-account`."""
    await me.account.unlink(me.asker, target)
