"""The GatewayAPI emulator refuses what GatewayAPI refuses, and signs as it signs."""

from typing import Any, ClassVar

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests import local
from tests.emulators.conftest import Callbacks
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.wording import default_templates
from watchword.emulators.gatewayapi import API_TOKEN, WEBHOOK_TOKEN
from watchword.emulators.kit import Trouble
from watchword.providers.gatewayapi.connector import GatewayApiConnector

BODY = {"message": "hello", "sender": "ExampleSMS", "recipients": [{"msisdn": 447700900123}]}


@pytest.fixture
def provider() -> str:
    return "gatewayapi"


class TestGatewayApi(ReportPromises, Promises):
    connector_type = GatewayApiConnector
    config: ClassVar = {
        "apiToken": API_TOKEN,
        "sender": "Watchword",
        "webhookToken": WEBHOOK_TOKEN,
        "templates": default_templates(),
    }
    reports_to_the_message = False
    expected: ClassVar = {
        Trouble.BLOCKED: (errors.RecipientOptedOut, "0x0215"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "0x0312"),
        Trouble.BALANCE: (errors.InsufficientBalance, "0x0216"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "0x0229"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "429"),
        Trouble.FAULT: (errors.ProviderUnavailable, "500"),
    }
    absent: ClassVar = {
        Trouble.LANDLINE: "GatewayAPI takes a message to a landline and rejects it in a report"
    }

    async def test_a_landline_is_rejected_in_a_report(self, sent: Any) -> None:
        _, reports = await sent(Trouble.LANDLINE)

        assert {(report.state, report.error_class) for report in reports} == {
            ("undelivered", "invalid_recipient")
        }
        assert all("0x1060" in report.words for report in reports)

    async def test_a_report_names_our_message_too(self, sent: Any) -> None:
        _, reports = await sent("0123")

        assert {report.message_id for report in reports} == {"message-1"}

    async def test_a_korean_text_arrives_whole(self, connect: Connect, emulator: str) -> None:
        connector = connect({"templates": default_templates("ko")})
        message = self.message()
        await connector.send(message)

        [taken] = await self.accepted(emulator)
        assert (taken["lossy"], taken["text"]) == (False, connector.text_of(message))

    async def test_the_credit_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "GatewayAPI: 1234.56 DKK"
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()


async def post(
    emulator: str, body: Any, *, user: tuple[str, str] = (API_TOKEN, ""), **others: Any
) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=local.NO_TLS, auth=user) as client:
        return await client.post(f"{emulator}/rest/mtsms", **({"json": body} | others))


async def accepted(emulator: str) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        found: list[dict[str, Any]] = (await client.get(f"{emulator}/emulator/messages")).json()
        return found


async def test_answers_as_gatewayapi_does(emulator: str) -> None:
    response = await post(emulator, BODY)
    answer = response.json()
    [taken] = await accepted(emulator)

    assert response.status_code == 200
    assert answer.keys() == {"ids", "usage"}
    assert taken == {
        "id": str(answer["ids"][0]),
        "to": "447700900123",
        "text": "hello",
        "lossy": False,
        "fields": BODY,
    }


async def test_the_narrow_encoding_loses_what_it_lacks(emulator: str) -> None:
    await post(emulator, {**BODY, "message": "코드 1"})
    await post(emulator, {**BODY, "message": "코드 1", "encoding": "UCS2"})

    assert [(taken["text"], taken["lossy"]) for taken in await accepted(emulator)] == [
        ("?? 1", True),
        ("코드 1", False),
    ]


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"to": "447700900123"}, "0x0220", 400),
        ({"Message": "hello"}, "0x0220", 400),
        ({"message": ""}, "0x0221", 400),
        ({"recipients": []}, "0x0221", 400),
        ({"sender": None}, "0x0221", 400),
        ({"message": 5}, "0x0222", 400),
        ({"sender": "ExampleSMS12"}, "0x0222", 400),
        ({"sender": "4" * 16}, "0x0222", 400),
        ({"recipients": [{"msisdn": "+447700900123"}]}, "0x0222", 400),
        ({"recipients": [{"msisdn": "0447700900123"}]}, "0x0222", 400),
        ({"recipients": [{"msisdn": "4" * 16}]}, "0x0222", 400),
        ({"recipients": [{"msisdn": True}]}, "0x0222", 400),
        ({"recipients": [{"number": "447700900123"}]}, "0x0222", 400),
        ({"recipients": ["447700900123"]}, "0x0222", 400),
        ({"recipients": [{"msisdn": 447700900123}, {"msisdn": "447700900123"}]}, "0x0310", 422),
        ({"encoding": "UTF-16"}, "0x0222", 400),
        ({"validity_period": 59}, "0x0222", 400),
        ({"validity_period": "600"}, "0x0222", 400),
        ({"userref": 5}, "0x0222", 400),
        ({"callback_url": "nowhere"}, "0x0222", 400),
        ({"class": "first"}, "0x0222", 400),
        ({"max_parts": 256}, "0x0222", 400),
    ],
)
async def test_refuses_what_gatewayapi_refuses(
    emulator: str, change: dict[str, Any], code: str, status: int
) -> None:
    response = await post(emulator, {**BODY, **change})
    answer = response.json()

    assert (response.status_code, answer["code"]) == (status, code)
    assert answer.keys() <= {"code", "incident_uuid", "message", "variables"}
    assert await accepted(emulator) == []


@pytest.mark.parametrize(
    "others",
    [
        {"json": []},
        {"json": None, "content": b"{", "headers": {"Content-Type": "application/json"}},
        {"json": None, "data": {"message": "hello"}},
    ],
)
async def test_a_body_is_a_json_object(emulator: str, others: dict[str, Any]) -> None:
    response = await post(emulator, BODY, **others)

    assert response.status_code == 422
    assert "code" not in response.json()


@pytest.mark.parametrize(
    "user", [(API_TOKEN, "password"), (API_TOKEN, API_TOKEN), ("wrong", ""), ("", API_TOKEN)]
)
async def test_the_token_is_a_user_without_a_password(emulator: str, user: tuple[str, str]) -> None:
    response = await post(emulator, BODY, user=user)

    assert (response.status_code, response.json()["code"]) == (401, "0x0229")


async def test_a_webhook_is_signed_and_a_messages_own_address_is_not(
    emulator: str, callbacks: tuple[str, Callbacks]
) -> None:
    address, received = callbacks
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        await client.put(f"{emulator}/emulator/receipts", json={"url": address})
    await post(emulator, BODY)
    await received.wait_for(3)
    await post(emulator, {**BODY, "callback_url": address})
    await received.wait_for(6)

    by_webhook = [request for request in received.calls if "x-gwapi-signature" in request.headers]
    assert len(by_webhook) == 3
    key = OctKey.import_key(WEBHOOK_TOKEN)
    tokens = [request.headers["x-gwapi-signature"] for request in by_webhook]
    assert [jwt.decode(token, key).claims["status"] for token in tokens] == [
        "BUFFERED",
        "ENROUTE",
        "DELIVERED",
    ]
