"""The `users` rows of one tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    String,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from watchword.core.pagination import Page, PageRequest
from watchword.storage import TenantRepository
from watchword.storage.schema import users
from watchword.users.models import Identifier, User

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
DELETE = delete(users).where(OURS, u.id == bindparam("id_"))
REPLACE_PASSWORD_DIGEST = (
    update(users)
    .where(OURS, u.id == bindparam("id_"), u.password_digest == bindparam("old"))
    .values(password_digest=bindparam("new"))
)

_pattern = bindparam("pattern", type_=String)
_matches = or_(
    *(
        func.lower(column).like(_pattern, escape="\\")
        for column in (u.id, u.name, u.username, u.primary_email, u.primary_phone)
    )
)
_order = (u.created_at.desc(), u.id)


def _paged(*conditions: ColumnElement[bool]) -> Executable:
    return (
        select(*COLUMNS)
        .where(*conditions)
        .order_by(*_order)
        .limit(bindparam("size", type_=Integer))
        .offset(bindparam("offset", type_=Integer))
    )


LIST = _paged(OURS)
SEARCH = _paged(OURS, _matches)
COUNT = select(func.count().label("total")).where(OURS)
COUNT_MATCHES = select(func.count().label("total")).where(OURS, _matches)
COUNT_PHONE_ONLY = select(func.count().label("total")).where(
    OURS,
    u.primary_phone.is_not(None),
    u.primary_email.is_(None),
    u.password_digest.is_(None),
    u.identities == {},
)
COUNT_SIGNED_IN_SINCE = select(func.count().label("total")).where(
    OURS, u.last_sign_in_at >= bindparam("moment")
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


@dataclass(frozen=True)
class UserRepository(TenantRepository):
    """Finds, adds and changes users."""

    async def find(self, user_id: str) -> User | None:
        """Return the user with this id, or None."""
        row = await self.first(FIND, id=user_id)
        return User(**row) if row else None

    async def find_by(self, identifier: Identifier) -> User | None:
        """Return the owner of the identifier, or None."""
        row = await self.first(FIND_BY[identifier.type], value=identifier.value)
        return User(**row) if row else None

    async def add(self, user: User) -> None:
        """Insert the row; raises StorageConflict."""
        await self.run(ADD, **{name: getattr(user, name) for name in NAMES})

    async def change(self, user_id: str, columns: Mapping[str, Any]) -> User | None:
        """Write these columns and return the row, or None; raises StorageConflict."""
        row = await self.first(change_statement(tuple(sorted(columns))), id_=user_id, **columns)
        return User(**row) if row else None

    async def replace_password_digest(self, user_id: str, old: str, new: str) -> int:
        """Write *new* only over *old*."""
        return await self.run(REPLACE_PASSWORD_DIGEST, id_=user_id, old=old, new=new)

    async def delete(self, user_id: str) -> int:
        """Delete the row."""
        return await self.run(DELETE, id_=user_id)

    async def count_phone_only(self) -> int:
        """Count those who have a phone and no other way in."""
        return await self._count(COUNT_PHONE_ONLY)

    async def count_signed_in_since(self, moment: datetime) -> int:
        """Count those who signed in at *moment* or later."""
        return await self._count(COUNT_SIGNED_IN_SINCE, moment=moment)

    async def username_conflicts(self) -> list[str]:
        """Return user names that several people spell in different case."""
        return [row["username"] for row in await self.all(USERNAME_CONFLICTS)]

    async def list(self, page: PageRequest, search: str) -> Page[User]:
        """Return one page of those that match."""
        listed, counted = (SEARCH, COUNT_MATCHES) if search else (LIST, COUNT)
        values = {"pattern": f"%{_literal(search.lower())}%"} if search else {}
        rows = await self.all(listed, size=page.size, offset=page.offset, **values)
        total = await self._count(counted, **values)
        return Page([User(**row) for row in rows], total, page)

    async def _count(self, statement: Executable, **values: Any) -> int:
        row = await self.first(statement, **values)
        return int(row["total"]) if row else 0


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
