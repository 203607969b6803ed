"""The `factors` and `factor_codes` rows of one tenant."""

from datetime import datetime

from sqlalchemy import String, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.factors.models import SavedFactor, SavedFactors
from watchword.storage import TenantRepository
from watchword.storage.lists import each_of
from watchword.storage.schema import factor_codes, factors

f, c = factors.c, factor_codes.c
TENANT = bindparam("tenant_id", type_=String)
OURS = f.tenant_id == TENANT
THIS = f.id == bindparam("id_")
COLUMNS = [column for column in factors.columns if column.name != "tenant_id"]

_left = (
    select(func.count())
    .where(c.tenant_id == TENANT, c.factor_id == f.id, c.used_at.is_(None))
    .scalar_subquery()
)
OF_USER = (
    select(*COLUMNS, _left.label("codes_left"))
    .where(OURS, f.user_id == bindparam("user_id"))
    .order_by(f.created_at, f.type.desc())
)
ADD = insert(factors).values({column.name: bindparam(column.name) for column in factors.columns})
_each = each_of("digests")
ADD_CODES = upsert(factor_codes).from_select(
    ["tenant_id", "factor_id", "digest"],
    select(TENANT, bindparam("factor_id", type_=String), _each.c.value),
)
REMOVE = delete(factors).where(OURS, f.user_id == bindparam("user_id"), THIS)
REMOVE_TYPE = delete(factors).where(
    OURS, f.user_id == bindparam("user_id"), f.type == bindparam("type_")
)
# A code of an authenticator app counts once: the condition is the comparison, so that of two
# requests with the same code one finds the step taken.
SPEND_STEP = (
    update(factors)
    .where(OURS, THIS, or_(f.last_step.is_(None), f.last_step < bindparam("step")))
    .values(last_step=bindparam("step"), last_used_at=bindparam("now"))
)
SPEND_CODE = (
    update(factor_codes)
    .where(
        and_(c.tenant_id == TENANT, c.factor_id == bindparam("id_")),
        c.digest == bindparam("given"),
        c.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)
TOUCH = update(factors).where(OURS, THIS).values(last_used_at=bindparam("now"))


class FactorRows(TenantRepository):
    """What people set up, and what of it was used."""

    async def of_user(self, user_id: str) -> SavedFactors:
        """Return what a person has set up, in one statement."""
        rows = await self.all(OF_USER, user_id=user_id)
        return SavedFactors([SavedFactor(**row) for row in rows])

    async def add(self, factor: SavedFactor, digests: tuple[str, ...] = ()) -> None:
        """Insert a factor with its codes; raises StorageConflict for a second of its kind."""
        await self.run(ADD, **{column.name: getattr(factor, column.name) for column in COLUMNS})
        if digests:
            await self.run(ADD_CODES, factor_id=factor.id, digests=[*digests])

    async def remove(self, user_id: str, factor_id: str) -> bool:
        """Delete a factor of a person; False where they have no such."""
        return bool(await self.run(REMOVE, user_id=user_id, id_=factor_id))

    async def remove_type(self, user_id: str, type_: str) -> None:
        """Delete a person's factor of one kind, if there is one."""
        await self.run(REMOVE_TYPE, user_id=user_id, type_=type_)

    async def spend_step(self, factor_id: str, step: int, now: datetime) -> bool:
        """Use a time step up; False where it, or a later one, was used before."""
        return bool(await self.run(SPEND_STEP, id_=factor_id, step=step, now=now))

    async def spend_code(self, factor_id: str, digest: str, now: datetime) -> bool:
        """Use a recovery code up; False where there is none like it (any more)."""
        if not await self.run(SPEND_CODE, id_=factor_id, given=digest, now=now):
            return False
        await self.run(TOUCH, id_=factor_id, now=now)
        return True
