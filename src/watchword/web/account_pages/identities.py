"""`/account/social/<target>`: a linked social account."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from watchword.account.errors import LastSignInMethodRequired
from watchword.account.models import can_prove_themselves
from watchword.core.errors import DomainError
from watchword.users.errors import IdentityNotExist
from watchword.web.account_pages.success import done
from watchword.web.account_pages.visit import AccountPageRoute, Looking, Posting, Visit

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

Target = Annotated[str, Path(max_length=128)]


async def screen(visit: Visit, target: str, error: DomainError | None = None) -> Response:
    """Show the linked account, and how to take it away."""
    visit.settings.require_editable("social")
    if can_prove_themselves(visit.user):
        await visit.step_up.require(visit.asker)
    if target not in visit.user.identities:
        raise IdentityNotExist
    here = visit.address(f"/account/social/{quote(target, safe='')}/remove")
    return visit.show("social.html", error, target=target, here=here)


@router.get("/account/social/{target}")
async def show_social(target: Target, visit: Looking) -> Response:
    """Show one linked account."""
    return await screen(visit, target)


@router.post("/account/social/{target}/remove")
async def remove_social(target: Target, visit: Posting) -> Response:
    """Take a linked account away."""
    try:
        await visit.account.unlink(visit.asker, target)
    except LastSignInMethodRequired as error:
        return await screen(visit, target, error)
    return await done(visit, "social")
