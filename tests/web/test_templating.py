"""What templates can say: moments as people of a language write them."""

from datetime import UTC, datetime

import pytest

from watchword.web.templating import environment

AFTERNOON = datetime(2026, 11, 26, 18, 13, 46, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Nov 26, 2026, 6:13:46\u202fPM"),
        ("ko", "2026. 11. 26. 오후 6:13:46"),
        ("de", "26.11.2026, 18:13:46"),
    ],
)
def test_a_moment_is_written_as_its_readers_do(language: str, written: str) -> None:
    template = environment().from_string("{{ moment(at) }}")

    assert template.render(lang=language, at=AFTERNOON) == written
