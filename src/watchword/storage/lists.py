"""A list of texts as one parameter, so that a statement stays the same however long the list is."""

from typing import Any

from sqlalchemy import TableValuedAlias, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from watchword.storage.types import Json


class _Texts(GenericFunction[Any]):
    """The texts of a JSON array, one a row."""

    name = "texts"
    inherit_cache = True


@compiles(_Texts, "sqlite")
def _in_sqlite(texts: _Texts, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(texts.clauses, **options)})"


@compiles(_Texts, "postgresql")
def _in_postgresql(texts: _Texts, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(texts.clauses, **options)
    return f"json_array_elements_text(CAST({array} AS JSON))"


def each_of(parameter: str) -> TableValuedAlias:
    """Return the texts of a list parameter as rows with one column, `value`.

    No text may hold a NUL: PostgreSQL does not read one inside JSON.
    """
    return _Texts(bindparam(parameter, type_=Json)).table_valued("value")
