"""What became of messages, over the Management API."""

from datetime import timedelta

import httpx2

from tests.mocks.email import MockEmailConnector
from tests.mocks.sms import MockSmsConnector
from tests.web.management.conftest import Site, set_email_up, set_sms_up

FIRST, SECOND = "19099388282", "821012345678"


async def sent_two(site: Site, api: httpx2.AsyncClient) -> str:
    """Text two people, and return the connector's id."""
    connector = await set_sms_up(api)
    for phone in (FIRST, SECOND):
        answer = await api.post("/api/verification-codes", json={"phone": phone})
        assert answer.status_code == 204, answer.text
        await site.server.dispatch.drain(timedelta(seconds=1))
        site.clock.advance(timedelta(seconds=1))
    return connector


async def test_a_message_says_what_became_of_it_and_neither_code_nor_number(
    site: Site, api: httpx2.AsyncClient
) -> None:
    connector = await sent_two(site, api)

    listed = await api.get("/api/messages")

    newest = listed.json()[0]
    shown = {name: newest[name] for name in ("state", "usageType", "country", "segments")}
    assert shown == {"state": "accepted", "usageType": "Generic", "country": "KR", "segments": 1}
    assert newest["connectorId"] == connector
    assert newest["connectorFactoryId"] == "mock-short-message-service"
    assert newest["providerMessageId"] == f"mock-{newest['id']}"
    assert newest["errorClass"] is None
    assert (await api.get(f"/api/messages/{newest['id']}")).json() == newest
    codes = {message.variables["code"] for message in MockSmsConnector.sent}
    strings = {str(value) for item in listed.json() for value in item.values()}
    assert not codes & strings
    assert newest["phone"].endswith(SECOND[-4:])
    assert FIRST not in listed.text
    assert SECOND not in listed.text


async def test_messages_are_found_by_what_is_asked(site: Site, api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, str], int]] = [
        ({"state": "accepted"}, 2),
        ({"state": "failed"}, 0),
        ({"usageType": "Generic"}, 2),
        ({"usageType": "SignIn"}, 0),
        ({"country": "KR"}, 1),
        ({"phone": FIRST}, 1),
        ({"isTest": "true"}, 0),
        ({"errorClass": "throttled"}, 0),
        ({"since": "9999-01-01T00:00:00Z"}, 0),
        ({"until": "9999-01-01T00:00:00Z"}, 2),
    ]
    connector = await sent_two(site, api)

    for asked, found in cases:
        for address in ("/api/messages", f"/api/connectors/{connector}/messages"):
            answer = await api.get(address, params=asked)
            assert answer.status_code == 200, (asked, answer.text)
            assert answer.headers["Total-Number"] == str(len(answer.json())) == str(found), asked


async def test_a_message_to_a_number_that_no_country_has_is_found_by_it(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_sms_up(api)
    await api.post("/api/verification-codes", json={"phone": "1234567890"})

    found = await api.get("/api/messages", params={"phone": "1234567890"})

    assert [item["country"] for item in found.json()] == ["ZZ"], found.text


async def test_pages_are_described_in_headers(site: Site, api: httpx2.AsyncClient) -> None:
    await sent_two(site, api)

    answer = await api.get("/api/messages", params={"page": "1", "page_size": "1"})

    assert [item["country"] for item in answer.json()] == ["KR"]
    assert answer.headers["Total-Number"] == "2"
    assert 'page_size=1&page=2>; rel="next"' in answer.headers["Link"]


async def test_what_cannot_be_asked_is_refused(api: httpx2.AsyncClient) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({"state": "lost"}, "guard.invalid_input"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "guard.invalid_input"),
        ({"since": "2026-01-01T00:00:00"}, "guard.invalid_input"),
        ({"phone": "+1"}, "guard.invalid_input"),
        ({"page": "0"}, "guard.invalid_pagination"),
        ({"page_size": "101"}, "guard.invalid_pagination"),
    ]
    for asked, code in cases:
        answer = await api.get("/api/messages", params=asked)

        assert (answer.status_code, answer.json()["code"]) == (400, code), asked


async def test_what_is_not_there_is_not_found(api: httpx2.AsyncClient) -> None:
    message = await api.get("/api/messages/nothing")
    connector = await api.get("/api/connectors/nothing/messages")

    assert (message.status_code, message.json()["code"]) == (404, "message.not_found")
    assert (connector.status_code, connector.json()["code"]) == (404, "entity.not_found")


async def test_an_email_says_what_became_of_it_and_neither_code_nor_address(
    site: Site, api: httpx2.AsyncClient
) -> None:
    await set_email_up(api)
    await api.post("/api/verification-codes", json={"email": "ada@example.com"})
    await site.server.dispatch.drain(timedelta(seconds=1))

    listed = await api.get("/api/messages")

    [message] = listed.json()
    shown = {name: message[name] for name in ("channel", "state", "phone", "country", "segments")}
    assert shown == {
        "channel": "email",
        "state": "accepted",
        "phone": None,
        "country": None,
        "segments": None,
    }
    assert message["email"] == "a•••@example.com"
    assert "ada@" not in listed.text
    assert MockEmailConnector.sent[-1].variables["code"] not in listed.text
    for email, found in (("ADA@example.com", 1), ("grace@example.com", 0)):
        answer = await api.get("/api/messages", params={"email": email})
        assert len(answer.json()) == found
    answer = await api.get("/api/messages", params={"email": "ada"})
    assert answer.json()["code"] == "user.invalid_email"
