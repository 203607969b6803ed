"""The `social_verifications` rows of one tenant."""

from datetime import datetime

from sqlalchemy import bindparam, delete, null, select, update
from sqlalchemy.dialects.postgresql import insert

from watchword.social.models import SocialVerification
from watchword.storage import TenantRepository
from watchword.storage.schema import social_verifications

v = social_verifications.c
OURS = v.tenant_id == bindparam("tenant_id")
FLOW = v.flow_id == bindparam("flow")
THIS = v.id == bindparam("this")
COLUMNS = [column for column in social_verifications.columns if column.name != "tenant_id"]

_new = insert(social_verifications).values(
    {column.name: bindparam(column.name) for column in social_verifications.columns}
)
# A flow holds one try, so a new one replaces the old in this one statement.
REPLACE = _new.on_conflict_do_update(
    index_elements=[v.tenant_id, v.flow_id],
    set_={
        column.name: _new.excluded[column.name]
        for column in social_verifications.columns
        if not column.primary_key
    },
)
FIND = select(*COLUMNS).where(OURS, FLOW)
FIND_BY_ID = select(*COLUMNS).where(OURS, THIS)
# Of two answers to one try, only one is looked at.
SPEND = (
    update(social_verifications)
    .where(OURS, FLOW, THIS, v.state == "pending", v.expires_at > bindparam("now"))
    .values(state="spent", secrets=null())
    .returning(v.id)
)
VERIFY = (
    update(social_verifications)
    .where(OURS, FLOW, THIS, v.state == "spent")
    .values(
        state="verified",
        social_id=bindparam("social_id"),
        identity=bindparam("identity"),
        expires_at=bindparam("expires_at"),
    )
    .returning(*COLUMNS)
)
PURGE = delete(social_verifications).where(OURS, v.expires_at <= bindparam("before"))


class SocialRows(TenantRepository):
    """Keeps tries, and lets each be answered once."""

    async def replace(self, verification: SocialVerification) -> None:
        """Save a try in place of the flow's earlier one."""
        await self.run(REPLACE, **verification.values())

    async def find(self, flow_id: str) -> SocialVerification | None:
        """Return the flow's try, or None."""
        row = await self.first(FIND, flow=flow_id)
        return SocialVerification.from_row(row) if row else None

    async def find_by_id(self, id: str) -> SocialVerification | None:
        """Return a try of whichever flow, or None."""
        row = await self.first(FIND_BY_ID, this=id)
        return SocialVerification.from_row(row) if row else None

    async def spend(self, verification: SocialVerification, now: datetime) -> bool:
        """Use up a pending try; False where it was used up before, or is too old."""
        spent = await self.first(SPEND, flow=verification.flow_id, this=verification.id, now=now)
        return spent is not None

    async def verify(self, verification: SocialVerification) -> SocialVerification | None:
        """Save who it is; None where a newer try took the place of this one meanwhile."""
        values = verification.values()
        row = await self.first(
            VERIFY,
            flow=verification.flow_id,
            this=verification.id,
            social_id=values["social_id"],
            identity=values["identity"],
            expires_at=verification.expires_at,
        )
        return SocialVerification.from_row(row) if row else None

    async def purge(self, before: datetime) -> int:
        """Delete tries that ended before."""
        return await self.run(PURGE, before=before)
