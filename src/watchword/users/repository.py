"""The `users` rows of one tenant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    union,
    union_all,
    update,
)

from watchword.core.pagination import PageRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import social_identities, users
from watchword.storage.totals import Totals
from watchword.storage.types import AnyCaseLike, CaseSensitiveLike, glob_of
from watchword.tenants.limits import Limited, limit_reached
from watchword.users.models import (
    MOST_VALUES,
    Condition,
    Identifier,
    User,
    UserPage,
    UserSearch,
    digits_of,
)

COUNTED = users.name
MOST_COUNTED = 10_000
"""How far the total of a search is counted."""
MOST_LOOKED_THROUGH = 100_000
"""How many of the newest users are looked at for what no index knows."""

u = users.c
OURS = u.tenant_id == bindparam("tenant_id")
NAMES = tuple(column.name for column in users.columns if column.name != "tenant_id")
COLUMNS = [users.c[name] for name in NAMES]

ADD = insert(users).values({column.name: bindparam(column.name) for column in users.columns})
FIND = select(*COLUMNS).where(OURS, u.id == bindparam("id"))
FIND_BY = {
    type_: select(*COLUMNS).where(OURS, column == bindparam("value"))
    for type_, column in (
        ("phone", u.primary_phone),
        ("email", u.primary_email),
        ("username", u.username),
    )
}
s = social_identities.c
FIND_BY_IDENTITY = (
    select(*COLUMNS)
    .join(
        social_identities,
        and_(s.tenant_id == u.tenant_id, s.user_id == u.id),
    )
    .where(
        OURS,
        s.tenant_id == bindparam("tenant_id"),
        s.target == bindparam("target"),
        s.social_id == bindparam("social_id"),
    )
)
LINK = insert(social_identities).values(
    {column.name: bindparam(column.name) for column in social_identities.columns}
)
UNLINK_ALL = delete(social_identities).where(
    s.tenant_id == bindparam("tenant_id"), s.user_id == bindparam("owner")
)
DELETE = delete(users).where(OURS, u.id == bindparam("id_"))
REPLACE_PASSWORD_DIGEST = (
    update(users)
    .where(OURS, u.id == bindparam("id_"), u.password_digest == bindparam("old"))
    .values(password_digest=bindparam("new"))
)

FIND_FOR_CHANGE = FIND.with_for_update(key_share=True)

NEWEST = (u.created_at.desc(), u.id.desc())
OLDEST = (u.created_at, u.id)
_size = bindparam("size", type_=Integer)
_offset = bindparam("offset", type_=Integer)


def _listed(order: tuple[ColumnElement[Any], ...]) -> Executable:
    return select(*COLUMNS).where(OURS).order_by(*order).limit(_size).offset(_offset)


def _listed_far(order: tuple[ColumnElement[Any], ...]) -> Executable:
    # The index alone tells which ids are on the page: what is skipped is never read.
    page = select(u.id).where(OURS).order_by(*order).limit(_size).offset(_offset).subquery("page")
    return select(*COLUMNS).join(page, u.id == page.c.id).where(OURS).order_by(*order)


NEAR = 1_000
"""Up to here, skipping whole rows costs less than looking ids up."""
LIST = {
    (order is OLDEST, is_far): statement(order)
    for order in (NEWEST, OLDEST)
    for is_far, statement in ((False, _listed), (True, _listed_far))
}
"""By whether it begins with the oldest, and whether it skips many."""
SIGNED_IN_WITH_PHONE = (
    select(u.id).where(OURS, u.last_sign_in_at.is_not(None), u.primary_phone.is_not(None)).limit(1)
)
# Names that differ in case only; whoever spells one so can't sign in once case stops to matter.
USERNAME_CONFLICTS = (
    select(func.lower(u.username).label("username"))
    .where(OURS, u.username.is_not(None))
    .group_by(func.lower(u.username))
    .having(func.count() > 1)
    .order_by(func.lower(u.username))
)


@cache
def change_statement(names: tuple[str, ...]) -> Executable:
    """Return the update of these columns; built once for each set that is ever changed."""
    return (
        update(users)
        .where(OURS, u.id == bindparam("id_"))
        .values({name: bindparam(name) for name in names})
        .returning(*COLUMNS)
    )


OLDEST_RECENT = (
    select(u.created_at.label("recent_since"), u.id.label("recent_id"))
    .where(OURS)
    .order_by(*NEWEST)
    .limit(_size)
    .offset(_offset)
)
IS_RECENT = tuple_(u.created_at, u.id) >= tuple_(
    bindparam("recent_since", type_=u.created_at.type), bindparam("recent_id", type_=u.id.type)
)

# --- searches: a statement for each shape that is ever asked for

Shape = tuple[tuple[str, ...], bool, int]
"""A condition without its values: its fields, whether it is a pattern, how many values it has."""

SIZES = (1, 10, MOST_VALUES)
"""Values are filled up to one of these, so that there are few shapes."""


@dataclass(frozen=True)
class SearchStatements:
    """What finds the users of a page, and what counts all of them."""

    rows: Executable
    count: Executable


@lru_cache(maxsize=256)
def named_statement(
    fields: tuple[str, ...], _is_pattern: bool, size: int, is_case_sensitive: bool
) -> Executable:
    """Return what finds the owners of whole identifiers, each field by its own index."""
    # Joined by OR, SQLite would rather read every user in the order of the list.
    return union_all(
        *(
            select(*COLUMNS).where(OURS, _owner(u[field], 0, size, is_case_sensitive))
            for field in fields
        )
    )


@lru_cache(maxsize=256)
def search_statements(
    shapes: tuple[Shape, ...],
    indexed: tuple[bool, ...],
    mode: tuple[bool, bool],
    is_bounded: bool,
) -> SearchStatements:
    """Return the statements of a search; *indexed* tells which conditions an index answers."""
    needs_all, is_case_sensitive = mode
    wanted = (and_ if needs_all else or_)(*_conditions(shapes, is_case_sensitive))
    if not is_bounded:
        return _searching(wanted)
    if not any(indexed):
        return _searching(IS_RECENT, wanted)
    owners = [
        _named(number, shape, is_case_sensitive)
        for number, (shape, is_indexed) in enumerate(zip(shapes, indexed, strict=True))
        if is_indexed
    ]
    ids = union(
        select(u.id).where(OURS, IS_RECENT, wanted), select(u.id).where(OURS, or_(*owners))
    ).subquery("ids")
    return _searching(u.id.in_(select(ids.c.id)))


def _searching(*wanted: ColumnElement[bool]) -> SearchStatements:
    found = select(u.id).where(OURS, *wanted)
    # The index of the list holds all that is looked at: of whom nothing fits, no row is read.
    page = found.order_by(*NEWEST).limit(_size).offset(_offset).subquery("page")
    counted = found.limit(bindparam("most_counted", type_=Integer)).subquery("counted")
    return SearchStatements(
        rows=select(*COLUMNS).join(page, u.id == page.c.id).where(OURS).order_by(*NEWEST),
        count=select(func.count().label("total")).select_from(counted),
    )


def _conditions(
    shapes: tuple[Shape, ...], is_case_sensitive: bool
) -> Iterator[ColumnElement[bool]]:
    for number, (fields, is_pattern, size) in enumerate(shapes):
        test = _like if is_pattern else _one_of
        yield or_(*(test(u[field], number, size, is_case_sensitive) for field in fields))


def _like(
    column: ColumnElement[str], number: int, _size: int, is_case_sensitive: bool
) -> ColumnElement[bool]:
    pattern = bindparam(f"typed{number}_0", type_=column.type)
    if is_case_sensitive:
        return CaseSensitiveLike(column, pattern, bindparam(f"glob{number}_0", type_=column.type))
    return AnyCaseLike(column, pattern)


def _one_of(
    column: ColumnElement[str], number: int, size: int, is_case_sensitive: bool
) -> ColumnElement[bool]:
    if column.name in {"id", "primary_email", "primary_phone"}:
        return _owner(column, number, size, is_case_sensitive)
    if is_case_sensitive:
        return column.in_(_binds("typed", number, size))
    return func.lower(column).in_([func.lower(bind) for bind in _binds("typed", number, size)])


def _named(number: int, shape: Shape, is_case_sensitive: bool) -> ColumnElement[bool]:
    fields, _, size = shape
    return or_(*(_owner(u[field], number, size, is_case_sensitive) for field in fields))


def _owner(
    column: ColumnElement[str], number: int, size: int, is_case_sensitive: bool
) -> ColumnElement[bool]:
    if column.name == "primary_phone":
        return column.in_(_binds("phone", number, size))
    is_as_typed = is_case_sensitive or column.name == "username"
    return column.in_(_binds("typed" if is_as_typed else "small", number, size))


def _binds(name: str, number: int, size: int) -> list[Any]:
    return [bindparam(f"{name}{number}_{index}", type_=u.id.type) for index in range(size)]


def _shape_of(condition: Condition) -> Shape:
    size = next(size for size in SIZES if size >= len(condition.values))
    return condition.fields, condition.is_pattern, size


def _bound(number: int, condition: Condition, shape: Shape) -> dict[str, str]:
    values: dict[str, str] = {}
    for index in range(shape[2]):
        value = condition.values[min(index, len(condition.values) - 1)]
        values[f"typed{number}_{index}"] = value
        values[f"small{number}_{index}"] = value.lower()
        values[f"phone{number}_{index}"] = digits_of(value)
        values[f"glob{number}_{index}"] = glob_of(value)
    return values


def _indexed(search: UserSearch) -> tuple[bool, ...]:
    return tuple(map(search.is_indexed, search.conditions))


def _mode_of(search: UserSearch) -> tuple[bool, bool]:
    return search.needs_all, search.is_case_sensitive


def _each_once(rows: list[Row]) -> list[User]:
    # Whoever is named by two fields is in two rows.
    found = {row["id"]: User(**row) for row in rows}
    return sorted(found.values(), key=lambda user: (user.created_at, user.id), reverse=True)


def _users(rows: list[Row]) -> list[User]:
    return [User(**row) for row in rows]


@dataclass(frozen=True)
class UserRepository(TenantRepository):
    """Finds, adds and changes users."""

    most_looked_through: int = MOST_LOOKED_THROUGH
    most_counted: int = MOST_COUNTED
    most_users: int | None = None
    """How many there may be; None where nobody says."""

    @cached_property
    def totals(self) -> Totals:
        """Return the count that is kept of them."""
        return Totals(self.db, self.tenant_id)

    async def find(self, user_id: str) -> User | None:
        """Return the user with this id, or None."""
        row = await self.first(FIND, id=user_id)
        return User(**row) if row else None

    async def find_by(self, identifier: Identifier) -> User | None:
        """Return the owner of the identifier, or None."""
        row = await self.first(FIND_BY[identifier.type], value=identifier.value)
        return User(**row) if row else None

    async def find_by_identity(self, target: str, social_id: str) -> User | None:
        """Return the one whom a provider's account is linked to, or None."""
        row = await self.first(FIND_BY_IDENTITY, target=target, social_id=social_id)
        return User(**row) if row else None

    async def find_for_change(self, user_id: str) -> User | None:
        """Return the user, whom nobody else changes until this transaction ends, or None."""
        row = await self.first(FIND_FOR_CHANGE, id=user_id)
        return User(**row) if row else None

    async def add(self, user: User) -> None:
        """Insert the row and count it, together; raises StorageConflict or TenantLimitReached."""
        async with self.db.transaction() as tx:
            ours = self.within(tx)
            await ours.run(ADD, **{name: getattr(user, name) for name in NAMES})
            await ours._count_one_more()
            await ours._link(user)

    async def _count_one_more(self) -> None:
        if self.most_users is None:
            await self.totals.add(COUNTED, 1)
        elif not await self.totals.add_within(COUNTED, self.most_users):
            raise limit_reached(Limited.USERS, self.most_users)

    async def change(self, user_id: str, columns: Mapping[str, Any]) -> User | None:
        """Write these columns and return the row, or None; raises StorageConflict."""
        if "identities" in columns:
            return await self._relink(user_id, columns)
        return await self._change(user_id, columns)

    async def _change(self, user_id: str, columns: Mapping[str, Any]) -> User | None:
        row = await self.first(change_statement(tuple(sorted(columns))), id_=user_id, **columns)
        return User(**row) if row else None

    async def _relink(self, user_id: str, columns: Mapping[str, Any]) -> User | None:
        # The row and what it is found by change together.
        async with self.db.transaction() as tx:
            ours = self.within(tx)
            user = await ours._change(user_id, columns)
            if user is not None:
                await ours.run(UNLINK_ALL, owner=user_id)
                await ours._link(user)
            return user

    async def _link(self, user: User) -> None:
        for target, identity in user.identities.items():
            await self.run(LINK, target=target, social_id=identity["userId"], user_id=user.id)

    async def replace_password_digest(self, user_id: str, old: str, new: str) -> int:
        """Write *new* only over *old*."""
        return await self.run(REPLACE_PASSWORD_DIGEST, id_=user_id, old=old, new=new)

    async def delete(self, user_id: str) -> int:
        """Delete the row and count it no more, together."""
        async with self.db.transaction() as tx:
            ours = self.within(tx)
            deleted = await ours.run(DELETE, id_=user_id)
            if deleted:
                await ours.totals.add(COUNTED, -deleted)
            return deleted

    async def has_phone_signed_in(self) -> bool:
        """Tell whether anybody who has a phone number signed in yet."""
        return await self.first(SIGNED_IN_WITH_PHONE) is not None

    async def username_conflicts(self) -> list[str]:
        """Return user names that several people spell in different case."""
        return [row["username"] for row in await self.all(USERNAME_CONFLICTS)]

    async def list(self, page: PageRequest) -> UserPage:
        """Return one page of all, newest first, read from the end that is nearer."""
        total = await self.totals.get(COUNTED)
        offset, size = page.offset, min(page.size, max(0, total - page.offset))
        is_from_the_end = offset > total // 2
        if is_from_the_end:
            offset = max(0, total - offset - size)
        statement = LIST[is_from_the_end, offset > NEAR]
        rows = await self.all(statement, size=size, offset=offset) if size else []
        return UserPage(_users(rows[::-1] if is_from_the_end else rows), total, page)

    async def search(self, page: PageRequest, search: UserSearch) -> UserPage:
        """Return one page of those that match; the total goes to MOST_COUNTED and no further."""
        named = search.conditions[0].named if len(search.conditions) == 1 else None
        if named is not None:
            shape = _shape_of(named)
            statement = named_statement(*shape, search.is_case_sensitive)
            found = _each_once(await self.all(statement, **_bound(0, named, shape)))
            if found or search.is_indexed(search.conditions[0]):
                return UserPage(found[page.offset :][: page.size], len(found), page)
        return await self._look_through(page, search)

    async def _look_through(self, page: PageRequest, search: UserSearch) -> UserPage:
        shapes, indexed = tuple(map(_shape_of, search.conditions)), _indexed(search)
        values: dict[str, Any] = {}
        if not (all(indexed) or (search.needs_all and any(indexed))):
            values |= await self._recent()
        is_bounded = bool(values)
        statements = search_statements(shapes, indexed, _mode_of(search), is_bounded)
        for number, (condition, shape) in enumerate(zip(search.conditions, shapes, strict=True)):
            values |= _bound(number, condition, shape)
        rows = await self.all(statements.rows, size=page.size, offset=page.offset, **values)
        total = page.offset + len(rows)
        if len(rows) == page.size or (page.offset and not rows):
            # There may be more behind this page, or less than is before it.
            total = await self._count(statements.count, most_counted=self.most_counted, **values)
        return UserPage(
            _users(rows),
            min(total, self.most_counted),
            page,
            looked_through=self.most_looked_through if is_bounded else None,
        )

    async def _recent(self) -> Row:
        """Return where the newest begin; nothing where that is all of them."""
        if await self.totals.get(COUNTED) <= self.most_looked_through:
            return {}
        return await self.first(OLDEST_RECENT, size=1, offset=self.most_looked_through - 1) or {}

    async def _count(self, statement: Executable, **values: Any) -> int:
        row = await self.first(statement, **values)
        return int(row["total"]) if row else 0
