"""`/account/profile`: what a person is called."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.errors import DomainError
from watchword.users.models import UserChange
from watchword.web.account_pages.errors import NoSuchTask
from watchword.web.account_pages.success import done
from watchword.web.account_pages.visit import (
    AccountPageRoute,
    Looking,
    Posting,
    Visit,
    refused_on,
)

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

CLAIMS = {"given_name": "givenName", "family_name": "familyName", "nickname": "nickname"}
FAMILY_FIRST = {"hu", "ja", "ko", "vi", "zh"}
"""Languages in which a person's family name comes before the given one."""


async def screen(visit: Visit, error: DomainError | None = None) -> Response:
    """Show the name, and the parts of it, as fields or as text."""
    shown: dict[str, tuple[str, bool]] = {}
    if visit.settings.shows("name"):
        shown["name"] = (visit.user.name or "", visit.settings.lets_edit("name"))
    if visit.settings.shows("profile"):
        is_editable = visit.settings.lets_edit("profile")
        for field in _in_order(visit.language):
            shown[field] = (str(visit.user.profile.get(CLAIMS[field]) or ""), is_editable)
    if not shown:
        raise NoSuchTask
    return visit.show(
        "profile.html",
        error,
        fields=[(name, value, edits) for name, (value, edits) in shown.items()],
        edits=any(edits for _, edits in shown.values()),
    )


@router.get("/account/profile")
async def show_profile(visit: Looking) -> Response:
    """Show the profile."""
    return await screen(visit)


@router.post("/account/profile")
@refused_on(screen)
async def save_profile(visit: Posting) -> Response:
    """Save what was typed into the fields that were there."""
    if visit.settings.lets_edit("name"):
        name = visit.form.text("name")[:128] or None
        if name != visit.user.name:
            await visit.account.change(visit.asker, UserChange(name=name))
    if visit.settings.lets_edit("profile"):
        typed: dict[str, Any] = {
            claim: visit.form.text(field)[:128] for field, claim in CLAIMS.items()
        }
        known = {claim: visit.user.profile.get(claim) or "" for claim in typed}
        if typed != known:
            await visit.account.change_profile(visit.asker, typed)
    return await done(visit, "profile")


def _in_order(language: str) -> list[str]:
    is_family_first = language.partition("-")[0] in FAMILY_FIRST
    return sorted(CLAIMS, key=lambda field: is_family_first and field != "family_name")
