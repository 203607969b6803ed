"""`/api/hooks`: set up, shown, tested, deleted, as the contract has it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.web.management.conftest import Site
from tests.webhooks.receiver import Receiver, receiving
from watchword.audit.models import SYSTEM
from watchword.configuration.models import Kind
from watchword.webhooks.models import MASK, Event

URL = "https://billing.example/events"
SOON = timedelta(seconds=20)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a receiver that takes everything."""
    async with receiving() as receiver:
        yield receiver


async def create(api: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    """Set a webhook up."""
    wanted = {"name": "billing", "events": ["User.Created"], "config": {"url": URL}, **body}
    answer = await api.post("/api/hooks", json=wanted)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_a_webhook_is_created_with_a_signing_key_that_is_shown_once(
    api: httpx2.AsyncClient,
) -> None:
    created = await create(api, config={"url": URL, "headers": {"Authorization": "Bearer fake"}})

    shown = await api.get(f"/api/hooks/{created['id']}")

    assert len(created["signingKey"]) >= 32
    assert created == {
        "tenantId": "default",
        "id": created["id"],
        "name": "billing",
        "event": None,
        "events": ["User.Created"],
        "config": {"url": URL, "headers": {"Authorization": MASK}},
        "signingKey": created["signingKey"],
        "enabled": True,
        "createdAt": created["createdAt"],
    }
    assert shown.json() == {**created, "signingKey": MASK}
    assert (await api.get("/api/hooks")).json() == [shown.json()]


async def test_the_older_field_names_one_event_and_events_win(api: httpx2.AsyncClient) -> None:
    older = await api.post("/api/hooks", json={"event": "PostSignIn", "config": {"url": URL}})
    both = await create(api, event="PostSignIn", events=["PostRegister", "PostRegister"])

    assert (older.status_code, older.json()["events"]) == (201, ["PostSignIn"])
    assert older.json()["name"] == ""
    assert both["events"] == ["PostRegister"]


async def test_what_is_no_webhook_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], str, list[Any] | None]] = [
        ({"config": {"url": URL}}, "hook.missing_events", None),
        ({"events": [], "config": {"url": URL}}, "guard.invalid_input", ["events"]),
        ({"events": ["Nothing"], "config": {"url": URL}}, "guard.invalid_input", ["events", 0]),
        ({"events": ["PostSignIn"]}, "guard.invalid_input", ["config"]),
        (
            {"events": ["PostSignIn"], "config": {"url": "ftp://x.example"}},
            "guard.invalid_input",
            ["config", "url"],
        ),
        (
            {"events": ["PostSignIn"], "config": {"url": "https://me:secret@x.example"}},
            "guard.invalid_input",
            ["config", "url"],
        ),
        (
            {"events": ["PostSignIn"], "config": {"url": URL, "retries": 4}},
            "guard.invalid_input",
            ["config", "retries"],
        ),
    ]
    for body, code, path in cases:
        answer = await api.post("/api/hooks", json=body)

        assert (answer.status_code, answer.json()["code"]) == (400, code), body
        if path is not None:
            assert answer.json()["data"]["issues"][0]["path"] == path, body
        assert (await api.get("/api/hooks")).json() == [], body


@pytest.mark.parametrize("name", ["Host", "content-length", "Logto-Signature-SHA-256", "X Y", ""])
async def test_a_header_that_is_ours_or_no_header_is_refused(
    api: httpx2.AsyncClient, name: str
) -> None:
    config = {"url": URL, "headers": {name: "x"}}

    answer = await api.post("/api/hooks", json={"events": ["PostSignIn"], "config": config})

    assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")


async def test_a_header_with_a_line_break_is_refused(api: httpx2.AsyncClient) -> None:
    config = {"url": URL, "headers": {"X-Shop": "north\r\nHost: evil.example"}}

    answer = await api.post("/api/hooks", json={"events": ["PostSignIn"], "config": config})

    assert (answer.status_code, answer.json()["code"]) == (400, "guard.invalid_input")


async def test_a_change_keeps_what_it_does_not_name(api: httpx2.AsyncClient) -> None:
    created = await create(api, config={"url": URL, "headers": {"X-Shop": "north"}, "retries": 2})

    changed = await api.patch(f"/api/hooks/{created['id']}", json={"enabled": False})

    assert changed.status_code == 200
    assert changed.json() == {**created, "signingKey": MASK, "enabled": False}


async def test_a_config_is_replaced_as_a_whole_and_a_masked_header_stays(
    api: httpx2.AsyncClient, receiver: Receiver, site: Site
) -> None:
    headers = {"X-Shop": "north", "X-Old": "old"}
    created = await create(api, config={"url": receiver.address, "headers": headers})
    config = {"url": f"{receiver.address}/v2", "headers": {"X-Shop": MASK, "X-New": "new"}}

    changed = await api.patch(f"/api/hooks/{created['id']}", json={"config": config})
    await (await site.scope()).webhooks.announce(Event.USER_CREATED, {})
    await site.server.courier.settle(SOON)

    assert changed.json()["config"]["headers"] == {"X-Shop": MASK, "X-New": MASK}
    request = receiver.received[0]
    assert request.path == "/events/v2"
    assert (request.headers["x-shop"], request.headers["x-new"]) == ("north", "new")
    assert "x-old" not in request.headers
    assert request.is_signed_with(created["signingKey"])


async def test_a_saved_header_does_not_follow_the_address_to_another_host(
    api: httpx2.AsyncClient, receiver: Receiver
) -> None:
    created = await create(api, config={"url": URL, "headers": {"X-Token": "fake-token"}})
    config = {"url": receiver.address, "headers": {"X-Token": MASK}}
    address = f"/api/hooks/{created['id']}"

    changed = await api.patch(address, json={"config": config})
    tested = await api.post(f"{address}/test", json={"events": ["PostSignIn"], "config": config})

    expected = (422, "hook.header_wanted_again")
    assert (changed.status_code, changed.json()["code"]) == expected
    assert (tested.status_code, tested.json()["code"]) == expected
    assert receiver.received == []


async def test_a_new_signing_key_takes_the_place_of_the_old_one(
    api: httpx2.AsyncClient, receiver: Receiver, site: Site
) -> None:
    created = await create(api, config={"url": receiver.address})

    rotated = await api.patch(f"/api/hooks/{created['id']}/signing-key")
    await (await site.scope()).webhooks.announce(Event.USER_CREATED, {})
    await site.server.courier.settle(SOON)

    assert rotated.status_code == 200
    assert rotated.json() == {**created, "signingKey": rotated.json()["signingKey"]}
    assert receiver.received[0].is_signed_with(rotated.json()["signingKey"])
    assert not receiver.received[0].is_signed_with(created["signingKey"])


async def test_a_test_sends_a_sample_of_each_event_with_the_config_of_the_body(
    api: httpx2.AsyncClient, receiver: Receiver
) -> None:
    created = await create(api)
    body = {
        "events": [event.value for event in Event],
        "config": {"url": receiver.address, "headers": {"X-Shop": "north"}},
    }

    answer = await api.post(f"/api/hooks/{created['id']}/test", json=body)

    assert answer.status_code == 204
    assert {one["event"] for one in receiver.bodies} == set(body["events"])
    assert {one["hookId"] for one in receiver.bodies} == {created["id"]}
    assert all(one.is_signed_with(created["signingKey"]) for one in receiver.received)
    assert all(one.headers["x-shop"] == "north" for one in receiver.received)
    assert all(len(one) > 3 for one in receiver.bodies), "an event says something of itself"


async def test_a_test_says_what_the_receiver_answered(
    api: httpx2.AsyncClient, receiver: Receiver
) -> None:
    created = await create(api)
    receiver.answers = [418]
    body = {"events": ["PostSignIn"], "config": {"url": receiver.address}}
    async with receiving() as gone:
        pass

    refused = await api.post(f"/api/hooks/{created['id']}/test", json=body)
    body["config"] = {"url": gone.address}
    unreached = await api.post(f"/api/hooks/{created['id']}/test", json=body)

    assert refused.status_code == 422
    assert refused.json()["code"] == "hook.endpoint_responded_with_error"
    assert refused.json()["data"] == {"responseStatus": 418}
    assert "418" in refused.json()["message"]
    assert unreached.status_code == 422
    assert unreached.json()["code"] == "hook.send_test_payload_failed"
    assert unreached.json()["data"] == {"reason": "no_connection"}


async def test_recent_logs_and_counts_tell_how_it_went(
    api: httpx2.AsyncClient, receiver: Receiver, site: Site
) -> None:
    events = ["User.Created", "User.Deleted"]
    created = await create(api, events=events, config={"url": receiver.address})
    other = await create(api, events=["PostSignIn"])
    address = f"/api/hooks/{created['id']}"
    receiver.answers = [500]
    scope = await site.scope()
    await scope.webhooks.announce(Event.USER_CREATED, {})
    await site.server.courier.settle(SOON)
    await scope.webhooks.announce(Event.USER_DELETED, {})
    await site.server.courier.settle(SOON)

    logs = await api.get(f"{address}/recent-logs")
    filtered = await api.get(
        f"{address}/recent-logs", params={"logKey": "TriggerHook.User.Deleted"}
    )
    listed = (await api.get("/api/hooks", params={"includeExecutionStats": "true"})).json()
    shown = (await api.get(address, params={"includeExecutionStats": "true"})).json()

    assert logs.headers["Total-Number"] == "2"
    by_key = {log["key"]: log["payload"] for log in logs.json()}
    assert by_key["TriggerHook.User.Deleted"]["result"] == "Success"
    assert by_key["TriggerHook.User.Deleted"]["response"] == {"statusCode": 200}
    failed = by_key["TriggerHook.User.Created"]
    assert failed["result"] == "Error"
    assert (failed["error"], failed["response"]) == ("refused", {"statusCode": 500})
    assert failed["state"] == "waiting"
    assert [log["key"] for log in filtered.json()] == ["TriggerHook.User.Deleted"]
    stats = {hook["id"]: hook["executionStats"] for hook in listed}
    assert stats == {
        created["id"]: {"successCount": 1, "requestCount": 2},
        other["id"]: {"successCount": 0, "requestCount": 0},
    }
    assert shown["executionStats"] == stats[created["id"]]


async def test_yesterdays_deliveries_are_in_no_recent_log(
    api: httpx2.AsyncClient, receiver: Receiver, site: Site
) -> None:
    created = await create(api, config={"url": receiver.address})
    await (await site.scope()).webhooks.announce(Event.USER_CREATED, {})
    await site.server.courier.settle(SOON)
    site.clock.advance(timedelta(days=1, seconds=1))
    api.headers["Authorization"] = f"Bearer {await site.token()}"

    logs = await api.get(f"/api/hooks/{created['id']}/recent-logs")

    assert (logs.status_code, logs.json()) == (200, [])


async def test_a_page_of_the_list_is_given_where_it_is_asked_for(
    api: httpx2.AsyncClient,
) -> None:
    for number in range(3):
        await create(api, name=f"hook {number}")

    page = await api.get("/api/hooks", params={"page": 1, "page_size": 2})
    everything = await api.get("/api/hooks")

    assert len(page.json()) == 2
    assert page.headers["Total-Number"] == "3"
    assert len(everything.json()) == 3
    assert "Total-Number" not in everything.headers


async def test_a_deleted_webhook_is_gone_and_comes_back_with_its_key(
    api: httpx2.AsyncClient, receiver: Receiver, site: Site
) -> None:
    config = {"url": receiver.address, "headers": {"X-Shop": "north"}}
    created = await create(api, config=config)
    address = f"/api/hooks/{created['id']}"

    assert (await api.delete(address)).status_code == 204
    for answer in (
        await api.get(address),
        await api.delete(address),
        await api.patch(address, json={"enabled": False}),
        await api.patch(f"{address}/signing-key"),
        await api.get(f"{address}/recent-logs"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "entity.not_found")
    configuration = (await site.scope()).configuration
    await configuration.restore(SYSTEM, Kind.WEBHOOK, created["id"], 1)
    await (await site.scope()).webhooks.announce(Event.USER_CREATED, {})
    await site.server.courier.settle(SOON)

    request = receiver.received[0]
    assert request.is_signed_with(created["signingKey"])
    assert request.headers["x-shop"] == "north"


async def test_history_tells_who_changed_what_and_holds_no_secret(
    api: httpx2.AsyncClient, site: Site
) -> None:
    created = await create(api, config={"url": URL, "headers": {"X-Token": "fake-token"}})
    await api.patch(f"/api/hooks/{created['id']}", json={"events": ["User.Deleted"]})
    await api.patch(f"/api/hooks/{created['id']}/signing-key")

    history = await (await site.scope()).configuration.history(Kind.WEBHOOK, created["id"])
    audited = await (await site.scope()).audit.list()

    rotated, changed, first = history.items
    assert [version.action for version in (first, changed, rotated)] == [
        "created",
        "changed",
        "changed",
    ]
    assert [(c.field, c.before, c.after) for c in changed.changes] == [
        ("events", ["User.Created"], ["User.Deleted"])
    ]
    assert [(c.field, c.before, c.after) for c in rotated.changes] == [
        ("config.signingKey", MASK, MASK)
    ]
    assert rotated.author.name == "script"
    seen = [entry.event for entry in audited.items]
    assert seen.count("configuration.webhook.changed") == 2
    written = str([(v.document, v.changes, v.secrets) for v in history.items]) + str(audited.items)
    assert created["signingKey"] not in written
    assert "fake-token" not in written


async def test_another_process_hears_of_a_webhook_with_the_tenants_stamp(
    api: httpx2.AsyncClient, site: Site
) -> None:
    before = (await site.scope()).tenant

    await create(api)

    after = await site.server.directory.get("default")
    assert after.configuration_stamp == before.configuration_stamp + 1
