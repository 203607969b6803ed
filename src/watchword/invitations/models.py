"""An invitation, and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from watchword.core.email import EmailAddress
from watchword.core.phone import DIGITS, PhoneNumber
from watchword.core.recipients import Recipient, stored_form
from watchword.guard.models import normalized
from watchword.invitations.errors import (
    InvitationAccepted,
    InvitationEnded,
    InvitationExpired,
    InvitationRevoked,
)
from watchword.organization_roles.models import Named
from watchword.organizations.models import Organization
from watchword.users.models import User


class InvitationStatus(StrEnum):
    """How an invitation stands: Pending → Accepted, Expired, Revoked."""

    PENDING = "Pending"
    ACCEPTED = "Accepted"
    EXPIRED = "Expired"
    REVOKED = "Revoked"


ENDS: Mapping[InvitationStatus, type[InvitationEnded]] = {
    InvitationStatus.ACCEPTED: InvitationAccepted,
    InvitationStatus.EXPIRED: InvitationExpired,
    InvitationStatus.REVOKED: InvitationRevoked,
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Invitation:
    """One person's invitation to one organization."""

    id: str
    organization_id: str
    inviter_id: str | None
    invitee: Recipient
    accepted_user_id: str | None
    status: InvitationStatus
    """As it is now: what is past its time says so, whatever its row says."""
    message_id: str | None
    """Of the newest message about it."""
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    roles: tuple[Named, ...] = ()

    def require_pending(self) -> None:
        """Raise the InvitationEnded that says how it ended, if it did."""
        if self.status in ENDS:
            raise ENDS[self.status](self.id)

    def is_for(self, user: User) -> bool:
        """Tell whether the user has proved the invited number or address."""
        proved = {
            user.primary_phone if user.phone_verified_at else None,
            user.primary_email if user.email_verified_at else None,
        }
        return stored_form(self.invitee) in proved

    def document(self) -> dict[str, Any]:
        """Return what the audit log may hold of it."""
        return {
            "organizationId": self.organization_id,
            "inviterId": self.inviter_id,
            "invitee": self.invitee.masked,
            "acceptedUserId": self.accepted_user_id,
            "status": self.status.value,
            "expiresAt": self.expires_at.isoformat(),
            "organizationRoles": [role.document() for role in self.roles],
        }

    def __repr__(self) -> str:
        return f"Invitation({self.id}, {self.status})"


@dataclass(frozen=True, kw_only=True)
class NewInvitation:
    """Whom to invite where, as what, and until when."""

    organization_id: str
    invitee: Recipient
    expires_at: datetime
    inviter_id: str | None = None
    role_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InvitationFilter:
    """Which invitations to list; what is None is not asked."""

    organization_id: str | None = None
    inviter_id: str | None = None
    invitee: str | None = None
    """An address or a number, however it is written."""

    def asked(self) -> dict[str, str]:
        """Return the asked columns and their values."""
        invitee = None if self.invitee is None else normalized(self.invitee)
        named = {**vars(self), "invitee": invitee}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True)
class OpenedInvitation:
    """What somebody who opened the link may read, before they say who they are."""

    invitation: Invitation
    organization: Organization
    inviter_name: str | None


def recipient_of(text: str) -> Recipient:
    """Read whom to invite from the wire; raises InvalidPhoneNumber, InvalidEmailAddress."""
    return PhoneNumber.from_digits(text) if DIGITS.fullmatch(text) else EmailAddress.parse(text)


def invitee_of(stored: str) -> Recipient:
    """Read the stored form of whom an invitation is for; only addresses have an `@`."""
    return EmailAddress(stored) if "@" in stored else PhoneNumber(stored)
