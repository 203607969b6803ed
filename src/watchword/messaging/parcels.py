"""What the row of a message holds: whom it reaches and what it says, both sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from watchword.connector_kit.models import EmailMessage, OutgoingMessage, SmsMessage, UsageType
from watchword.connector_kit.templates import minutes_of
from watchword.core.context import correlation_id
from watchword.core.digests import KeyedDigest
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient, stored_form
from watchword.core.sealing import Sealer
from watchword.messaging.models import NO_COUNTRY, Channel
from watchword.storage import Row


@dataclass(frozen=True)
class Parcels:
    """Packs and opens the rows of one tenant's messages."""

    tenant_id: str
    sealer: Sealer
    digest: KeyedDigest

    def new_row(
        self,
        to: Recipient,
        usage: UsageType,
        *,
        message_id: str,
        language: str | None,
        now: datetime,
        until: datetime,
    ) -> Row:
        """Return the row of a message that nobody holds yet; it has no state and no content."""
        return {
            "id": message_id,
            "channel": Channel.to(to),
            "usage_type": usage,
            "is_test": False,
            "recipient": self._seal("recipient", message_id, stored_form(to)),
            "recipient_masked": to.masked,
            "recipient_digest": self.digest.of(self.tenant_id, stored_form(to)),
            "country": to.region if isinstance(to, PhoneNumber) else NO_COUNTRY,
            "language": language,
            "attempts": 0,
            "correlation_id": correlation_id.get(),
            "created_at": now,
            "expires_at": until,
        }

    def seal_content(self, message_id: str, content: Mapping[str, Any]) -> str:
        """Return what a message says, as its row keeps it until it is sent."""
        return self._seal("content", message_id, orjson.dumps(content).decode())

    def digests_of(self, to: Recipient) -> Sequence[str]:
        """Return under which digests the messages to *to* are found: one for each key."""
        return self.digest.all_of(self.tenant_id, stored_form(to))

    def recipient(self, channel: Channel, message_id: str, sealed: str) -> Recipient:
        """Open whom a message reaches; raises what `Sealer.unseal` raises."""
        return channel.recipient(self._unseal("recipient", message_id, sealed))

    def open(
        self, row: Row, channel: Channel, message_id: str, *, now: datetime, receipt_url: str | None
    ) -> OutgoingMessage:
        """Return the message of a claimed row; raises what `Sealer.unseal` raises.

        *receipt_url* is where its provider is to report.
        """
        content = orjson.loads(self._unseal("content", message_id, row["content"]))
        return message_to(
            self.recipient(channel, message_id, row["recipient"]),
            id=message_id,
            usage=UsageType(row["usage_type"]),
            variables=content["variables"],
            time_left=row["expires_at"] - now,
            language=row["language"],
            client_ip=content["client_ip"],
            receipt_url=receipt_url,
            notice=content.get("notice"),
            subject=content.get("subject", ""),
        )

    def _seal(self, field: str, message_id: str, text: str) -> str:
        return self.sealer.seal(text, field, self.tenant_id, message_id)

    def _unseal(self, field: str, message_id: str, sealed: str) -> str:
        return self.sealer.unseal(sealed, field, self.tenant_id, message_id)


def variables_of(
    given: Mapping[str, Any], lifetime: timedelta, language: str | None
) -> dict[str, Any]:
    """Return what a template may name: *given*, and what every message has."""
    # All are always there: a template that names one must not be sent with its placeholder.
    return {
        "origin_line": "",
        "minutes": minutes_of(lifetime),
        **({"locale": language} if language else {}),
        **given,
    }


def message_to(to: Recipient, *, subject: str = "", **others: Any) -> OutgoingMessage:
    """Return the text or the e-mail for *to*; only an e-mail has a subject."""
    if isinstance(to, PhoneNumber):
        return SmsMessage(to=to, **others)
    return EmailMessage(to=to, subject=subject, **others)
