"""Invitations to an organization: by phone or e-mail, sent again, taken back."""

from datetime import timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.invitations.errors import InvitationNotFound, InvitationPending, InvitationRefused
from watchword.invitations.models import Invitation, NewInvitation
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.organizations import roles_of_people, ticked
from watchword.web.console.routing import console_router
from watchword.web.pages.countries import countries, default_country
from watchword.web.pages.identifiers import beside_country

router = console_router("/console/{tenant}/organizations/{organization_id}/invitations")

DAYS = (1, 3, 7, 14, 30)
"""How long an invitation may stand."""
USUAL_DAYS = 7


@router.get("")
async def list_invitations(desk: WorkDesk, organization_id: str, page: int = 1) -> Response:
    """List the invitations, the newest first."""
    organization = await desk.scope.organizations.get(organization_id)
    return desk.render(
        "organization_invitations.html",
        organization=organization,
        invitations=await desk.scope.invitations.of_organization(
            organization_id, PageRequest(max(1, page))
        ),
        page_address=lambda n: desk.address(
            "organizations", organization_id, "invitations", page=n
        ),
    )


@router.get("/new")
async def show_new(desk: WorkDesk, organization_id: str) -> Response:
    """Ask whom to invite."""
    return await _new_page(desk, organization_id)


@router.post("/new")
async def invite(desk: WorkDesk, organization_id: str) -> Response:
    """Invite somebody, and tell them where that was ticked."""
    organization = await desk.scope.organizations.get(organization_id)
    form = await desk.form()
    values = _values(form)
    try:
        await desk.scope.invitations.create(
            desk.actor,
            NewInvitation(
                organization_id=organization.id,
                invitee=_invitee(values),
                expires_at=desk.server.clock.now() + timedelta(days=values["days"]),
                role_ids=tuple(values["roles"]),
            ),
            {} if values["is_sent"] else None,
        )
    except DomainError as error:
        return await _new_page(
            desk,
            organization_id,
            values=_shown(values),
            problem=_message(desk, error),
            status_code=422,
        )
    done = "invitation_sent" if values["is_sent"] else "invitation_made"
    return desk.go("organizations", organization_id, "invitations", done=done)


@router.post("/{invitation_id}/send")
async def send_again(desk: WorkDesk, organization_id: str, invitation_id: str) -> Response:
    """Tell the person once more; links that were sent before keep working."""
    await _invitation(desk, organization_id, invitation_id)
    await desk.scope.invitations.send(desk.actor, invitation_id, {})
    return desk.go("organizations", organization_id, "invitations", done="invitation_sent")


@router.post("/{invitation_id}/link")
async def make_link(desk: WorkDesk, organization_id: str, invitation_id: str) -> Response:
    """Make a link to pass on, which is shown on this answer only; earlier links end."""
    invitation = await _invitation(desk, organization_id, invitation_id)
    return desk.render(
        "organization_invitation_link.html",
        organization=await desk.scope.organizations.get(organization_id),
        invitation=invitation,
        link=await desk.scope.invitations.new_link(desk.actor, invitation_id),
    )


@router.post("/{invitation_id}/revoke")
async def revoke(desk: WorkDesk, organization_id: str, invitation_id: str) -> Response:
    """Take it back; its links open nothing any more."""
    await _invitation(desk, organization_id, invitation_id)
    await desk.scope.invitations.revoke(desk.actor, invitation_id)
    return desk.go("organizations", organization_id, "invitations", done="invitation_revoked")


@router.post("/{invitation_id}/delete")
async def delete(desk: WorkDesk, organization_id: str, invitation_id: str) -> Response:
    """Forget an invitation."""
    await _invitation(desk, organization_id, invitation_id)
    await desk.scope.invitations.delete(desk.actor, invitation_id)
    return desk.go("organizations", organization_id, "invitations", done="invitation_deleted")


async def _invitation(desk: Desk, organization_id: str, invitation_id: str) -> Invitation:
    found = await desk.scope.invitations.get(invitation_id)
    if found.organization_id != organization_id:
        raise InvitationNotFound(invitation_id)
    return found


async def _new_page(desk: Desk, organization_id: str, **context: Any) -> Response:
    listed = countries(desk.language)
    country = default_country(desk.request.state.languages, listed)
    return desk.render(
        "organization_invite.html",
        **{
            "organization": await desk.scope.organizations.get(organization_id),
            "roles": await roles_of_people(desk),
            "countries": listed,
            "days": DAYS,
            "values": {
                "by": "phone",
                "country": country,
                "phone": "",
                "email": "",
                "days": USUAL_DAYS,
                "roles": [],
                "is_sent": True,
            },
            "problem": "",
            **context,
        },
    )


def _values(form: FormData) -> dict[str, Any]:
    days = text_of(form, "days")
    return {
        "by": "email" if text_of(form, "by") == "email" else "phone",
        "country": text_of(form, "country")[:2],
        "phone": text_of(form, "phone").strip()[:32],
        "email": text_of(form, "email").strip()[:128],
        "days": next((one for one in DAYS if str(one) == days), USUAL_DAYS),
        "roles": ticked(form, "role"),
        "is_sent": "is_sent" in form,
    }


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    country, phone = beside_country(values["phone"], values["country"])
    return {**values, "country": country, "phone": phone}


def _invitee(values: dict[str, Any]) -> Recipient:
    if values["by"] == "email":
        return EmailAddress.parse(values["email"])
    return PhoneNumber.parse(values["phone"], values["country"] or None)


def _message(desk: Desk, error: DomainError) -> str:
    # The contract has one code for all of these; an operator wants to know which it was.
    if isinstance(error, InvitationPending):
        return desk.text("console.invitations.pending_already")
    if isinstance(error, InvitationRefused):
        return desk.text(f"console.invitations.refused.{error.reason}")
    return desk.message(error)
