"""The rows of test numbers, and of the users who were created by them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.storage import Row, TenantRepository
from watchword.storage.schema import test_numbers, test_users, users
from watchword.test_numbers.models import FixedNumber, ListedNumber

n, m, u = test_numbers.c, test_users.c, users.c
OURS = n.tenant_id == bindparam("tenant_id")
OWNER = (u.tenant_id == n.tenant_id) & (u.primary_phone == n.phone)
MARK = (m.tenant_id == u.tenant_id) & (m.user_id == u.id)

LIST = select(test_numbers).where(OURS).order_by(n.phone)
LIST_WITH_USERS = (
    select(test_numbers, m.user_id.label("user_id"))
    .select_from(test_numbers.outerjoin(users, OWNER).outerjoin(test_users, MARK))
    .where(OURS)
    .order_by(n.phone)
)
SAVING = upsert(test_numbers).values({column.name: bindparam(column.name) for column in n})
SAVE = SAVING.on_conflict_do_update(
    index_elements=[n.tenant_id, n.phone],
    set_={
        name: SAVING.excluded[name]
        for name in ("code_digest", "expires_at", "created_by", "created_at")
    },
)
DELETE = delete(test_numbers).where(OURS, n.phone == bindparam("phone_"))
PURGE = delete(test_numbers).where(OURS, n.expires_at < bindparam("before"))
# Whose number it is, unless they were created by it.
FIND_PERSON = (
    select(u.id)
    .select_from(users.outerjoin(test_users, MARK))
    .where(
        u.tenant_id == bindparam("tenant_id"),
        u.primary_phone == bindparam("phone_"),
        m.user_id.is_(None),
    )
)
ADD_MARK = (
    upsert(test_users)
    .values({column.name: bindparam(column.name) for column in m})
    .on_conflict_do_nothing()
)
FIND_MARK = select(m.user_id).where(
    m.tenant_id == bindparam("tenant_id"), m.user_id == bindparam("user_id_")
)
LIST_MARKS = select(m.user_id).where(m.tenant_id == bindparam("tenant_id"))
COUNT = select(func.count().label("total")).select_from(test_numbers).where(OURS)


class FixedNumberRows(TenantRepository):
    """Reads and writes one tenant's test numbers and test users."""

    async def list(self) -> Sequence[FixedNumber]:
        """Return every test number, the expired ones too."""
        return [_fixed(row) for row in await self.all(LIST)]

    async def list_with_users(self) -> Sequence[ListedNumber]:
        """Return every test number with its test user."""
        return [
            ListedNumber(user_id=row.pop("user_id"), fixed=_fixed(row))
            for row in await self.all(LIST_WITH_USERS)
        ]

    async def count(self) -> int:
        """Return how many there are."""
        row = await self.first(COUNT)
        return row["total"] if row else 0

    async def save(self, number: FixedNumber) -> None:
        """Write a test number, or replace what was said of it."""
        await self.run(SAVE, **vars(number))

    async def delete(self, phone: str) -> int:
        """Forget a test number."""
        return await self.run(DELETE, phone_=phone)

    async def purge(self, before: datetime) -> int:
        """Forget test numbers that ended before a moment."""
        return await self.run(PURGE, before=before)

    async def is_a_persons(self, phone: str) -> bool:
        """Tell whether somebody has the number who was not created by it."""
        return await self.first(FIND_PERSON, phone_=phone) is not None

    async def add_mark(self, user_id: str, created_at: datetime) -> None:
        """Note that a user was created by a test number; it stays so."""
        await self.run(ADD_MARK, user_id=user_id, created_at=created_at)

    async def is_marked(self, user_id: str) -> bool:
        """Tell whether a user was created by a test number."""
        return await self.first(FIND_MARK, user_id_=user_id) is not None

    async def marked(self) -> frozenset[str]:
        """Return the ids of all test users; there are few."""
        return frozenset(row["user_id"] for row in await self.all(LIST_MARKS))


def _fixed(row: Row) -> FixedNumber:
    values: dict[str, Any] = {key: value for key, value in row.items() if key != "tenant_id"}
    return FixedNumber(**values)
