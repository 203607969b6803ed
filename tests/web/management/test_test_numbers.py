"""Test numbers over HTTP: added for a while, listed without their codes, removed."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site

ADDRESS = "/api/test-numbers"
NUMBER: dict[str, Any] = {"phone": "447700900124", "code": "271828"}


async def test_a_test_number_is_added_listed_and_removed(
    site: Site, api: httpx2.AsyncClient
) -> None:
    added = await api.post(ADDRESS, json=NUMBER)
    listed = await api.get(ADDRESS)
    removed = await api.delete(f"{ADDRESS}/447700900124")
    again = await api.delete(f"{ADDRESS}/447700900124")

    now = site.clock.now()
    assert added.status_code == 201
    assert added.json() == {
        "phone": "447700900124",
        "expiresAt": round((now + timedelta(days=30)).timestamp() * 1000),
        "isActive": True,
        "createdAt": round(now.timestamp() * 1000),
        "userId": None,
    }
    assert listed.json() == [added.json()]
    assert removed.status_code == 204
    assert (again.status_code, again.json()["code"]) == (404, "test_number.not_found")
    assert (await api.get(ADDRESS)).json() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"code": "123456"}, "test_number.trivial_code"),
        ({"code": "12345"}, "guard.invalid_input"),
        ({"expiresAt": 4_000_000_000_000}, "test_number.expiry_out_of_range"),
        ({"expiresAt": 0}, "test_number.expiry_out_of_range"),
        ({"phone": "1"}, "user.invalid_phone"),
    ],
)
async def test_what_can_not_be_is_said_by_its_code(
    api: httpx2.AsyncClient, change: dict[str, Any], code: str
) -> None:
    answer = await api.post(ADDRESS, json={**NUMBER, **change})

    assert answer.json()["code"] == code
    assert (await api.get(ADDRESS)).json() == []


async def test_there_are_a_few_and_no_more(api: httpx2.AsyncClient) -> None:
    for last in range(20):
        await api.post(ADDRESS, json={**NUMBER, "phone": f"4477009001{last:02}"})

    answer = await api.post(ADDRESS, json={**NUMBER, "phone": "447700900200"})

    assert (answer.status_code, answer.json()["code"]) == (422, "test_number.too_many")
    assert len((await api.get(ADDRESS)).json()) == 20


async def test_the_code_is_in_no_answer_and_the_number_in_no_log(
    site: Site, api: httpx2.AsyncClient
) -> None:
    added = await api.post(ADDRESS, json=NUMBER)
    listed = await api.get(ADDRESS)

    logged = await api.get("/api/logs")
    assert "271828" not in added.text + listed.text + logged.text
    assert "447700900124" not in logged.text
    assert "test_number.added" in logged.text


async def test_a_user_made_with_a_test_number_is_a_test_user(api: httpx2.AsyncClient) -> None:
    await api.post(ADDRESS, json=NUMBER)
    user = (await api.post("/api/users", json={"primaryPhone": "447700900124"})).json()

    [listed] = (await api.get(ADDRESS)).json()
    moved = await api.patch(f"/api/users/{user['id']}", json={"primaryPhone": "447700900125"})

    assert listed["userId"] == user["id"]
    assert (moved.status_code, moved.json()["code"]) == (422, "test_number.user_stays")
