"""What happens to messages, limits, locks and connectors is told, once each."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from tests.connectors.rooms import ALICE, OPERATOR, Rooms
from tests.fakes import FakeClock
from tests.webhooks.receiver import Receiver
from watchword.connector_kit.errors import (
    ConnectorError,
    InsufficientBalance,
    InvalidRecipient,
    ProviderUnavailable,
)
from watchword.connector_kit.models import DeliveryReport, UsageType
from watchword.connectors.models import SavedConnector
from watchword.core.digests import KeyedDigest
from watchword.guard.errors import TooManyAttempts, TooManyMessages
from watchword.guard.models import GuardPolicy, Limit, LockoutPool
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout, SendGuard
from watchword.messaging.health import ENOUGH, ENOUGH_CODES, HealthService, Reason
from watchword.messaging.health_repository import HealthRows
from watchword.messaging.models import MessageState
from watchword.sign_in_settings.models import LockoutPolicy
from watchword.storage import Storage
from watchword.storage.schema import verification_records, webhook_deliveries
from watchword.webhooks.models import Event, NewWebhook, WebhookConfig

MOMENT = timedelta(seconds=5)
SOON = timedelta(seconds=20)


async def listen(rooms: Rooms, receiver: Receiver, *events: Event) -> None:
    """Hear of *events*."""
    new = NewWebhook(name="x", events=events, config=WebhookConfig(url=receiver.address))
    await rooms.configuration.webhooks.create(OPERATOR, new)


async def send(rooms: Rooms, refusal: ConnectorError | None = None) -> str:
    """Send a message, which the provider may refuse; return its id."""
    if refusal is not None:
        rooms.provider.answers.append(refusal)
    queued = await rooms.messaging.queue(
        ALICE, UsageType.SIGN_IN, variables={"code": "135790"}, until=rooms.clock.now() + MOMENT
    )
    await rooms.messaging.drain(SOON)
    await rooms.courier.settle(SOON)
    return queued.id


class TestMessages:
    @pytest.mark.proves("S10")
    async def test_a_message_that_the_provider_refuses_is_told_without_the_number_or_the_code(
        self, rooms: Rooms, receiver: Receiver
    ) -> None:
        saved = await rooms.set_up()
        await listen(rooms, receiver, Event.MESSAGE_FAILED)

        message_id = await send(rooms, InsufficientBalance("no money"))

        [told] = receiver.bodies
        assert told["event"] == "Message.Failed"
        assert told["data"] == {
            "id": message_id,
            "channel": "sms",
            "state": "failed",
            "usageType": "SignIn",
            "connectorId": saved.id,
            "connectorFactoryId": "test-provider",
            "phone": ALICE.masked,
            "country": "GB",
            "language": None,
            "segments": None,
            "providerMessageId": None,
            "errorClass": "insufficient_balance",
            "attempts": 1,
        }
        assert ALICE.digits not in str(receiver.received)
        assert "135790" not in str(receiver.received)

    async def test_a_delivery_report_is_told_once(self, rooms: Rooms, receiver: Receiver) -> None:
        saved = await rooms.set_up()
        await listen(rooms, receiver, Event.MESSAGE_DELIVERED, Event.MESSAGE_FAILED)
        arrived, lost = await send(rooms), await send(rooms)
        reports = [
            DeliveryReport(f"P-{arrived}", "delivered"),
            DeliveryReport(f"P-{lost}", "undelivered", "recipient_unreachable"),
        ]

        for _ in range(2):
            await rooms.messaging.reports.apply(saved.id, reports)
        await rooms.courier.settle(SOON)

        told = {body["event"]: body["data"] for body in receiver.bodies}
        assert len(receiver.bodies) == 2
        assert told["Message.Delivered"]["id"] == arrived
        assert told["Message.Failed"]["id"] == lost
        assert told["Message.Failed"]["state"] == "undelivered"
        assert told["Message.Failed"]["errorClass"] == "recipient_unreachable"

    async def test_a_message_that_was_never_sent_in_time_is_told(
        self, rooms: Rooms, receiver: Receiver, clock: FakeClock
    ) -> None:
        await rooms.set_up()
        await listen(rooms, receiver, Event.MESSAGE_FAILED)
        # Its process died before it sent anything.
        queued = await rooms.messaging.queue(
            ALICE, UsageType.SIGN_IN, variables={"code": "135790"}, until=clock.now() + MOMENT
        )
        assert queued.sending is not None
        queued.sending.cancel()
        await asyncio.gather(queued.sending, return_exceptions=True)

        clock.advance(MOMENT)
        await rooms.messaging.take_over_lapsed()
        await rooms.courier.settle(SOON)

        assert [body["data"]["state"] for body in receiver.bodies] == ["expired"]

    async def test_a_test_message_is_not_told(self, rooms: Rooms, receiver: Receiver) -> None:
        await listen(rooms, receiver, Event.MESSAGE_FAILED)
        rooms.provider.answers.append(InsufficientBalance())

        sent = await rooms.messaging.tests.send(
            ALICE,
            "test-provider",
            {"apiKey": "fake", "sender": "X", "templates": TEMPLATES},
            actor=OPERATOR,
        )
        await rooms.courier.settle(SOON)

        assert sent.state is MessageState.FAILED
        assert receiver.received == []

    async def test_a_message_costs_no_statement_more_where_nobody_listens(
        self, rooms: Rooms, receiver: Receiver, storage: Storage
    ) -> None:
        await rooms.set_up()
        await send(rooms)
        before = storage.statements
        await send(rooms)
        alone = storage.statements - before
        await listen(rooms, receiver, Event.POST_SIGN_IN)
        await send(rooms)

        before = storage.statements
        await send(rooms)

        assert storage.statements - before == alone

    async def test_what_failed_and_its_event_are_written_together_or_not_at_all(
        self, rooms: Rooms, receiver: Receiver, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await rooms.set_up()
        await listen(rooms, receiver, Event.MESSAGE_FAILED)

        async def crash(*_: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(type(rooms.deliveries), "add", crash)
        message_id = await send(rooms, InsufficientBalance())

        # The lease is still there: the sweeper decides what became of it.
        assert await rooms.messaging.log.find_state(message_id) is MessageState.SENDING
        assert await storage.all(select(webhook_deliveries.c.id), {}) == []


TEMPLATES = [
    {"usageType": usage, "content": "{{code}}"}
    for usage in ("Generic", "SignIn", "Register", "ForgotPassword")
]


class TestLimits:
    def guard(self, rooms: Rooms) -> SendGuard:
        """Return a guard that lets two messages pass in ten minutes."""
        return SendGuard(
            counters=GuardRepository(rooms.storage, "default"),
            digest=KeyedDigest(rooms.keys, "guard"),
            clock=rooms.clock,
            policy=GuardPolicy(per_number=Limit(count=2, seconds=600)),
            webhooks=rooms.webhooks,
        )

    async def refuse(self, rooms: Rooms, times: int, *, is_told: bool = True) -> int:
        """Ask so many times; return how many were refused."""
        refused = 0
        for _ in range(times):
            try:
                await self.guard(rooms).spend_send(ALICE, is_told=is_told)
            except TooManyMessages:
                refused += 1
        await rooms.courier.settle(SOON)
        return refused

    async def test_the_first_refusal_of_a_window_is_told_and_no_other(
        self, rooms: Rooms, receiver: Receiver, clock: FakeClock
    ) -> None:
        await listen(rooms, receiver, Event.MESSAGE_RATE_LIMITED)

        assert await self.refuse(rooms, 6) == 4
        in_the_first_window = len(receiver.received)
        clock.advance(timedelta(minutes=10))
        assert await self.refuse(rooms, 6) == 4

        assert in_the_first_window == 1
        assert len(receiver.received) == 2
        told = receiver.bodies[0]
        assert (told["action"], told["recipient"]) == ("VerificationCodeSend", ALICE.digits)

    async def test_of_many_refusals_at_once_one_is_told(
        self, rooms: Rooms, receiver: Receiver
    ) -> None:
        await listen(rooms, receiver, Event.MESSAGE_RATE_LIMITED)

        await asyncio.gather(*(self.refuse(rooms, 1) for _ in range(10)))

        assert len(receiver.received) == 1

    async def test_an_applications_own_requests_are_not_told(
        self, rooms: Rooms, receiver: Receiver
    ) -> None:
        await listen(rooms, receiver, Event.MESSAGE_RATE_LIMITED)

        assert await self.refuse(rooms, 4, is_told=False) == 2

        assert receiver.received == []


class TestLocks:
    async def test_the_attempt_that_locks_is_told_and_those_that_meet_the_lock_are_not(
        self, rooms: Rooms, receiver: Receiver, clock: FakeClock
    ) -> None:
        await listen(rooms, receiver, Event.IDENTIFIER_LOCKOUT)
        lockout = Lockout(
            counters=GuardRepository(rooms.storage, "default"),
            digest=KeyedDigest(rooms.keys, "lockout"),
            clock=clock,
            policy=LockoutPolicy(max_attempts=3, duration=timedelta(minutes=10)),
            webhooks=rooms.webhooks,
        )

        async def guess() -> bool:
            try:
                attempt = await lockout.attempt(LockoutPool.SHARED, ALICE.digits)
                await lockout.failed(attempt, "phone", ALICE.digits)
            except TooManyAttempts:
                return True
            return False

        locked = [await guess() for _ in range(6)]
        await rooms.courier.settle(SOON)

        assert locked == [False, False, True, True, True, True]
        [told] = receiver.bodies
        assert (told["event"], told["type"], told["value"]) == (
            "Identifier.Lockout",
            "phone",
            ALICE.digits,
        )

    async def test_a_last_attempt_that_was_right_locks_nobody_and_is_not_told(
        self, rooms: Rooms, receiver: Receiver, clock: FakeClock
    ) -> None:
        await listen(rooms, receiver, Event.IDENTIFIER_LOCKOUT)
        lockout = Lockout(
            counters=GuardRepository(rooms.storage, "default"),
            digest=KeyedDigest(rooms.keys, "lockout"),
            clock=clock,
            policy=LockoutPolicy(max_attempts=1, duration=timedelta(minutes=10)),
            webhooks=rooms.webhooks,
        )

        attempt = await lockout.attempt(LockoutPool.SHARED, ALICE.digits)
        await lockout.succeeded(LockoutPool.SHARED, ALICE.digits)
        await rooms.courier.settle(SOON)

        assert attempt.is_last
        assert receiver.received == []


ADD_RECORD = insert(verification_records)


class TestHealth:
    def health(self, rooms: Rooms) -> HealthService:
        """Return the judgement of the rooms' connectors."""
        return HealthService(
            rows=HealthRows(rooms.storage, rooms.tenant.id),
            webhooks=rooms.webhooks,
            clock=rooms.clock,
        )

    async def watch(self, rooms: Rooms, saved: SavedConnector) -> Reason | None:
        """Judge the connector as the background does."""
        health = await self.health(rooms).watch(saved)
        await rooms.courier.settle(SOON)
        return health.reason

    async def test_refused_credentials_are_told_once_and_so_is_the_recovery(
        self, rooms: Rooms, receiver: Receiver, clock: FakeClock
    ) -> None:
        saved = await rooms.set_up()
        await listen(rooms, receiver, Event.CONNECTOR_UNHEALTHY, Event.CONNECTOR_RECOVERED)
        assert await self.watch(rooms, saved) is None
        await send(rooms, InsufficientBalance())
        for _ in range(3):
            assert await self.watch(rooms, saved) is Reason.SETTINGS_REFUSED
        assert receiver.events == ["Connector.Unhealthy"]
        assert receiver.bodies[0]["data"] == {
            "id": saved.id,
            "connectorFactoryId": "test-provider",
            "type": "Sms",
            "reason": "settings_refused",
            "since": "2026-05-01T09:00:00.000Z",
        }

        clock.advance(timedelta(minutes=1))
        await send(rooms)
        for _ in range(3):
            assert await self.watch(rooms, saved) is None
        assert receiver.events == ["Connector.Unhealthy", "Connector.Recovered"]

        clock.advance(timedelta(minutes=1))
        await send(rooms, InsufficientBalance())
        await self.watch(rooms, saved)
        assert receiver.events[2:] == ["Connector.Unhealthy"]

    async def test_silence_ends_no_episode(
        self, rooms: Rooms, receiver: Receiver, clock: FakeClock
    ) -> None:
        saved = await rooms.set_up()
        await listen(rooms, receiver, Event.CONNECTOR_UNHEALTHY, Event.CONNECTOR_RECOVERED)
        await send(rooms, InsufficientBalance())
        await self.watch(rooms, saved)

        clock.advance(timedelta(hours=3))
        assert await self.watch(rooms, saved) is None

        assert len(receiver.received) == 1
        assert (await self.health(rooms).of(saved.id)).unwell_since is not None

    async def test_two_processes_that_see_it_tell_it_once(
        self, rooms: Rooms, receiver: Receiver
    ) -> None:
        saved = await rooms.set_up()
        await listen(rooms, receiver, Event.CONNECTOR_UNHEALTHY)
        await send(rooms, InsufficientBalance())

        await asyncio.gather(*(self.watch(rooms, saved) for _ in range(4)))

        assert len(receiver.received) == 1

    async def test_a_provider_that_is_away_is_unwell_and_wrong_numbers_are_not_its_fault(
        self, rooms: Rooms, clock: FakeClock
    ) -> None:
        saved = await rooms.set_up()
        for _ in range(2 * ENOUGH):
            clock.advance(timedelta(seconds=1))
            await send(rooms, InvalidRecipient())
        assert await self.watch(rooms, saved) is None

        for _ in range(ENOUGH - 1):
            clock.advance(timedelta(seconds=1))
            await send(rooms, ProviderUnavailable())
        assert await self.watch(rooms, saved) is None
        clock.advance(timedelta(seconds=1))
        await send(rooms, ProviderUnavailable())

        assert await self.watch(rooms, saved) is Reason.FAILING

    async def test_reports_that_most_messages_did_not_arrive_are_unwell(
        self, rooms: Rooms, clock: FakeClock
    ) -> None:
        saved = await rooms.set_up()
        for number in range(ENOUGH):
            message_id = await send(rooms)
            clock.advance(timedelta(seconds=3))
            is_lost = number >= ENOUGH // 3
            report = DeliveryReport(f"P-{message_id}", "undelivered" if is_lost else "delivered")
            await rooms.messaging.reports.apply(saved.id, [report])

        health = await self.health(rooms).of(saved.id)

        assert health.reason is Reason.UNDELIVERED
        assert (health.accepted, health.failed) == (ENOUGH, 0)
        assert health.delivered_ratio == pytest.approx(0.3)
        assert health.median_delivery == timedelta(seconds=3)
        assert len(health.last_failures) == 5
        [same] = health.different_failures
        assert (same.count, same.newest.at) == (ENOUGH - ENOUGH // 3, clock.now())

    async def test_codes_that_hardly_anybody_types_in_are_unwell(
        self, rooms: Rooms, clock: FakeClock, storage: Storage
    ) -> None:
        saved = await rooms.set_up()
        for number in range(ENOUGH_CODES):
            message_id = await send(rooms)
            await storage.run(
                ADD_RECORD,
                {
                    "tenant_id": "default",
                    "flow_id": f"f{number}",
                    "type": "PhoneVerificationCode",
                    "id": f"r{number}",
                    "identifier_type": "phone",
                    "identifier": ALICE.digits,
                    "template_type": "SignIn",
                    "state": "consumed" if number == 0 else "pending",
                    "code_digest": None,
                    "tries": 0,
                    "message_id": message_id,
                    "details": {},
                    "created_at": clock.now(),
                    "expires_at": clock.now() + timedelta(minutes=10),
                },
            )
        assert (await self.health(rooms).of(saved.id)).codes == 0, "too early to tell"

        clock.advance(timedelta(minutes=11))
        health = await self.health(rooms).of(saved.id)

        assert (health.codes, health.verified) == (ENOUGH_CODES, 1)
        assert health.reason is Reason.UNVERIFIED

    async def test_the_health_of_one_connector_says_nothing_of_another(self, rooms: Rooms) -> None:
        first = await rooms.set_up()
        await send(rooms, InsufficientBalance())
        second = await rooms.set_up()

        health = await self.health(rooms).of(second.id)

        assert (health.sent, health.reason) == (0, None)
        assert (await self.health(rooms).of(first.id)).reason is Reason.SETTINGS_REFUSED
