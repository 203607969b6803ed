"""What happened to one message, step by step, and whether more is to come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from watchword.connector_kit.session import SessionConnector
from watchword.connectors.models import SavedConnector
from watchword.messaging.models import Message, MessageState
from watchword.web.console.desk import Desk

Look = Literal["ok", "info", "warn", "bad"]

SHORTEST = 0.1
"""Seconds; what takes less happens at once."""
FINAL_LOOKS: dict[MessageState, Look] = {
    MessageState.DELIVERED: "ok",
    MessageState.UNDELIVERED: "bad",
    MessageState.FAILED: "bad",
    MessageState.UNKNOWN: "warn",
    MessageState.EXPIRED: "warn",
    MessageState.SUPPRESSED: "info",
}


@dataclass(frozen=True)
class Step:
    """One line of a message's timeline."""

    state: MessageState
    look: Look
    at: datetime | None
    provider: str
    seconds: str = ""
    """How long after the message was queued; empty where nobody would notice."""
    provider_id: str | None = None
    words: str | None = None
    error_class: str | None = None


def timeline_of(message: Message, provider: str) -> list[Step]:
    """Return what happened to a message, in order, with the provider's words where they belong."""

    def step(state: MessageState, look: Look, at: datetime | None, **more: str | None) -> Step:
        took = (at - message.created_at).total_seconds() if at else 0
        return Step(state, look, at, provider, f"{took:.1f}" if took >= SHORTEST else "", **more)

    steps = []
    if message.state is not MessageState.SUPPRESSED:
        steps.append(step(MessageState.QUEUED, "ok", message.created_at))
    if message.state is MessageState.SENDING:
        steps.append(step(MessageState.SENDING, "info", message.sending_at))
    is_refused = message.state not in {MessageState.ACCEPTED, MessageState.DELIVERED}
    if message.accepted_at is not None:
        steps.append(
            step(
                MessageState.ACCEPTED,
                "ok",
                message.accepted_at,
                provider_id=message.provider_message_id,
                words=None if is_refused else message.provider_words,
            )
        )
    if message.state in FINAL_LOOKS:
        steps.append(
            step(
                message.state,
                FINAL_LOOKS[message.state],
                message.final_at,
                words=message.provider_words if is_refused else None,
                error_class=message.error_class,
            )
        )
    return steps


INBOX_ID = "development-inbox"
FOLLOWED = timedelta(minutes=5)
"""How long a page looks for a delivery report by itself; most come within seconds."""
REPORTABLE = frozenset({MessageState.ACCEPTED, MessageState.UNKNOWN})


async def followed(desk: Desk, message: Message) -> dict[str, Any]:
    """Return a message's timeline as a page shows it, and whether it goes on looking."""
    is_reported = await _is_reported(desk, message)
    is_open = message.state.is_open or (message.state in REPORTABLE and is_reported)
    return {
        "message": message,
        "timeline": timeline_of(message, provider_name(desk, message.connector_id)),
        "is_followed": is_open and message.created_at > desk.server.clock.now() - FOLLOWED,
        "is_open": is_open,
        "is_in_inbox": message.connector_id == INBOX_ID and message.state is MessageState.ACCEPTED,
        "has_no_report": message.state in REPORTABLE and not is_reported,
    }


def provider_name(desk: Desk, connector_id: str | None) -> str:
    """Return a connector class's name in the page's language, or its id if it is not installed."""
    found = desk.server.registry.find(connector_id or "")
    if found is None:
        return connector_id or ""
    name = found.metadata.name
    return str(name.get(desk.language) or name["en"])


async def _is_reported(desk: Desk, message: Message) -> bool:
    connectors = desk.scope.connectors
    saved = (
        await connectors.find_for_reports(message.connector_instance_id)
        if message.connector_instance_id is not None
        else None
    )
    return saved is not None and gets_reports(desk, saved)


def gets_reports(desk: Desk, saved: SavedConnector) -> bool:
    """Tell whether a connector learns what became of its messages after they were taken."""
    found = desk.server.registry.find(saved.connector_id)
    has_session = found is not None and issubclass(found, SessionConnector)
    return has_session or desk.scope.connectors.receipt_url(saved) is not None
