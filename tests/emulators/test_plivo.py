"""The Plivo emulator refuses what Plivo refuses; the connector and it understand each other."""

import json
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError
from watchword.connector_kit.wording import default_templates
from watchword.emulators.kit import Trouble
from watchword.emulators.plivo import AUTH_ID, AUTH_TOKEN, NAME, POWERPACK_UUID, SENDER
from watchword.providers.plivo.connector import PlivoConnector

Expected = dict[Trouble, tuple[type[ConnectorError], str]]

BODY = {"src": SENDER, "dst": "447700900123", "text": "hello"}
PATH = f"/v1/Account/{AUTH_ID}/Message/"
ACCEPTS_FIRST = "Plivo accepts the message and says so in the delivery report"


@pytest.fixture
def provider() -> str:
    return "plivo"


class TestPlivo(ReportPromises, Promises):
    connector_type = PlivoConnector
    config: ClassVar[dict[str, Any]] = {
        "authId": AUTH_ID,
        "authToken": AUTH_TOKEN,
        "src": SENDER,
        "templates": default_templates(),
    }
    expected: ClassVar[Expected] = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "invalid_number"),
        Trouble.BALANCE: (errors.InsufficientBalance, "402"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "401"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "429"),
        Trouble.FAULT: (errors.ProviderUnavailable, "500"),
    }
    absent: ClassVar[dict[Trouble, str]] = {
        Trouble.BLOCKED: ACCEPTS_FIRST,
        Trouble.TEMPLATE: ACCEPTS_FIRST,
    }

    async def test_the_account_is_checked(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "Plivo: 12.34000 USD, prepaid"
        for wrong in ({"authToken": "another"}, {"authId": "MA0123456789ABCDEF02"}):
            with pytest.raises(errors.InvalidCredentials):
                await connect(wrong).check_credentials()

    @pytest.mark.parametrize("way", [{"src": NAME}, {"src": None, "powerpackUuid": POWERPACK_UUID}])
    async def test_a_name_and_a_powerpack_send(
        self, connect: Connect, emulator: str, way: dict[str, Any]
    ) -> None:
        await connect(way).send(self.message())

        assert len(await self.accepted(emulator)) == 1

    @pytest.mark.parametrize(
        "way", [{"src": "14155550109"}, {"src": None, "powerpackUuid": "another"}]
    )
    async def test_a_sender_of_somebody_else_is_refused(
        self, connect: Connect, way: dict[str, Any]
    ) -> None:
        with pytest.raises(errors.SenderRejected):
            await connect(way).send(self.message())

    async def test_too_long_a_text_is_refused(self, connect: Connect) -> None:
        long = [{**each, "content": "x" * 1601} for each in default_templates()]

        with pytest.raises(errors.TemplateRejected):
            await connect({"templates": long}).send(self.message())


async def post(
    emulator: str,
    body: Any,
    *,
    path: str = PATH,
    auth: tuple[str, str] = (AUTH_ID, AUTH_TOKEN),
    content_type: str = "application/json",
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(verify=local.NO_TLS, auth=auth) as client:
        return await client.post(
            emulator + path, content=content, headers={"Content-Type": content_type}
        )


async def test_answers_as_plivo_does(emulator: str) -> None:
    response = await post(emulator, BODY)
    answer = response.json()

    assert response.status_code == 202
    assert answer["message"] == "message(s) queued"
    assert len(answer["message_uuid"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        {**BODY, "to": "447700900123"},
        {"src": SENDER, "text": "hello"},
        {**BODY, "dst": "07700900123"},
        {**BODY, "dst": "44 7700 900123"},
        {**BODY, "dst": SENDER},
        {**BODY, "text": ""},
        {**BODY, "text": "x" * 1601},
        {**BODY, "type": "mms"},
        {"dst": "447700900123", "text": "hello"},
        {**BODY, "powerpack_uuid": POWERPACK_UUID},
        {**BODY, "src": "14155550109"},
        {"dst": "447700900123", "text": "hello", "powerpack_uuid": "another"},
        {**BODY, "message_expiry": 4},
        {**BODY, "message_expiry": 10801},
        {**BODY, "message_expiry": "600"},
        {**BODY, "url": "nowhere"},
        {**BODY, "url": "https://auth.example.com/", "method": "PUT"},
    ],
)
async def test_refuses_what_plivo_refuses(emulator: str, body: Any) -> None:
    response = await post(emulator, body)

    assert response.status_code == 400
    assert response.json().keys() == {"api_id", "error"}
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize(
    ("others", "status"),
    [
        ({"auth": (AUTH_ID, "wrong")}, 401),
        ({"auth": ("MA0123456789ABCDEF02", AUTH_TOKEN)}, 401),
        ({"path": PATH.replace(AUTH_ID, "MA0123456789ABCDEF02")}, 401),
        ({"content_type": "application/x-www-form-urlencoded"}, 400),
        ({"path": f"/v1/Account/{AUTH_ID}/Messages/"}, 404),
    ],
)
async def test_token_and_account_belong_together(
    emulator: str, others: dict[str, Any], status: int
) -> None:
    assert (await post(emulator, BODY, **others)).status_code == status
