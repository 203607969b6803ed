"""Sign-in settings over the Management API: as recorded, and their rules."""

from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site
from tests.web.management.replay import Difference, Replay, story

DIFFERENCES = (Difference("nothing", adr=8),)


async def set_sms_up(api: httpx2.AsyncClient) -> None:
    config: dict[str, Any] = {
        "accountSID": "sid",
        "authToken": "token",
        "fromMessagingServiceSID": "from",
        "templates": [{"usageType": "Generic", "content": "{{code}}"}],
    }
    body = {"connectorId": "mock-short-message-service", "config": config}
    assert (await api.post("/api/connectors", json=body)).status_code == 200


async def test_the_recorded_exchanges_are_answered_alike(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    replay = Replay(api, DIFFERENCES)
    for step in story("sign_in_exp"):
        if "authorization" not in step.get("headers", {}):
            replay.client = await site.client()
        await replay.take(step)
        replay.client = api

    replay.must_agree()


@pytest.mark.parametrize(
    ("password", "status"), [("Good-pass-4-Phone", 200), ("short", 400), ("aaaaaaaaaa", 400)]
)
async def test_a_password_is_judged_by_the_tenants_rules(
    api: httpx2.AsyncClient, password: str, status: int
) -> None:
    await api.patch("/api/sign-in-exp", json={"passwordPolicy": {"rejects": {"userInfo": False}}})

    answer = await api.post(
        "/api/sign-in-exp/default/check-password", json={"password": password}
    )

    assert answer.status_code == status
    assert answer.json()["result"] is (status == 200)
    assert ("issues" in answer.json()) is (status == 400)


async def test_a_password_is_not_judged_without_its_owner_where_that_matters(
    api: httpx2.AsyncClient,
) -> None:
    answer = await api.post("/api/sign-in-exp/default/check-password", json={"password": "x"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "request.invalid_input"
