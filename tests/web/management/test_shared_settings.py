"""What is public is kept ready by every process, and a change reaches all of them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from tests.repeated_settings import settings_for
from tests.web.management.conftest import ORIGIN, Site
from watchword.app import build_app
from watchword.background import REFRESH
from watchword.core.keys import SecretKeys

DOCUMENTS = (
    "/api/.well-known/sign-in-exp",
    "/api/.well-known/phrases",
    "/api/.well-known/account-center",
)


@pytest.fixture
async def other(
    site: Site, database_url: str, clock: FakeClock, keys: SecretKeys
) -> AsyncIterator[Site]:
    """Return another process of the same server."""
    app = build_app(settings_for(database_url, keys, mode="development", public_url=ORIGIN))
    app.state.server.clock = clock
    async with AsyncExitStack() as stack, app.router.lifespan_context(app):
        yield Site(app, app.state.server, site.clock, stack)


async def bodies(site: Site) -> list[Any]:
    """Return the public documents as a process shows them."""
    client = await site.client()
    answers = [await client.get(path) for path in DOCUMENTS]
    assert {answer.status_code for answer in answers} == {200}
    return [(answer.headers.get("Content-Language"), answer.json()) for answer in answers]


async def test_a_change_is_shown_by_every_process_once_it_looked(
    site: Site, other: Site, api: httpx2.AsyncClient
) -> None:
    await bodies(other)

    changes = {
        "/api/sign-in-exp": {
            "signInMode": "SignIn",
            "languageInfo": {"autoDetect": False, "fallbackLanguage": "ko"},
        },
        "/api/account-center": {"enabled": True},
    }
    for path, change in changes.items():
        answer = await api.patch(path, json=change)
        assert answer.status_code == 200, answer.text
    await other.server.refresh()

    shown = await bodies(other)
    assert shown == await bodies(site)
    (_, settings), (language, _), (_, account_center) = shown
    assert settings["signInMode"] == "SignIn"
    assert language == "ko"
    assert account_center["enabled"] is True


async def test_nothing_is_read_for_a_document_that_did_not_change(site: Site) -> None:
    first = await bodies(site)
    before = site.server.storage.statements

    assert await bodies(site) == first

    assert site.server.storage.statements == before


def test_every_process_looks_at_least_twice_a_second() -> None:
    assert timedelta(seconds=0.5) >= REFRESH
