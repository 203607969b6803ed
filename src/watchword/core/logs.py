"""Where loggers come from: structlog, without the terminal library that it would bring along."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _as_if_not_installed(name: str) -> Iterator[None]:
    there = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]  # what the import system takes for "no"
    try:
        yield
    finally:
        del sys.modules[name]
        if there is not None:
            sys.modules[name] = there


# It imports rich where it finds it, to print tracebacks with local variables, which no log of
# ours may show: 80 modules and 4 MB that a server would keep for nothing.
with _as_if_not_installed("rich"):
    import structlog

get_logger = structlog.get_logger

__all__ = ("get_logger", "structlog")
