"""Alembic's entry: uses the connection it is given (see storage/migrate.py)."""

from typing import Any, Literal

from alembic import context

from watchword.storage.schema import metadata
from watchword.storage.types import Json, Sealed


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own text types as what they are in the database."""
    if kind == "type" and isinstance(item, Json | Sealed):
        return "sa.Text()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    user_module_prefix="types.",
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
