"""Whoever was made to wait is let go, by every way their identifier may be typed."""

from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site, set_sms_up
from watchword.audit.models import AuditFilter
from watchword.guard.errors import TooManyAttempts
from watchword.guard.models import LockoutPool

ADDRESS = "/api/sentinel-activities/delete"
ALICE = "821012345678"


async def lock(site: Site, identifier: str, pool: LockoutPool = LockoutPool.SHARED) -> None:
    """Fail as often as it takes."""
    lockout = (await site.scope()).lockout
    for _ in range(3):
        await lockout.attempt(pool, identifier)
    assert await is_locked(site, identifier, pool)


async def is_locked(site: Site, identifier: str, pool: LockoutPool = LockoutPool.SHARED) -> bool:
    """Tell whether an attempt is refused."""
    try:
        await (await site.scope()).lockout.attempt(pool, identifier)
    except TooManyAttempts:
        return True
    return False


@pytest.fixture(autouse=True)
async def _three_tries(api: httpx2.AsyncClient) -> None:
    answer = await api.patch("/api/sign-in-exp", json={"sentinelPolicy": {"maxAttempts": 3}})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("target", [ALICE, f"+{ALICE}", "+82 10-1234-5678", "+82 (0)10-1234-5678"])
async def test_a_number_is_unlocked_however_it_is_spelled(
    site: Site, api: httpx2.AsyncClient, target: str
) -> None:
    await lock(site, ALICE)

    answer = await api.post(ADDRESS, json={"targetType": "User", "targets": [target]})

    assert answer.status_code == 204
    assert not await is_locked(site, ALICE)


async def test_every_pool_and_every_named_identifier_is_unlocked_and_nobody_else(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await lock(site, "Alice@example.com", LockoutPool.TOTP)
    await lock(site, "bob")
    await lock(site, "carol")

    targets = ["alice@example.com", "BOB", *(f"nobody{number}" for number in range(60))]
    answer = await api.post(ADDRESS, json={"targetType": "User", "targets": targets})

    assert answer.status_code == 204
    assert not await is_locked(site, "alice@example.com", LockoutPool.TOTP)
    assert not await is_locked(site, "bob")
    assert await is_locked(site, "carol")


async def test_messages_can_be_sent_again_too(site: Site, api: httpx2.AsyncClient) -> None:
    await set_sms_up(api)

    async def send() -> int:
        return (await api.post("/api/verification-codes", json={"phone": ALICE})).status_code

    while await send() == 204:
        pass
    await api.post(ADDRESS, json={"targetType": "User", "targets": [f"+{ALICE}"]})

    assert await send() == 204


async def test_it_is_audited_without_a_full_number(site: Site, api: httpx2.AsyncClient) -> None:
    targets = ["+82 10-1234-5678", "alice@example.com", "bob", "010-1234-5678", "x821012345678"]
    await api.post(ADDRESS, json={"targetType": "User", "targets": targets})

    found = await (await site.scope()).audit.list(filters=AuditFilter(event="guard.unblocked"))

    [entry] = found.items
    assert entry.actor.kind == "application"
    assert set(entry.payload["targets"]) == {
        "+82 10-••••-5678",
        "a•••@example.com",
        "bob",
        "•••78",
        "x•••",
    }


async def test_applications_are_never_locked_so_nothing_happens(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await lock(site, ALICE)

    answer = await api.post(ADDRESS, json={"targetType": "App", "targets": [ALICE]})

    assert answer.status_code == 204
    assert await is_locked(site, ALICE)


@pytest.mark.parametrize(
    "body",
    [
        {"targets": ["a"]},
        {"targetType": "Anything", "targets": ["a"]},
        {"targetType": "User", "targets": "a"},
        {"targetType": "User", "targets": [""]},
        {"targetType": "User", "targets": ["a"] * 101},
    ],
)
async def test_a_body_of_another_form_is_refused(
    api: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await api.post(ADDRESS, json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")
