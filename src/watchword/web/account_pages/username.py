"""`/account/username`: another user name."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.users.models import UserChange
from watchword.web.account_pages.success import done
from watchword.web.account_pages.visit import (
    AccountPageRoute,
    Looking,
    Posting,
    Visit,
    refused_on,
)
from watchword.web.pages.errors import UsernameMissing
from watchword.web.pages.identifiers import IdentifierField

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)


async def screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for the new user name."""
    visit.settings.require_editable("username")
    await visit.step_up.require(visit.asker)
    field = IdentifierField(
        types=("username",),
        region="",
        language=visit.language,
        value=visit.form.text("identifier")[:128] or visit.options.identifier,
        is_new=True,
    )
    return visit.show("username.html", error, field=field, current=visit.user.username)


@router.get("/account/username")
async def show_username(visit: Looking) -> Response:
    """Ask for the new user name."""
    return await screen(visit)


@router.post("/account/username")
@refused_on(screen)
async def save_username(visit: Posting) -> Response:
    """Save the new user name."""
    typed = visit.form.text("identifier")
    if not typed:
        raise UsernameMissing
    await visit.account.change(visit.asker, UserChange(username=typed))
    return await done(visit, "username")
