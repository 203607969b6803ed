"""Invitations over HTTP: as recorded, and what is ours."""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.mocks.sms import MockSmsConnector
from tests.web.management.conftest import Site, take_sms_away
from tests.web.management.replay import Difference, Replay, Step, story
from watchword.core.phone import PhoneNumber
from watchword.users.models import NewUser

PATH = "/api/organization-invitations"
PHONE = "447700900123"
STEP = timedelta(milliseconds=20)
TEMPLATE = {"usageType": "OrganizationInvitation", "content": "{{organization}}: {{link}}"}

DIFFERENCES: tuple[Difference, ...] = ()

# Who is there when the story begins, or comes in the middle of it, by their recorded ids.
PEOPLE = {"roqv1cye2yd4": "memberinv412047@example.com", "nxglju6m9g1d": "inv412047@example.com"}
RECORDED_AT = 1_795_412_055_838


async def set_mail_up(api: httpx2.AsyncClient) -> None:
    body = {"connectorId": "development-email-inbox", "config": {}}
    answer = await api.post("/api/connectors", json=body)
    assert answer.status_code == 200, answer.text


async def set_sms_up(api: httpx2.AsyncClient) -> None:
    config: dict[str, Any] = {
        "accountSID": "sid",
        "authToken": "token",
        "fromMessagingServiceSID": "from",
        "templates": [TEMPLATE],
    }
    body = {"connectorId": "mock-short-message-service", "config": config}
    answer = await api.post("/api/connectors", json=body)
    assert answer.status_code == 200, answer.text


async def proved(site: Site, *, email: str | None = None, phone: str | None = None) -> str:
    new = NewUser(
        primary_email=email,
        is_email_verified=email is not None,
        primary_phone=PhoneNumber(phone) if phone else None,
        is_phone_verified=phone is not None,
    )
    return (await (await site.scope()).users.create(new)).id


def moved(site: Site, step: Step) -> Step:
    """Return a step whose invitation ends as long after our now as it did after theirs."""
    ends = (step.get("body") or {}).get("expiresAt")
    if not isinstance(ends, int) or ends < RECORDED_AT:
        return step
    ours = round(site.clock.now().timestamp() * 1000) + ends - RECORDED_AT
    return {**step, "body": {**step["body"], "expiresAt": ours}}


async def test_the_recorded_exchanges_are_answered_alike(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_mail_up(api)
    replay = Replay(api, DIFFERENCES)
    for recorded, email in PEOPLE.items():
        replay.ids[recorded] = await proved(site, email=email)
    before: dict[str, Callable[[], Awaitable[Any]]] = {
        "message without an email connector": lambda: take_sms_away(api),
        "no token": site.client,
    }
    for step in story("org_invitation"):
        site.clock.advance(STEP)
        prepared = before.get(step["step"])
        client = await prepared() if prepared is not None else None
        replay.client = client or api

        answer = await replay.take(moved(site, step))

        if "total-number" in step.get("answer_headers", {}):
            assert answer.headers["total-number"] == step["answer_headers"]["total-number"]
            relations = re.findall(r'rel="(\w+)"', answer.headers["link"])
            assert relations == step["answer_headers"]["link"]

    replay.must_agree()


@pytest.fixture
async def wanted(site: Site, api: httpx2.AsyncClient) -> dict[str, Any]:
    """Return a body that invites a number to an organization for a day."""
    made = await api.post("/api/organizations", json={"name": "Chess club"})
    ends = site.clock.now() + timedelta(days=1)
    return {
        "organizationId": made.json()["id"],
        "invitee": PHONE,
        "expiresAt": round(ends.timestamp() * 1000),
    }


def told(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code"))


async def test_a_number_is_invited_texted_and_let_in(
    site: Site, api: httpx2.AsyncClient, wanted: dict[str, Any]
) -> None:
    await set_sms_up(api)
    user = await proved(site, phone=PHONE)

    created = await api.post(
        PATH, json={**wanted, "invitee": f"440{PHONE[2:]}", "messagePayload": {}}
    )

    assert created.status_code == 201, created.text
    id_ = created.json()["id"]
    assert created.json()["invitee"] == PHONE
    message = await api.get(f"/api/messages/{created.json()['messageId']}")
    assert message.json()["usageType"] == "OrganizationInvitation"
    assert (await api.post(f"{PATH}/{id_}/message", json={})).status_code == 204
    assert len(MockSmsConnector.sent) == 2
    status = {"status": "Accepted", "acceptedUserId": user}
    accepted = await api.put(f"{PATH}/{id_}/status", json=status)
    assert accepted.json()["status"] == "Accepted"
    members = await api.get(f"/api/organizations/{wanted['organizationId']}/users")
    assert [member["id"] for member in members.json()] == [user]


async def test_a_link_to_pass_on_opens_the_invitation(
    site: Site, api: httpx2.AsyncClient, wanted: dict[str, Any]
) -> None:
    created = await api.post(PATH, json=wanted)
    path = f"{PATH}/{created.json()['id']}/link"

    made = await api.post(path)

    assert made.status_code == 201
    token = made.json()["link"].rpartition("/i/")[2]
    opened = await (await site.scope()).invitations.open(token)
    assert opened.invitation.id == created.json()["id"]
    assert told(await api.post(f"{PATH}/nothing/link")) == (404, "entity.not_found")


async def test_a_refusal_says_why(
    site: Site, api: httpx2.AsyncClient, wanted: dict[str, Any]
) -> None:
    created = (await api.post(PATH, json=wanted)).json()
    other = await proved(site, email="other@example.com")
    path = f"{PATH}/{created['id']}/status"
    accepting = {"status": "Accepted", "acceptedUserId": other}

    async def reason(body: dict[str, Any]) -> str:
        answer = await api.put(path, json=body)
        assert told(answer) == (422, "request.invalid_input")
        return str(answer.json()["data"]["reason"])

    assert await reason({"status": "Accepted"}) == "accepted_user_missing"
    assert await reason(accepting) == "for_somebody_else"
    unknown = await api.put(path, json={"status": "Accepted", "acceptedUserId": "nobody"})
    assert told(unknown) == (404, "entity.not_found")
    assert (await api.put(path, json={"status": "Revoked"})).status_code == 200
    assert await reason(accepting) == "revoked"
    assert await reason({"status": "Revoked"}) == "revoked"
    again = await api.post(f"{PATH}/{created['id']}/message", json={})
    assert told(again) == (422, "request.invalid_input")


async def test_what_is_no_invitation_is_refused(
    api: httpx2.AsyncClient, wanted: dict[str, Any]
) -> None:
    cases: list[tuple[dict[str, Any], tuple[int, str]]] = [
        ({"invitee": "nope"}, (400, "guard.invalid_input")),
        ({"invitee": "+447700900123"}, (400, "guard.invalid_input")),
        ({"invitee": "12"}, (422, "user.invalid_phone")),
        ({"invitee": None}, (400, "guard.invalid_input")),
        ({"expiresAt": "1795415655838"}, (400, "guard.invalid_input")),
        ({"expiresAt": 10**30}, (400, "guard.invalid_input")),
        ({"expiresAt": 1}, (400, "request.invalid_input")),
        ({"organizationId": "a\0b"}, (400, "guard.invalid_input")),
        ({"organizationRoleIds": ["x" * 40]}, (400, "guard.invalid_input")),
        ({"messagePayload": True}, (400, "guard.invalid_input")),
        ({"messagePayload": {"link": "\ud800"}}, (400, "guard.invalid_input")),
        ({"messagePayload": {}}, (501, "connector.not_found")),
    ]
    for change, expected in cases:
        body = json.dumps({**wanted, **change})
        answer = await api.post(PATH, content=body, headers={"content-type": "application/json"})

        assert told(answer) == expected, change
        assert (await api.get(PATH)).json() == [], change


async def test_the_eleventh_message_in_ten_minutes_is_refused(
    site: Site, api: httpx2.AsyncClient, wanted: dict[str, Any]
) -> None:
    await set_sms_up(api)
    id_ = (await api.post(PATH, json={**wanted, "messagePayload": {}})).json()["id"]
    answers = [await api.post(f"{PATH}/{id_}/message", json={}) for _ in range(10)]

    assert [answer.status_code for answer in answers[:9]] == [204] * 9
    assert told(answers[9]) == (429, "request.message_rate_limited")


async def test_a_number_needs_the_connector_for_texts_and_an_address_the_one_for_mail(
    api: httpx2.AsyncClient, wanted: dict[str, Any]
) -> None:
    await set_sms_up(api)
    message = {"messagePayload": {"link": "https://app.example"}}

    by_mail = await api.post(PATH, json={**wanted, **message, "invitee": "a@example.com"})
    by_text = await api.post(PATH, json={**wanted, **message})

    assert told(by_mail) == (501, "connector.not_found")
    assert "Email" in by_mail.json()["message"]
    assert by_text.status_code == 201
