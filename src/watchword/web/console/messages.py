"""The message log: what was sent, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from starlette.responses import Response

from watchword.connector_kit.models import UsageType
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.pagination import PageRequest
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.messaging.models import (
    Channel,
    Message,
    MessageFilter,
    MessageState,
    Recipient,
)
from watchword.web.console.desk import Desk, OwnDesk, WorkDesk
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/messages")

Look = Literal["ok", "info", "warn", "bad"]

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
    """How long after the message was queued."""
    provider_id: str | None = None
    words: str | None = None
    error_class: str | None = None


def timeline_of(message: Message, provider: str) -> list[Step]:
    """Return what happened to a message, in order, with the provider's words where they belong."""

    def step(state: MessageState, look: Look, at: datetime | None, **more: str | None) -> Step:
        after = f"{(at - message.created_at).total_seconds():.1f}" if at else ""
        return Step(state, look, at, provider, after, **more)

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


@router.get("")
async def list_messages(  # noqa: PLR0917  # the filters of the address
    desk: WorkDesk,
    state: str = "",
    usage: str = "",
    test: str = "",
    number: str = "",
    page: int = 1,
) -> Response:
    """List messages, the newest first; a number or address is looked up by its digest."""
    recipient, number_problem = _recipient(desk, number)
    filters = MessageFilter(
        state=MessageState(state) if state in list(MessageState) else None,
        usage_type=UsageType(usage) if usage in list(UsageType) else None,
        is_test={"yes": True, "no": False}.get(test),
        recipient=recipient,
    )
    found = await desk.scope.messaging.list(filters, PageRequest(max(1, page)))
    chosen = {"state": state, "usage": usage, "test": test, "number": number}
    return desk.render(
        "messages.html",
        messages=found,
        chosen=chosen,
        is_filtered=any(chosen.values()),
        number_problem=number_problem,
        states=list(MessageState),
        usages=list(UsageType),
        provider_name=lambda connector_id: provider_name(desk, connector_id),
        page_address=lambda n: desk.address("messages", **chosen, page=n),
    )


@router.get("/{message_id}")
async def show_message(desk: WorkDesk, message_id: str) -> Response:
    """Show one message with its timeline."""
    return await _details(desk, message_id)


@router.post("/{message_id}/number")
async def show_number(desk: WorkDesk, message_id: str) -> Response:
    """Show the full number or address; the audit log remembers who looked."""
    return await _details(
        desk, message_id, await desk.scope.messaging.reveal_recipient(message_id, desk.actor)
    )


async def _details(desk: OwnDesk, message_id: str, recipient: Recipient | None = None) -> Response:
    message = await desk.scope.messaging.get(message_id)
    provider = provider_name(desk, message.connector_id)
    return desk.render(
        "message.html",
        message=message,
        recipient=_in_full(recipient) if recipient is not None else None,
        is_email=message.channel is Channel.EMAIL,
        provider=provider,
        timeline=timeline_of(message, provider),
    )


def provider_name(desk: Desk, connector_id: str | None) -> str:
    """Return a connector class's name in the page's language, or its id if it is not installed."""
    found = desk.server.registry.find(connector_id or "")
    if found is None:
        return connector_id or ""
    name = found.metadata.name
    return str(name.get(desk.language) or name["en"])


def _in_full(recipient: Recipient) -> str:
    return recipient.international if isinstance(recipient, PhoneNumber) else recipient.address


def _recipient(desk: Desk, typed: str) -> tuple[Recipient | None, str]:
    if not typed.strip():
        return None, ""
    try:
        if "@" in typed:
            return EmailAddress.parse(typed), ""
        return PhoneNumber.parse(typed if typed.startswith("+") else f"+{typed}"), ""
    except (InvalidPhoneNumber, InvalidEmailAddress) as error:
        return None, desk.message(error)
