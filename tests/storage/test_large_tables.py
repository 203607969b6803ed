"""Statements over tables that grow for years read what they need, and not the whole of them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Executable

from tests.fakes import FakeClock
from tests.plans import plan_of
from watchword.audit import repository as audit
from watchword.audit.models import SYSTEM, AuditFilter
from watchword.audit.service import AuditService
from watchword.core.pagination import PageRequest
from watchword.invitations import repository as invitations
from watchword.messaging import log_repository as message_log
from watchword.messaging import repository as messages
from watchword.organizations import repository as organizations
from watchword.storage import Storage
from watchword.users import repository as users
from watchword.users.models import SEARCH_FIELDS

PAGE: dict[str, Any] = {"limit": 20, "offset": 1000}
SIZE: dict[str, Any] = {"size": 20, "offset": 1000}


def chooses_without_statistics(storage: Storage) -> None:
    """Go on only where a plan does not depend on what is in a table, of which there is nothing."""
    if storage.dialect.name != "sqlite":
        pytest.skip("of an empty table, every index costs PostgreSQL the same")


async def test_a_sweep_for_lost_messages_reads_only_those_on_their_way(
    storage: Storage, clock: FakeClock
) -> None:
    chooses_without_statistics(storage)
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


async def test_a_list_reads_no_row_that_it_does_not_show(
    storage: Storage, clock: FakeClock
) -> None:
    of_organization: dict[str, Any] = {"organization_id": "o1"}
    lists: list[tuple[str, Executable, dict[str, Any]]] = [
        *(
            ("ix_messages_created_at", statement, {name: value, **bound})
            for name, value in (
                ("state", "failed"),
                ("usage_type", "SignIn"),
                ("country", "KR"),
                ("error_class", "x"),
                ("is_test", False),
                ("since", clock.now()),
            )
            for statement, bound in zip(
                message_log._page(frozenset({name}), 0), (PAGE, {}), strict=True
            )
        ),
        *(
            ("ix_audit_log_created_at", statement, {name: "x", **bound})
            for name in ("actor", "subject", "result")
            for statement, bound in zip(audit._page(frozenset({name}), 0), (PAGE, {}), strict=True)
        ),
        ("ix_organization_members_created_at", organizations.MEMBERS.page, of_organization | SIZE),
        ("ix_organization_members", organizations.FEATURED, {"ids": ["o1"]}),
        ("ix_users_created_at", users.LIST[False, True], SIZE),
        ("ix_users_created_at", *_search(is_bounded=False)),
        ("ix_users_created_at", *_search(is_bounded=True, recent_since=clock.now())),
    ]

    is_sqlite = storage.dialect.name == "sqlite"
    # Of an empty table, every index costs PostgreSQL the same: only an order makes it choose.
    chosen = [one for one in lists if is_sqlite or one[2].keys() & SIZE.keys()]
    for index, statement, values in chosen:
        plan = await plan_of(storage, statement, **values)

        # By the index alone: what is skipped or does not fit is never looked up.
        alone = "COVERING INDEX" if is_sqlite else "Index Only Scan"
        assert any(alone in line for line in plan.splitlines() if index in line), plan


async def test_what_an_index_of_its_own_finds_is_found_by_that(storage: Storage) -> None:
    chooses_without_statistics(storage)
    rows, count = message_log._page(frozenset(), 2)
    digests = {"digest_0": "a", "digest_1": "b"}

    plans = [
        ("ix_messages_recipient", await plan_of(storage, rows, **digests, **PAGE)),
        ("ix_messages_recipient", await plan_of(storage, count, **digests)),
        (
            "ix_organization_invitations_organization_id",
            await plan_of(storage, invitations.OF_ORGANIZATION.page, organization_id="o1", **SIZE),
        ),
    ]

    for index, plan in plans:
        assert index in plan, plan


def _search(is_bounded: bool, **recent: Any) -> tuple[Executable, dict[str, Any]]:
    shapes: tuple[users.Shape, ...] = ((SEARCH_FIELDS, True, 1),)
    statements = users.search_statements(shapes, (False,), (False, False), is_bounded)
    if recent:
        recent["recent_id"] = "u1"
    return statements.rows, {"typed0_0": "%x%", **SIZE, **recent}


async def test_pages_of_a_list_make_the_whole_of_it_in_one_order(
    storage: Storage, clock: FakeClock
) -> None:
    log = audit.AuditRows(storage, "default")
    service = AuditService(log, clock)
    for number in range(11):
        await service.record("user.created", SYSTEM, subject=f"user:{number}")
        # Some come at the same moment, and are told apart all the same.
        clock.advance(timedelta(seconds=number % 3))

    whole, total = await log.page(AuditFilter(), PageRequest(1, 100))
    pages = [await log.page(AuditFilter(), PageRequest(number, 3)) for number in range(1, 6)]

    assert [entry for entries, _ in pages for entry in entries] == whole
    assert whole == sorted(
        sorted(whole, key=lambda entry: entry.id), key=lambda entry: entry.created_at, reverse=True
    )
    assert {counted for _, counted in pages} == {total} == {11}
