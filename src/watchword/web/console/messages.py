"""The message log: what was sent, and what became of it."""

import re

from babel import Locale
from starlette.responses import Response

from watchword.connector_kit.models import ConnectorType, UsageType
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.pagination import PageRequest
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.core.recipients import Recipient
from watchword.messaging.models import Channel, MessageFilter, MessageState
from watchword.web.console.desk import Desk, OwnDesk, WorkDesk
from watchword.web.console.message_timeline import followed, provider_name
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/messages")

BETWEEN_DIGITS = re.compile(r"[+\s().-]")


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
    filters, number_problem = filter_of(desk, state, usage, test, number)
    found = await desk.scope.messaging.log.list(filters, PageRequest(max(1, page)))
    chosen = {"state": state, "usage": usage, "test": test, "number": number}
    return desk.render(
        "messages.html",
        messages=found,
        today=await desk.scope.guard.today(),
        chosen=chosen,
        is_filtered=any(chosen.values()),
        number_problem=number_problem,
        states=list(MessageState),
        usages=list(UsageType),
        test_address="" if found.items else await _test_address(desk),
        provider_name=lambda connector_id: provider_name(desk, connector_id),
        export_address=desk.address("messages", "export.csv", **chosen),
        page_address=lambda n: desk.address("messages", **chosen, page=n),
    )


@router.get("/{message_id}")
async def show_message(desk: WorkDesk, message_id: str) -> Response:
    """Show one message with its timeline."""
    return await _details(desk, message_id)


@router.get("/{message_id}/timeline")
async def show_timeline(desk: WorkDesk, message_id: str, seen: str = "") -> Response:
    """Show the timeline alone, for a page that waits for what comes; empty where nothing did."""
    message = await desk.scope.messaging.log.get(message_id)
    context = await followed(desk, message)
    if seen == message.state and context["is_followed"]:
        # Nothing is swapped, so that nothing is read out twice.
        return Response(status_code=204)
    return desk.render("message_timeline.html", **context)


@router.post("/{message_id}/number")
async def show_number(desk: WorkDesk, message_id: str) -> Response:
    """Show the full number or address; the audit log remembers who looked."""
    return await _details(
        desk, message_id, await desk.scope.messaging.log.reveal_recipient(message_id, desk.actor)
    )


async def _test_address(desk: Desk) -> str:
    """Return where a test is sent through a connector that is set up; empty without one."""
    for type_ in (ConnectorType.SMS, ConnectorType.EMAIL):
        sender = await desk.scope.connectors.active(type_)
        if sender is not None:
            return desk.address("connectors", sender.id) + "#test"
    return ""


async def _details(desk: OwnDesk, message_id: str, recipient: Recipient | None = None) -> Response:
    message = await desk.scope.messaging.log.get(message_id)
    return desk.render(
        "message.html",
        recipient=_in_full(recipient) if recipient is not None else None,
        is_email=message.channel is Channel.EMAIL,
        provider=provider_name(desk, message.connector_id),
        country=Locale.parse(desk.language, sep="-").territories.get(message.country),
        **await followed(desk, message),
    )


def filter_of(
    desk: Desk, state: str, usage: str, test: str, number: str
) -> tuple[MessageFilter, str]:
    """Return what the log's fields ask for, and what is wrong with the number."""
    recipient, number_problem = _recipient(desk, number)
    return MessageFilter(
        state=MessageState(state) if state in list(MessageState) else None,
        usage_type=UsageType(usage) if usage in list(UsageType) else None,
        is_test={"yes": True, "no": False}.get(test),
        recipient=recipient,
    ), number_problem


def _in_full(recipient: Recipient) -> str:
    return recipient.international if isinstance(recipient, PhoneNumber) else recipient.address


def _recipient(desk: Desk, typed: str) -> tuple[Recipient | None, str]:
    if not typed.strip():
        return None, ""
    try:
        if "@" in typed:
            return EmailAddress.parse(typed), ""
        return _number(typed), ""
    except InvalidPhoneNumber:
        return None, desk.text("console.messages.no_recipient")
    except InvalidEmailAddress as error:
        return None, desk.message(error)


def _number(typed: str) -> PhoneNumber:
    try:
        return PhoneNumber.parse(typed if typed.startswith("+") else f"+{typed}")
    except InvalidPhoneNumber:
        # An application may have had a code sent to a number that no country has.
        return PhoneNumber.of_any_length(BETWEEN_DIGITS.sub("", typed))
