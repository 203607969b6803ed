"""Connectors over the Management API: as recorded, and what is ours."""

import asyncio
from typing import Any

import httpx2

from tests.mocks.email import MockEmailConnector
from tests.web.management.conftest import Site, set_email_up
from tests.web.management.replay import Difference, Replay, Step, story
from watchword.configuration.models import Kind
from watchword.connector_kit.wording import default_email_templates, default_templates
from watchword.connectors.models import MASK

TWILIO = {
    "accountSID": "AC0123456789abcdef0123456789abcdef",
    "authToken": "the-real-token",
    "fromMessagingServiceSID": "MG0123456789abcdef0123456789abcdef",
    "templates": default_templates(),
}
DIFFERENCES = (
    # Which connectors there are, and how their forms read, is each product's own.
    Difference(
        r"answer(\.\d+)?\.(formItems|name)\..*",
        adr=8,
        steps="factories|one factory|create.*|patch its.*",
    ),
    Difference(r"answer\.length", adr=8, steps="factories"),
    Difference(r"answer\.\d+\..*", adr=8, steps="factories"),
    # Secrets are never given back, and tokens of providers are never kept.
    Difference(r"answer(\.\d+)?\.config\.(authToken|clientSecret)", adr=8),
    Difference(r"answer\.isTokenStorageSupported", adr=8),
    # The old file beside the form items; ours are complete without it.
    Difference(r"answer(\.\d+)?\.configTemplate", adr=8),
    # A sender may stand in the place of the Messaging Service, and templates have defaults.
    Difference(r"answer\.data", adr=8, steps="create: bad config"),
    # An empty list of templates is refused as one that is missing, before anything is sent.
    Difference(r"answer\.(code|data.*)", adr=8, steps="test: no Test-like template"),
)


def without_email(step: Step) -> Step:
    """Return the step without the e-mail connector, whose place in the list is drawn by lot."""
    if step["step"] not in {"list", "list after it"}:
        return step
    return {**step, "answer": [item for item in step["answer"] if item["type"] != "Email"]}


async def create(api: httpx2.AsyncClient, **config: Any) -> dict[str, Any]:
    answer = await api.post(
        "/api/connectors",
        json={"connectorId": "twilio-short-message-service", "config": {**TWILIO, **config}},
    )
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_the_recorded_exchanges_are_answered_alike(
    site: Site, api: httpx2.AsyncClient
) -> None:
    replay = Replay(api, DIFFERENCES)
    for step in story("connectors"):
        if step["step"] == "no token":
            replay.client = await site.client()
        await replay.take(without_email(step))
        replay.client = api

    replay.must_agree()


async def test_a_secret_is_masked_and_its_mask_keeps_it(
    site: Site, api: httpx2.AsyncClient
) -> None:
    created = await create(api)
    assert created["config"]["authToken"] == MASK

    answer = await api.patch(
        f"/api/connectors/{created['id']}",
        json={"config": {**TWILIO, "authToken": MASK, "fromMessagingServiceSID": "MG2"}},
    )

    assert answer.status_code == 200
    assert answer.json()["config"]["fromMessagingServiceSID"] == "MG2"
    connectors = (await site.scope()).connectors
    saved = await connectors.get(created["id"])
    assert connectors.opened_secrets(saved)["authToken"] == "the-real-token"


async def test_of_two_creations_at_once_one_is_active_and_both_are_in_history(
    site: Site, api: httpx2.AsyncClient
) -> None:
    both = await asyncio.gather(create(api), create(api))

    listed = (await api.get("/api/connectors")).json()
    assert len(listed) == 1
    assert listed[0]["id"] in {created["id"] for created in both}
    history = await (await site.scope()).configuration.history(Kind.CONNECTOR)
    assert {version.subject_id for version in history.items} == {item["id"] for item in both}


async def test_deleting_what_is_in_use_tells_what_breaks_unless_forced(
    api: httpx2.AsyncClient,
) -> None:
    created = await create(api)
    phone = {"identifier": "phone", "password": False, "verificationCode": True}
    settings = {
        "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
        "signIn": {"methods": [{**phone, "isPasswordPrimary": False}]},
    }
    assert (await api.patch("/api/sign-in-exp", json=settings)).status_code == 200

    refused = await api.delete(f"/api/connectors/{created['id']}")
    assert refused.status_code == 422
    assert refused.json()["code"] == "connector.in_use"
    broken = {item["setting"] for item in refused.json()["data"]["breaks"]}
    assert {"sign_up", "sign_in"} <= broken
    forced = await api.delete(f"/api/connectors/{created['id']}?force=true")
    assert forced.status_code == 204


async def test_an_earlier_version_comes_back_with_its_secret(
    site: Site, api: httpx2.AsyncClient
) -> None:
    created = await create(api)
    address = f"/api/connectors/{created['id']}"
    await api.patch(address, json={"config": {**TWILIO, "authToken": "a-mistake"}})

    history = await api.get(f"{address}/history")
    assert history.headers["Total-Number"] == "2"
    assert [version["version"] for version in history.json()] == [2, 1]
    assert "mistake" not in history.text
    restored = await api.post(f"{address}/restore", json={"version": 1, "reason": "undo"})

    assert restored.status_code == 200
    connectors = (await site.scope()).connectors
    saved = await connectors.get(created["id"])
    assert connectors.opened_secrets(saved)["authToken"] == "the-real-token"


async def test_a_change_over_someone_elses_is_refused(api: httpx2.AsyncClient) -> None:
    created = await create(api)
    address = f"/api/connectors/{created['id']}"
    change = {"config": {**TWILIO, "from": "+15005550006"}, "expectedVersion": created["version"]}
    assert (await api.patch(address, json=change)).status_code == 200

    late = await api.patch(address, json={**change, "config": TWILIO})

    assert late.status_code == 409
    assert late.json()["code"] == "configuration.changed"


SMTP: dict[str, Any] = {
    "host": "smtp.example.com",
    "port": 587,
    "auth": {"type": "login", "user": "mailer", "pass": "not-a-real-password"},
    "fromEmail": "Acme <no-reply@acme.example>",
    "templates": default_email_templates(),
}


async def create_smtp(api: httpx2.AsyncClient) -> dict[str, Any]:
    body = {"connectorId": "simple-mail-transfer-protocol", "config": SMTP}
    answer = await api.post("/api/connectors", json=body)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_an_account_inside_an_object_is_masked_kept_and_given_back_as_it_came(
    site: Site, api: httpx2.AsyncClient
) -> None:
    created = await create_smtp(api)
    assert created["type"] == "Email"
    assert created["config"] == {**SMTP, "auth": {**SMTP["auth"], "pass": MASK}}

    changed = {**created["config"], "fromEmail": "codes@acme.example"}
    answer = await api.patch(f"/api/connectors/{created['id']}", json={"config": changed})

    assert answer.status_code == 200, answer.text
    assert answer.json()["config"] == changed
    connectors = (await site.scope()).connectors
    saved = await connectors.get(created["id"])
    assert connectors.opened_secrets(saved) == {"auth.pass": "not-a-real-password"}
    assert "not-a-real-password" not in str(saved.config)


async def test_a_masked_password_does_not_go_to_another_server(api: httpx2.AsyncClient) -> None:
    created = await create_smtp(api)
    changed = {**created["config"], "host": "elsewhere.example"}

    answer = await api.patch(f"/api/connectors/{created['id']}", json={"config": changed})

    assert (answer.status_code, answer.json()["code"]) == (400, "connector.invalid_config")


async def test_a_tenant_has_one_connector_for_texts_and_one_for_emails(
    api: httpx2.AsyncClient,
) -> None:
    await create(api)
    await create_smtp(api)
    mock = await set_email_up(api)

    listed = {item["type"]: item["id"] for item in (await api.get("/api/connectors")).json()}
    assert listed.keys() == {"Sms", "Email"}
    assert listed["Email"] == mock


async def test_a_test_goes_to_an_address_with_the_values_of_the_body(
    api: httpx2.AsyncClient,
) -> None:
    template = {"usageType": "Generic", "type": "text/plain", "subject": "Code"}
    config = {
        "apiKey": "key",
        "fromEmail": "noreply@example.com",
        "templates": [{**template, "content": "{{code}}"}],
    }
    path = "/api/connectors/mock-email-service/test"

    sent = await api.post(path, json={"email": "Ada@example.com", "config": config})
    texted = await api.post(path, json={"phone": "19099388282", "config": config})
    nobody = await api.post(path, json={"email": "ada", "config": config})

    assert sent.status_code == 204, sent.text
    assert MockEmailConnector.mails[-1].text == "000000"
    assert MockEmailConnector.sent[-1].to.address == "ada@example.com"
    assert (texted.status_code, texted.json()["code"]) == (400, "connector.unexpected_type")
    assert (nobody.status_code, nobody.json()["code"]) == (422, "user.invalid_email")
