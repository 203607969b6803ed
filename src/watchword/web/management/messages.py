"""`/api/messages`: what became of each message; never its text, its code or the full number."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime

from watchword.connector_kit.models import UsageType
from watchword.connectors.errors import ConnectorNotFound
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.core.recipients import Recipient
from watchword.messaging.errors import MessageNotFound
from watchword.messaging.models import Channel, Message, MessageFilter, MessageState
from watchword.web.documented import problems
from watchword.web.management.access import Caller
from watchword.web.management.paging import InvalidPagination, Paged, describe_page
from watchword.web.models import ApiModel, PhoneDigits

router = APIRouter(tags=["Messages"])


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this moment is outside the calendar") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class MessageAnswer(ApiModel):
    """One message, without what it said."""

    id: str
    state: MessageState
    usage_type: UsageType
    is_test: bool
    connector_id: str | None
    """The connector's own id, as `/api/connectors` has it."""
    connector_factory_id: str | None
    channel: Channel
    phone: str | None
    """Masked; null of an e-mail."""
    email: str | None
    """Masked; null of a text message."""
    country: str | None
    """Of the number; null of an e-mail."""
    language: str | None
    segments: int | None
    provider_message_id: str | None
    error_class: str | None
    attempts: int
    created_at: datetime
    accepted_at: datetime | None
    final_at: datetime | None

    @classmethod
    def of(cls, message: Message) -> "MessageAnswer":
        """Leave out what this API does not show."""
        is_text = message.channel is Channel.SMS
        return cls(
            id=message.id,
            state=message.state,
            usage_type=message.usage_type,
            is_test=message.is_test,
            connector_id=message.connector_instance_id,
            connector_factory_id=message.connector_id,
            channel=message.channel,
            phone=message.recipient_masked if is_text else None,
            email=None if is_text else message.recipient_masked,
            country=message.country if is_text else None,
            language=message.language,
            segments=message.segments,
            provider_message_id=message.provider_message_id,
            error_class=message.error_class,
            attempts=message.attempts,
            created_at=message.created_at,
            accepted_at=message.accepted_at,
            final_at=message.final_at,
        )


async def asked_messages(  # noqa: PLR0917  # the filters of the address
    state: MessageState | None = None,
    usage_type: Annotated[UsageType | None, Query(alias="usageType")] = None,
    country: Annotated[str | None, Query(pattern="^[A-Z]{2}$|^001$")] = None,
    error_class: Annotated[str | None, Query(alias="errorClass", max_length=64)] = None,
    is_test: Annotated[bool | None, Query(alias="isTest")] = None,
    phone: Annotated[PhoneDigits | None, Query(description="The whole number.")] = None,
    email: Annotated[str | None, Query(description="The whole address.", max_length=128)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> MessageFilter:
    """Return which messages are asked for; raises InvalidPhoneNumber, InvalidEmailAddress."""
    recipient: Recipient | None = PhoneNumber.of_any_length(phone) if phone is not None else None
    if email is not None and recipient is None:
        recipient = EmailAddress.parse(email)
    return MessageFilter(
        state=state,
        usage_type=usage_type,
        country=country,
        error_class=error_class,
        is_test=is_test,
        recipient=recipient,
        since=since,
        until=until,
    )


Asked = Annotated[MessageFilter, Depends(asked_messages)]
Id = Annotated[str, Path(max_length=128)]


@router.get(
    "/messages", responses=problems(InvalidPhoneNumber, InvalidEmailAddress, InvalidPagination)
)
async def list_messages(
    caller: Caller, asked: Asked, page: Paged, request: Request, response: Response
) -> list[MessageAnswer]:
    """List messages, the newest first."""
    found = await caller.tenant.messaging.log.list(asked, page)
    describe_page(request, response, found)
    return [MessageAnswer.of(message) for message in found.items]


@router.get("/messages/{id}", responses=problems(MessageNotFound))
async def get_message(id: Id, caller: Caller) -> MessageAnswer:
    """Show what became of one message."""
    return MessageAnswer.of(await caller.tenant.messaging.log.get(id))


@router.get(
    "/connectors/{id}/messages",
    responses=problems(
        ConnectorNotFound, InvalidPhoneNumber, InvalidEmailAddress, InvalidPagination
    ),
)
async def list_connector_messages(  # noqa: PLR0917
    id: Id, caller: Caller, asked: Asked, page: Paged, request: Request, response: Response
) -> list[MessageAnswer]:
    """List what an active connector was given to send, the newest first."""
    await caller.tenant.connectors.get(id)
    through = replace(asked, connector_instance_id=id)
    return await list_messages(caller, through, page, request, response)
