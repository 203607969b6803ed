"""The MessageBird emulator refuses what the real one does; it and the connector get along."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError
from watchword.connector_kit.wording import default_templates
from watchword.emulators.kit import Trouble
from watchword.emulators.messagebird import ACCESS_KEY, NAME, NUMBER, SIGNING_KEY
from watchword.providers.messagebird.connector import MessageBirdConnector

Expected = dict[Trouble, tuple[type[ConnectorError], str]]

BODY = {"originator": NAME, "recipients": ["447700900123"], "body": "hello"}
ACCEPTS_FIRST = "MessageBird accepts the message and says so in the delivery report"


@pytest.fixture
def provider() -> str:
    return "messagebird"


class TestMessageBird(ReportPromises, Promises):
    connector_type = MessageBirdConnector
    config: ClassVar[dict[str, Any]] = {
        "accessKey": ACCESS_KEY,
        "originator": NAME,
        "signingKey": SIGNING_KEY,
        "templates": default_templates(),
    }
    expected: ClassVar[Expected] = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "9"),
        Trouble.BALANCE: (errors.InsufficientBalance, "25"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "2"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "429"),
        Trouble.FAULT: (errors.ProviderUnavailable, "99"),
    }
    absent: ClassVar[dict[Trouble, str]] = {
        Trouble.BLOCKED: ACCEPTS_FIRST,
        Trouble.TEMPLATE: ACCEPTS_FIRST,
    }

    async def test_the_balance_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "MessageBird: 9.2 credits, prepaid"
        with pytest.raises(errors.InvalidCredentials):
            await connect({"accessKey": "another"}).check_credentials()

    async def test_korean_arrives_as_it_was_written(self, connect: Connect, emulator: str) -> None:
        connector = connect({"templates": default_templates("ko"), "originator": NUMBER})

        await connector.send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["text"] == connector.text_of(self.message())

    async def test_a_sender_of_somebody_else_is_refused(self, connect: Connect) -> None:
        with pytest.raises(errors.SenderRejected):
            await connect({"originator": "Mallory"}).send(self.message())

    async def test_too_long_a_text_is_refused(self, connect: Connect) -> None:
        long = [{**each, "content": "x" * 1378} for each in default_templates()]

        with pytest.raises(errors.TemplateRejected):
            await connect({"templates": long}).send(self.message())

    async def test_a_report_names_our_message(self, sent: Callable[..., Any]) -> None:
        _, reports = await sent(Trouble.REPORT_FIRST)

        assert {report.message_id for report in reports} == {"message-1"}


async def post(emulator: str, body: Any, headers: dict[str, str] | None = None) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {
        "Authorization": f"AccessKey {ACCESS_KEY}",
        "Content-Type": "application/json; charset=UTF-8",
    }
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(
            f"{emulator}/messages", content=content, headers=sent | (headers or {})
        )


async def test_answers_as_messagebird_does(emulator: str) -> None:
    response = await post(emulator, {**BODY, "recipients": "447700900123"})
    message = response.json()

    assert response.status_code == 201
    assert (message["direction"], message["datacoding"]) == ("mt", "plain")
    assert message["recipients"]["items"][0]["recipient"] == 447700900123


async def test_a_text_that_did_not_ask_for_unicode_is_garbled(emulator: str) -> None:
    await post(emulator, {**BODY, "body": "인증 €"})

    [taken] = local.get(f"{emulator}/emulator/messages").json()
    assert taken["text"] == "?? €"


@pytest.mark.parametrize(
    ("body", "code", "parameter"),
    [
        (b"{", 21, None),
        (b"[]", 21, None),
        ({**BODY, "to": "447700900123"}, 21, None),
        ({**BODY, "recipients": []}, 9, "recipients"),
        ({**BODY, "recipients": 447700900123}, 9, "recipients"),
        ({**BODY, "recipients": ["+447700900123"]}, 10, "recipients"),
        ({**BODY, "recipients": ["07700900123"]}, 10, "recipients"),
        ({**BODY, "originator": "Mallory"}, 10, "originator"),
        ({**BODY, "originator": None}, 10, "originator"),
        ({**BODY, "body": ""}, 10, "body"),
        ({**BODY, "body": "x" * 1378}, 10, "body"),
        ({**BODY, "type": "flash"}, 10, "type"),
        ({**BODY, "datacoding": "ucs2"}, 10, "datacoding"),
        ({**BODY, "reference": "x" * 61}, 10, "reference"),
        ({**BODY, "validity": 0}, 10, "validity"),
        ({**BODY, "validity": "600"}, 10, "validity"),
        ({**BODY, "reference": "r", "reportUrl": "nowhere"}, 10, "reportUrl"),
        ({**BODY, "reportUrl": "https://auth.example.com/"}, 10, "reference"),
    ],
)
async def test_refuses_what_messagebird_refuses(
    emulator: str, body: Any, code: int, parameter: str | None
) -> None:
    response = await post(emulator, body)
    [error] = response.json()["errors"]

    assert response.status_code in {400, 422}
    assert (error["code"], error["parameter"]) == (code, parameter)
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": "AccessKey wrong"}, 401, 2),
        ({"Authorization": f"Bearer {ACCESS_KEY}"}, 401, 2),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 400, 21),
    ],
)
async def test_key_and_content_type_are_checked(
    emulator: str, headers: dict[str, str], status: int, code: int
) -> None:
    response = await post(emulator, BODY, headers)

    assert (response.status_code, response.json()["errors"][0]["code"]) == (status, code)


async def test_other_paths_are_messagebirds_404(emulator: str) -> None:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        response = await client.get(f"{emulator}/nothing")

    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, 20)
