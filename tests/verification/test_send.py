"""A code is counted, saved, then sent; and what the person is told depends on none of it alone."""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, select

from tests.fakes import FakeClock
from tests.verification.conftest import Build, Outbox
from watchword.connector_kit.errors import ConnectorError, InvalidRecipient
from watchword.connector_kit.models import UsageType
from watchword.connectors.errors import NoConnector
from watchword.core.phone import NumberType, PhoneNumber
from watchword.guard.errors import NumberTypeNotAllowed, TooManyMessages
from watchword.guard.models import GuardPolicy
from watchword.messaging.models import MessageState
from watchword.sign_in_settings.models import CodePolicy
from watchword.storage import Storage, StorageUnavailable
from watchword.storage.database import storage_for
from watchword.storage.schema import messages
from watchword.verification.errors import CodeMismatch, CodeNotFound, CodeSentMeanwhile
from watchword.verification.models import Identifier
from watchword.verification.service import VerificationService

ALICE = PhoneNumber.from_digits("821012345678")
FLOW = "flow-of-alice"
MESSAGES = select(messages.c.id, messages.c.state).where(
    messages.c.tenant_id == bindparam("tenant_id")
)


async def send(service: VerificationService, flow: str = FLOW) -> bool:
    try:
        await service.send_code(flow, ALICE, UsageType.SIGN_IN)
    except TooManyMessages:
        return False
    return True


async def test_the_message_holds_the_code_its_time_and_the_page_it_belongs_to(
    verification: VerificationService, outbox: Outbox
) -> None:
    record = await verification.send_code(
        FLOW,
        ALICE,
        UsageType.REGISTER,
        client_ip="192.0.2.1",
        language="ko",
        origin_host="auth.example.com",
    )

    message = outbox.last
    assert (message.to, message.usage, message.language) == (ALICE, UsageType.REGISTER, "ko")
    assert message.variables["minutes"] == "10"
    assert message.variables["origin_line"] == f"@auth.example.com #{outbox.last_code}"
    assert len(outbox.last_code) == 6
    assert message.id == record.message_id
    assert message.client_ip == "192.0.2.1"


async def test_the_record_leads_to_the_message(
    verification: VerificationService, outbox: Outbox
) -> None:
    record = await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)

    assert record == await verification.get(FLOW, record.id)
    assert record.message_id is not None
    assert (await verification.messaging.log.get(record.message_id)).state is MessageState.ACCEPTED


async def test_the_tenants_own_lifetime_holds(
    build: Build, verification: VerificationService, outbox: Outbox, clock: FakeClock
) -> None:
    service = build(policy=CodePolicy(lifetime=timedelta(seconds=120)))

    record = await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)

    assert record.expires_at == clock.now() + timedelta(seconds=120)
    assert outbox.last.variables["minutes"] == "2"


async def test_of_senders_that_know_the_same_code_one_sends(
    verification: VerificationService, outbox: Outbox
) -> None:
    async def sends(known_id: str) -> bool:
        try:
            await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN, known_id=known_id)
        except CodeSentMeanwhile:
            return False
        return True

    assert sum(await asyncio.gather(*(sends("") for _ in range(4)))) == 1
    [known] = await verification.list(FLOW)
    assert sum(await asyncio.gather(*(sends(known.id) for _ in range(4)))) == 1

    [record] = await verification.list(FLOW)
    assert len(outbox.messages) == 2
    assert outbox.last.id == record.message_id


async def test_a_refusal_within_the_wait_is_told(
    verification: VerificationService, outbox: Outbox
) -> None:
    outbox.refusal = InvalidRecipient("the provider's own words")

    with pytest.raises(ConnectorError):
        await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)


async def test_a_slow_provider_is_not_waited_for(
    build: Build, verification: VerificationService, outbox: Outbox
) -> None:
    service = build(delivery_wait=timedelta(milliseconds=50))
    outbox.delay = timedelta(milliseconds=400)

    started = time.monotonic()
    record = await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)

    assert time.monotonic() - started < 0.4
    assert outbox.messages == []
    await service.messaging.dispatch.drain(timedelta(seconds=5))
    assert outbox.last.id == record.message_id


async def test_where_the_answer_must_tell_nothing_it_comes_at_once(
    verification: VerificationService, outbox: Outbox
) -> None:
    outbox.refusal = InvalidRecipient("no such number")
    outbox.delay = timedelta(milliseconds=300)

    started = time.monotonic()
    await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN, wait=False)

    assert time.monotonic() - started < 0.3
    await verification.messaging.dispatch.drain(timedelta(seconds=5))


async def test_to_nobody_nothing_is_sent_and_all_else_is_the_same(
    verification: VerificationService, outbox: Outbox
) -> None:
    record = await verification.send_code(FLOW, ALICE, UsageType.FORGOT_PASSWORD, deliver=False)
    await verification.messaging.dispatch.drain(timedelta(seconds=5))

    assert outbox.messages == []
    assert [row["state"] for row in await verification.records.all(MESSAGES)] == ["suppressed"]
    with pytest.raises(CodeMismatch):
        await verification.verify_code(record, Identifier.of_phone(ALICE), "no code")


async def test_without_a_connector_nothing_is_sent_but_a_record_exists(build: Build) -> None:
    service = build()

    with pytest.raises(NoConnector):
        await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)

    (record,) = await service.list(FLOW)
    with pytest.raises(CodeMismatch):
        await service.verify_code(record, Identifier.of_phone(ALICE), "no code")


class TestLimits:
    @pytest.mark.proves("S24b")
    async def test_of_fifty_at_once_ten_are_sent(
        self, verification: VerificationService, outbox: Outbox
    ) -> None:
        results = await asyncio.gather(
            *(send(verification, f"flow-{number}") for number in range(50))
        )

        assert results.count(True) == 10
        assert len(outbox.messages) == 10
        assert len(await verification.records.all(MESSAGES)) == 10

    async def test_two_processes_share_the_limit(
        self, build: Build, verification: VerificationService, outbox: Outbox, database_url: str
    ) -> None:
        neighbour = storage_for(database_url)
        await neighbour.open()
        try:
            pair = (verification, build(on=neighbour))
            results = await asyncio.gather(
                *(send(s, f"flow-{n}-{i}") for i, s in enumerate(pair) for n in range(15))
            )
        finally:
            await neighbour.close()

        assert results.count(True) == 10
        assert len(outbox.messages) == 10

    async def test_a_refused_send_leaves_the_earlier_code_alone(
        self, verification: VerificationService, outbox: Outbox
    ) -> None:
        for _ in range(10):
            record = await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        with pytest.raises(TooManyMessages):
            await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)

        verified = await verification.verify_code(
            record, Identifier.of_phone(ALICE), outbox.last_code
        )
        assert verified.is_verified

    @pytest.mark.proves("S24b")
    async def test_a_message_to_nobody_counts_too(self, verification: VerificationService) -> None:
        for _ in range(10):
            await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN, deliver=False)

        with pytest.raises(TooManyMessages):
            await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN, deliver=False)

    async def test_a_refused_number_leaves_nothing_behind(
        self, build: Build, verification: VerificationService, outbox: Outbox
    ) -> None:
        service = build(guard_policy=GuardPolicy(refused_number_types=(NumberType.MOBILE,)))

        with pytest.raises(NumberTypeNotAllowed):
            await service.send_code(FLOW, ALICE, UsageType.SIGN_IN)

        assert await service.list(FLOW) == []
        assert await service.records.all(MESSAGES) == []

    @pytest.mark.proves("S26")
    async def test_what_can_not_be_counted_is_not_sent(
        self, verification: VerificationService, storage: Storage, outbox: Outbox
    ) -> None:
        await storage.close()

        with pytest.raises(StorageUnavailable):
            await verification.send_code(FLOW, ALICE, UsageType.SIGN_IN)
        assert outbox.messages == []


async def test_a_record_that_was_no_code_can_not_be_tried(
    verification: VerificationService,
) -> None:
    from watchword.verification.models import RecordType

    alice = Identifier.of_phone(ALICE)
    record = await verification.record_verified(FLOW, RecordType.PASSWORD, alice)

    with pytest.raises(CodeNotFound):
        await verification.verify_code(record, alice, "123456")
