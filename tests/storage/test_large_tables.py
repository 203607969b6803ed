"""Statements over tables that grow for years read what they need, and not the whole of them."""

from tests.fakes import FakeClock
from tests.plans import plan_of
from watchword.messaging import repository as messages
from watchword.storage import Storage


async def test_a_sweep_for_lost_messages_reads_only_those_on_their_way(
    storage: Storage, clock: FakeClock
) -> None:
    now = clock.now()
    lease = {"lease_holder": "p1", "lease_until": now}
    taken = {"channel": "sms", "now": now, "instance_id": "c1", "at_most": 10, **lease}

    plans = [
        await plan_of(storage, messages.GIVE_UP, now=now),
        await plan_of(storage, messages.TAKE_OVER, trial_id="", **taken),
        await plan_of(storage, messages.TAKE_OVER_TRIED, **taken),
    ]

    for plan in plans:
        assert "ix_messages_open" in plan, plan
        assert "ix_messages_created_at" not in plan, plan
