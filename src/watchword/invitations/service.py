"""Invite people to organizations, and let them accept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.connector_kit.connector import EmailConnector, SmsConnector
from watchword.connector_kit.models import EmailMessage, SmsMessage, UsageType
from watchword.connector_kit.templates import LANGUAGE_TAG
from watchword.connectors.errors import NoConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.ids import new_id, new_link_token
from watchword.core.pagination import Page, PageRequest
from watchword.core.recipients import Recipient, stored_form
from watchword.core.sealing import Sealer
from watchword.guard.service import SendGuard
from watchword.invitations.errors import (
    AcceptedUserMissing,
    AlreadyMember,
    ExpiryInPast,
    ForSomebodyElse,
    InvitationNotFound,
    InvitationPending,
    LinkNotInTemplate,
)
from watchword.invitations.models import (
    Invitation,
    InvitationFilter,
    InvitationStatus,
    NewInvitation,
    OpenedInvitation,
)
from watchword.invitations.repository import InvitationRows
from watchword.messaging.models import Channel
from watchword.messaging.service import MessagingService
from watchword.organizations.models import Organization
from watchword.organizations.service import OrganizationService
from watchword.storage import Database, Storage
from watchword.storage.database import StorageConflict
from watchword.users.models import User
from watchword.users.service import UserService

LONGEST_LANGUAGE = 16
LINK = "link"


@dataclass(frozen=True, kw_only=True)
class InvitationService:
    """The invitations to one tenant's organizations."""

    rows: InvitationRows
    organizations: OrganizationService
    users: UserService
    guard: SendGuard
    messaging: MessagingService
    connectors: ConnectorService
    storage: Storage
    audit: AuditService
    sealer: Sealer
    clock: Clock
    origin: str
    language: str
    """Of messages where the caller names none."""
    delivery_wait: timedelta = timedelta(seconds=3)

    async def list(
        self,
        filters: InvitationFilter = InvitationFilter(),  # noqa: B008  # frozen
    ) -> Sequence[Invitation]:
        """Return invitations, the newest first."""
        return await self.rows.list(filters.asked(), self.clock.now())

    async def of_organization(self, organization_id: str, page: PageRequest) -> Page[Invitation]:
        """Return one page of an organization's invitations, the newest first."""
        return await self.rows.of_organization(organization_id, page, self.clock.now())

    async def get(self, id: str) -> Invitation:
        """Return an invitation; raises InvitationNotFound."""
        found = await self.rows.find(id, self.clock.now())
        if found is None:
            raise InvitationNotFound(id)
        return found

    async def create(
        self, actor: Actor, new: NewInvitation, message: Mapping[str, Any] | None = None
    ) -> Invitation:
        """Invite somebody, and with a *message* tell them; refused at once, it is no invitation.

        A message without a `link` says one to our own page. Raises what `errors.py` lists and
        StorageReferenceMissing; with a message NoConnector, TooManyMessages, CountryNotAllowed,
        NumberTypeNotAllowed and ConnectorError, too.
        """
        if new.expires_at <= self.clock.now():
            raise ExpiryInPast
        letter = await self._letter(new.invitee, message) if message is not None else None
        invitation = await self._add(actor, new)
        if letter is None:
            return invitation
        try:
            return await self._send(invitation, letter)
        except DomainError as error:
            # Sending can't be part of the transaction, so what was not sent is undone after it.
            await self._withdraw(actor, invitation, error)
            raise

    async def send(self, actor: Actor, id: str, message: Mapping[str, Any]) -> None:
        """Tell the person once more; links that were sent before keep working.

        Raises InvitationNotFound, InvitationEnded, and what `create` raises for a message.
        """
        invitation = await self.get(id)
        invitation.require_pending()
        sent = await self._send(invitation, await self._letter(invitation.invitee, message))
        await self.audit.record(
            "organization_invitation.message_sent",
            actor,
            subject=_subject(id),
            payload={"messageId": sent.message_id},
        )

    async def end(
        self, actor: Actor, id: str, status: InvitationStatus, user_id: str | None
    ) -> Invitation:
        """Accept an invitation for a user, or take it back; raises AcceptedUserMissing besides."""
        if status is not InvitationStatus.ACCEPTED:
            return await self.revoke(actor, id)
        if user_id is None:
            raise AcceptedUserMissing
        return await self.accept(actor, id, user_id)

    async def accept(self, actor: Actor, id: str, user_id: str) -> Invitation:
        """Let the user into the organization, if the invited number or address is theirs.

        Raises InvitationNotFound, InvitationEnded, UserNotFound, ForSomebodyElse.
        """
        now = self.clock.now()
        async with self.storage.transaction() as tx:
            accepted = await self.rows.within(tx).accept(id, user_id, now)
            if accepted is not None:
                role_ids = [role.id for role in accepted.roles]
                await self.organizations.join(
                    actor, accepted.organization_id, user_id, role_ids, tx
                )
                await self._note(tx, actor, "accepted", accepted)
        if accepted is None:
            (await self.get(id)).require_pending()
            await self.users.get(user_id)
            raise ForSomebodyElse
        return accepted

    async def revoke(self, actor: Actor, id: str) -> Invitation:
        """Take an invitation back; raises InvitationNotFound, InvitationEnded."""
        async with self.storage.transaction() as tx:
            revoked = await self.rows.within(tx).revoke(id, self.clock.now())
            if revoked is not None:
                await self._note(tx, actor, "revoked", revoked)
        if revoked is None:
            (await self.get(id)).require_pending()
            raise InvitationNotFound(id)
        return revoked

    async def delete(self, actor: Actor, id: str) -> None:
        """Forget an invitation; raises InvitationNotFound."""
        invitation = await self.get(id)
        async with self.storage.transaction() as tx:
            if not await self.rows.within(tx).delete(id):
                raise InvitationNotFound(id)
            await self._note(tx, actor, "deleted", None, before=invitation)

    # Links.

    async def open(self, token: str) -> OpenedInvitation:
        """Return what the page behind a link shows; it spends nothing.

        An invitation that ended opens, too: its status says how. Raises InvitationNotFound.
        """
        found = await self.rows.open(digest_of_token(token), self.clock.now())
        if found is None:
            raise InvitationNotFound
        return OpenedInvitation(*found)

    async def accept_by_link(self, actor: Actor, token: str, user_id: str) -> Invitation:
        """Accept the invitation behind a link; raises as `accept` does.

        The link alone lets nobody in: the user must have proved the invited number or address.
        """
        found = await self.rows.find_id(digest_of_token(token))
        if found is None:
            raise InvitationNotFound
        return await self.accept(actor, found, user_id)

    async def new_link(self, actor: Actor, id: str) -> str:
        """Return the address of a new link, shown this once; earlier links open nothing any more.

        Raises InvitationNotFound, InvitationEnded.
        """
        token = new_link_token()
        async with self.storage.transaction() as tx:
            linked = await self.rows.within(tx).replace_links(
                id, digest_of_token(token), self.clock.now()
            )
            if linked is not None:
                await self._note(tx, actor, "linked", linked)
        if linked is None:
            (await self.get(id)).require_pending()
            raise InvitationNotFound(id)
        return self._address_of(token)

    def _address_of(self, token: str) -> str:
        return f"{self.origin}/i/{token}"

    def seal_link(self, token: str) -> str:
        """Return a link's token in a form that may be stored while its owner signs in."""
        return self.sealer.seal(token, self.rows.tenant_id)

    def unseal_link(self, sealed: str) -> str:
        """Return the token again; raises SealBroken or UnknownKey."""
        return self.sealer.unseal(sealed, self.rows.tenant_id)

    # Inside a change.

    async def _add(self, actor: Actor, new: NewInvitation) -> Invitation:
        now = self.clock.now()
        made = Invitation(
            id=new_id(),
            organization_id=new.organization_id,
            inviter_id=new.inviter_id,
            invitee=new.invitee,
            accepted_user_id=None,
            status=InvitationStatus.PENDING,
            message_id=None,
            created_at=now,
            updated_at=now,
            expires_at=new.expires_at,
        )
        invitee = stored_form(new.invitee)
        try:
            async with self.storage.transaction() as tx:
                rows = self.rows.within(tx)
                await rows.expire(new.organization_id, invitee, now)
                if await rows.is_member(new.organization_id, invitee):
                    raise AlreadyMember
                await rows.add(made, new.role_ids)
                await self.organizations.roles.require_for_people(new.role_ids, tx)
                added = await rows.find(made.id, now)
                assert added is not None
                await self._note(tx, actor, "created", added)
        except StorageConflict as conflict:
            raise InvitationPending from conflict
        return added

    async def _withdraw(self, actor: Actor, invitation: Invitation, error: DomainError) -> None:
        async with self.storage.transaction() as tx:
            await self.rows.within(tx).withdraw(invitation.id)
            await self._note(tx, actor, "not_sent", None, before=invitation, error=error)

    async def _note(
        self,
        tx: Database,
        actor: Actor,
        word: str,
        after: Invitation | None,
        *,
        before: Invitation | None = None,
        error: DomainError | None = None,
    ) -> None:
        known = after or before
        assert known is not None
        await self.audit.record(
            f"organization_invitation.{word}",
            actor,
            subject=_subject(known.id),
            payload={
                "before": before.document() if before else None,
                "after": after.document() if after else None,
            },
            user_id=known.accepted_user_id,
            error=error,
            tx=tx,
        )

    # Messages.

    async def _letter(self, to: Recipient, message: Mapping[str, Any]) -> "Letter":
        """Return what is to be sent, if it can be; nothing is written or counted yet."""
        type_ = Channel.to(to).connector_type
        saved = await self.connectors.active(type_)
        if saved is None:
            raise NoConnector(type=type_)
        self.guard.require_allowed(to)
        token = None if LINK in message else new_link_token()
        language = _language_of(message) or self.language
        variables = dict(message)
        if token is not None:
            variables[LINK] = self._address_of(token)
            connector = self.connectors.build(saved)
            if not says(connector, to, variables, language):
                raise LinkNotInTemplate
        return Letter(variables, language, token)

    async def _send(self, invitation: Invitation, letter: "Letter") -> Invitation:
        await self.guard.spend_invitation(invitation.invitee)
        if letter.token is not None:
            digest = digest_of_token(letter.token)
            await self.rows.add_link(invitation.id, digest, self.clock.now())
        queued = await self.messaging.queue(
            invitation.invitee,
            UsageType.ORGANIZATION_INVITATION,
            variables={**await self._context(invitation), **letter.variables},
            until=invitation.expires_at,
            language=letter.language,
        )
        await self.rows.note_message(invitation.id, queued.id)
        await self.messaging.outcome(queued, self.delivery_wait)
        return await self.get(invitation.id)

    async def _context(self, invitation: Invitation) -> dict[str, Any]:
        organization = await self.organizations.get(invitation.organization_id)
        inviter = None
        if invitation.inviter_id is not None:
            inviter = await self.users.find(invitation.inviter_id)
        # A template that names the inviter is blank there where none is known.
        return {
            "organization": _told_of_organization(organization),
            "inviter": _told_of_inviter(inviter) if inviter else {},
        }


@dataclass(frozen=True, repr=False)
class Letter:
    """What an invitation's message says, in which language, and the token of its link if ours."""

    variables: Mapping[str, Any]
    language: str
    token: str | None

    def __repr__(self) -> str:
        return f"Letter({self.language})"


def says(connector: object, to: Recipient, variables: Mapping[str, Any], language: str) -> bool:
    """Tell whether a message will hold its link, or whether only the provider knows."""
    link = str(variables[LINK])
    fixed: dict[str, Any] = {
        "id": "check",
        "usage": UsageType.ORGANIZATION_INVITATION,
        "variables": variables,
        "time_left": timedelta(days=1),
        "language": language,
    }
    if isinstance(to, EmailAddress) and isinstance(connector, EmailConnector):
        mail = connector.mail_of(EmailMessage(to=to, **fixed))
        return link in mail.text or link in (mail.html or "")
    if not isinstance(to, EmailAddress) and isinstance(connector, SmsConnector):
        text = connector.text_of(SmsMessage(to=to, **fixed))
        return text is None or link in text
    return True


def _language_of(message: Mapping[str, Any]) -> str | None:
    asked = message.get("locale")
    if not isinstance(asked, str) or len(asked) > LONGEST_LANGUAGE:
        return None
    return asked if LANGUAGE_TAG.fullmatch(asked) else None


def _subject(id: str) -> str:
    return f"organization_invitation:{id}"


def _told_of_organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "branding": dict(organization.branding),
    }


def _told_of_inviter(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name or user.username,
        "avatar": user.avatar,
        "username": user.username,
        "primaryEmail": user.primary_email,
        "primaryPhone": user.primary_phone,
        "profile": dict(user.profile),
    }
