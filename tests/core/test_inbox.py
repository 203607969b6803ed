"""The inbox keeps each tenant's newest messages, and no more than it has room for."""

from tests.fakes import FakeClock
from watchword.core.inbox import KEPT, Inbox, InboxEntry


def entry(name: str, clock: FakeClock) -> InboxEntry:
    return InboxEntry(name, "+44 7700 900123", "Code 135790", "SignIn", "en", clock.now())


def test_each_tenant_sees_its_own_newest_first(clock: FakeClock) -> None:
    inbox = Inbox()
    inbox.add("ours", entry("1", clock))
    inbox.add("ours", entry("2", clock))
    inbox.add("theirs", entry("3", clock))

    assert [kept.id for kept in inbox.list("ours")] == ["2", "1"]
    assert inbox.list("nobody") == []


def test_the_oldest_falls_out(clock: FakeClock) -> None:
    inbox = Inbox()
    for number in range(KEPT + 5):
        inbox.add("ours", entry(str(number), clock))

    assert len(inbox.list("ours")) == KEPT
    assert inbox.list("ours")[-1].id == "5"


def test_neither_code_nor_number_is_in_its_repr(clock: FakeClock) -> None:
    assert "135790" not in repr(entry("1", clock))
    assert "7700" not in repr(entry("1", clock))
