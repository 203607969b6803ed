"""The settings row of one tenant; written by `configuration`."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from watchword.storage import Row, TenantRepository
from watchword.storage.schema import settings

KIND = "sign_in"

FIND = select(settings.c.document, settings.c.version).where(
    settings.c.tenant_id == bindparam("tenant_id"), settings.c.kind == KIND
)


@dataclass(frozen=True)
class SignInSettingsRepository(TenantRepository):
    """Reads the document."""

    async def find(self) -> Row | None:
        """Return document and version, or None while nothing was saved."""
        return await self.first(FIND)
