"""The clock of a running server."""

from datetime import timedelta

from watchword.core.clock import Clock


async def test_what_waits_for_a_moment_does_not_come_before_it() -> None:
    clock = Clock()
    moment = clock.now() + timedelta(milliseconds=5)

    await clock.sleep_until(moment)

    assert clock.now() >= moment
