"""A word to the owner of an account that something of it was changed: it may not have been them."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from watchword.connector_kit.models import ConnectorType
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.core.phrases import Phrases
from watchword.guard.service import SendGuard
from watchword.messaging.service import MessagingService
from watchword.storage import Database
from watchword.users.models import User

Channel = Literal["phone", "email"]
Recipient = PhoneNumber | EmailAddress
Change = Literal[
    "phone_changed", "phone_removed", "email_changed", "email_removed", "password_changed"
]


@dataclass(frozen=True, kw_only=True)
class Notices:
    """Tells people of changes, where the one who made the change may not be looking."""

    messaging: MessagingService
    guard: SendGuard
    phrases: Phrases
    origin: str

    async def find_recipient(self, user: User, first: Channel) -> Recipient | None:
        """Return where to reach the person as they were before: at *first*, or else the other."""
        email = EmailAddress(user.primary_email) if user.primary_email else None
        ways: list[tuple[Channel, Recipient | None, ConnectorType]] = [
            ("phone", user.phone, ConnectorType.SMS),
            ("email", email, ConnectorType.EMAIL),
        ]
        for _, to, type_ in sorted(ways, key=lambda way: way[0] != first):
            if to is not None and await self.messaging.connectors.active(type_):
                return to
        return None

    async def spend(self, user: User, first: Channel) -> None:
        """Use up leave to tell the person; raises TooManyMessages.

        Whoever could change things faster than their owner is told would hide the last change.
        """
        to = await self.find_recipient(user, first)
        if to is not None:
            await self.guard.spend_notice(to)

    async def tell(
        self,
        user: User,
        first: Channel,
        change: Change,
        *,
        language: str,
        tx: Database,
        new: str = "",
    ) -> None:
        """Queue the message as part of the change."""
        to = await self.find_recipient(user, first)
        if to is None:
            return
        host = urlsplit(self.origin).hostname
        await self.messaging.queue_notice(
            to,
            self.phrases.text(language, f"messages.account.{change}.text", host=host, new=new),
            subject=self.phrases.text(language, f"messages.account.{change}.subject"),
            language=language,
            tx=tx,
        )
