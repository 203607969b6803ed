"""How a database would answer a statement: by which indexes, on tables it thinks are large."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Executable

from watchword.storage import Storage
from watchword.storage.compiled import CompiledStatement, compile_for


async def plan_of(storage: Storage, statement: Executable, **values: Any) -> str:
    """Return the plan, in the database's own words."""
    compiled = compile_for(storage.dialect, statement)
    bound = compiled.bind({**values, "tenant_id": "default"}, True)
    is_sqlite = storage.dialect.name == "sqlite"
    explained = replace(compiled, sql=f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{compiled.sql}")
    async with storage.transaction() as tx:
        if not is_sqlite:
            # An empty table is read whole, whatever its indexes are.
            await tx._execute(
                CompiledStatement("SET LOCAL enable_seqscan = off", (), (), False), []
            )
            await tx._execute(CompiledStatement("SET LOCAL enable_sort = off", (), (), False), [])
        rows = await tx._fetch(explained, bound)
    return "\n".join(str(tuple(row)[-1]) for row in rows)
