"""`/api/organization-invitations`: invite by text message or e-mail, accept, take back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from watchword.connector_kit.errors import ConnectorError
from watchword.connectors.errors import NoConnector
from watchword.core.email import InvalidEmailAddress
from watchword.core.moments import milliseconds, moment_of
from watchword.core.phone import InvalidPhoneNumber
from watchword.core.recipients import stored_form
from watchword.guard.errors import (
    CountryNotAllowed,
    DevelopmentMessagesUsedUp,
    NumberTypeNotAllowed,
    TooManyMessages,
)
from watchword.invitations.errors import (
    AcceptedUserMissing,
    AlreadyMember,
    ExpiryInPast,
    ForSomebodyElse,
    InvitationEnded,
    InvitationNotFound,
    InvitationPending,
    LinkNotInTemplate,
)
from watchword.invitations.models import (
    Invitation,
    InvitationFilter,
    InvitationStatus,
    NewInvitation,
    recipient_of,
)
from watchword.organization_roles.errors import RoleIsForMachines
from watchword.storage.database import StorageReferenceMissing
from watchword.users.errors import UserNotFound
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.management.applications import JsonObject
from watchword.web.management.organizations import EntityId, NameAnswer
from watchword.web.models import ApiModel

router = APIRouter(prefix="/organization-invitations", tags=["Organization invitations"])

Id = Annotated[str, Path(max_length=32)]
LAST_MOMENT = 253_402_300_799_999  # the end of the year 9999
Milliseconds = Annotated[int, Strict(), Field(ge=0, le=LAST_MOMENT)]
SENDING = (
    NoConnector,
    DevelopmentMessagesUsedUp,
    TooManyMessages,
    CountryNotAllowed,
    NumberTypeNotAllowed,
    LinkNotInTemplate,
    ConnectorError,
)


def _invitee(value: str) -> str:
    try:
        recipient_of(value)
    except InvalidEmailAddress:
        raise ValueError("this is neither an e-mail address nor the digits of a number") from None
    except InvalidPhoneNumber:
        # The route answers that, with the code that numbers have everywhere.
        return value
    return value


def _payload(value: Any) -> Any:
    # Not a union of the two: what is wrong with the object should be said by its own path.
    if value is None:
        raise ValueError("this is an object, or false")
    return None if value is False else value


Payload = Annotated[
    JsonObject | None,
    BeforeValidator(_payload),
    WithJsonSchema({"anyOf": [{"type": "object"}, {"const": False}]}),
]


class CreateInvitation(ApiModel):
    """Whom to invite where."""

    inviter_id: EntityId | None = None
    invitee: Annotated[str, Field(max_length=256), AfterValidator(_invitee)]
    """An e-mail address, or a phone number: digits only, country code first."""
    organization_id: EntityId
    expires_at: Milliseconds
    organization_role_ids: list[EntityId] = Field(default_factory=list)
    message_payload: Payload = None
    """What the message's template may name beside organization and inviter; `false` sends none.

    Without a `link` in it, the message has one to a page of ours."""

    def wanted(self) -> NewInvitation:
        """Return the invitation as it is asked for; raises InvalidPhoneNumber."""
        return NewInvitation(
            organization_id=self.organization_id,
            invitee=recipient_of(self.invitee),
            expires_at=moment_of(self.expires_at),
            inviter_id=self.inviter_id,
            role_ids=tuple(self.organization_role_ids),
        )


class ChangeStatus(ApiModel):
    """How the invitation ends."""

    status: Literal["Accepted", "Revoked"]
    accepted_user_id: EntityId | None = None
    """Who accepts; needed to accept."""


class InvitationAnswer(ApiModel):
    """One invitation."""

    tenant_id: str
    id: str
    inviter_id: str | None
    invitee: str
    accepted_user_id: str | None
    organization_id: str
    status: InvitationStatus
    created_at: int
    updated_at: int
    expires_at: int
    organization_roles: list[NameAnswer]
    message_id: str | None
    """Ours: of the newest message, for `/api/messages`."""


class LinkAnswer(ApiModel):
    """Where the person accepts."""

    link: str


@router.get("")
async def list_invitations(
    caller: Caller,
    organization_id: Annotated[str | None, Query(alias="organizationId", max_length=32)] = None,
    inviter_id: Annotated[str | None, Query(alias="inviterId", max_length=32)] = None,
    invitee: Annotated[str | None, Query(max_length=256)] = None,
) -> list[InvitationAnswer]:
    """List invitations, the newest first."""
    asked = InvitationFilter(
        organization_id=organization_id, inviter_id=inviter_id, invitee=invitee
    )
    return [_answer(caller, found) for found in await caller.tenant.invitations.list(asked)]


@router.post(
    "",
    status_code=201,
    responses=problems(
        InvalidPhoneNumber,
        ExpiryInPast,
        AlreadyMember,
        InvitationPending,
        RoleIsForMachines,
        StorageReferenceMissing,
        *SENDING,
    ),
)
async def create_invitation(body: CreateInvitation, caller: Caller) -> InvitationAnswer:
    """Invite somebody; with a message payload, tell them."""
    created = await caller.tenant.invitations.create(
        caller.actor, body.wanted(), body.message_payload
    )
    return _answer(caller, created)


@router.get("/{id}", responses=problems(InvitationNotFound))
async def get_invitation(id: Id, caller: Caller) -> InvitationAnswer:
    """Show an invitation."""
    return _answer(caller, await caller.tenant.invitations.get(id))


@router.post(
    "/{id}/message",
    status_code=204,
    responses=problems(InvitationNotFound, InvitationEnded, *SENDING),
)
async def send_invitation(id: Id, body: JsonObject, caller: Caller) -> None:
    """Send the message once more, with this payload."""
    await caller.tenant.invitations.send(caller.actor, id, body)


@router.post("/{id}/link", status_code=201, responses=problems(InvitationNotFound, InvitationEnded))
async def make_link(id: Id, caller: Caller) -> LinkAnswer:
    """Make a link to pass on by other ways; it is shown here only, and earlier links end."""
    return LinkAnswer(link=await caller.tenant.invitations.new_link(caller.actor, id))


@router.put(
    "/{id}/status",
    responses=problems(
        InvitationNotFound, AcceptedUserMissing, InvitationEnded, ForSomebodyElse, UserNotFound
    ),
)
async def change_status(id: Id, body: ChangeStatus, caller: Caller) -> InvitationAnswer:
    """Accept an invitation on a user's behalf, or take it back."""
    ended = await caller.tenant.invitations.end(
        caller.actor, id, InvitationStatus(body.status), body.accepted_user_id
    )
    return _answer(caller, ended)


@router.delete("/{id}", status_code=204, responses=problems(InvitationNotFound))
async def delete_invitation(id: Id, caller: Caller) -> None:
    """Forget an invitation; its links open nothing any more."""
    await caller.tenant.invitations.delete(caller.actor, id)


def _answer(caller: Management, invitation: Invitation) -> InvitationAnswer:
    return InvitationAnswer(
        tenant_id=caller.tenant.tenant.id,
        id=invitation.id,
        inviter_id=invitation.inviter_id,
        invitee=stored_form(invitation.invitee),
        accepted_user_id=invitation.accepted_user_id,
        organization_id=invitation.organization_id,
        status=invitation.status,
        created_at=milliseconds(invitation.created_at),
        updated_at=milliseconds(invitation.updated_at),
        expires_at=milliseconds(invitation.expires_at),
        organization_roles=[NameAnswer(id=role.id, name=role.name) for role in invitation.roles],
        message_id=invitation.message_id,
    )
