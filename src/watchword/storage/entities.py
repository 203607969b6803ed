"""The rows of things that have an id: found, listed, added, changed and deleted alike."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Executable, Table, bindparam, delete, insert, select

from watchword.core.pagination import Page, PageRequest
from watchword.storage.compiled import Row
from watchword.storage.pages import (
    TENANT,
    THIS,
    Listing,
    PagedRepository,
    columns_of,
    find_in,
    listing,
    matching,
    pattern_of,
)

Entity = TypeVar("Entity")


@dataclass(frozen=True)
class EntityTable:
    """A table of them, and its statements."""

    table: Table
    add: Executable
    find: Executable
    lock: Executable
    delete: Executable
    all: Listing
    found: Listing

    @classmethod
    def of(
        cls,
        table: Table,
        *,
        order: Sequence[ColumnElement[Any]],
        searched: Sequence[ColumnElement[Any]],
    ) -> "EntityTable":
        """Return a table, listed in *order*; a search looks into the columns *searched*."""
        own = select(*columns_of(table)).where(table.c.tenant_id == TENANT)
        return cls(
            table=table,
            add=insert(table).values({column.name: bindparam(column.name) for column in table.c}),
            find=find_in(table),
            lock=find_in(table).with_for_update(),
            delete=delete(table).where(table.c.tenant_id == TENANT, table.c.id == THIS),
            all=listing(own, *order),
            found=listing(own.where(matching(*searched)), *order),
        )


class EntityRows(PagedRepository, Generic[Entity]):
    """One tenant's things of a kind."""

    kept_in: ClassVar[EntityTable]

    @abstractmethod
    def read(self, row: Row) -> Entity:
        """Return what a row holds."""

    async def find(self, id: str) -> Entity | None:
        """Return it, or None."""
        row = await self.first(self.kept_in.find, id_=id)
        return self.read(row) if row else None

    async def lock(self, id: str) -> Entity | None:
        """Return it, or None; nobody else changes it before the transaction ends."""
        row = await self.first(self.kept_in.lock, id_=id)
        return self.read(row) if row else None

    async def add(self, made: Entity) -> None:
        """Insert the row; raises StorageConflict."""
        await self.run(self.kept_in.add, **vars(made))

    async def change(self, id: str, columns: Mapping[str, Any]) -> Entity | None:
        """Write these columns and return it, or None; raises StorageConflict."""
        row = await self.change_row(self.kept_in.table, id, columns)
        return self.read(row) if row else None

    async def delete(self, id: str) -> int:
        """Delete the row, and what hangs on it."""
        return await self.run(self.kept_in.delete, id_=id)

    async def list(self, page: PageRequest, search: str) -> Page[Entity]:
        """Return one page of all, or of those that *search* finds."""
        if search:
            rows, total = await self.page(self.kept_in.found, page, pattern=pattern_of(search))
        else:
            rows, total = await self.page(self.kept_in.all, page)
        return Page([self.read(row) for row in rows], total, page)
