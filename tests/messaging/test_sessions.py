"""Of several processes one holds the session and sends for all, each message once."""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.connectors.provider import CONFIG, PROVIDER_ID, Provider
from tests.connectors.rooms import OPERATOR, Rooms
from tests.emulators.smsc import PATIENCE, RunningSmsc, cleared, running_smsc, until
from tests.fakes import FakeClock
from tests.messaging.test_sending import LIFETIME, queue, rows_of
from tests.ports import free_ports
from tests.repeated_settings import settings_for
from watchword.app import build_app
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidCredentials,
    ProviderUnavailable,
)
from watchword.connector_kit.models import DeliveryReport, UsageType
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.models import SavedConnector
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.emulators.kit import Trouble
from watchword.messaging.dispatch import QUEUED_LEASE
from watchword.messaging.models import MessageState, QueuedMessage
from watchword.messaging.service import MessagingService
from watchword.messaging.sessions import SESSION_LEASE, Backoff, Sessions, lease_of
from watchword.providers.smpp.connector import SmppConnector
from watchword.storage import Storage
from watchword.storage.leases import Leases
from watchword.tenants.models import TenantTag
from watchword.tenants.service import TenantDirectory
from watchword.web.scope import ServerScope

SMPP = SmppConnector.metadata.id
# A link that was lost is tried again at once, so that tests need not wait.
AT_ONCE = Backoff(shortest=timedelta(milliseconds=10), after_refusal=timedelta(milliseconds=50))
WAIT = timedelta(seconds=5)


class Process(Rooms):
    """A server process that knows SMPP and may reach this machine."""

    def reload(self) -> None:
        """Wire the rooms to a client that reaches the emulator."""
        self.dispatch.sessions.backoff = AT_ONCE
        if self.registry.find(SMPP) is None:
            self.registry.add(SmppConnector)
        super().reload()
        client = OutboundClient(is_development=True, total=PATIENCE)
        self.connectors = replace(self.connectors, context=ConnectorContext(client=client))
        self.messaging = replace(self.messaging, connectors=self.connectors)
        self.configuration = replace(
            self.configuration,
            connectors=replace(self.configuration.connectors, saved=self.connectors),
        )

    @property
    def sessions(self) -> Sessions:
        """Return the sessions that the process holds."""
        return self.dispatch.sessions

    @property
    def leases(self) -> Leases:
        """Return the tenant's leases."""
        return Leases(self.storage, self.tenant.id)

    async def keep(self, apply_reports: Any = None) -> bool:
        """Do what the process does every half a second."""
        holds = await self.sessions.keep(
            self.connectors, self.leases, apply_reports or self.messaging.reports.apply
        )
        if holds:
            await self.messaging.take_over_queued()
        return holds

    async def die(self) -> None:
        """End as `kill -9` ends: nothing is said, nothing let go of."""
        held = [*self.sessions._held.values()]
        tasks = [each._keeping for each in held] + [*self.dispatch._running]
        for each in held:
            session = each.connector._shared
            if session is not None:
                tasks += session._tasks  # type: ignore[attr-defined]  # SMPP's
                await session._link.close()  # type: ignore[attr-defined]  # SMPP's
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.sessions._held.clear()


@pytest.fixture(scope="module")
def smsc_process() -> Iterator[RunningSmsc]:
    with running_smsc() as smsc:
        yield smsc


@pytest.fixture
def smsc(smsc_process: RunningSmsc) -> RunningSmsc:
    return cleared(smsc_process)


@pytest.fixture
async def processes(
    storage: Storage, clock: FakeClock, keys: SecretKeys
) -> AsyncIterator[tuple[Process, Process]]:
    """Return two processes on one database."""
    directory = TenantDirectory.of(storage, clock)
    tenant = await directory.create("default", "Default", TenantTag.PRODUCTION)
    one, other = (Process(storage, tenant, clock, keys, Provider()) for _ in range(2))
    yield one, other
    for process in (one, other):
        await process.messaging.drain(WAIT)
        await process.sessions.close()


async def set_up(process: Process, smsc: RunningSmsc, **settings: Any) -> SavedConnector:
    """Save a connector; without receipts, so that what was accepted stays so."""
    config = smsc.config(**{"deliveryReceipts": False, **settings})
    return await process.configuration.connectors.create(OPERATOR, SMPP, config)


async def outcome(process: Process, queued: QueuedMessage) -> MessageState:
    return await process.messaging.outcome(queued, WAIT)


async def is_in(process: Process, queued: QueuedMessage, state: MessageState) -> bool:
    return await process.messaging.log.find_state(queued.id) is state


def number(trouble: Trouble) -> PhoneNumber:
    return PhoneNumber(f"44770090{trouble}")


async def test_a_message_goes_out_on_the_session_and_its_report_comes_back_on_it(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    await set_up(process, smsc, deliveryReceipts=True)
    assert await process.keep()

    sent = [await queue(process) for _ in range(3)]
    states = [await outcome(process, queued) for queued in sent]

    assert states == [MessageState.ACCEPTED] * 3
    assert (await smsc.sessions())["binds"] == 1
    for queued in sent:
        await until(partial(is_in, process, queued, MessageState.DELIVERED))
    message = await process.messaging.log.get(sent[0].id)
    assert message.provider_words == "SMPP: DELIVRD"


async def test_a_connector_without_a_session_has_none(processes: tuple[Process, Process]) -> None:
    process, _ = processes
    assert not await process.keep()
    await process.set_up()

    assert not await process.keep()
    assert await outcome(process, await queue(process)) is MessageState.ACCEPTED


async def test_another_process_leaves_its_messages_to_the_one_that_holds_the_session(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    holder, other = processes
    await set_up(holder, smsc)
    assert await holder.keep()
    assert not await other.keep()

    queued = await queue(other)
    # Its sweeper, too, leaves them.
    assert await other.messaging.take_over_lapsed() == 0
    assert await is_in(other, queued, MessageState.QUEUED)
    await holder.keep()

    assert await outcome(other, queued) is MessageState.ACCEPTED
    assert (await smsc.sessions())["binds"] == 1
    assert len(await smsc.messages()) == 1


async def test_another_processes_refusal_is_one_here(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    holder, other = processes
    await set_up(holder, smsc)
    await holder.keep()
    queued = await queue(other, number(Trouble.LANDLINE))
    await holder.keep()

    with pytest.raises(ConnectorError):
        await outcome(other, queued)
    message = await other.messaging.log.get(queued.id)
    assert message.error_class == "invalid_recipient"


async def test_a_message_that_came_before_any_session_waits_for_one(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    await set_up(process, smsc)
    queued = await queue(process)
    assert await is_in(process, queued, MessageState.QUEUED)

    await process.keep()

    assert await outcome(process, queued) is MessageState.ACCEPTED


async def test_another_process_takes_over_once_the_lease_of_a_dead_one_ran_out(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    dead, successor = processes
    await set_up(dead, smsc)
    await dead.keep()
    assert await outcome(dead, await queue(dead)) is MessageState.ACCEPTED
    await dead.die()

    queued = await queue(successor)
    assert not await successor.keep()
    successor.clock.advance(SESSION_LEASE)
    assert await successor.keep()

    assert await outcome(successor, queued) is MessageState.ACCEPTED
    assert len(await smsc.messages()) == 2


async def test_another_process_takes_over_at_once_from_one_that_stopped(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    stopped, successor = processes
    await set_up(stopped, smsc)
    await stopped.keep()
    await stopped.sessions.close()

    assert await successor.keep()
    assert await outcome(successor, await queue(successor)) is MessageState.ACCEPTED
    assert (await smsc.sessions())["bound"] == ["watchword"]


async def test_receipts_of_a_dead_processs_messages_reach_its_successor(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    dead, successor = processes
    await set_up(dead, smsc, deliveryReceipts=True)
    await dead.keep()
    queued = await queue(dead)
    assert await outcome(dead, queued) is MessageState.ACCEPTED
    await dead.die()

    successor.clock.advance(SESSION_LEASE)
    await successor.keep()

    await until(lambda: is_in(successor, queued, MessageState.DELIVERED))


async def test_a_refused_log_in_is_in_the_messages_words_until_it_is_mended(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    saved = await set_up(process, smsc, password="wrong")
    await process.keep()

    queued = await queue(process)
    with pytest.raises(InvalidCredentials):
        await outcome(process, queued)
    message = await process.messaging.log.get(queued.id)
    assert message.state is MessageState.FAILED
    assert message.error_class == "invalid_credentials"
    assert "ESME_RINVPASWD" in str(message.provider_words)

    await process.configuration.connectors.change(
        OPERATOR, saved.id, smsc.config(), expected_version=saved.version
    )
    await process.keep()
    assert await outcome(process, await queue(process)) is MessageState.ACCEPTED


async def test_an_smsc_that_is_not_there_fails_a_message_and_not_the_next(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    [nobody] = free_ports(1)
    saved = await set_up(process, smsc, port=nobody)
    await process.keep()
    queued = await queue(process)
    with pytest.raises(ProviderUnavailable):
        await outcome(process, queued)

    await process.configuration.connectors.change(
        OPERATOR, saved.id, smsc.config(), expected_version=saved.version
    )
    await process.keep()
    assert await outcome(process, await queue(process)) is MessageState.ACCEPTED


async def test_a_link_lost_before_the_answer_leaves_the_message_unknown_and_sent_once(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    await set_up(process, smsc)
    await process.keep()

    queued = await queue(process, number(Trouble.DROPPED))
    assert await outcome(process, queued) is MessageState.UNKNOWN
    # The session is opened again, and whoever sweeps finds nothing to send.
    assert await outcome(process, await queue(process)) is MessageState.ACCEPTED
    process.clock.advance(LIFETIME / 2)
    await process.keep()
    await process.messaging.take_over_lapsed()
    await process.messaging.drain(WAIT)

    message = await process.messaging.log.get(queued.id)
    assert (message.state, message.error_class) == (MessageState.UNKNOWN, "answer_lost")
    assert (
        Counter(each["to"] for each in await smsc.messages())[number(Trouble.DROPPED).digits] == 1
    )
    assert (await smsc.sessions())["binds"] == 2


@pytest.mark.parametrize("how", ["drop", "unbind"])
async def test_a_session_that_was_lost_is_opened_again(
    processes: tuple[Process, Process], smsc: RunningSmsc, how: str
) -> None:
    process, _ = processes
    await set_up(process, smsc)
    await process.keep()
    assert await outcome(process, await queue(process)) is MessageState.ACCEPTED

    for binds in (2, 3):
        await smsc.do(how)
        assert await outcome(process, await queue(process)) is MessageState.ACCEPTED
        assert (await smsc.sessions())["binds"] == binds


async def test_what_the_smsc_throttles_is_sent_a_little_later_and_once(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    await set_up(process, smsc)
    await process.keep()
    await smsc.throttle(True)
    sent = [await queue(process, variables={"code": f"{n:06}"}) for n in range(12)]
    await process.messaging.drain(WAIT)
    assert {await process.messaging.log.find_state(each.id) for each in sent} == {
        MessageState.QUEUED
    }

    await smsc.throttle(False)
    # Those that were not even tried are this process's until their lease runs out.
    process.clock.advance(QUEUED_LEASE)
    await process.keep()
    await process.messaging.drain(WAIT)

    codes = Counter(each["text"][:6] for each in await smsc.messages())
    assert codes == Counter(f"{n:06}" for n in range(12))


async def test_a_connector_that_was_replaced_leaves_its_session(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    await set_up(process, smsc)
    await process.keep()
    await until(lambda: bound(smsc, 1))
    await process.configuration.connectors.create(OPERATOR, PROVIDER_ID, CONFIG)

    assert not await process.keep()

    await until(lambda: bound(smsc, 0))


async def bound(smsc: RunningSmsc, count: int) -> bool:
    return len((await smsc.sessions())["bound"]) == count


async def test_sessions_of_tenants_that_are_gone_are_closed(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    await set_up(process, smsc)
    await process.keep()
    await until(lambda: bound(smsc, 1))

    await process.sessions.close_others(["default"])
    assert await bound(smsc, 1)
    await process.sessions.close_others(["another"])
    await until(lambda: bound(smsc, 0))


async def test_a_report_that_could_not_be_written_down_is_written_when_it_comes_again(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    tries = []

    async def apply(instance_id: str, reports: Sequence[DeliveryReport]) -> int:
        tries.append(reports)
        if len(tries) == 1:
            raise OSError("no database")
        return await process.messaging.reports.apply(instance_id, reports)

    await set_up(process, smsc, deliveryReceipts=True)
    await process.keep(apply)
    queued = await queue(process)

    await until(lambda: is_in(process, queued, MessageState.DELIVERED))
    assert len(tries) == 2


class LostLeases(Leases):
    """Leases in a database that is gone."""

    async def take(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Fail."""
        raise OSError("no database")


async def test_a_process_that_can_not_renew_its_lease_leaves_before_another_may_come(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    process, _ = processes
    await set_up(process, smsc)
    await process.keep()
    await until(lambda: bound(smsc, 1))
    lost = LostLeases(process.storage, process.tenant.id)

    process.clock.advance(SESSION_LEASE / 2)
    with pytest.raises(OSError, match="no database"):
        await process.sessions.keep(process.connectors, lost, process.messaging.reports.apply)
    assert await bound(smsc, 1)
    process.clock.advance(SESSION_LEASE / 2)
    kept = await process.sessions.keep(process.connectors, lost, process.messaging.reports.apply)

    assert not kept
    await until(lambda: bound(smsc, 0))


async def test_a_lease_is_renewed_before_it_runs_out(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    holder, other = processes
    await set_up(holder, smsc)
    for _ in range(6):
        assert await holder.keep()
        assert not await other.keep()
        holder.clock.advance(SESSION_LEASE / 2)


async def test_each_message_goes_out_once_whoever_dies_and_whatever_breaks(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    one, other = processes
    await set_up(one, smsc)
    await one.keep()
    await other.keep()

    async def accept(process: Process, numbers: range) -> list[QueuedMessage]:
        return [
            await queue(process, usage=UsageType.GENERIC, variables={"code": f"{n:06}"})
            for n in numbers
        ]

    queued = await accept(one, range(20)) + await accept(other, range(20, 40))
    await one.keep()
    await smsc.do("drop")
    queued += await accept(one, range(40, 50))
    await one.die()
    queued += await accept(other, range(50, 60))
    other.clock.advance(timedelta(seconds=40))
    for _ in range(3):
        await other.messaging.take_over_lapsed()
        await other.keep()
        await other.messaging.drain(WAIT)
        other.clock.advance(timedelta(seconds=10))

    rows = {row["id"]: row for row in await rows_of(other)}
    states = Counter(rows[each.id]["state"] for each in queued)
    sent = Counter(each["text"][:6] for each in await smsc.messages())
    assert set(states) <= {"accepted", "delivered", "unknown"}
    assert set(sent.values()) == {1}
    # Whatever is not known to be sent may have been, or not: but nothing else.
    known = states["accepted"] + states["delivered"]
    assert known <= len(sent) <= known + states["unknown"]
    assert states["accepted"] + states["delivered"] >= 10


@asynccontextmanager
async def running_server(database_url: str, keys: SecretKeys) -> AsyncIterator[ServerScope]:
    """Run what a process runs, all of it but the listening."""
    app = build_app(
        settings_for(
            database_url,
            keys,
            public_url="https://auth.example.com",
            outbound_allow=(ipaddress.ip_network("127.0.0.0/8"),),
        )
    )
    server: ServerScope = app.state.server
    server.registry = ConnectorRegistry([SmppConnector])
    async with app.router.lifespan_context(app):
        yield server


async def send(server: ServerScope, states: list[MessageState]) -> None:
    """Queue a message, and note its state as soon as the provider has it."""
    messaging = (await server.scope_of("default")).messaging
    queued = await messaging.queue(
        PhoneNumber("447700900123"),
        UsageType.SIGN_IN,
        variables={"code": f"{len(states):06}"},
        until=server.clock.now() + LIFETIME,
    )
    await until(lambda: has_ended(messaging, queued))
    states.append(await messaging.log.find_state(queued.id) or MessageState.UNKNOWN)


async def has_ended(messaging: MessagingService, queued: QueuedMessage) -> bool:
    state = await messaging.log.find_state(queued.id)
    return state is not None and not state.is_open


async def test_servers_send_on_one_session_and_one_that_stops_hands_it_over(
    database_url: str, keys: SecretKeys, smsc: RunningSmsc
) -> None:
    states: list[MessageState] = []
    async with AsyncExitStack() as second:
        async with AsyncExitStack() as first:
            one = await first.enter_async_context(running_server(database_url, keys))
            other = await second.enter_async_context(running_server(database_url, keys))
            configuration = (await one.scope_of("default")).configuration
            config = smsc.config(deliveryReceipts=False)
            await configuration.connectors.create(OPERATOR, SMPP, config)
            await until(lambda: knows(other))
            await asyncio.gather(send(one, states), send(other, states))
            assert (await smsc.sessions())["binds"] == 1
        await until(lambda: bound(smsc, 1))
        await send(other, states)

    assert states == [MessageState.ACCEPTED] * 3
    assert (await smsc.sessions())["bound"] == []
    assert len(await smsc.messages()) == 3


async def knows(server: ServerScope) -> bool:
    scope = await server.scope_of("default")
    return await scope.connectors.active() is not None


def test_the_wait_grows_and_has_an_end() -> None:
    backoff = Backoff()
    lost, refused = ProviderUnavailable(), InvalidCredentials()

    assert all(
        timedelta(milliseconds=250) <= backoff.after(1, lost) <= timedelta(milliseconds=500)
        for _ in range(20)
    )
    assert timedelta(seconds=2) <= backoff.after(4, lost) <= timedelta(seconds=4)
    assert backoff.after(10_000, lost) <= timedelta(minutes=1)
    # An account that is locked helps nobody.
    assert backoff.after(1, refused) >= timedelta(seconds=10)
    assert len({backoff.after(3, lost) for _ in range(10)}) > 1


async def test_the_name_of_a_lease_fits_whatever_a_connector_is_called(
    processes: tuple[Process, Process], smsc: RunningSmsc
) -> None:
    saved = await set_up(processes[0], smsc)

    assert len(lease_of(replace(saved, id="x" * 128))) <= 64
    assert lease_of(saved) != lease_of(replace(saved, id="another"))
