"""`/account` and `/account/security`: what there is to see and to change."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from watchword.account.models import FieldName
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.web.account_pages.factors import SecondSteps, second_steps
from watchword.web.account_pages.visit import AccountPageRoute, Looking, Visit
from watchword.web.pages.providers import providers_of

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)


@dataclass(frozen=True)
class Row:
    """One line of the security page."""

    task: str
    value: str | None
    is_editable: bool


@dataclass(frozen=True)
class Linked:
    """A provider on the security page, with an account of the person's there or without."""

    target: str
    name: str
    is_linked: bool


@router.get("/account")
async def show_hub(visit: Looking) -> Response:
    """Show where everything is."""
    settings = visit.settings
    pages = {
        "profile": settings.shows("name") or settings.shows("profile"),
        "security": bool(_rows(visit)) or settings.shows("mfa") or settings.shows("social"),
        "sessions": settings.shows("session"),
    }
    return visit.show(
        "hub.html",
        person=_name_of(visit),
        pages=[name for name, is_there in pages.items() if is_there],
        delete_account_url=settings.delete_account_url,
    )


@router.get("/account/security")
async def show_security(visit: Looking) -> Response:
    """Show how the person signs in and is reached."""
    second = await second_steps(visit) if visit.settings.shows("mfa") else None
    return await security_page(visit, second)


async def security_page(visit: Visit, second: SecondSteps | None) -> Response:
    """Return the page of how the person signs in, and of their second steps."""
    return visit.show(
        "security.html",
        rows=_rows(visit),
        identities=await _identities(visit) if visit.settings.shows("social") else [],
        edits_social=visit.settings.lets_edit("social"),
        second=second,
    )


async def _identities(visit: Visit) -> list[Linked]:
    """Return the linked accounts, and the providers that one could be linked of."""
    offered = {found.target: found.name for found in await providers_of(visit)}
    linked = visit.user.identities
    named = [Linked(target, offered.get(target, target), True) for target in sorted(linked)]
    return named + [Linked(key, name, False) for key, name in offered.items() if key not in linked]


def _rows(visit: Visit) -> list[Row]:
    user = visit.user
    values: tuple[tuple[FieldName, str | None], ...] = (
        ("phone", PhoneNumber(user.primary_phone).masked if user.primary_phone else None),
        ("email", EmailAddress(user.primary_email).masked if user.primary_email else None),
        ("username", user.username),
        ("password", "••••••••" if user.has_password else None),
    )
    return [
        Row(field, value, visit.settings.lets_edit(field))
        for field, value in values
        if visit.settings.shows(field)
    ]


def _name_of(visit: Visit) -> str:
    user = visit.user
    if user.name and visit.settings.shows("name"):
        return user.name
    if user.username and visit.settings.shows("username"):
        return user.username
    rows = {row.task: row.value for row in _rows(visit)}
    return rows.get("phone") or rows.get("email") or ""
