"""Who may call the Management API, and what everyone else is told."""

from datetime import timedelta

import httpx2
import pytest

from tests.web.management.conftest import ALIAS, RESOURCE, Site
from watchword.audit.models import SYSTEM
from watchword.core.pagination import PageRequest

PATH = "/api/connectors"


async def told(site: Site, authorization: str | None) -> tuple[int, str]:
    client = await site.client()
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await client.get(PATH, headers=headers)
    return answer.status_code, str(answer.json().get("code")) if answer.status_code != 200 else ""


@pytest.mark.parametrize("resource", [RESOURCE, ALIAS])
async def test_a_machine_with_the_scope_is_let_in_under_either_name_of_the_resource(
    site: Site, resource: str
) -> None:
    assert await told(site, f"Bearer {await site.token(resource=resource)}") == (200, "")
    assert await told(site, f"bearer {await site.token(resource=resource)}") == (200, "")


async def test_what_is_no_token_of_ours_is_refused(site: Site) -> None:
    cases: list[tuple[str | None, str]] = [
        (None, "auth.authorization_header_missing"),
        ("", "auth.authorization_header_missing"),
        ("Basic Zm9vOmJhcg==", "auth.authorization_token_type_not_supported"),
        ("Bearer", "auth.unauthorized"),
        ("Bearer nonsense", "auth.unauthorized"),
        ("Bearer a.b.c", "auth.unauthorized"),
    ]
    for authorization, code in cases:
        assert await told(site, authorization) == (401, code), authorization


async def test_a_token_without_the_scope_is_refused(site: Site) -> None:
    assert await told(site, f"Bearer {await site.token(scope='')}") == (403, "auth.forbidden")
    plain = await site.token(is_management=False)
    assert await told(site, f"Bearer {plain}") == (403, "auth.forbidden")


async def test_a_token_is_good_for_an_hour(site: Site) -> None:
    token = await site.token()
    site.clock.advance(timedelta(hours=1))

    assert await told(site, f"Bearer {token}") == (401, "auth.unauthorized")


async def test_a_deleted_machines_token_is_worth_nothing(site: Site) -> None:
    token = await site.token()
    scope = await site.scope()
    machine = next(
        found
        for found in (await scope.applications.list(PageRequest())).items
        if found.name == "script"
    )
    await scope.configuration.applications.delete(SYSTEM, machine.id)

    assert await told(site, f"Bearer {token}") == (401, "auth.unauthorized")


async def test_a_tampered_token_is_refused(site: Site) -> None:
    header, claims, signature = (await site.token()).split(".")
    turned = signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")

    assert await told(site, f"Bearer {header}.{claims}.{turned}") == (401, "auth.unauthorized")


async def test_an_operators_session_is_no_credential(site: Site) -> None:
    client: httpx2.AsyncClient = await site.client()
    client.cookies.set("_console", "whatever-a-browser-has")

    assert (await client.get(PATH)).json()["code"] == "auth.authorization_header_missing"
