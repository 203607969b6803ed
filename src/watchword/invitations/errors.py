"""What can go wrong with invitations."""

from typing import ClassVar

from watchword.connector_kit.errors import TemplateNotFound
from watchword.core.errors import DomainError


class InvitationNotFound(DomainError):
    """The tenant has no invitation with this id, or with this link."""

    code = "entity.not_found"


class InvitationPending(DomainError):
    """This person is invited to this organization already."""

    code = "entity.unique_integrity_violation"
    status = 422


class InvitationRefused(DomainError):
    """The invitation can't be made or changed so; `data.reason` says why."""

    code = "request.invalid_input"
    status = 422
    reason: ClassVar[str] = "refused"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, data={"reason": self.reason})


class ExpiryInPast(InvitationRefused):
    """An invitation that is over before it is sent helps nobody."""

    status = 400
    reason = "expiry_in_past"


class AlreadyMember(InvitationRefused):
    """Whoever has this number or address belongs to the organization already."""

    reason = "already_member"


class AcceptedUserMissing(InvitationRefused):
    """Who accepts was not said."""

    reason = "accepted_user_missing"


class ForSomebodyElse(InvitationRefused):
    """The user has not proved that the invited number or address is theirs."""

    reason = "for_somebody_else"


class InvitationEnded(InvitationRefused):
    """The invitation has an end that nothing changes."""


class InvitationExpired(InvitationEnded):
    """Its time is over."""

    reason = "expired"


class InvitationRevoked(InvitationEnded):
    """It was taken back."""

    reason = "revoked"


class InvitationAccepted(InvitationEnded):
    """It was accepted before."""

    reason = "accepted"


class LinkNotInTemplate(TemplateNotFound):
    """The connector's template for invitations does not say the link, so it would help nobody."""

    error_class = "link_not_in_template"
