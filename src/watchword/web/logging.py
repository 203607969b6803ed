"""Structured logs: one JSON object a line in production, readable text in development."""

import json
import logging
import logging.config
import re
import sys
from typing import Any

import orjson

from watchword.core.logs import structlog

LONG_DIGITS = re.compile(r"\+?\d{8,15}")
SECRET_NAMES = re.compile(r"(?i)password|secret|token|code_digest|authorization|cookie")


def _mask(_logger: Any, _name: str, event: Any) -> Any:
    """Keep numbers and secrets out of logs, even where a caller was careless."""
    for key, value in event.items():
        if SECRET_NAMES.search(key):
            event[key] = "(hidden)"
        elif isinstance(value, str) and key not in {"timestamp", "correlation_id"}:
            event[key] = LONG_DIGITS.sub(lambda match: f"…{match[0][-4:]}", value)
    return event


def _json(event: Any, **options: Any) -> str:
    try:
        return orjson.dumps(event, options.get("default")).decode()
    except TypeError:
        # Half a surrogate pair, in an error's text say: a line that can't be written would take
        # the answer along.
        return json.dumps(event, default=options.get("default"))


def configure_logging(log_format: str, level: str) -> None:
    """Send everything, the libraries' lines too, through one set of processors to stdout."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(serializer=_json)
        if log_format == "json"
        # Plain: the pretty one prints local variables, and with them codes and secrets.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "httpx2", "httpcore2", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
