"""A server that can text and mail, an organization, and people with proved numbers."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from tests.mocks.sms import MockSmsConnector
from tests.web.management.conftest import Site, site
from watchword.audit.models import SYSTEM
from watchword.connector_kit.errors import InvalidRecipient
from watchword.connector_kit.models import Receipt, SmsMessage
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.email import EmailAddress
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.invitations.models import Invitation, NewInvitation
from watchword.invitations.service import InvitationService
from watchword.organization_roles.models import NewRole
from watchword.organizations.models import NewOrganization
from watchword.users.models import NewUser, User

__all__ = ["site"]

ALICE = PhoneNumber("447700900123")
ALICES_MAIL = EmailAddress("alice@example.com")
BOB = PhoneNumber("447700900456")
DAY = timedelta(days=1)
SOON = timedelta(seconds=5)
SMS: dict[str, Any] = {
    "accountSID": "sid",
    "authToken": "token",
    "fromMessagingServiceSID": "from",
    "templates": [
        {"usageType": "Generic", "content": "{{code}}"},
        {
            "usageType": "OrganizationInvitation",
            "content": "{{inviter.name}} invites you to {{organization.name}}: {{link}}",
        },
    ],
}
LINK = re.compile(r"http://localhost:3001/i/([0-9A-Za-z]{22})\b")


class PickyConnector(MockSmsConnector):
    """Keeps its messages in a list, unless it is told to refuse them."""

    refuses: ClassVar[bool] = False

    async def send(self, message: SmsMessage) -> Receipt:
        """Keep the message, or say that there is no such number."""
        if self.refuses:
            raise InvalidRecipient("no such number")
        return await super().send(message)


@dataclass
class Club:
    """One organization, and what is needed to invite people to it."""

    site: Site
    organization_id: str
    role_id: str

    async def invitations(self, tenant: str = "default") -> InvitationService:
        """Return a tenant's service, as its configuration is now."""
        return (await self.site.scope(tenant)).invitations

    @property
    def tomorrow(self) -> datetime:
        """Return the moment in a day."""
        return self.site.clock.now() + DAY

    async def invite(
        self,
        to: Recipient = ALICE,
        message: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Invitation:
        """Invite somebody for a day."""
        new: dict[str, Any] = {
            "organization_id": self.organization_id,
            "invitee": to,
            "expires_at": self.tomorrow,
            "role_ids": (self.role_id,),
            **changes,
        }
        return await (await self.invitations()).create(SYSTEM, NewInvitation(**new), message)

    async def person(
        self, phone: PhoneNumber | None = None, email: str | None = None, *, proved: bool = True
    ) -> User:
        """Add somebody, who proved what they gave or did not."""
        return await (await self.site.scope()).users.create(
            NewUser(
                name="Somebody",
                primary_phone=phone,
                is_phone_verified=proved,
                primary_email=email,
                is_email_verified=proved,
            )
        )

    async def members(self) -> dict[str, list[str]]:
        """Return who belongs to the organization, and as what."""
        scope = await self.site.scope()
        found = {}
        for user_id in await self._all_users():
            for membership in await scope.organizations.list_of_user(user_id):
                found[user_id] = [role.name for role in membership.roles]
        return found

    async def texts(self) -> list[str]:
        """Return what was texted, the newest last."""
        await self.site.server.dispatch.drain(SOON)
        connector = await self._sms()
        return [connector.text_of(message) for message in MockSmsConnector.sent]

    async def token(self) -> str:
        """Return the token of the link that was texted last."""
        found = LINK.search((await self.texts())[-1])
        assert found is not None
        return found[1]

    async def _sms(self) -> Any:
        connectors = (await self.site.scope()).connectors
        saved = await connectors.active()
        assert saved is not None
        return connectors.build(saved)

    async def _all_users(self) -> list[str]:
        page = await (await self.site.scope()).users.list(PageRequest(size=100))
        return [user.id for user in page.items]


@pytest.fixture
async def club(site: Site) -> Club:
    """Return an organization at a server that can text."""
    PickyConnector.refuses = False
    known = [item for item in site.server.registry.list() if item is not MockSmsConnector]
    site.server.registry = ConnectorRegistry([*known, PickyConnector])
    scope = await site.scope()
    await scope.configuration.connectors.create(SYSTEM, "mock-short-message-service", SMS)
    scope = await site.scope()
    organization = await scope.organizations.create(SYSTEM, NewOrganization(name="Chess club"))
    role = await scope.organization_roles.create(SYSTEM, NewRole(name="player"))
    return Club(site, organization.id, role.id)
