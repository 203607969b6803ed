"""What happened is written down, with who did it."""

from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from tests.plans import plan_of
from watchword.audit.errors import EntryNotFound
from watchword.audit.models import SYSTEM, Actor, AuditFilter, interaction_event
from watchword.audit.repository import AuditRows
from watchword.audit.repository import _page as statements_of
from watchword.audit.service import AuditService
from watchword.core.context import RequestContext, asked_by, correlation_id
from watchword.core.pagination import PageRequest
from watchword.storage import Storage

ROSA = Actor("operator", "op1", "rosa")


@pytest.fixture
def audit(storage: Storage, clock: FakeClock) -> AuditService:
    return AuditService(AuditRows(storage, "default"), clock)


async def test_an_entry_says_who_did_what_in_which_request(audit: AuditService) -> None:
    token = correlation_id.set("req-1")
    await audit.record("user.deleted", ROSA, subject="user:u1", payload={"count": 1})
    correlation_id.reset(token)

    [entry] = (await audit.list()).items

    assert (entry.event, entry.actor, entry.subject) == ("user.deleted", ROSA, "user:u1")
    assert (entry.correlation_id, entry.payload, entry.result) == ("req-1", {"count": 1}, "success")


async def test_an_entry_disappears_with_the_change_it_belongs_to(
    audit: AuditService, storage: Storage
) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012
        async with storage.transaction() as tx:
            await audit.record("user.deleted", ROSA, tx=tx)
            raise RuntimeError

    assert (await audit.list()).total == 0


async def test_the_list_is_paged_newest_first_and_filtered(
    audit: AuditService, clock: FakeClock
) -> None:
    renamed = Actor("operator", "op1", "rosa.k")
    for number, actor in enumerate([ROSA, renamed, Actor("operator", "op10"), SYSTEM]):
        clock.advance(timedelta(seconds=1))
        await audit.record(
            f"event.{number}", actor, result="failure" if actor is SYSTEM else "success"
        )

    async def events(filters: AuditFilter, page: PageRequest | None = None) -> list[str]:
        found = await audit.list(page or PageRequest(), filters)
        return [entry.event for entry in found.items]

    assert await events(AuditFilter()) == ["event.3", "event.2", "event.1", "event.0"]
    assert await events(AuditFilter(), PageRequest(2, 3)) == ["event.0"]
    assert await events(AuditFilter(actor="operator:op1")) == ["event.1", "event.0"]
    assert await events(AuditFilter(result="failure")) == ["event.3"]
    assert await events(AuditFilter(since=clock.now())) == ["event.3"]
    assert await audit.purge(clock.now()) == 3
    assert await events(AuditFilter()) == ["event.3"]


async def test_another_tenants_log_is_out_of_sight(
    audit: AuditService, storage: Storage, clock: FakeClock
) -> None:
    await audit.record("user.deleted", ROSA)

    assert (await AuditService(AuditRows(storage, "acme"), clock).list()).total == 0


async def test_an_entry_knows_its_person_and_application_from_actor_or_subject(
    audit: AuditService, clock: FakeClock
) -> None:
    clock.tick = timedelta(milliseconds=1)
    await audit.record("user.deleted", ROSA, subject="user:u1")
    await audit.record("session.ended", Actor("user", "u1"), application_id="shop")
    await audit.record("RevokeToken", Actor("application", "shop"), user_id="u1")
    await audit.record("configuration.application.changed", ROSA, subject="application:shop")
    await audit.record("user.listed", ROSA, subject="user:")

    async def events(filters: AuditFilter) -> list[str]:
        return [entry.event for entry in (await audit.list(filters=filters)).items]

    assert await events(AuditFilter(user_id="u1")) == [
        "RevokeToken",
        "session.ended",
        "user.deleted",
    ]
    assert await events(AuditFilter(application_id="shop")) == [
        "configuration.application.changed",
        "RevokeToken",
        "session.ended",
    ]
    assert await events(AuditFilter(prefixes=("session.", "Revoke"))) == [
        "RevokeToken",
        "session.ended",
    ]


async def test_an_error_makes_it_a_failure_and_only_its_code_is_kept(audit: AuditService) -> None:
    await audit.record("session.ended", ROSA, error=EntryNotFound("821012345678"))

    [entry] = (await audit.list()).items

    assert (entry.result, entry.payload) == ("failure", {"error": "entity.not_found"})


async def test_who_sent_the_request_is_noted(audit: AuditService) -> None:
    context = RequestContext("192.0.2.7", (), "a browser " * 100, "req-1")
    token = asked_by.set(context)
    await audit.record("session.ended", ROSA, payload={"x": 1})
    asked_by.reset(token)

    [entry] = (await audit.list()).items

    assert entry.payload["ip"] == "192.0.2.7"
    assert entry.payload["x"] == 1
    assert len(entry.payload["userAgent"]) == 256


async def test_an_entry_is_found_by_its_id(audit: AuditService) -> None:
    await audit.record("session.ended", ROSA)
    [entry] = (await audit.list()).items

    assert await audit.get(entry.id) == entry
    with pytest.raises(EntryNotFound):
        await audit.get("nothing")


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("user_id", "ix_audit_log_user_id"),
        ("application_id", "ix_audit_log_application_id"),
        ("event", "ix_audit_log_event"),
        ("since", "ix_audit_log_created_at"),
    ],
)
async def test_a_filtered_page_walks_an_index_that_is_in_its_order(
    storage: Storage, clock: FakeClock, name: str, index: str
) -> None:
    value = clock.now() if name == "since" else "x"
    rows, _ = statements_of(frozenset({name}), 0)

    plan = await plan_of(storage, rows, limit=20, offset=0, **{name: value})

    assert index in plan, plan


@pytest.mark.parametrize(
    ("event", "method", "name"),
    [
        ("SignIn", None, "Interaction.SignIn.Submit"),
        (
            "Register",
            "PhoneVerificationCode",
            "Interaction.Register.Verification.VerificationCode.Submit",
        ),
        ("SignIn", "Password", "Interaction.SignIn.Verification.Password.Submit"),
    ],
)
def test_steps_of_an_interaction_have_the_contracts_names(
    event: str, method: str | None, name: str
) -> None:
    assert interaction_event(event, method=method) == name
