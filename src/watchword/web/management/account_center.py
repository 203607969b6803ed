"""`/api/account-center`: what people may see and change of their own accounts."""

from typing import Any

from fastapi import APIRouter

from watchword.account.models import AccountCenterSettings
from watchword.sign_in_settings.errors import NothingToChange
from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.management.changes import require_a_change

router = APIRouter(prefix="/account-center", tags=["Account centre"])


@router.get("", response_model=dict[str, Any])
async def get_account_center(caller: Caller) -> dict[str, Any]:
    """Show the account centre's settings."""
    settings, _ = await caller.tenant.configuration.settings.account_center()
    return settings.row(caller.tenant.tenant.id)


@router.patch("", response_model=dict[str, Any], responses=problems(NothingToChange))
async def change_account_center(body: AccountCenterSettings, caller: Caller) -> dict[str, Any]:
    """Change what the body names; of `fields`, those it does not name stay as they are."""
    require_a_change(body)
    patch = body.model_dump(by_alias=True, mode="json", exclude_unset=True)
    settings = await caller.tenant.configuration.settings.save_account_center(caller.actor, patch)
    return settings.row(caller.tenant.tenant.id)
