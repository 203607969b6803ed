"""Providers that people sign in with, as a configuration document brings them."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.web.social.conftest import Site
from tests.web.social.test_pages import ACME, LOOKS, PICTURE
from watchword.audit.models import SYSTEM
from watchword.configuration.errors import DocumentRefused
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.errors import TargetFixed
from watchword.providers.oauth2.connector import OAuth2Connector


def document_of(metadata: dict[str, Any]) -> dict[str, Any]:
    part = {"connectorId": "oauth2", "config": ACME, "metadata": metadata}
    return {"version": 1, "connectors": {"acme-1": part}}


async def apply(site: Site, metadata: dict[str, Any]) -> None:
    documents = (await site.scope()).configuration.documents
    await documents.apply(SYSTEM, document_of(metadata), {}, keeps_others=True)


@pytest.fixture
async def site(site: Site) -> Site:
    """Return a server that knows the standard OAuth 2.0 connector."""
    site.server.registry = ConnectorRegistry([*site.server.registry.list(), OAuth2Connector])
    await site.server.forget("default")
    return site


async def test_others_change_the_configuration_while_a_logo_is_fetched(site: Site) -> None:
    async def hosted(_: httpx2.Request) -> httpx2.Response:
        settings = (await site.scope()).configuration.settings
        async with asyncio.timeout(3):
            await settings.save_guard(SYSTEM, {"dailyMessages": 500})
        return httpx2.Response(200, content=PICTURE, headers={"Content-Type": "image/svg+xml"})

    site.providers.reached["cdn.example.com"] = httpx2.MockTransport(hosted)

    await apply(site, LOOKS)

    connectors = (await site.scope()).connectors
    assert connectors.shown(await connectors.get("acme-1")).is_own_picture
    assert (await site.scope()).guard_policy.daily_messages == 500


async def test_another_address_of_a_logo_is_fetched_and_the_same_is_not(site: Site) -> None:
    asked: list[str] = []

    def hosted(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return httpx2.Response(200, content=PICTURE, headers={"Content-Type": "image/svg+xml"})

    site.providers.reached["cdn.example.com"] = httpx2.MockTransport(hosted)
    await apply(site, LOOKS)
    await apply(site, {**LOOKS, "name": {"en": "Acme Inc."}})
    await apply(site, {**LOOKS, "logo": "https://cdn.example.com/new.svg"})

    connectors = (await site.scope()).connectors
    assert asked == ["/logo.svg", "/new.svg"]
    assert connectors.shown(await connectors.get("acme-1")).is_own_picture


async def test_what_is_there_already_is_no_change(site: Site) -> None:
    site.providers.reached["cdn.example.com"] = httpx2.MockTransport(
        lambda _: httpx2.Response(200, content=PICTURE, headers={"Content-Type": "image/svg+xml"})
    )
    await apply(site, LOOKS)
    documents = (await site.scope()).configuration.documents

    plan = await documents.plan(SYSTEM, document_of(LOOKS), {}, keeps_others=True)

    assert plan.changes == ()


@pytest.mark.parametrize(
    ("looks", "place"),
    [
        ({"logo": 7}, "connectors.acme-1.metadata.logo"),
        ({"logo": "javascript:alert(1)"}, "connectors.acme-1.metadata.logo"),
        ({"name": {"ko": "아크메"}}, "connectors.acme-1.metadata.name"),
        ({"pictures": {"logo": "data:text/html,x"}}, "connectors.acme-1.metadata.pictures"),
    ],
)
async def test_what_a_document_says_of_a_provider_is_judged_as_everywhere(
    site: Site, looks: dict[str, Any], place: str
) -> None:
    with pytest.raises(DocumentRefused) as refused:
        await apply(site, {"target": "acme", **looks})

    assert [issue.place for issue in refused.value.issues] == [place]


async def test_a_document_moves_nobody_to_another_target(site: Site) -> None:
    looks = {"target": "acme", "name": {"en": "Acme"}}
    await apply(site, looks)

    with pytest.raises(DocumentRefused) as refused:
        await apply(site, {**looks, "target": "other"})
    await apply(site, {"name": {"en": "Acme Inc."}})

    assert refused.value.issues[0].code == TargetFixed.code
    connectors = (await site.scope()).connectors
    assert connectors.target_of(await connectors.get("acme-1")) == "acme"
