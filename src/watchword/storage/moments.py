"""Days and durations of moments, as whole numbers that both databases group by."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

DAY = 86_400
TENTHS = 10
MICROSECONDS = 1_000_000


class DayOf(ColumnElement[int]):
    """The day of a moment, in days since 1970, in UTC."""

    inherit_cache = True

    def __init__(self, moment: ColumnElement[Any]) -> None:
        self.type = BigInteger()
        self.moment = moment


class TenthsBetween(ColumnElement[int]):
    """The whole tenths of a second from one moment to a later one."""

    inherit_cache = True

    def __init__(self, earlier: ColumnElement[Any], later: ColumnElement[Any]) -> None:
        self.type = BigInteger()
        self.earlier = earlier
        self.later = later


@compiles(DayOf, "sqlite")
def _day_of_microseconds(element: DayOf, compiler: SQLCompiler, **how: Any) -> str:
    return f"({compiler.process(element.moment, **how)} / {DAY * MICROSECONDS})"


@compiles(DayOf, "postgresql")
def _day_of_moment(element: DayOf, compiler: SQLCompiler, **how: Any) -> str:
    moment = compiler.process(element.moment, **how)
    return f"CAST(floor(extract(epoch FROM {moment}) / {DAY}) AS BIGINT)"


@compiles(TenthsBetween, "sqlite")
def _tenths_of_microseconds(element: TenthsBetween, compiler: SQLCompiler, **how: Any) -> str:
    earlier, later = (compiler.process(one, **how) for one in (element.earlier, element.later))
    return f"(({later} - {earlier}) / {MICROSECONDS // TENTHS})"


@compiles(TenthsBetween, "postgresql")
def _tenths_of_an_interval(element: TenthsBetween, compiler: SQLCompiler, **how: Any) -> str:
    earlier, later = (compiler.process(one, **how) for one in (element.earlier, element.later))
    return f"CAST(floor(extract(epoch FROM ({later} - {earlier})) * {TENTHS}) AS BIGINT)"
