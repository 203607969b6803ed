"""Lists and searches: what is found, what is counted, and how much is read for it."""

from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from tests.users.test_users import service_of
from watchword.core.pagination import PageRequest
from watchword.core.phone import PhoneNumber
from watchword.storage import Storage
from watchword.users.models import SEARCH_FIELDS, Condition, NewUser, SearchField, UserSearch
from watchword.users.repository import UserRepository
from watchword.users.service import UserService

FIRST = PageRequest()


@pytest.fixture
async def users(storage: Storage, clock: FakeClock) -> UserService:
    """Return a tenant with three people, the oldest first."""
    users = service_of(storage, clock)
    for new in (
        NewUser(
            username="Alice_1",
            primary_phone=PhoneNumber("821012345678"),
            primary_email="alice@example.com",
            name="Alice",
        ),
        NewUser(username="alice2", primary_phone=PhoneNumber("61412345678"), name="ALICE B*"),
        NewUser(username="bob", primary_email="bob@example.com", name="821012345678 is Bob's"),
    ):
        await users.create(new)
        clock.advance(timedelta(seconds=1))
    return users


def one(
    *values: str,
    mode: str = "like",
    field: SearchField | None = None,
    is_case_sensitive: bool = False,
) -> UserSearch:
    fields = (field,) if field else SEARCH_FIELDS
    condition = (
        Condition(values=values, fields=fields)
        if mode == "exact"
        else Condition.fitting(values[0], fields)
    )
    return UserSearch(conditions=(condition,), is_case_sensitive=is_case_sensitive)


async def found(users: UserService, search: UserSearch | str) -> list[str | None]:
    page = await users.list(FIRST, search)
    assert page.total == len(page.items)
    return [user.username for user in page.items]


async def test_a_search_finds_what_it_asks_for(users: UserService) -> None:
    cases: list[tuple[UserSearch | str, list[str]]] = [
        (one("%alice%"), ["alice2", "Alice_1"]),
        (one("%ALICE%"), ["alice2", "Alice_1"]),
        (one("alice%"), ["alice2", "Alice_1"]),
        (one("%alice"), ["Alice_1"]),
        (one("alice__"), ["Alice_1"]),
        (one("alice\\_1"), ["Alice_1"]),
        (one("alice\\"), []),
        (one("%\\"), []),
        # Without a wildcard it is the whole of a field.
        (one("alice"), ["Alice_1"]),
        (one("bob"), ["bob"]),
        (one("%B*", field="name", is_case_sensitive=True), ["alice2"]),
        (one("%b*", field="name", is_case_sensitive=True), []),
        (one("Alice%", is_case_sensitive=True), ["Alice_1"]),
        (one("Alice[_]1", is_case_sensitive=True), []),
        (one("%", field="username"), ["bob", "alice2", "Alice_1"]),
        # A whole number or address finds its owner alone, and by an index.
        (one("%821012345678%"), ["Alice_1"]),
        (one("821012345678"), ["Alice_1"]),
        (one("8201012345678", mode="exact"), ["Alice_1"]),
        (one("%610412345678%"), ["alice2"]),
        (one("%Alice@Example.com%"), ["Alice_1"]),
        (one("%82101234567%"), ["bob", "Alice_1"]),
        (one("%821087654321%"), []),
        # Exactly.
        (one("ALICE_1", mode="exact", field="username"), ["Alice_1"]),
        (
            one("ALICE_1", mode="exact", field="username", is_case_sensitive=True),
            [],
        ),
        (one("alice", "ALICE B*", mode="exact", field="name"), ["alice2", "Alice_1"]),
        (one("alice", "Alice", mode="exact", field="name", is_case_sensitive=True), ["Alice_1"]),
        (
            one("bob@example.com", "x", "821012345678", mode="exact"),
            ["bob", "Alice_1"],
        ),
        (one("Bob@example.com", mode="exact", field="primary_email"), ["bob"]),
        ("+82 10-1234-5678", ["Alice_1"]),
        ("alice_", ["Alice_1"]),
        ("", ["bob", "alice2", "Alice_1"]),
    ]
    for search, names in cases:
        assert await found(users, search) == names, search


@pytest.mark.parametrize(
    ("needs_all", "conditions", "names"),
    [
        (False, (one("%bob%"), one("alice%", field="name")), ["bob", "alice2", "Alice_1"]),
        (True, (one("%example%"), one("a%", field="username")), ["Alice_1"]),
        (
            True,
            (one("bob@example.com", mode="exact", field="primary_email"), one("%is%")),
            ["bob"],
        ),
        (
            False,
            (one("bob@example.com", mode="exact", field="primary_email"), one("%B*%")),
            ["bob", "alice2"],
        ),
        (
            False,
            (
                one("bob@example.com", mode="exact", field="primary_email"),
                one("61412345678", mode="exact", field="primary_phone"),
            ),
            ["bob", "alice2"],
        ),
    ],
)
async def test_conditions_are_joined(
    users: UserService, needs_all: bool, conditions: tuple[UserSearch, ...], names: list[str]
) -> None:
    joined = tuple(search.conditions[0] for search in conditions)

    assert await found(users, UserSearch(conditions=joined, needs_all=needs_all)) == names


class TestBounds:
    async def test_what_no_index_knows_is_looked_for_among_the_newest_and_the_page_says_so(
        self, users: UserService, storage: Storage, clock: FakeClock
    ) -> None:
        few = UserService(
            users=UserRepository(storage, "default", most_looked_through=2), clock=clock
        )

        page = await few.list(FIRST, one("%alice%"))
        assert [user.username for user in page.items] == ["alice2"]
        assert (page.total, page.looked_through) == (1, 2)

        # Those that an index knows are found however old they are.
        by_index = await few.list(FIRST, one("%821012345678%"))
        assert ([user.username for user in by_index.items], by_index.looked_through) == (
            ["Alice_1"],
            None,
        )
        either = UserSearch(
            conditions=(
                *one("alice@example.com", mode="exact", field="primary_email").conditions,
                *one("%bob%").conditions,
            )
        )
        mixed = await few.list(FIRST, either)
        assert [user.username for user in mixed.items] == ["bob", "Alice_1"]
        everyone = await users.list(FIRST, one("%alice%"))
        assert everyone.looked_through is None

    async def test_a_total_is_counted_so_far_and_no_further(
        self, users: UserService, storage: Storage, clock: FakeClock
    ) -> None:
        two = UserService(users=UserRepository(storage, "default", most_counted=2), clock=clock)

        page = await two.list(PageRequest(1, 1), one("%", field="username"))

        assert (len(page.items), page.total) == (1, 2)

    async def test_pages_of_a_search_and_their_total_fit_together(self, users: UserService) -> None:
        search = one("%", field="username")

        pages = [await users.list(PageRequest(number, 2), search) for number in (1, 2, 3)]

        assert [[user.username for user in page.items] for page in pages] == [
            ["bob", "alice2"],
            ["Alice_1"],
            [],
        ]
        assert {page.total for page in pages} == {3}


class TestPages:
    @pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 20])
    async def test_pages_read_from_either_end_make_the_whole_list(
        self, storage: Storage, clock: FakeClock, size: int
    ) -> None:
        users = service_of(storage, clock)
        created = []
        for number in range(11):
            created.append((await users.create(NewUser(username=f"u{number}"))).id)
            # Some come at the same moment, and are told apart all the same.
            clock.advance(timedelta(seconds=number % 3))

        listed = []
        for number in range(1, 13):
            page = await users.list(PageRequest(number, size))
            assert page.total == len(created)
            listed += [user.id for user in page.items]

        assert sorted(listed) == sorted(created)
        whole = await users.list(PageRequest(1, 100))
        assert listed == [user.id for user in whole.items]

    async def test_a_total_follows_who_comes_and_goes(self, users: UserService) -> None:
        page = await users.list(FIRST)
        await users.delete(page.items[0].id)

        assert (await users.list(FIRST)).total == page.total - 1 == 2
