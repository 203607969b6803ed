"""`/account/password`: a first password, or another one."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.account.models import can_prove_themselves
from watchword.core.errors import DomainError
from watchword.web.account_pages.success import done
from watchword.web.account_pages.visit import (
    AccountPageRoute,
    Looking,
    Posting,
    Visit,
    refused_on,
)

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)


async def screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Ask for the new password."""
    visit.settings.require_editable("password")
    if can_prove_themselves(visit.user):
        await visit.step_up.require(visit.asker)
    length = visit.scope.settings.password_policy.length
    user = visit.user
    return visit.show(
        "password.html",
        error,
        typed=user.username or user.primary_email or user.primary_phone or "",
        min_length=(length and length.min) or 8,
        has_password=user.has_password,
    )


@router.get("/account/password")
async def show_password(visit: Looking) -> Response:
    """Ask for the new password."""
    return await screen(visit)


@router.post("/account/password")
@refused_on(screen)
async def save_password(visit: Posting) -> Response:
    """Save the new password, and sign the person out everywhere else."""
    await visit.account.set_password(visit.asker, visit.form.password(), visit.context)
    return await done(visit, "password")
