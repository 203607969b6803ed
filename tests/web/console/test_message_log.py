"""The message log's pages, for numbers that no country has, too."""

from datetime import timedelta

import pytest

from tests.web.console.conftest import Browser, Site
from tests.web.console.test_connectors import set_inbox_up
from watchword.core.phone import PhoneNumber


@pytest.mark.parametrize(
    ("digits", "masked"),
    [("1234567890", "+1 23•••7890"), ("8212345678901234567", "+82 12•••••••••••4567")],
)
async def test_a_message_to_a_number_that_no_country_has_is_found_and_shown(
    site: Site, owner: Browser, digits: str, masked: str
) -> None:
    await set_inbox_up(owner)
    scope = await site.scope()
    number = PhoneNumber.of_any_length(digits)
    await scope.verification.send_lone_code(number)
    await scope.messaging.drain(timedelta(seconds=1))
    [message] = (await scope.messaging.log.list()).items

    listed = await owner.open(f"messages?number=%2B{digits}")
    assert masked in listed.words
    shown = await owner.open(f"messages/{message.id}")
    assert masked in shown.words
    assert number.international in (await owner.submit("/number")).words
