"""The audit log over HTTP, in the contract's form."""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site, set_sms_up
from watchword.audit.models import Actor, interaction_event

ADA = Actor("user", "ada")
SHOP = "shop"
SIGNED_IN = interaction_event("SignIn")


@pytest.fixture(autouse=True)
def _moving(site: Site) -> None:
    # Entries of one moment have no order.
    site.clock.tick = timedelta(milliseconds=1)


async def keys(api: httpx2.AsyncClient, **query: Any) -> list[str]:
    """Return the keys of the entries that are asked for."""
    answer = await api.get("/api/logs", params=query)
    assert answer.status_code == 200, answer.text
    return [entry["key"] for entry in answer.json()]


async def test_an_entry_has_the_contracts_form(site: Site, api: httpx2.AsyncClient) -> None:
    audit = (await site.scope()).audit
    await audit.record(
        SIGNED_IN, ADA, application_id=SHOP, method="PhoneVerificationCode", payload={"x": 1}
    )

    [entry] = (await api.get("/api/logs", params={"userId": "ada"})).json()

    assert entry["key"] == entry["payload"]["key"] == "Interaction.SignIn.Submit"
    payload = entry["payload"]
    of_request = {name: payload.pop(name) for name in ("ip", "userAgent", "correlationId")}
    assert payload == {
        "key": "Interaction.SignIn.Submit",
        "result": "Success",
        "userId": "ada",
        "applicationId": SHOP,
        "method": "PhoneVerificationCode",
        "actor": "user:ada",
        "x": 1,
    }
    assert isinstance(entry["createdAt"], int)
    one = (await api.get(f"/api/logs/{entry['id']}")).json()
    assert one == {**entry, "payload": {**payload, **of_request}, "tenantId": "default"}


async def test_what_is_not_there_is_not_found(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/api/logs/nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "entity.not_found")


async def test_entries_are_found_by_person_application_key_time_and_prefix(
    site: Site, api: httpx2.AsyncClient
) -> None:
    audit = (await site.scope()).audit
    await audit.record(SIGNED_IN, ADA, application_id=SHOP)
    await audit.record("user.deleted", Actor("operator", "op1"), subject="user:ada")
    await audit.record(SIGNED_IN, Actor("user", "bob"), application_id="other")
    moment = round(site.clock.now().timestamp() * 1000)
    await audit.record("RevokeToken", Actor("application", SHOP), user_id="bob")

    assert await keys(api, userId="ada") == ["user.deleted", SIGNED_IN]
    assert await keys(api, applicationId=SHOP) == ["RevokeToken", SIGNED_IN]
    assert await keys(api, logKey=SIGNED_IN) == [SIGNED_IN, SIGNED_IN]
    assert await keys(api, userId="bob", start_time=moment) == ["RevokeToken"]
    assert await keys(api, userId="bob", end_time=moment - 1) == [SIGNED_IN]
    prefixes = ["Revoke", "user."]
    assert await keys(api, includeKeyPrefix=prefixes) == ["RevokeToken", "user.deleted"]
    assert await keys(api, userId="", logKey="RevokeToken") == ["RevokeToken"]
    assert await keys(api, userId="ada%") == []


async def test_both_ends_of_a_time_belong_to_it(site: Site, api: httpx2.AsyncClient) -> None:
    site.clock.moment += timedelta(microseconds=700)
    await (await site.scope()).audit.record(SIGNED_IN, ADA)
    (entry,) = (await api.get("/api/logs", params={"userId": "ada"})).json()

    moment = entry["createdAt"]

    assert await keys(api, userId="ada", start_time=moment, end_time=moment) == [SIGNED_IN]
    assert await keys(api, userId="ada", start_time=moment + 1) == []
    assert await keys(api, userId="ada", end_time=moment - 1) == []


async def test_the_list_has_pages(site: Site, api: httpx2.AsyncClient) -> None:
    audit = (await site.scope()).audit
    for _ in range(3):
        await audit.record(SIGNED_IN, ADA)

    answer = await api.get("/api/logs", params={"userId": "ada", "page": 2, "page_size": 2})

    assert len(answer.json()) == 1
    assert answer.headers["Total-Number"] == "3"
    assert 'rel="prev"' in answer.headers["Link"]


async def test_a_filter_that_means_nothing_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[dict[str, Any]] = [
        {"start_time": "yesterday"},
        {"end_time": -1},
        {"start_time": 10**18},
        {"start_time": 2000, "end_time": 1999},
        {"userId": "x" * 200},
        {"includeKeyPrefix": ["a"] * 9},
    ]
    for query in cases:
        answer = await api.get("/api/logs", params=query)

        assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input"), query


async def test_who_asked_is_noted_with_their_address_and_browser(
    api: httpx2.AsyncClient,
) -> None:
    answer = await api.patch(
        "/api/account-center", json={"enabled": True}, headers={"User-Agent": "a script"}
    )
    assert answer.status_code == 200, answer.text

    [entry] = (
        await api.get("/api/logs", params={"logKey": "configuration.account_center.changed"})
    ).json()

    payload = entry["payload"]
    assert (payload["ip"], payload["userAgent"]) == ("127.0.0.1", "a script")
    assert re.fullmatch(r"application:\w+:script", payload["actor"])
    assert payload["changes"] == [{"field": "enabled", "before": False, "after": True}]
    assert payload["correlationId"] == answer.headers["X-Correlation-Id"]


async def test_a_changed_secret_is_told_of_and_not_told(api: httpx2.AsyncClient) -> None:
    id_ = await set_sms_up(api)
    config = (await api.get(f"/api/connectors/{id_}")).json()["config"]
    changed = await api.patch(
        f"/api/connectors/{id_}", json={"config": {**config, "authToken": "the-new-token"}}
    )
    assert changed.status_code == 200, changed.text

    answer = await api.get("/api/logs", params={"logKey": "configuration.connector.changed"})

    [entry] = answer.json()
    [change] = entry["payload"]["changes"]
    assert change["field"] == "config.authToken"
    assert "the-new-token" not in answer.text
