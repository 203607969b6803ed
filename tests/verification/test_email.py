"""Codes to e-mail addresses follow the rules of codes to numbers, and share nothing with them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from sqlalchemy import bindparam, select

from tests.fakes import FakeClock, saved_connector
from tests.verification.conftest import Build, Outbox
from watchword.connector_kit.config import ConnectorConfig
from watchword.connector_kit.connector import EmailConnector
from watchword.connector_kit.errors import ConnectorError, InvalidRecipient
from watchword.connector_kit.mail import Mail
from watchword.connector_kit.models import (
    ConnectorMetadata,
    ConnectorType,
    EmailMessage,
    Receipt,
    UsageType,
)
from watchword.connectors.errors import NoConnector
from watchword.connectors.repository import ConnectorRows
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.phone import PhoneNumber
from watchword.guard.errors import TooManyAttempts, TooManyMessages
from watchword.guard.models import GuardPolicy, Limit
from watchword.messaging.models import MessageState
from watchword.sign_in_settings.models import LockoutPolicy
from watchword.storage import Storage
from watchword.storage.schema import messages
from watchword.verification.errors import CodeMismatch, CodeNotFound, EmailMismatch
from watchword.verification.models import (
    Identifier,
    RecordType,
    identifier_of,
    recipient_of,
)
from watchword.verification.service import VerificationService

ADA = EmailAddress("ada@example.com")
ALICE = PhoneNumber.from_digits("821012345678")
FLOW = "flow-of-ada"
STATES = select(messages.c.state).where(messages.c.tenant_id == bindparam("tenant_id"))


class MailboxConnector(EmailConnector[ConnectorConfig]):
    """Keeps e-mails in the test's outbox."""

    outbox: ClassVar[Any]
    metadata = ConnectorMetadata(
        id="mailbox",
        target="mailbox",
        type=ConnectorType.EMAIL,
        name={"en": "Mailbox"},
        description={"en": "For tests."},
    )
    config_type = ConnectorConfig

    def mail_of(self, message: EmailMessage) -> Mail:
        """Return an e-mail of no particular wording."""
        return Mail(subject="Code", text=str(message.variables["code"]))

    async def deliver(self, message: EmailMessage, mail: Mail) -> Receipt:
        """Keep the message, or do what the test asks for."""
        if self.outbox.refusal:
            raise self.outbox.refusal
        self.outbox.messages.append(message)
        return Receipt()


@pytest.fixture
def mailbox() -> Outbox:
    """Return an outbox for e-mail."""
    return Outbox()


@pytest.fixture
async def with_email(storage: Storage, clock: FakeClock, mailbox: Outbox) -> Any:
    """Return a function that lets a service mail, too."""
    await ConnectorRows(storage, "default").add(
        saved_connector("mailbox1", "mailbox", ConnectorType.EMAIL, clock.now())
    )

    def mailing(service: VerificationService) -> VerificationService:
        own_class = type("OwnMailbox", (MailboxConnector,), {"outbox": mailbox})
        service.messaging.connectors.registry.add(own_class)
        return service

    return mailing


async def send(service: VerificationService, to: Any = ADA, **options: Any) -> Any:
    return await service.send_code(FLOW, to, UsageType.SIGN_IN, **options)


async def test_an_address_proves_itself_with_its_code(
    build: Build, with_email: Any, mailbox: Outbox
) -> None:
    service = with_email(build())
    record = await send(service, origin_host="auth.example.com", about={"application": "Acme"})

    assert (record.type, record.identifier) == (
        RecordType.EMAIL_CODE,
        Identifier("email", ADA.address),
    )
    variables = mailbox.last.variables
    # Only phones read it.
    assert variables["origin_line"] == ""
    assert variables["application"] == "Acme"
    verified = await service.verify_code(record, record.identifier, mailbox.last_code)
    assert verified.is_verified


async def test_what_a_template_may_name_never_stands_in_for_the_code(
    build: Build, with_email: Any, mailbox: Outbox
) -> None:
    service = with_email(build())
    record = await send(service, about={"code": "000000"})

    await service.verify_code(record, record.identifier, mailbox.last_code)
    assert mailbox.last_code != "000000"


async def test_a_code_of_an_address_works_for_no_other_identifier(
    build: Build, with_email: Any, mailbox: Outbox
) -> None:
    service = with_email(build())
    record = await send(service)

    other = Identifier("email", "grace@example.com")
    with pytest.raises(EmailMismatch):
        await service.verify_code(record, other, mailbox.last_code)
    await service.verify_code(record, record.identifier, mailbox.last_code)


async def test_a_flow_holds_a_code_for_a_number_and_one_for_an_address(
    build: Build,
    with_email: Any,
    mailbox: Outbox,
    outbox: Outbox,
    add_connector: Callable[..., Awaitable[None]],
) -> None:
    await add_connector()
    service = with_email(build())
    texted, mailed = await send(service, ALICE), await send(service)

    await service.verify_code(texted, texted.identifier, outbox.last_code)
    await service.verify_code(mailed, mailed.identifier, mailbox.last_code)
    assert {record.type for record in await service.list(FLOW)} == {
        RecordType.PHONE_CODE,
        RecordType.EMAIL_CODE,
    }


async def test_without_a_connector_for_email_the_record_is_there_and_nothing_is_sent(
    build: Build,
) -> None:
    service = build()
    with pytest.raises(NoConnector):
        await send(service)

    assert len(await service.list(FLOW)) == 1


async def test_known_and_unknown_addresses_are_told_apart_by_nothing_but_the_row(
    build: Build, with_email: Any, mailbox: Outbox, storage: Storage
) -> None:
    service = with_email(build())
    unknown = await send(service, deliver=False)

    assert mailbox.messages == []
    assert unknown.expires_at - unknown.created_at == service.policy.lifetime
    rows = await service.messaging.rows.all(STATES)
    assert [row["state"] for row in rows] == [MessageState.SUPPRESSED]
    with pytest.raises(CodeMismatch):
        await service.verify_code(unknown, unknown.identifier, "000000")


async def test_a_refusal_is_heard_only_where_everyone_would_hear_it(
    build: Build, with_email: Any, mailbox: Outbox
) -> None:
    service = with_email(build())
    mailbox.refusal = InvalidRecipient("550 no such user")
    with pytest.raises(ConnectorError):
        await send(service)

    assert await send(service, wait=False)


async def test_an_address_gets_so_many_and_another_one_as_many(
    build: Build, with_email: Any
) -> None:
    policy = GuardPolicy(per_number=Limit(count=2, seconds=600))
    service = with_email(build(guard_policy=policy))
    for _ in range(2):
        await send(service)
    with pytest.raises(TooManyMessages):
        await send(service)

    await send(service, EmailAddress("grace@example.com"))


async def test_an_address_is_locked_after_too_many_failures_in_whatever_spelling(
    build: Build, with_email: Any, mailbox: Outbox
) -> None:
    policy = LockoutPolicy(max_attempts=2, duration=timedelta(minutes=5))
    service = with_email(build(lockout_policy=policy))
    record = await send(service)
    with pytest.raises(CodeMismatch):
        await service.verify_code(record, record.identifier, "wrong")
    with pytest.raises(TooManyAttempts):
        await service.verify_code(record, record.identifier, "wrong")

    # Another visit, with a new code, starts no new count.
    again = await service.send_code(
        "another-flow", EmailAddress.parse("ADA@example.com"), UsageType.SIGN_IN
    )
    with pytest.raises(TooManyAttempts):
        await service.verify_code(again, again.identifier, mailbox.last_code)


async def test_a_lone_code_of_an_address_is_replaced_by_the_next(
    build: Build, with_email: Any, mailbox: Outbox
) -> None:
    service = with_email(build())
    await service.send_lone_code(ADA)
    first = mailbox.last_code
    await service.send_lone_code(ADA)

    identifier = identifier_of(ADA)
    if first != mailbox.last_code:
        with pytest.raises(CodeMismatch):
            await service.verify_lone_code(identifier, first)
    await service.verify_lone_code(identifier, mailbox.last_code)
    with pytest.raises(CodeNotFound):
        await service.verify_lone_code(identifier, mailbox.last_code)


def test_an_identifier_leads_to_its_recipient_and_back() -> None:
    for to in (ADA, ALICE):
        assert recipient_of(identifier_of(to)) == to
    with pytest.raises(InvalidEmailAddress):
        recipient_of(Identifier("email", "no address"))
