"""`/api/my-account`: who a person is, and the parts of it that need no proof to change."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from watchword.account.errors import (
    FieldNotEditable,
    LastSignInMethodRequired,
    ProofRequired,
    ScopeMissing,
)
from watchword.sign_in_settings.errors import UsernameRejected
from watchword.sign_in_settings.sections import OptionalWebAddress
from watchword.users.errors import InvalidUsername, UsernameAlreadyInUse
from watchword.users.models import UserChange
from watchword.web.account.access import AccountRoute, Asking, refusals
from watchword.web.management.users import UserProfile
from watchword.web.models import ApiModel

router = APIRouter(prefix="/api/my-account", tags=["My account"], route_class=AccountRoute)

_or_none = AfterValidator(lambda value: value or None)


class ChangeMyAccount(ApiModel):
    """What to change; null or an empty text takes it away."""

    name: Annotated[str | None, Field(max_length=128), _or_none] = None
    avatar: OptionalWebAddress = None
    username: Annotated[str | None, Field(max_length=128), _or_none] = None
    custom_data: dict[str, Any] = Field(default_factory=dict)
    """In place of the whole of it."""

    def change(self) -> UserChange:
        """Return what the body names."""
        return UserChange(**{name: getattr(self, name) for name in self.model_fields_set})


@router.get("", response_model=dict[str, Any])
async def get_my_account(me: Asking) -> dict[str, Any]:
    """Show the person's account, as far as the scope goes and the tenant lets people see it."""
    return me.account.describe(me.asker)


@router.patch(
    "",
    response_model=dict[str, Any],
    responses=refusals(
        FieldNotEditable,
        ScopeMissing,
        ProofRequired,
        InvalidUsername,
        UsernameRejected,
        UsernameAlreadyInUse,
        LastSignInMethodRequired,
    ),
)
async def change_my_account(body: ChangeMyAccount, me: Asking) -> dict[str, Any]:
    """Change name, picture, user name or custom data; a user name needs a proof."""
    user = await me.account.change(me.asker, body.change())
    return me.account.describe(me.asker.with_user(user))


@router.patch(
    "/profile",
    response_model=dict[str, Any],
    responses=refusals(FieldNotEditable, ScopeMissing),
)
async def change_my_profile(body: UserProfile, me: Asking) -> dict[str, Any]:
    """Write these claims of the profile; the others stay."""
    return dict((await me.account.change_profile(me.asker, body.document())).profile)
