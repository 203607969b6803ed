"""The Telnyx emulator refuses what Telnyx refuses; the connector and it understand each other."""

import json
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidCredentials
from watchword.connector_kit.wording import default_templates
from watchword.emulators.kit import Trouble
from watchword.emulators.telnyx import (
    API_KEY,
    MESSAGING_PROFILE_ID,
    NAME,
    PUBLIC_KEY,
    SENDER,
)
from watchword.providers.telnyx.connector import TelnyxConnector

Expected = dict[Trouble, tuple[type[ConnectorError], str]]

BODY = {"to": "+447700900123", "from": SENDER, "text": "hello"}


@pytest.fixture
def provider() -> str:
    return "telnyx"


class TestTelnyx(ReportPromises, Promises):
    connector_type = TelnyxConnector
    config: ClassVar[dict[str, Any]] = {
        "apiKey": API_KEY,
        "from": SENDER,
        "publicKeyBase64": PUBLIC_KEY,
        "templates": default_templates(),
    }
    expected: ClassVar[Expected] = {
        Trouble.LANDLINE: (errors.RecipientUnreachable, "40001"),
        Trouble.BLOCKED: (errors.RecipientOptedOut, "40300"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "40009"),
        Trouble.BALANCE: (errors.InsufficientBalance, "20100"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "10009"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "10011"),
        Trouble.FAULT: (errors.ProviderUnavailable, "10007"),
    }

    async def test_the_balance_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "Telnyx: 12.34 USD"
        with pytest.raises(InvalidCredentials):
            await connect({"apiKey": "KEYwrong"}).check_credentials()

    async def test_a_message_asked_for_twice_goes_out_once(
        self, connect: Connect, emulator: str
    ) -> None:
        first, second = [await connect().send(self.message()) for _ in range(2)]
        other = await connect().send(self.message(id="message-2"))

        assert first.provider_message_id == second.provider_message_id
        assert other.provider_message_id != first.provider_message_id
        assert len(await self.accepted(emulator)) == 2

    async def test_a_name_and_a_number_pool_send(self, connect: Connect) -> None:
        profile = {"messagingProfileId": MESSAGING_PROFILE_ID}

        for sender in (NAME, None):
            connector = connect({**profile, "from": sender})
            receipt = await connector.send(self.message(id=f"message-{sender}"))
            assert receipt.words == "Telnyx: queued"

    async def test_a_sender_of_somebody_else_is_refused(self, connect: Connect) -> None:
        with pytest.raises(errors.SenderRejected):
            await connect({"from": "+13125550009"}).send(self.message())
        with pytest.raises(errors.ProviderSettingsRefused):
            await connect({"messagingProfileId": "another"}).send(self.message())


async def post(emulator: str, body: Any, **headers: str) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json", **headers}
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(f"{emulator}/v2/messages", content=content, headers=sent)


async def test_answers_as_telnyx_does(emulator: str) -> None:
    response = await post(emulator, {**BODY, "text": "가" * 71})
    data = response.json()["data"]

    assert response.status_code == 200
    assert (data["parts"], data["encoding"], data["errors"]) == (2, "UCS-2", [])
    assert data["to"][0]["status"] == "queued"
    assert data["from"]["phone_number"] == SENDER


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({**BODY, "to": "447700900123"}, "10016", "/to"),
        ({**BODY, "to": "+0447700900123"}, "10016", "/to"),
        ({**BODY, "to": ["+447700900123"]}, "10016", "/to"),
        ({"from": SENDER, "text": "hello"}, "10004", "/to"),
        ({**BODY, "text": ""}, "10004", "/text"),
        ({**BODY, "text": "x" * 1601}, "40009", "/text"),
        ({**BODY, "encoding": "gsm7", "text": "가"}, "40009", "/text"),
        ({**BODY, "encoding": "utf8"}, "10015", "/encoding"),
        ({**BODY, "type": "MMS"}, "10015", "/type"),
        ({"to": "+447700900123", "text": "hello"}, "10004", "/from"),
        ({**BODY, "from": NAME}, "10004", "/messaging_profile_id"),
        ({**BODY, "from": "+13125550009"}, "40305", "/from"),
        ({**BODY, "messaging_profile_id": "another"}, "10005", "/messaging_profile_id"),
        ({**BODY, "webhook_url": "nowhere"}, "10003", "/webhook_url"),
        ({**BODY, "validity": 5}, "10015", None),
        (b"{", "10015", None),
        (b"[]", "10015", None),
    ],
)
async def test_refuses_what_telnyx_refuses(
    emulator: str, body: Any, code: str, pointer: str | None
) -> None:
    response = await post(emulator, body)
    [error] = response.json()["errors"]

    assert 400 <= response.status_code < 500
    assert error["code"] == code
    assert error.get("source", {}).get("pointer") == pointer
    assert local.get(f"{emulator}/emulator/messages").json() == []


async def test_key_and_content_type_are_checked(emulator: str) -> None:
    wrong_key = await post(emulator, BODY, Authorization="Bearer KEYwrong")
    form = await post(emulator, BODY, **{"Content-Type": "application/x-www-form-urlencoded"})

    assert (wrong_key.status_code, wrong_key.json()["errors"][0]["code"]) == (401, "10009")
    assert (form.status_code, form.json()["errors"][0]["code"]) == (415, "10014")


async def test_one_idempotency_key_serves_one_message(emulator: str) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await post(emulator, BODY, **key)
    other = await post(emulator, {**BODY, "text": "another"}, **key)

    assert first.status_code == 200
    assert other.status_code == 400


async def test_other_paths_are_telnyxs_404(emulator: str) -> None:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        response = await client.get(f"{emulator}/v2/nothing")

    assert (response.status_code, response.json()["errors"][0]["code"]) == (404, "10005")
