"""A `PATCH` that names nothing, wherever there is one."""

from typing import Any

import httpx2
import pytest

HOOK = {"name": "Orders", "events": ["User.Created"], "config": {"url": "https://hook.example"}}
API = {"name": "Orders", "indicator": "https://orders.example"}


async def test_a_patch_that_names_nothing_is_refused_and_changes_nothing(
    api: httpx2.AsyncClient,
) -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("/api/users", {"name": "Alice"}),
        ("/api/organizations", {"name": "Acme"}),
        ("/api/organization-roles", {"name": "admin"}),
        ("/api/organization-scopes", {"name": "read"}),
        ("/api/resources", API),
        ("/api/hooks", HOOK),
    ]
    for path, body in cases:
        created = (await api.post(path, json=body)).json()
        address = f"{path}/{created['id']}"
        before = (await api.get(address)).json()

        for nothing in ({}, {"nonsense": 1}):
            answer = await api.patch(address, json=nothing)
            assert (answer.status_code, answer.json()["code"]) == (422, "entity.invalid_input"), (
                path
            )

        assert (await api.get(address)).json() == before, path


async def test_the_account_center_wants_a_field_named_too(api: httpx2.AsyncClient) -> None:
    answer = await api.patch("/api/account-center", json={})

    assert (answer.status_code, answer.json()["code"]) == (422, "entity.invalid_input")


async def test_a_scope_of_an_api_wants_a_field_named_too(api: httpx2.AsyncClient) -> None:
    resource = (await api.post("/api/resources", json=API)).json()
    path = f"/api/resources/{resource['id']}/scopes"
    scope = (await api.post(path, json={"name": "read"})).json()

    answer = await api.patch(f"{path}/{scope['id']}", json={})

    assert (answer.status_code, answer.json()["code"]) == (422, "entity.invalid_input")


@pytest.mark.parametrize("name", ["", "x" * 257])
async def test_a_webhook_s_name_is_neither_empty_nor_endless(
    api: httpx2.AsyncClient, name: str
) -> None:
    created = (await api.post("/api/hooks", json=HOOK)).json()

    for answer in (
        await api.post("/api/hooks", json={**HOOK, "name": name}),
        await api.patch(f"/api/hooks/{created['id']}", json={"name": name}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")
