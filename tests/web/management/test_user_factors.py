"""A person's second factors over the Management API: set up, listed, taken away."""

import asyncio
from typing import Any

import httpx2
import pyotp
import pytest

from tests.web.management.conftest import Site
from watchword.audit.models import AuditFilter
from watchword.core.pagination import PageRequest

TOTP = {"type": "Totp"}
CODES = {"type": "BackupCode"}


@pytest.fixture
async def path(api: httpx2.AsyncClient) -> str:
    """Return where a new person's factors are."""
    created = await api.post("/api/users", json={"username": "ada"})
    return f"/api/users/{created.json()['id']}/mfa-verifications"


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def listed(api: httpx2.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await api.get(path)
    assert answer.status_code == 200
    rows: list[dict[str, Any]] = answer.json()
    return rows


async def test_an_app_and_recovery_codes_are_set_up_and_shown_once(
    api: httpx2.AsyncClient, path: str
) -> None:
    assert await listed(api, path) == []

    app = (await api.post(path, json=TOTP)).json()
    codes = (await api.post(path, json=CODES)).json()

    assert len(pyotp.TOTP(app["secret"]).now()) == 6
    assert app["secretQrCode"].startswith("data:image/png;base64,")
    assert len(set(codes["codes"])) == 10
    rows = await listed(api, path)
    assert [(row["type"], row.get("remainCodes")) for row in rows] == [
        ("Totp", None),
        ("BackupCode", 10),
    ]
    text = (await api.get(path)).text
    assert app["secret"] not in text
    assert codes["codes"][0] not in text


async def test_a_secret_and_codes_may_be_brought_along(api: httpx2.AsyncClient, path: str) -> None:
    secret = pyotp.random_base32()

    app = await api.post(path, json={**TOTP, "secret": secret})
    codes = await api.post(path, json={**CODES, "codes": ["0123456789", "abcdefghij"]})

    assert app.json()["secret"] == secret
    assert codes.json()["codes"] == ["0123456789", "abcdefghij"]
    assert (await listed(api, path))[1]["remainCodes"] == 2


@pytest.mark.parametrize("secret", ["", "short", "1" * 32, "A" * 129, "가" * 20])
async def test_what_is_no_secret_is_refused(
    api: httpx2.AsyncClient, path: str, secret: str
) -> None:
    answer = await api.post(path, json={**TOTP, "secret": secret})

    assert refusal(answer) == (422, "user.totp_secret_invalid")


async def test_a_person_has_one_of_each(api: httpx2.AsyncClient, path: str) -> None:
    assert refusal(await api.post(path, json=CODES)) == (
        422,
        "session.mfa.backup_code_can_not_be_alone",
    )
    await api.post(path, json=TOTP)
    await api.post(path, json=CODES)

    assert refusal(await api.post(path, json=TOTP)) == (422, "user.totp_already_in_use")
    assert refusal(await api.post(path, json=CODES)) == (422, "user.backup_code_already_in_use")


async def test_of_many_at_once_one_is_set_up(api: httpx2.AsyncClient, path: str) -> None:
    answers = await asyncio.gather(*(api.post(path, json=TOTP) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    assert len(await listed(api, path)) == 1


async def test_a_factor_is_taken_away_and_that_is_noted(
    api: httpx2.AsyncClient, path: str, site: Site
) -> None:
    await api.post(path, json=TOTP)
    [factor] = await listed(api, path)

    assert (await api.delete(f"{path}/{factor['id']}")).status_code == 204

    assert await listed(api, path) == []
    assert refusal(await api.delete(f"{path}/{factor['id']}")) == (404, "entity.not_found")
    audit = (await site.scope()).audit
    for word, side in (("added", "after"), ("removed", "before")):
        entries = await audit.list(PageRequest(), AuditFilter(event=f"user.factor_{word}"))
        [entry] = entries.items
        assert entry.actor.kind == "application"
        assert entry.payload[side] == {"factor": "Totp"}


async def test_another_persons_factor_is_not_found(api: httpx2.AsyncClient, path: str) -> None:
    await api.post(path, json=TOTP)
    [factor] = await listed(api, path)
    other = (await api.post("/api/users", json={"username": "eve"})).json()["id"]

    answer = await api.delete(f"/api/users/{other}/mfa-verifications/{factor['id']}")

    assert refusal(answer) == (404, "entity.not_found")
    assert len(await listed(api, path)) == 1


@pytest.mark.parametrize("body", [{}, {"type": "WebAuthn"}, {**CODES, "codes": []}, []])
async def test_garbage_is_refused(api: httpx2.AsyncClient, path: str, body: Any) -> None:
    assert (await api.post(path, json=body)).status_code == 400


async def test_a_stranger_has_no_factors(api: httpx2.AsyncClient) -> None:
    path = "/api/users/nobody/mfa-verifications"

    for answer in (
        await api.get(path),
        await api.post(path, json=TOTP),
        await api.post(path, json=CODES),
        await api.delete(f"{path}/x"),
    ):
        assert refusal(answer) == (404, "entity.not_found")
