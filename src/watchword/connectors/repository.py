"""The connectors' rows: active ones, and retired ones that are kept for receipts and undo."""

import builtins
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import connectors

COLUMNS = connectors.c
OURS = COLUMNS.tenant_id == bindparam("tenant_id")
ACTIVE = COLUMNS.retired_at.is_(None)
THIS = COLUMNS.id == bindparam("id_")

LIST = select(connectors).where(OURS, ACTIVE).order_by(COLUMNS.id)
LIST_RETIRED = (
    select(connectors)
    .where(OURS, COLUMNS.retired_at <= bindparam("now"))
    .order_by(COLUMNS.retired_at.desc(), COLUMNS.id)
    .limit(bindparam("at_most"))
)
FIND = select(connectors).where(OURS, THIS)
FIND_ACTIVE = (
    select(connectors)
    .where(OURS, ACTIVE, COLUMNS.type == bindparam("type"))
    .order_by(COLUMNS.id)
    .limit(1)
)
INSERT = insert(connectors).values({column.name: bindparam(column.name) for column in COLUMNS})
UPDATE = (
    update(connectors)
    .where(OURS, THIS)
    .values(
        {
            name: bindparam(name)
            for name in (
                "config",
                "secrets",
                "metadata",
                "sync_profile",
                "version",
                "tested_at",
                "updated_at",
                "retired_at",
            )
        }
    )
)
RETIRE = (
    update(connectors)
    .where(OURS, THIS, ACTIVE)
    .values(version=bindparam("version"), retired_at=bindparam("retired_at"))
)
SET_TESTED = (
    update(connectors)
    .where(OURS, THIS, COLUMNS.version == bindparam("version_"))
    .values(tested_at=bindparam("tested_at"))
)


class ConnectorRows(TenantRepository):
    """Reads and writes one tenant's connectors."""

    async def list(self) -> list[SavedConnector]:
        """Return the active ones, by id."""
        return [_saved(row) for row in await self.all(LIST)]

    async def list_retired(self, at_most: int, now: datetime) -> builtins.list[SavedConnector]:
        """Return connectors that send no more, the one that went last first."""
        return [_saved(row) for row in await self.all(LIST_RETIRED, at_most=at_most, now=now)]

    async def find(self, instance_id: str) -> SavedConnector | None:
        """Return one, retired ones too, or None."""
        row = await self.first(FIND, id_=instance_id)
        return _saved(row) if row else None

    async def find_active(self, type: ConnectorType) -> SavedConnector | None:
        """Return the one that sends, or None."""
        row = await self.first(FIND_ACTIVE, type=type)
        return _saved(row) if row else None

    async def add(self, saved: SavedConnector) -> None:
        """Write a new row; raises StorageConflict."""
        await self.run(INSERT, **vars(saved))

    async def save(self, saved: SavedConnector) -> None:
        """Write what can change of a row, retirement included."""
        await self.run(UPDATE, id_=saved.id, **vars(saved))

    async def retire(self, saved: SavedConnector, version: int, at: datetime) -> None:
        """Stop sending through it."""
        await self.run(RETIRE, id_=saved.id, version=version, retired_at=at)

    async def set_tested(self, saved: SavedConnector, at: datetime) -> None:
        """Note that a test message was accepted with exactly this version."""
        await self.run(SET_TESTED, id_=saved.id, version_=saved.version, tested_at=at)


def _saved(row: Row) -> SavedConnector:
    del row["tenant_id"]
    return SavedConnector(**{**row, "type": ConnectorType(row["type"])})
