"""A word to the owner of an account that something of it was changed: it may not have been them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from watchword.connector_kit.models import ConnectorType
from watchword.core.email import EmailAddress
from watchword.core.phrases import Phrases
from watchword.core.recipients import Recipient
from watchword.factors.models import SavedType
from watchword.guard.service import SendGuard
from watchword.messaging.service import MessagingService
from watchword.storage import Database
from watchword.users.models import User

Channel = Literal["phone", "email"]
Change = Literal[
    "phone_changed",
    "phone_removed",
    "email_changed",
    "email_removed",
    "password_changed",
    "password_reset",
    "app_added",
    "app_removed",
    "codes_added",
    "codes_removed",
    "second_step_off",
    "identity_linked",
    "identity_removed",
]
ADDED: dict[SavedType, Change] = {"Totp": "app_added", "BackupCode": "codes_added"}
REMOVED: dict[SavedType, Change] = {"Totp": "app_removed", "BackupCode": "codes_removed"}


@dataclass(frozen=True, kw_only=True)
class Notices:
    """Tells people of changes, where the one who made the change may not be looking."""

    messaging: MessagingService
    guard: SendGuard
    phrases: Phrases
    origin: str

    async def list_recipients(self, user: User, first: Channel) -> Sequence[Recipient]:
        """Return where the person can be reached as they were before, beginning with *first*."""
        email = EmailAddress(user.primary_email) if user.primary_email else None
        ways: list[tuple[Channel, Recipient | None, ConnectorType]] = [
            ("phone", user.phone, ConnectorType.SMS),
            ("email", email, ConnectorType.EMAIL),
        ]
        return [
            to
            for _, to, type_ in sorted(ways, key=lambda way: way[0] != first)
            if to is not None and await self.messaging.connectors.active(type_)
        ]

    async def spend(self, user: User, first: Channel) -> None:
        """Use up leave to tell the person; raises TooManyMessages.

        Whoever could change things faster than their owner is told would hide the last change.
        """
        for to in (await self.list_recipients(user, first))[:1]:
            await self.guard.spend_notice(to)

    async def spend_everywhere(self, user: User) -> None:
        """Use up leave to tell the person wherever they are reached; raises TooManyMessages."""
        for to in await self.list_recipients(user, "email"):
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
        """Queue the message as part of the change: at *first*, or else at the other."""
        for to in (await self.list_recipients(user, first))[:1]:
            await self._queue(to, change, language, tx, new)

    async def tell_everywhere(
        self, user: User, change: Change, *, language: str, tx: Database
    ) -> None:
        """Queue the message for every place as part of the change.

        Whoever changes what proves a person may well hold their phone, or read their mail.
        """
        for to in await self.list_recipients(user, "email"):
            await self._queue(to, change, language, tx)

    async def _queue(
        self, to: Recipient, change: Change, language: str, tx: Database, new: str = ""
    ) -> None:
        host = urlsplit(self.origin).hostname
        await self.messaging.queue_notice(
            to,
            self.phrases.text(language, f"messages.account.{change}.text", host=host, new=new),
            subject=self.phrases.text(language, f"messages.account.{change}.subject", new=new),
            language=language,
            tx=tx,
        )
