"""Tests of a connector in the tenant where a document would make it go live."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from watchword.audit.models import Actor
from watchword.configuration.document import SLOTS
from watchword.configuration.documents import DocumentConfiguration, GivenConnector
from watchword.core.recipients import Recipient
from watchword.messaging.models import Channel, Message, MessageState
from watchword.messaging.service import MessagingService


@dataclass(frozen=True)
class TriedConnector:
    """What came of a test."""

    message: Message
    proof: str | None
    """Lets the connector go live as it was tested; None where the provider did not take it."""


def slot_for(to: Recipient) -> str:
    """Return which connector of a document reaches *to*."""
    return next(s for s, sends in SLOTS.items() if sends is Channel.to(to).connector_type)


@dataclass(frozen=True, kw_only=True)
class ConnectorTests:
    """Sends tests through connectors that one tenant may have soon."""

    documents: DocumentConfiguration
    messaging: MessagingService

    async def prepare(
        self, document: Mapping[str, Any], to: Recipient, variables: Mapping[str, str]
    ) -> GivenConnector:
        """Return the connector of *document* that reaches *to*, before a test costs anything.

        Raises DocumentRefused.
        """
        return await self.documents.connector_in(document, slot_for(to), variables)

    async def send(
        self, actor: Actor, given: GivenConnector, to: Recipient, language: str | None = None
    ) -> TriedConnector:
        """Send the code 000000 through it; a refusal is in the message's state and words."""
        message = await self.messaging.tests.send(
            to,
            given.connector_id,
            given.config,
            keep_from=given.present,
            language=language,
            actor=actor,
        )
        is_taken = message.state in {MessageState.ACCEPTED, MessageState.DELIVERED}
        return TriedConnector(message, self.documents.proof_of(given) if is_taken else None)
