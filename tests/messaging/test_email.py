"""E-mails go the way of text messages: written down, sent once, and their end is known."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from tests.connectors.provider import CONFIG, PROVIDER_ID
from tests.connectors.rooms import ALICE, OPERATOR, Rooms
from tests.messaging.test_sending import rows_of
from watchword.connector_kit.connector import EmailConnector
from watchword.connector_kit.errors import (
    AnswerLost,
    ConnectorError,
    InvalidRecipient,
    MessageDeferred,
    ProviderThrottled,
)
from watchword.connector_kit.mail import EmailTemplatesConfig, Mail
from watchword.connector_kit.models import (
    ConnectorMetadata,
    ConnectorType,
    EmailMessage,
    Receipt,
    UsageType,
)
from watchword.connector_kit.wording import default_email_templates
from watchword.connectors.errors import NoConnector, ReceiverOfAnotherType
from watchword.core.email import EmailAddress
from watchword.core.recipients import Recipient
from watchword.messaging.dispatch import QUEUED_LEASE, SENDING_LEASE
from watchword.messaging.models import Channel, MessageFilter, MessageState, QueuedMessage

ADA = EmailAddress("ada@example.com")
CODE = "135790"
MOMENT = timedelta(seconds=5)
LIFETIME = timedelta(minutes=10)
SECOND = timedelta(seconds=1)
EMAIL_ID = "test-email"
EMAIL_CONFIG = {"templates": default_email_templates()}


@dataclass
class Post:
    """What was mailed; the next of `failures` is raised instead."""

    mails: list[tuple[EmailMessage, Mail]] = field(default_factory=list)
    failures: deque[ConnectorError] = field(default_factory=deque)
    gate: asyncio.Event | None = None


class PostConnector(EmailConnector[EmailTemplatesConfig]):
    """Mails into a list; each test gives the class a post of its own."""

    post: ClassVar[Post]
    metadata = ConnectorMetadata(
        id=EMAIL_ID,
        target="test",
        type=ConnectorType.EMAIL,
        name={"en": "Post"},
        description={"en": "Test"},
    )
    config_type = EmailTemplatesConfig

    def mail_of(self, message: EmailMessage) -> Mail:
        """Return the e-mail that goes out."""
        return self.config.mail_for(message)

    async def deliver(self, message: EmailMessage, mail: Mail) -> Receipt:
        """Keep the e-mail, or do what the test wants instead."""
        self.post.mails.append((message, mail))
        if self.post.gate is not None:
            await self.post.gate.wait()
        if self.post.failures:
            raise self.post.failures.popleft()
        return Receipt(f"{message.id}@acme.example", f"250 queued for {message.to.address}")


@pytest.fixture
async def post(rooms: Rooms) -> Post:
    """Return what a tenant's mail server got; the tenant texts, too."""
    post = Post()
    rooms.registry.add(type("OwnPostConnector", (PostConnector,), {"post": post}))
    await rooms.set_up()
    await rooms.configuration.connectors.create(OPERATOR, EMAIL_ID, EMAIL_CONFIG)
    return post


async def queue(rooms: Rooms, to: Recipient = ADA, **options: Any) -> QueuedMessage:
    return await rooms.messaging.queue(
        to,
        options.pop("usage", UsageType.SIGN_IN),
        variables={"code": CODE, **options.pop("variables", {})},
        until=rooms.clock.now() + options.pop("lifetime", LIFETIME),
        **options,
    )


async def test_an_address_is_mailed_and_a_number_texted_each_by_its_connector(
    rooms: Rooms, post: Post
) -> None:
    mailed, texted = await queue(rooms), await queue(rooms, ALICE)
    states = [await rooms.messaging.outcome(queued, MOMENT) for queued in (mailed, texted)]

    assert states == [MessageState.ACCEPTED] * 2
    [(message, mail)] = post.mails
    assert (message.to, message.usage) == (ADA, UsageType.SIGN_IN)
    assert CODE in mail.text
    assert len(rooms.provider.sent) == 1
    found = await rooms.messaging.log.get(mailed.id)
    assert (found.channel, found.connector_id) == (Channel.EMAIL, EMAIL_ID)
    assert (found.recipient_masked, found.segments, found.encoding) == (
        "a•••@example.com",
        None,
        None,
    )
    assert found.provider_message_id == f"{mailed.id}@acme.example"


async def test_neither_code_nor_address_lies_open_in_the_row(rooms: Rooms, post: Post) -> None:
    post.gate = asyncio.Event()
    queued = await queue(rooms)
    [waiting] = await rows_of(rooms)
    post.gate.set()
    await rooms.messaging.outcome(queued, MOMENT)
    [sent] = await rows_of(rooms)

    assert waiting["content"]
    assert sent["content"] is None
    for row in (waiting, sent):
        stored = " ".join(str(value) for value in row.values())
        assert ADA.address not in stored
        assert CODE not in stored


async def test_a_tenant_without_an_email_connector_sends_none(rooms: Rooms) -> None:
    await rooms.set_up()
    for deliver in (True, False):
        with pytest.raises(NoConnector) as refused:
            await queue(rooms, deliver=deliver)
        assert refused.value.values["type"] == ConnectorType.EMAIL
    assert await rows_of(rooms) == []


async def test_an_email_to_nobody_is_written_down_and_not_sent(rooms: Rooms, post: Post) -> None:
    queued = await queue(rooms, deliver=False)

    assert queued.state is MessageState.SUPPRESSED
    assert await rooms.messaging.outcome(queued, MOMENT) is MessageState.SUPPRESSED
    assert post.mails == []


async def test_an_invitation_says_who_invites_and_where_to_go(rooms: Rooms, post: Post) -> None:
    link = "https://app.example.com/join?token=1"
    queued = await queue(
        rooms,
        usage=UsageType.ORGANIZATION_INVITATION,
        variables={"link": link, "organization": {"id": "o1", "name": "Acme"}},
        lifetime=timedelta(days=7),
    )
    await rooms.messaging.outcome(queued, MOMENT)

    [(_, mail)] = post.mails
    assert mail.subject == "You are invited to Acme"
    assert link in mail.text


async def test_a_refusal_is_heard_and_kept_without_the_address(rooms: Rooms, post: Post) -> None:
    post.failures.append(InvalidRecipient(f"550 no {ADA.address} here"))
    queued = await queue(rooms)
    with pytest.raises(InvalidRecipient):
        await rooms.messaging.outcome(queued, MOMENT)

    found = await rooms.messaging.log.get(queued.id)
    assert (found.state, found.error_class) == (MessageState.FAILED, "invalid_recipient")
    assert found.provider_words == "550 no ••• here"


async def test_an_email_that_may_have_gone_out_is_never_sent_again(
    rooms: Rooms, post: Post
) -> None:
    post.failures.append(AnswerLost("the connection broke"))
    queued = await queue(rooms)
    assert await rooms.messaging.outcome(queued, MOMENT) is MessageState.UNKNOWN

    rooms.clock.advance(SENDING_LEASE + SECOND)
    await rooms.messaging.take_over_lapsed()
    await rooms.messaging.drain(MOMENT)
    assert len(post.mails) == 1


async def test_a_deferred_email_goes_later_and_keeps_nobody_waiting(
    rooms: Rooms, post: Post
) -> None:
    post.failures.append(MessageDeferred("450 grey", retry_after=timedelta(seconds=60)))
    deferred = await queue(rooms)
    assert await rooms.messaging.outcome(deferred, MOMENT) is MessageState.QUEUED

    other = await queue(rooms, EmailAddress("grace@example.com"))
    assert await rooms.messaging.outcome(other, MOMENT) is MessageState.ACCEPTED
    rooms.clock.advance(timedelta(seconds=61))
    await rooms.messaging.take_over_lapsed()
    await rooms.messaging.drain(MOMENT)
    assert (await rooms.messaging.log.get(deferred.id)).state is MessageState.ACCEPTED


async def test_a_throttled_mail_server_pauses_emails_and_no_texts(rooms: Rooms, post: Post) -> None:
    post.failures.append(ProviderThrottled("421 busy", retry_after=timedelta(seconds=30)))
    await rooms.messaging.outcome(await queue(rooms), MOMENT)

    mailed, texted = await queue(rooms), await queue(rooms, ALICE)
    assert await rooms.messaging.outcome(mailed, MOMENT) is MessageState.QUEUED
    assert await rooms.messaging.outcome(texted, MOMENT) is MessageState.ACCEPTED
    assert len(post.mails) == 1


async def test_what_a_lost_process_queued_another_one_mails(rooms: Rooms, post: Post) -> None:
    rooms.dispatch.start = lambda _: None  # type: ignore[method-assign,assignment,return-value]  # dies
    queued = await queue(rooms)
    other = rooms.anew()
    other.registry.add(type("OwnPostConnector", (PostConnector,), {"post": post}))

    rooms.clock.advance(QUEUED_LEASE + SECOND)
    assert await other.messaging.take_over_lapsed() == 1
    await other.messaging.drain(MOMENT)
    assert (await other.messaging.log.get(queued.id)).state is MessageState.ACCEPTED


async def test_a_pace_for_emails_says_nothing_of_texts(rooms: Rooms, post: Post) -> None:
    [email] = [c for c in await rooms.connectors.list() if c.type is ConnectorType.EMAIL]
    await rooms.configuration.connectors.change(
        OPERATOR, email.id, {**EMAIL_CONFIG, "messagesPerSecond": 0.1}
    )
    states = [
        # One after another: whoever comes first takes the turn.
        await rooms.messaging.outcome(await queue(rooms, to), MOMENT)
        for to in (ADA, ADA, ALICE)
    ]

    assert states == [MessageState.ACCEPTED, MessageState.QUEUED, MessageState.ACCEPTED]


async def test_emails_are_found_by_their_whole_address_in_any_spelling(
    rooms: Rooms, post: Post
) -> None:
    queued = await queue(rooms)
    await queue(rooms, EmailAddress("grace@example.com"))
    await rooms.messaging.drain(MOMENT)

    found = await rooms.messaging.log.list(
        MessageFilter(recipient=EmailAddress.parse("ADA@example.com"))
    )
    assert [message.id for message in found.items] == [queued.id]
    assert await rooms.messaging.log.reveal_recipient(queued.id, OPERATOR) == ADA


async def test_a_test_mails_with_values_that_are_not_saved(rooms: Rooms, post: Post) -> None:
    message = await rooms.messaging.tests.send(ADA, EMAIL_ID, EMAIL_CONFIG, actor=OPERATOR)

    assert (message.state, message.is_test) == (MessageState.ACCEPTED, True)
    assert "000000" in post.mails[0][1].text


@pytest.mark.parametrize(
    ("to", "connector_id", "config"), [(ADA, PROVIDER_ID, CONFIG), (ALICE, EMAIL_ID, EMAIL_CONFIG)]
)
async def test_a_test_to_a_receiver_of_another_type_is_refused(
    rooms: Rooms, post: Post, to: Recipient, connector_id: str, config: dict[str, Any]
) -> None:
    with pytest.raises(ReceiverOfAnotherType):
        await rooms.messaging.tests.send(to, connector_id, config, actor=OPERATOR)

    assert await rows_of(rooms) == []


async def test_emails_are_thrown_away_after_their_time_like_texts(rooms: Rooms, post: Post) -> None:
    await rooms.messaging.outcome(await queue(rooms), MOMENT)

    assert await rooms.messaging.purge(rooms.clock.now() + SECOND) == 1
