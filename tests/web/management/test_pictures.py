"""Whoever saves a branding by the API waits for no picture: the server fetches it beside."""

import asyncio

import httpx2
import pytest

from tests.web.management.conftest import Site

pytestmark = pytest.mark.slow

OURS, THEIRS = "https://cdn.example.test/ours.png", "https://cdn.example.test/theirs.png"


async def test_pictures_are_fetched_after_the_api_has_answered(
    site: Site, api: httpx2.AsyncClient
) -> None:
    asked: asyncio.Queue[str] = asyncio.Queue()
    answered = asyncio.Event()

    async def picture(request: httpx2.Request) -> httpx2.Response:
        await answered.wait()
        asked.put_nowait(str(request.url))
        return httpx2.Response(500)

    site.server.outbound.transport = httpx2.MockTransport(picture)

    ours = await api.patch("/api/sign-in-exp", json={"branding": {"logoUrl": OURS}})
    theirs = await api.post(
        "/api/organizations", json={"name": "Acme", "branding": {"logoUrl": THEIRS}}
    )
    answered.set()

    assert ours.json()["branding"] == {"logoUrl": OURS}
    assert theirs.json()["branding"] == {"logoUrl": THEIRS}
    async with asyncio.timeout(30):
        assert {await asked.get(), await asked.get()} == {OURS, THEIRS}
