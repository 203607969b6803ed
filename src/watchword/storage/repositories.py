"""Repositories: a room's statements, bound to one tenant (or to the server's short list)."""

from dataclasses import dataclass, replace
from typing import Any, Self

from sqlalchemy import Executable

from watchword.storage.compiled import Row
from watchword.storage.database import Database


@dataclass(frozen=True)
class ServerRepository:
    """Reads and writes the server-wide tables, which belong to no tenant."""

    db: Database

    def within(self, transaction: Database) -> Self:
        """Return the same repository, working inside *transaction*."""
        return replace(self, db=transaction)

    async def first(self, statement: Executable, **values: Any) -> Row | None:
        """Run *statement* and return its first row, or None."""
        return await self.db.first(statement, values)

    async def all(self, statement: Executable, **values: Any) -> list[Row]:
        """Run *statement* and return all its rows."""
        return await self.db.all(statement, values)

    async def run(self, statement: Executable, **values: Any) -> int:
        """Run *statement* and return how many rows it touched."""
        return await self.db.run(statement, values)


@dataclass(frozen=True)
class TenantRepository:
    """Reads and writes one tenant's rows; every statement must bind `tenant_id`, which is added."""

    db: Database
    tenant_id: str

    def within(self, transaction: Database) -> Self:
        """Return the same repository, working inside *transaction*."""
        return replace(self, db=transaction)

    async def first(self, statement: Executable, **values: Any) -> Row | None:
        """Run *statement* and return its first row, or None."""
        return await self.db.first(statement, {**values, "tenant_id": self.tenant_id}, True)

    async def all(self, statement: Executable, **values: Any) -> list[Row]:
        """Run *statement* and return all its rows."""
        return await self.db.all(statement, {**values, "tenant_id": self.tenant_id}, True)

    async def run(self, statement: Executable, **values: Any) -> int:
        """Run *statement* and return how many rows it touched."""
        return await self.db.run(statement, {**values, "tenant_id": self.tenant_id}, True)
