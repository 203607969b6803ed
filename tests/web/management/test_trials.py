"""A trial over HTTP: begun beside a connector, compared, changed, promoted, dropped."""

from datetime import timedelta
from typing import Any

import httpx2

from tests.web.management.conftest import Site
from tests.web.management.test_connectors import TWILIO
from watchword.background import watch_trial
from watchword.connector_kit.models import UsageType
from watchword.core.phone import PhoneNumber

TWILIO_ID = "twilio-short-message-service"
INBOX = {"connectorId": "development-inbox", "config": {}}
ALICE = PhoneNumber.parse("+447400123456")


async def set_up(api: httpx2.AsyncClient) -> str:
    """Set the development inbox up, and return the address of its trial."""
    created = await api.post("/api/connectors", json=INBOX)
    assert created.status_code == 200, created.text
    return f"/api/connectors/{created.json()['id']}/trial"


def terms(site: Site, **others: Any) -> dict[str, Any]:
    end = site.clock.now() + timedelta(days=7)
    return {
        "connectorId": TWILIO_ID,
        "config": TWILIO,
        "share": 10,
        "endsAt": round(end.timestamp() * 1000),
        **others,
    }


async def test_a_trial_is_begun_shown_changed_and_dropped(
    site: Site, api: httpx2.AsyncClient
) -> None:
    address = await set_up(api)

    begun = await api.post(address, json=terms(site))

    assert begun.status_code == 201, begun.text
    answer = begun.json()
    assert (answer["state"], answer["share"], answer["version"]) == ("running", 10, 1)
    assert answer["active"]["connectorId"] == "development-inbox"
    assert answer["trial"]["connectorId"] == TWILIO_ID
    assert answer["trial"]["sent"] == 0
    assert (await api.get(address)).json() == answer
    # The one that is active is the only one in the contract's list.
    assert [one["id"] for one in (await api.get("/api/connectors")).json()] == [
        answer["active"]["id"]
    ]

    changed = await api.patch(address, json={"numbers": ["447400123456"], "expectedVersion": 1})
    assert changed.json()["numbers"] == [ALICE.masked]
    assert changed.json()["share"] is None
    late = await api.patch(address, json={"share": 5, "expectedVersion": 1})
    assert (late.status_code, late.json()["code"]) == (409, "configuration.changed")

    assert (await api.delete(address)).status_code == 204
    gone = await api.get(address)
    assert (gone.status_code, gone.json()["code"]) == (404, "connector.trial_not_found")


async def test_promoting_makes_it_the_connector_that_sends(
    site: Site, api: httpx2.AsyncClient
) -> None:
    address = await set_up(api)
    begun = (await api.post(address, json=terms(site))).json()

    promoted = await api.post(f"{address}/promote", json={"expectedVersion": 1, "reason": "good"})

    assert promoted.status_code == 200
    [active] = (await api.get("/api/connectors")).json()
    assert active["id"] == promoted.json()["id"] == begun["trial"]["id"]
    history = (await api.get(f"/api/connectors/{active['id']}/history")).json()
    assert {entry["action"] for entry in history} == {"created", "promoted"}


async def test_what_can_not_be_is_said_by_its_code(site: Site, api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"share": 51}, "connector.trial_reach_invalid"),
        ({"numbers": ["447400123456"]}, "connector.trial_reach_invalid"),
        ({"endsAt": 0}, "connector.trial_end_out_of_range"),
        ({"connectorId": "smpp"}, "connector.trial_not_possible"),
        ({"connectorId": "nobody"}, "connector.not_found_with_connector_id"),
        ({"config": {}}, "connector.invalid_config"),
    ]
    address = await set_up(api)

    for change, code in cases:
        refused = await api.post(address, json=terms(site, **change))

        assert refused.json()["code"] == code, change
        assert (await api.get(address)).status_code == 404, change


async def test_a_second_trial_has_to_wait(site: Site, api: httpx2.AsyncClient) -> None:
    address = await set_up(api)
    await api.post(address, json=terms(site))

    refused = await api.post(address, json=terms(site))

    assert (refused.status_code, refused.json()["code"]) == (422, "connector.trial_running")


async def test_a_trial_whose_provider_refuses_our_settings_is_stopped(
    site: Site, api: httpx2.AsyncClient
) -> None:
    address = await set_up(api)
    begun = await api.post(address, json=terms(site, share=None, numbers=[ALICE.digits]))
    scope = await site.scope()
    await watch_trial(scope)
    assert (await api.get(address)).json()["state"] == "running"
    scope = await site.scope()
    assert scope.connectors.trial is not None
    broken = scope.connectors.trial.saved
    site.clock.advance(timedelta(seconds=1))
    await scope.messaging.rows.add(
        {
            "id": "m1",
            "channel": "sms",
            "state": "failed",
            "usage_type": UsageType.SIGN_IN,
            "is_test": False,
            "recipient": "x",
            "recipient_masked": "x",
            "recipient_digest": "x",
            "country": "GB",
            "attempts": 1,
            "connector_instance_id": broken.id,
            "connector_id": broken.connector_id,
            "error_class": "insufficient_balance",
            "created_at": site.clock.now(),
            "expires_at": site.clock.now(),
        }
    )

    await watch_trial(scope)

    shown = (await api.get(address)).json()
    assert begun.status_code == 201
    assert (shown["state"], shown["stopped"]) == ("stopped", "settings_refused")
    assert shown["trial"]["failed"] == 1
    assert await scope.connectors.active() is not None
