"""Addresses over the Experience API: people sign up and in by e-mail, where the tenant takes it."""

from typing import Any

import httpx2
import pytest

from tests.interactions.world import OutboxConnector
from tests.web.experience.conftest import Site
from tests.web.experience.test_experience import API, SEND, identify, start, submit
from tests.web.pages.conftest import Provider, ScriptedEmailConnector
from watchword.audit.models import SYSTEM
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connector_kit.wording import default_email_templates

ADA = "ada@example.com"
EMAIL_CODE: dict[str, Any] = {
    "signUp": {"identifiers": ["email"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "email",
                "password": True,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
}


@pytest.fixture
def mails() -> Provider:
    ScriptedEmailConnector.provider = Provider()
    return ScriptedEmailConnector.provider


@pytest.fixture
async def client(site: Site, mails: Provider) -> httpx2.AsyncClient:
    site.server.registry = ConnectorRegistry([OutboxConnector, ScriptedEmailConnector])
    connectors = (await site.scope()).configuration.connectors
    config = {"templates": default_email_templates()}
    await connectors.create(SYSTEM, "scripted-email", config)
    await site.set_up(**EMAIL_CODE)
    return await site.started()


async def send(client: httpx2.AsyncClient, address: str, event: str) -> httpx2.Response:
    body = {"identifier": {"type": "email", "value": address}, "interactionEvent": event}
    return await client.post(SEND, json=body)


async def prove(client: httpx2.AsyncClient, mails: Provider, address: str, event: str) -> str:
    sent = await send(client, address, event)
    assert sent.status_code == 200, sent.text
    record_id: str = sent.json()["verificationId"]
    answer = await client.post(
        f"{SEND}/verify",
        json={
            "identifier": {"type": "email", "value": address},
            "verificationId": record_id,
            "code": mails.mails[-1].variables["code"],
        },
    )
    assert answer.status_code == 200, answer.text
    return record_id


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_somebody_unknown_signs_up_with_the_code_that_was_to_sign_them_in(
    client: httpx2.AsyncClient, mails: Provider
) -> None:
    await start(client)
    record_id = await prove(client, mails, ADA, "SignIn")
    assert refused(await identify(client, record_id)) == (404, "user.user_not_exist")

    await client.put(f"{API}/interaction-event", json={"interactionEvent": "Register"})
    assert (await identify(client, record_id)).status_code == 201

    assert await submit(client)
    assert len(mails.mails) == 1


@pytest.mark.parametrize(
    ("policy", "address", "code"),
    [
        ({"blockSubaddressing": True}, "ada+1@example.com", "email_subaddressing_not_allowed"),
        ({"customBlocklist": ["@example.com"]}, ADA, "email_not_allowed"),
        ({"customAllowlist": ["@example.org"]}, ADA, "email_not_allowed"),
    ],
)
async def test_an_address_that_the_tenant_does_not_take_gets_no_code_and_no_account(
    site: Site,
    client: httpx2.AsyncClient,
    mails: Provider,
    *,
    policy: dict[str, Any],
    address: str,
    code: str,
) -> None:
    await site.set_up(emailBlocklistPolicy=policy)
    expected = (422, f"session.email_blocklist.{code}")
    await start(client, "Register")

    assert refused(await send(client, address, "Register")) == expected
    assert mails.mails == []

    # Who signs in gets a code like anybody, and still no account with it.
    await start(client, "SignIn")
    record_id = await prove(client, mails, address, "SignIn")
    await client.put(f"{API}/interaction-event", json={"interactionEvent": "Register"})
    assert refused(await identify(client, record_id)) == expected
    assert (await (await site.scope()).users.find_by_identifier("email", address)) is None


async def test_nor_does_it_become_the_address_of_somebody_who_is_asked_for_one(
    site: Site, client: httpx2.AsyncClient, mails: Provider
) -> None:
    signing_up = {"identifiers": ["username"], "password": True, "verify": True}
    asked = {"secondaryIdentifiers": [{"identifier": "email", "verify": True}]}
    await site.set_up(
        signUp={**signing_up, **asked},
        signIn={
            "methods": [
                {
                    "identifier": name,
                    "password": True,
                    "verificationCode": name == "email",
                    "isPasswordPrimary": True,
                }
                for name in ("username", "email")
            ]
        },
    )
    await start(client, "Register")
    record_id = await prove(client, mails, ADA, "Register")
    await site.set_up(emailBlocklistPolicy={"customBlocklist": [ADA]})

    answer = await client.post(
        f"{API}/profile", json={"type": "email", "verificationId": record_id}
    )

    assert refused(answer) == (422, "session.email_blocklist.email_not_allowed")
