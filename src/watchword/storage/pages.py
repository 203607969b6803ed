"""Lists read page by page: the page, the search and the count of one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    func,
    or_,
    select,
    update,
)

from watchword.core.pagination import PageRequest
from watchword.storage.compiled import Row
from watchword.storage.repositories import TenantRepository
from watchword.storage.types import AnyCaseLike

TENANT = bindparam("tenant_id", type_=String)
THIS = bindparam("id_", type_=String)


@dataclass(frozen=True)
class Listing:
    """The statements of one list."""

    page: Executable
    count: Executable


def listing(
    statement: Select[Any], *order: ColumnElement[Any], count: Select[Any] | None = None
) -> Listing:
    """Return the statements of a list; *count* where fewer tables tell how long it is."""
    page = (
        statement.order_by(*order)
        .limit(bindparam("size", type_=Integer))
        .offset(bindparam("offset", type_=Integer))
    )
    counted = statement if count is None else count
    total = func.count().label("total")
    return Listing(page, counted.with_only_columns(total, maintain_column_froms=True))


def matching(*columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition of a search: one of the columns holds the pattern."""
    pattern = bindparam("pattern", type_=String)
    return or_(*(AnyCaseLike(column, pattern) for column in columns))


def pattern_of(search: str) -> str:
    """Return what LIKE looks for; nothing in *search* is a wildcard."""
    text = search.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{text}%"


def columns_of(table: Table) -> list[ColumnElement[Any]]:
    """Return a table's columns without the tenant's."""
    return [column for column in table.columns if column.name != "tenant_id"]


def find_in(table: Table) -> Select[Any]:
    """Return the statement that finds a row by its id."""
    return select(*columns_of(table)).where(table.c.tenant_id == TENANT, table.c.id == THIS)


@cache
def change_in(table: Table, names: tuple[str, ...]) -> Executable:
    """Return the update of these columns; built once for each set that is ever changed."""
    return (
        update(table)
        .where(table.c.tenant_id == TENANT, table.c.id == THIS)
        .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names})
        .returning(*columns_of(table))
    )


class PagedRepository(TenantRepository):
    """A tenant's repository with lists."""

    async def change_row(self, table: Table, id_: str, columns: Mapping[str, Any]) -> Row | None:
        """Write these columns and return the row, or None; raises StorageConflict."""
        statement = change_in(table, tuple(sorted(columns)))
        new = {f"new_{name}": value for name, value in columns.items()}
        return await self.first(statement, id_=id_, **new)

    async def page(
        self, listed: Listing, page: PageRequest, **values: Any
    ) -> tuple[list[Row], int]:
        """Return one page's rows, and how many rows there are in all."""
        rows = await self.all(listed.page, size=page.size, offset=page.offset, **values)
        if len(rows) < page.size and (rows or not page.offset):
            # The last page: it tells itself how many there are.
            return rows, page.offset + len(rows)
        counted = await self.first(listed.count, **values)
        return rows, int(counted["total"]) if counted else 0
