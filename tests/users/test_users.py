"""Users: unique identifiers, passwords, lists and counts."""

import asyncio
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from tests.fakes import FakeClock
from watchword.core.pagination import PageRequest
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.storage import Storage
from watchword.users.errors import (
    EmailAlreadyInUse,
    InvalidCredentials,
    InvalidEmail,
    InvalidUsername,
    PhoneAlreadyInUse,
    UsernameAlreadyInUse,
    UserNotFound,
    UserSuspended,
)
from watchword.users.models import Identifier, NewUser, UserChange
from watchword.users.passwords import Passwords
from watchword.users.repository import UserRepository
from watchword.users.service import UserService

ALICE = PhoneNumber.from_digits("821012345678")
BOB = PhoneNumber.from_digits("821087654321")
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def service_of(
    storage: Storage, clock: FakeClock, tenant: str = "default", passwords: Passwords = QUICK
) -> UserService:
    return UserService(users=UserRepository(storage, tenant), clock=clock, passwords=passwords)


@pytest.fixture
def users(storage: Storage, clock: FakeClock) -> UserService:
    return service_of(storage, clock)


async def test_a_phone_is_stored_in_one_form_however_it_was_typed(users: UserService) -> None:
    created = await users.create(NewUser(primary_phone=PhoneNumber.parse("010-1234-5678", "KR")))

    assert created.primary_phone == "821012345678"
    assert await users.find_by_identifier("phone", "8201012345678") == created
    assert created.phone == ALICE


async def test_a_number_that_is_none_is_refused(users: UserService) -> None:
    with pytest.raises(InvalidPhoneNumber):
        await users.find_by_identifier("phone", "456")


async def test_a_phone_counts_as_verified_only_after_proof(
    users: UserService, clock: FakeClock
) -> None:
    typed = await users.create(NewUser(primary_phone=ALICE))
    proved = await users.create(NewUser(primary_phone=BOB, is_phone_verified=True))

    assert typed.phone_verified_at is None
    assert proved.phone_verified_at == clock.now()
    changed = await users.change(proved.id, UserChange(primary_phone=PhoneNumber("821011112222")))
    assert changed.phone_verified_at is None


async def test_what_was_created_is_what_is_found(users: UserService) -> None:
    created = await users.create(
        NewUser(
            username="alice",
            primary_email=" Alice@Example.com ",
            primary_phone=ALICE,
            name="Alice",
            profile={"givenName": "A"},
            custom_data={"k": 1},
            is_signed_in=True,
        )
    )

    assert await users.get(created.id) == created
    assert await users.find_by_identifier("email", "ALICE@example.com") == created
    assert await users.find_by_identifier("username", "alice") == created
    assert created.last_sign_in_at == created.created_at


@pytest.mark.parametrize(
    ("new", "error"),
    [
        (NewUser(primary_phone=ALICE), PhoneAlreadyInUse),
        (NewUser(primary_email="a@example.com"), EmailAlreadyInUse),
        (NewUser(username="alice"), UsernameAlreadyInUse),
    ],
)
async def test_an_identifier_belongs_to_one_person(
    users: UserService, new: NewUser, error: type[Exception]
) -> None:
    taken = NewUser(username="alice", primary_email="a@example.com", primary_phone=ALICE)
    await users.create(taken)

    with pytest.raises(error):
        await users.create(new)


async def test_of_many_who_ask_for_a_number_at_once_one_gets_it(users: UserService) -> None:
    results = await asyncio.gather(
        *(users.create(NewUser(primary_phone=ALICE)) for _ in range(20)), return_exceptions=True
    )

    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert sum(isinstance(result, PhoneAlreadyInUse) for result in results) == 19


async def test_a_change_can_not_take_anothers_number(users: UserService) -> None:
    await users.create(NewUser(primary_phone=ALICE))
    bob = await users.create(NewUser(primary_phone=BOB))

    with pytest.raises(PhoneAlreadyInUse):
        await users.change(bob.id, UserChange(primary_phone=ALICE))
    assert (await users.get(bob.id)).primary_phone == BOB.digits


async def test_a_change_leaves_the_rest_alone_and_none_removes(
    users: UserService, clock: FakeClock
) -> None:
    created = await users.create(NewUser(primary_phone=ALICE, name="Alice", username="alice"))
    clock.advance(timedelta(minutes=1))

    changed = await users.change(created.id, UserChange(name=None))

    assert (changed.name, changed.username, changed.primary_phone) == (None, "alice", ALICE.digits)
    assert changed.updated_at == clock.now()


async def test_a_sign_in_is_noted_with_what_the_visit_changed(
    users: UserService, clock: FakeClock
) -> None:
    created = await users.create(NewUser(username="alice"))
    clock.advance(timedelta(minutes=1))

    signed_in = await users.record_sign_in(
        created.id, UserChange(primary_phone=ALICE, is_phone_verified=True)
    )

    assert signed_in.last_sign_in_at == clock.now()
    assert signed_in.phone_verified_at == clock.now()


async def test_a_tenant_knows_its_own_people_only(
    storage: Storage, users: UserService, clock: FakeClock
) -> None:
    created = await users.create(NewUser(primary_phone=ALICE))
    others = service_of(storage, clock, "other")

    assert await others.find(created.id) is None
    assert await others.find_by_identifier("phone", ALICE.digits) is None
    with pytest.raises(UserNotFound):
        await others.change(created.id, UserChange(name="x"))
    with pytest.raises(UserNotFound):
        await others.delete(created.id)
    assert (await others.create(NewUser(primary_phone=ALICE))).id != created.id


async def test_a_transaction_that_fails_leaves_no_user(
    storage: Storage, users: UserService
) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012
        async with storage.transaction() as tx:
            await users.create(NewUser(primary_phone=ALICE), tx=tx)
            raise RuntimeError

    assert await users.find_by_identifier("phone", ALICE.digits) is None


@pytest.mark.parametrize("username", ["1abc", "a b", "", "é", "a" * 129])
async def test_a_username_has_the_contracts_characters(users: UserService, username: str) -> None:
    with pytest.raises(InvalidUsername):
        await users.create(NewUser(username=username))


async def test_an_email_has_an_at_sign(users: UserService) -> None:
    with pytest.raises(InvalidEmail):
        await users.create(NewUser(primary_email="alice"))


class TestPasswords:
    @pytest.mark.proves("S77")
    async def test_the_right_password_names_its_owner(self, users: UserService) -> None:
        created = await users.create(
            NewUser(username="alice", password_digest=await QUICK.digest_of("correct horse"))
        )

        owner = await users.verify_password(Identifier("username", "alice"), "correct horse")

        assert owner == created
        assert created.password_digest is not None
        assert created.password_digest.startswith("$argon2id$")

    @pytest.mark.parametrize("name", ["alice", "nobody", "no_password"])
    async def test_nobody_learns_why_a_password_is_refused(
        self, users: UserService, name: str
    ) -> None:
        digest = await QUICK.digest_of("correct horse")
        await users.create(NewUser(username="alice", password_digest=digest))
        await users.create(NewUser(username="no_password"))

        with pytest.raises(InvalidCredentials):
            await users.verify_password(Identifier("username", name), "wrong")

    @pytest.mark.parametrize("name", ["alice", "nobody", "no_password"])
    @pytest.mark.proves("S61")
    async def test_known_and_unknown_people_cost_one_check_each(
        self, storage: Storage, clock: FakeClock, name: str
    ) -> None:
        checked: list[str] = []

        class Counted(PasswordHasher):
            def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
                checked.append(str(hash).rpartition("$")[0].rpartition("$")[0])
                return super().verify(hash, password)

        passwords = Passwords(Counted(time_cost=1, memory_cost=8, parallelism=1))
        users = service_of(storage, clock, passwords=passwords)
        digest = await passwords.digest_of("correct horse")
        await users.create(NewUser(username="alice", password_digest=digest))
        await users.create(NewUser(username="no_password"))

        with pytest.raises(InvalidCredentials):
            await users.verify_password(Identifier("username", name), "wrong")

        assert checked == ["$argon2id$v=19$m=8,t=1,p=1"]

    async def test_a_suspended_person_is_told_so_only_with_the_right_password(
        self, users: UserService
    ) -> None:
        digest = await QUICK.digest_of("correct horse")
        created = await users.create(NewUser(username="alice", password_digest=digest))
        await users.change(created.id, UserChange(is_suspended=True))

        with pytest.raises(InvalidCredentials):
            await users.verify_password(Identifier("username", "alice"), "wrong")
        with pytest.raises(UserSuspended):
            await users.verify_password(Identifier("username", "alice"), "correct horse")

    @pytest.mark.proves("S77")
    async def test_a_sign_in_renews_a_digest_with_old_parameters(
        self, storage: Storage, users: UserService, clock: FakeClock
    ) -> None:
        old = await QUICK.digest_of("correct horse")
        created = await users.create(NewUser(username="alice", password_digest=old))
        stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
        upgraded = service_of(storage, clock, passwords=stronger)

        await upgraded.verify_password(Identifier("username", "alice"), "correct horse")

        digest = (await users.get(created.id)).password_digest
        assert digest is not None
        assert "m=16,t=2" in digest
        await upgraded.verify_password(Identifier("username", "alice"), "correct horse")

    async def test_set_password_replaces_the_old_one(self, users: UserService) -> None:
        created = await users.create(NewUser(username="alice"))
        await users.set_password(created.id, "first password")
        await users.set_password(created.id, "second password")

        await users.verify_password(Identifier("username", "alice"), "second password")
        with pytest.raises(InvalidCredentials):
            await users.verify_password(Identifier("username", "alice"), "first password")


class TestLists:
    async def test_newest_first_in_pages(self, users: UserService, clock: FakeClock) -> None:
        for number in range(5):
            await users.create(NewUser(username=f"user{number}"))
            clock.advance(timedelta(seconds=1))

        page = await users.list(PageRequest(number=2, size=2))

        assert [user.username for user in page.items] == ["user2", "user1"]
        assert (page.total, page.last_number) == (5, 3)

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("ALI", ["alice_1"]),
            ("10123", ["alice_1"]),
            ("%10123%", ["alice_1"]),
            ("example.com", ["bob"]),
            ("e_1", ["alice_1"]),
            ("a_i", []),
            ("민수", ["bob"]),
        ],
    )
    async def test_search_takes_every_character_for_itself(
        self, users: UserService, search: str, found: list[str]
    ) -> None:
        await users.create(NewUser(username="alice_1", primary_phone=ALICE))
        await users.create(NewUser(username="bob", primary_email="b@example.com", name="김민수"))

        page = await users.list(PageRequest(), search)

        assert [user.username for user in page.items] == found
        assert page.total == len(found)

    async def test_names_that_differ_in_case_only_are_found(self, users: UserService) -> None:
        for username in ("Alice", "alice", "bob"):
            await users.create(NewUser(username=username))

        assert await users.username_conflicts() == ["alice"]


async def test_a_deleted_user_is_gone(users: UserService) -> None:
    created = await users.create(NewUser(primary_phone=ALICE))
    await users.delete(created.id)

    assert await users.find(created.id) is None
    with pytest.raises(UserNotFound):
        await users.get(created.id)
    with pytest.raises(UserNotFound):
        await users.delete(created.id)


def test_no_repr_shows_a_phone_number() -> None:
    for value in (NewUser(primary_phone=ALICE), Identifier.of_phone(ALICE), UserChange()):
        assert "12345678" not in repr(value)
