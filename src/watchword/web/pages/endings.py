"""Pages at which a visit ends: the sign-in is over, or the account is suspended."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from watchword.web.pages.visit import PageRoute, stopped

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/unknown-session")
async def show_unknown_session(request: Request) -> Response:
    """Say that there is no such sign-in, and lead back to the application."""
    return await stopped(request, "expired", 200)


@router.get("/account-suspended")
async def show_account_suspended(request: Request) -> Response:
    """Say that the account is suspended, and whom to ask."""
    return await stopped(request, "suspended", 200)
