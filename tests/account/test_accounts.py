"""Administrators' changes: each with its audit row and its event, or not at all."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Column, Insert, Integer, Table, bindparam, insert, select

from tests.fakes import FakeClock
from watchword.account.repository import OF_USER, Leftovers
from watchword.account.service import AccountService
from watchword.audit.models import Actor
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.core.phone import PhoneNumber
from watchword.oidc.session_repository import SessionRepository
from watchword.oidc.sessions import SessionService
from watchword.storage import Database, Storage, TenantRepository
from watchword.storage.schema import metadata, oidc_tokens, verification_records
from watchword.storage.types import Json, UtcDateTime
from watchword.users.errors import PhoneAlreadyInUse, UserNotFound
from watchword.users.models import Identifier, NewUser, UserChange
from watchword.users.passwords import GivenPassword, Passwords
from watchword.users.repository import UserRepository
from watchword.users.service import UserService
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService

SCRIPT = Actor("application", "m1", "script")
ALICE = PhoneNumber("821012345678")
BOB = PhoneNumber("821087654321")
KEPT = frozenset(
    {
        "audit_log",
        "factors",
        "organization_members",
        "organization_member_roles",
        "social_identities",
        "test_users",
    }
)
"""The log outlives those it is about; the rest goes with the row that it refers to."""


@dataclass(frozen=True, kw_only=True)
class ToldEvents(WebhookService):
    """Remembers what is announced, and can be out of order."""

    told: list[tuple[Event, dict[str, Any]]] = field(default_factory=list)
    broken: list[bool] = field(default_factory=list)

    async def announce(
        self,
        event: Event,
        payload: Mapping[str, Any],
        *,
        tx: Database | None = None,
    ) -> None:
        """Remember it, or fail as a queue that can't be written does."""
        if self.broken:
            raise RuntimeError("the queue is out of order")
        self.told.append((event, dict(payload)))


@dataclass
class Office:
    """An administrator's desk in one tenant."""

    accounts: AccountService
    events: ToldEvents

    @property
    def users(self) -> UserService:
        """Return the people."""
        return self.accounts.users

    async def audit(self) -> list[tuple[str, Any, Any]]:
        """Return what was noted, newest first: the event, what was before, what is after."""
        listed = await self.accounts.audit.list()
        assert {entry.actor for entry in listed.items} <= {SCRIPT}
        return [
            (entry.event, entry.payload.get("before"), entry.payload.get("after"))
            for entry in listed.items
        ]


def filled(table: Table, **values: Any) -> Insert:
    """Return the insertion of a row with something in every column that must have it."""
    row = {column.name: _something(column) for column in table.columns if not column.nullable}
    return insert(table).values({**row, "tenant_id": "default", **values})


def _something(column: Column[Any]) -> Any:
    if isinstance(column.type, UtcDateTime):
        return datetime(2026, 5, 1, tzinfo=UTC)
    if isinstance(column.type, Json):
        return {}
    return 1 if isinstance(column.type, Integer) else column.name[:8]


@pytest.fixture
def office(storage: Storage, clock: FakeClock) -> Office:
    events = ToldEvents()
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return Office(
        AccountService(
            storage=storage,
            users=UserService(
                users=UserRepository(storage, "default"), clock=clock, passwords=passwords
            ),
            sessions=SessionService(repository=SessionRepository(storage, "default"), clock=clock),
            leftovers=Leftovers(storage, "default"),
            audit=AuditService(AuditRows(storage, "default"), clock),
            webhooks=events,
        ),
        events,
    )


async def test_a_new_person_is_noted_masked_and_told_in_full(office: Office) -> None:
    new = NewUser(primary_phone=ALICE, primary_email="alice@example.com", custom_data={"k": "v"})

    user = await office.accounts.create(SCRIPT, new, GivenPassword(password="correct horse"))

    [(event, before, after)] = await office.audit()
    assert (event, before) == ("user.created", None)
    assert after == {
        "primaryPhone": ALICE.masked,
        "primaryEmail": "a•••@example.com",
        "customData": ["k"],
        "hasPassword": True,
    }
    [(told, payload)] = office.events.told
    assert told is Event.USER_CREATED
    assert payload["data"] == user.row()
    assert payload["params"] == {"userId": user.id}
    assert "argon2" not in str((payload, after))


async def test_a_change_is_noted_with_what_was_and_what_is(office: Office) -> None:
    user = await office.users.create(NewUser(primary_phone=ALICE, name="Alice"))

    change = UserChange(primary_phone=PhoneNumber("821012995678"), name=None)
    changed = await office.accounts.change(SCRIPT, user.id, change)

    [(event, before, after)] = await office.audit()
    assert event == "user.changed"
    # Both numbers look alike behind their masks, and are noted all the same.
    assert before == {"primaryPhone": ALICE.masked, "name": "Alice"}
    assert after == {"primaryPhone": ALICE.masked, "name": None}
    assert office.events.told[0] == (
        Event.USER_DATA_UPDATED,
        {"ip": None, "userAgent": None, "params": {"userId": user.id}, "data": changed.row()},
    )


async def test_a_password_is_noted_and_neither_it_nor_its_digest(
    office: Office, clock: FakeClock
) -> None:
    user = await office.users.create(NewUser(username="alice"))

    await office.accounts.set_password(SCRIPT, user.id, "first password")
    clock.advance(timedelta(seconds=1))
    await office.accounts.set_password(SCRIPT, user.id, "second password")

    assert await office.audit() == [
        ("user.changed", {"hasPassword": True}, {"hasPassword": True}),
        ("user.changed", {"hasPassword": False}, {"hasPassword": True}),
    ]
    await office.users.verify_password(Identifier("username", "alice"), "second password")


async def test_an_identifier_that_is_sent_back_unchanged_stays_proved(office: Office) -> None:
    new = NewUser(primary_phone=ALICE, is_phone_verified=True, primary_email="a@example.com")
    user = await office.users.create(new)

    same = UserChange(primary_phone=ALICE, primary_email="A@Example.com", name="Alice")
    changed = await office.accounts.change(SCRIPT, user.id, same)

    assert changed.phone_verified_at == user.phone_verified_at is not None
    changed = await office.accounts.change(SCRIPT, user.id, UserChange(primary_phone=BOB))
    assert changed.phone_verified_at is None


async def test_of_two_who_add_to_a_document_at_once_neither_loses_anything(office: Office) -> None:
    user = await office.users.create(NewUser(custom_data={"first": 1}))

    await asyncio.gather(
        *(
            office.accounts.add_to_custom_data(SCRIPT, user.id, {f"k{number}": number})
            for number in range(10)
        ),
        office.accounts.add_to_profile(SCRIPT, user.id, {"nickname": "A"}),
    )

    found = await office.users.get(user.id)
    assert found.custom_data == {"first": 1, **{f"k{number}": number for number in range(10)}}
    assert found.profile == {"nickname": "A"}


async def test_what_can_not_be_told_did_not_happen(office: Office, storage: Storage) -> None:
    user = await office.users.create(NewUser(username="alice", primary_phone=ALICE))
    session = await office.accounts.sessions.create(user.id, ("otp",))
    office.events.broken.append(True)

    for attempt in (
        office.accounts.create(SCRIPT, NewUser(username="bob")),
        office.accounts.change(SCRIPT, user.id, UserChange(name="Alice")),
        office.accounts.suspend(SCRIPT, user.id, True),
        office.accounts.delete(SCRIPT, user.id),
    ):
        with pytest.raises(RuntimeError):
            await attempt

    assert await office.users.get(user.id) == user
    assert await office.accounts.sessions.find(session.token) is not None
    assert await office.audit() == []
    assert await UserRepository(storage, "default").totals.get("users") == 1


async def test_a_refused_change_is_neither_noted_nor_told(office: Office) -> None:
    await office.users.create(NewUser(primary_phone=ALICE))
    bob = await office.users.create(NewUser(primary_phone=BOB))

    with pytest.raises(PhoneAlreadyInUse):
        await office.accounts.create(SCRIPT, NewUser(primary_phone=ALICE))
    with pytest.raises(PhoneAlreadyInUse):
        await office.accounts.change(SCRIPT, bob.id, UserChange(primary_phone=ALICE))
    with pytest.raises(UserNotFound):
        await office.accounts.delete(SCRIPT, "nobody")

    assert await office.audit() == []
    assert office.events.told == []


@pytest.mark.proves("S121")
async def test_who_is_suspended_has_no_session_and_no_token_left_and_gets_none_back(
    office: Office, storage: Storage, clock: FakeClock
) -> None:
    user = await office.users.create(NewUser(username="alice"))
    session = await office.accounts.sessions.create(user.id, ("otp",))
    token = {"kind": "refresh", "user_id": user.id, "scope": "openid offline_access"}
    await storage.run(filled(oidc_tokens, **token), {})
    tokens = select(oidc_tokens.c.kind).where(oidc_tokens.c.tenant_id == bindparam("tenant_id"))

    await office.accounts.suspend(SCRIPT, user.id, True)
    assert await office.accounts.sessions.find(session.token) is None
    assert await TenantRepository(storage, "default").all(tokens) == []
    clock.advance(timedelta(seconds=1))
    await office.accounts.suspend(SCRIPT, user.id, False)

    assert await office.accounts.sessions.find(session.token) is None
    assert [event for event, _, _ in await office.audit()] == ["user.unsuspended", "user.suspended"]
    assert [event for event, _ in office.events.told] == [Event.USER_SUSPENSION_STATUS_UPDATED] * 2


async def test_with_a_person_goes_all_that_is_kept_of_them_and_nothing_of_others(
    office: Office, storage: Storage
) -> None:
    user = await office.users.create(NewUser(username="alice", primary_phone=ALICE))
    for name in OF_USER:
        table = metadata.tables[name]
        first = next(column.name for column in list(table.primary_key)[1:])
        for owner in (user.id, "other"):
            await storage.run(filled(table, **{first: owner, "user_id": owner}), {})
    for number in (ALICE.digits, "61412345678"):
        record = {"id": f"r{number}", "flow_id": number, "identifier": number}
        row = filled(verification_records, identifier_type="phone", **record)
        await storage.run(row, {})

    await office.accounts.delete(SCRIPT, user.id)

    assert await office.users.find(user.id) is None
    rows = TenantRepository(storage, "default")
    for name in OF_USER:
        table = metadata.tables[name]
        left = await rows.all(
            select(table.c.user_id).where(table.c.tenant_id == bindparam("tenant_id"))
        )
        assert [row["user_id"] for row in left] == ["other"], name
    records = verification_records.c
    left = await rows.all(
        select(records.identifier).where(records.tenant_id == bindparam("tenant_id"))
    )
    assert [row["identifier"] for row in left] == ["61412345678"]
    [(event, before, after)] = await office.audit()
    assert (event, before["username"], after) == ("user.deleted", "alice", None)
    assert office.events.told[0][0] is Event.USER_DELETED
    assert office.events.told[0][1]["data"] is None


def test_every_table_about_a_person_is_thought_of() -> None:
    about_people = {name for name, table in metadata.tables.items() if "user_id" in table.c}

    assert about_people - KEPT == set(OF_USER), "delete it with them: account/repository.py"
