"""The configuration as a document over HTTP: exported, planned, applied, refused by place."""

import json
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site

ADDRESS = "/api/configuration"
CONFIG: dict[str, Any] = {
    "accountSID": "x",
    "authToken": "not-a-real-token",
    "fromMessagingServiceSID": "x",
    "templates": [
        {"usageType": usage, "content": "{{code}}"}
        for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}


async def test_an_export_applied_again_changes_nothing(api: httpx2.AsyncClient) -> None:
    exported = (await api.get(f"{ADDRESS}/document")).json()

    answer = await api.post(
        f"{ADDRESS}/apply",
        json={"document": exported["document"], "expectedStamp": exported["stamp"]},
    )

    assert answer.status_code == 200
    assert answer.json()["changes"] == []


async def test_a_plan_is_shown_then_applied_and_the_server_goes_by_it(
    site: Site, api: httpx2.AsyncClient
) -> None:
    body = {"document": {"version": 1, "guard": {"allowedCountries": ["KR"]}}}
    planned = (await api.post(f"{ADDRESS}/plan", json=body)).json()
    before = (await site.scope()).guard_policy.allowed_countries
    answer = await api.post(f"{ADDRESS}/apply", json={**body, "expectedStamp": planned["stamp"]})

    assert planned["changes"] == [
        {
            "path": ["guard"],
            "action": "changed",
            "changes": [{"field": "allowedCountries", "before": None, "after": ["KR"]}],
        }
    ]
    assert before is None
    assert answer.json() == planned
    assert (await site.scope()).guard_policy.allowed_countries == ("KR",)
    again = await api.post(f"{ADDRESS}/apply", json={**body, "expectedStamp": planned["stamp"]})
    assert (again.status_code, again.json()["code"]) == (409, "configuration.changed")


async def test_a_secret_comes_beside_the_document_and_is_never_answered(
    site: Site, api: httpx2.AsyncClient
) -> None:
    config = {**CONFIG, "authToken": "${env:TOKEN}"}
    part = {"connectorId": "twilio-short-message-service", "config": config}
    body = {"document": {"version": 1, "connectors": {"sms": part}}}

    without = await api.post(f"{ADDRESS}/apply", json=body)
    answer = await api.post(
        f"{ADDRESS}/apply", json={**body, "variables": {"TOKEN": "not-a-real-token"}}
    )
    exported = await api.get(f"{ADDRESS}/document")

    assert (without.status_code, without.json()["code"]) == (422, "configuration.document_refused")
    [issue] = without.json()["data"]["issues"]
    assert issue["path"] == ["connectors", "sms", "config", "authToken"]
    assert issue["code"] == "configuration.variable_missing"
    assert answer.status_code == 200
    assert "not-a-real-token" not in answer.text + exported.text
    connectors = (await site.scope()).connectors
    [saved] = await connectors.list()
    assert connectors.opened_secrets(saved) == {"authToken": "not-a-real-token"}


async def test_a_connector_is_tested_before_it_is_moved_over(
    site: Site, api: httpx2.AsyncClient
) -> None:
    connector = {"connectorId": "development-inbox", "config": {}}
    body = {"document": {"version": 1, "connectors": {"sms": connector}}}
    moved = {**body, "keepOthers": True}

    untested = await api.post(f"{ADDRESS}/apply", json=moved)
    test = await api.post(f"{ADDRESS}/test", json={**body, "phone": "447700900124"})
    proof = test.json()["proof"]
    tested = await api.post(f"{ADDRESS}/apply", json={**moved, "tests": [proof]})

    assert untested.status_code == 422
    assert untested.json()["code"] == "configuration.connector_not_tested"
    assert untested.json()["data"] == {"connectors": ["sms"]}
    assert test.status_code == 200
    assert test.json()["state"] == "accepted"
    assert [change["path"] for change in tested.json()["changes"]] == [["connectors", "sms"]]
    [saved] = await (await site.scope()).connectors.list()
    assert saved.tested_at is not None


async def test_a_connector_may_be_moved_over_untested_where_that_is_said(
    site: Site, api: httpx2.AsyncClient
) -> None:
    connector = {"connectorId": "development-inbox", "config": {}}
    body = {"document": {"version": 1, "connectors": {"sms": connector}}, "keepOthers": True}

    answer = await api.post(f"{ADDRESS}/apply", json={**body, "allowUntested": True})

    assert answer.status_code == 200
    entries = (await api.get("/api/logs?logKey=connector.went_live_untested")).json()
    assert len(entries) == 1


@pytest.mark.parametrize(
    ("to", "status", "code"),
    [
        ({}, 400, "guard.invalid_input"),
        ({"phone": "1"}, 422, "user.invalid_phone"),
        ({"email": "ada@example.com"}, 422, "configuration.document_refused"),
    ],
)
async def test_a_test_that_reaches_nobody_is_refused(
    api: httpx2.AsyncClient, to: dict[str, str], status: int, code: str
) -> None:
    connector = {"connectorId": "development-inbox", "config": {}}
    body = {"document": {"version": 1, "connectors": {"sms": connector}}, **to}

    answer = await api.post(f"{ADDRESS}/test", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_servers_own_environment_fills_nothing_in(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "of-the-server")
    config = {**CONFIG, "accountSID": "${env:TOKEN}"}
    part = {"connectorId": "twilio-short-message-service", "config": config}

    answer = await api.post(
        f"{ADDRESS}/plan", json={"document": {"version": 1, "connectors": {"sms": part}}}
    )

    assert answer.json()["data"]["issues"][0]["code"] == "configuration.variable_missing"


async def test_what_the_document_leaves_out_is_deleted_only_where_that_is_said(
    api: httpx2.AsyncClient,
) -> None:
    body = {"document": {"version": 1, "webhooks": {}}}
    hook = {"name": "Hook", "events": ["User.Created"], "config": {"url": "https://a.example"}}
    created = (await api.post("/api/hooks", json=hook)).json()

    refused = await api.post(f"{ADDRESS}/apply", json=body)
    kept = (await api.get("/api/hooks")).json()
    done = await api.post(f"{ADDRESS}/apply", json={**body, "allowDeletions": True})

    assert refused.status_code == 422
    assert refused.json()["code"] == "configuration.deletions_not_allowed"
    assert refused.json()["data"] == {"deletions": [f"webhooks.{created['id']}"]}
    assert [found["id"] for found in kept] == [created["id"]]
    assert [change["action"] for change in done.json()["changes"]] == ["deleted"]
    assert (await api.get("/api/hooks")).json() == []


async def test_what_no_column_holds_is_refused_by_its_place(api: httpx2.AsyncClient) -> None:
    for value in ("\0", 2**70, "\ud800"):
        custom = {"name": "x", "type": "SPA", "customData": {"k": [value]}}
        answer = await api.post(
            f"{ADDRESS}/plan",
            content=json.dumps({"document": {"version": 1, "applications": {"x": custom}}}),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 422
        [issue] = answer.json()["data"]["issues"]
        assert issue["path"] == ["applications", "x", "customData", "k", 0]


async def test_schema_and_sealing_key_are_published(api: httpx2.AsyncClient) -> None:
    schema = (await api.get(f"{ADDRESS}/schema")).json()
    key = (await api.get(f"{ADDRESS}/sealing-key")).json()["sealingKey"]

    assert schema["title"] == "Watchword configuration"
    assert len(key.partition(".")[2]) == 43


async def test_versions_are_listed_compared_and_restored(api: httpx2.AsyncClient) -> None:
    for count in (3, 4):
        guard = {"perNumber": {"count": count, "seconds": 600}}
        body = {"document": {"version": 1, "guard": guard}, "reason": "calmer"}
        await api.post(f"{ADDRESS}/apply", json=body)

    listed = await api.get(f"{ADDRESS}/versions", params={"kind": "guard"})
    guard_default = f"{ADDRESS}/versions/guard/default"
    compared = await api.get(f"{guard_default}/compare", params={"before": 1, "after": 2})
    restored = await api.post(f"{guard_default}/restore", json={"version": 1, "reason": "back"})
    missing = await api.post(f"{guard_default}/restore", json={"version": 9})

    assert listed.headers["Total-Number"] == "2"
    assert {version["reason"] for version in listed.json()} == {"calmer"}
    assert compared.json() == [{"field": "perNumber.count", "before": 3, "after": 4}]
    assert (restored.json()["version"], restored.json()["action"]) == (3, "restored")
    exported = (await api.get(f"{ADDRESS}/document")).json()["document"]
    assert exported["guard"]["perNumber"]["count"] == 3
    assert (missing.status_code, missing.json()["code"]) == (404, "configuration.version_not_found")
