"""Rows of consents."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.storage import TenantRepository
from watchword.storage.schema import consents

FIND_CONSENT = select(consents.c.scope, consents.c.updated_at).where(
    consents.c.tenant_id == bindparam("tenant_id"),
    consents.c.user_id == bindparam("of_user"),
    consents.c.application_id == bindparam("of_application"),
)

_consent = upsert(consents).values(
    tenant_id=bindparam("tenant_id"),
    user_id=bindparam("user_id"),
    application_id=bindparam("application_id"),
    scope=bindparam("scope"),
    updated_at=bindparam("updated_at"),
)
SAVE_CONSENT = _consent.on_conflict_do_update(
    index_elements=[consents.c.tenant_id, consents.c.user_id, consents.c.application_id],
    set_={"scope": _consent.excluded.scope, "updated_at": _consent.excluded.updated_at},
)


@dataclass(frozen=True)
class ConsentRepository(TenantRepository):
    """Rows of `consents`."""

    async def find(
        self, user_id: str, application_id: str
    ) -> tuple[frozenset[str], datetime] | None:
        """Return what a user allowed an application, and when, or None."""
        row = await self.first(FIND_CONSENT, of_user=user_id, of_application=application_id)
        return None if row is None else (frozenset(row["scope"].split()), row["updated_at"])

    async def save(
        self, user_id: str, application_id: str, scope: str, updated_at: datetime
    ) -> None:
        """Write what a user allowed an application, in place of what was there."""
        await self.run(
            SAVE_CONSENT,
            user_id=user_id,
            application_id=application_id,
            scope=scope,
            updated_at=updated_at,
        )
