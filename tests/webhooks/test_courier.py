"""The lines of a process: one for each webhook, and none waits for those that fail."""

import asyncio
from datetime import timedelta

import pytest

from watchword.connector_kit.outbound import OutboundClient
from watchword.webhooks.courier import AT_ONCE, QUICK_LINES, SLOW_LINES, Batch, Courier

SOON = timedelta(seconds=20)
KEY = ("default", "w1")


@pytest.fixture
def courier() -> Courier:
    """Return a courier that has nothing to do."""
    return Courier(OutboundClient())


async def test_what_is_written_while_a_line_looks_is_looked_for_once_more(
    courier: Courier,
) -> None:
    looked = []

    async def deliver(at_most: int) -> Batch:
        looked.append(at_most)
        if len(looked) == 1:
            courier.start(KEY, deliver)
        return Batch()

    courier.start(KEY, deliver)
    await courier.settle(SOON)

    assert looked == [AT_ONCE, AT_ONCE]


async def test_a_webhook_has_one_line_however_often_it_is_started(courier: Courier) -> None:
    present = most = 0

    async def deliver(at_most: int) -> Batch:
        nonlocal present, most
        present += 1
        most = max(most, present)
        await asyncio.sleep(0.01)
        present -= 1
        return Batch()

    for _ in range(10):
        courier.start(KEY, deliver)
    await courier.settle(SOON)

    assert most == 1


async def test_receivers_that_fail_and_hang_take_no_turn_from_one_that_answers(
    courier: Courier,
) -> None:
    released, answered = asyncio.Event(), asyncio.Event()
    arrived = []

    async def fail(_: int) -> Batch:
        return Batch(1, 1)

    async def hang(_: int) -> Batch:
        await released.wait()
        return Batch(1, 1)

    async def answer(at_most: int) -> Batch:
        arrived.append(at_most)
        answered.set()
        return Batch()

    bad = [("default", f"bad{number}") for number in range(QUICK_LINES + SLOW_LINES + 4)]
    for key in bad:
        courier.start(key, fail)
    await courier.settle(SOON)
    for key in bad:
        courier.start(key, hang)
    await asyncio.sleep(0)
    courier.start(KEY, answer)
    async with asyncio.timeout(20):
        await answered.wait()

    assert arrived == [AT_ONCE]
    released.set()
    await courier.settle(SOON)


async def test_a_line_that_breaks_can_be_started_again(courier: Courier) -> None:
    looked = []

    async def deliver(at_most: int) -> Batch:
        looked.append(at_most)
        raise RuntimeError

    for _ in range(2):
        courier.start(KEY, deliver)
        await courier.settle(SOON)

    assert len(looked) == 2
