"""A log has one line for each event, whatever people typed, and each says when in UTC."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import structlog

from watchword.web.logging import configure_logging

FORGED = 'alice\n{"event":"signed in","level":"info"}\r\u2028\x1b[31m'


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Put back what `configure_logging` changes for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_half_a_surrogate_pair_in_an_error_keeps_no_line_from_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("json", "info")

    structlog.get_logger().error("crashed", exc_info=ValueError("no such key: \ud800"))

    line = json.loads(capsys.readouterr().out)
    assert line["event"] == "crashed"
    assert "no such key: \ud800" in line["exception"]


@pytest.mark.parametrize("speaker", ["ours", "a library"])
def test_s134_what_people_type_makes_no_line_of_the_log(
    speaker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("json", "info")

    if speaker == "ours":
        structlog.get_logger().info("refused", identifier=FORGED)
    else:
        logging.getLogger("a.library").warning("refused %s", FORGED)

    written = capsys.readouterr().out
    assert written.count("\n") == 1
    assert "\r" not in written
    assert "\x1b" not in written
    entry = json.loads(written)
    assert "refused" in entry["event"]
    assert entry["level"] in {"info", "warning"}
    assert datetime.fromisoformat(entry["timestamp"]).utcoffset() == timedelta(0)
