"""The WhatsApp emulator refuses what Meta refuses; the connector and it understand each other."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidCredentials, ReportRefused
from watchword.connector_kit.models import ReportRequest
from watchword.connector_kit.testing import CODE, context
from watchword.emulators.kit import Trouble
from watchword.emulators.whatsapp import (
    ACCESS_TOKEN,
    APP_SECRET,
    PHONE_NUMBER_ID,
)
from watchword.providers.whatsapp.config import WhatsAppConfig, default_templates
from watchword.providers.whatsapp.connector import WhatsAppConnector

Expected = dict[Trouble, tuple[type[ConnectorError], str]]

VERIFY_TOKEN = "a-text-of-our-own"
PATH = f"/v24.0/{PHONE_NUMBER_ID}/messages"
TEXT = {"type": "text", "text": "135790"}
BUTTON = {"type": "button", "sub_type": "url", "index": "0", "parameters": [TEXT]}
COMPONENTS = [{"type": "body", "parameters": [TEXT]}, BUTTON]
TEMPLATE = {"name": "sign_in_code", "language": {"code": "en"}, "components": COMPONENTS}
BODY = {
    "messaging_product": "whatsapp",
    "to": "447700900123",
    "type": "template",
    "template": TEMPLATE,
}


@pytest.fixture
def provider() -> str:
    return "whatsapp"


class TestWhatsApp(ReportPromises, Promises):
    connector_type = WhatsAppConnector
    reports_to_the_message = False
    config: ClassVar[dict[str, Any]] = {
        "accessToken": ACCESS_TOKEN,
        "phoneNumberId": PHONE_NUMBER_ID,
        "appSecret": APP_SECRET,
        "verifyToken": VERIFY_TOKEN,
        "templates": default_templates("en"),
    }
    expected: ClassVar[Expected] = {
        Trouble.LANDLINE: (errors.RecipientUnreachable, "131026"),
        Trouble.BLOCKED: (errors.RecipientUnreachable, "131049"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "132001"),
        Trouble.BALANCE: (errors.InsufficientBalance, "131042"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "190"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "130429"),
        Trouble.FAULT: (errors.ProviderUnavailable, "131000"),
    }

    async def test_credentials_are_checked(self, connect: Connect) -> None:
        words = await connect().check_credentials()

        assert words == "WhatsApp: Emulated business, +1 555-078-3881, GREEN"
        with pytest.raises(InvalidCredentials):
            await connect({"accessToken": "EAAwrong"}).check_credentials()

    async def test_each_language_has_its_template(self, connect: Connect, emulator: str) -> None:
        korean = {"usageType": "SignIn", "templateName": "sign_in_code", "language": "ko"}
        connector = connect({"templates": [*default_templates("en"), korean]})

        await connector.send(self.message(language="ko"))

        [taken] = await self.accepted(emulator)
        assert taken["fields"]["template"]["language"] == {"code": "ko"}
        assert (taken["template"], taken["parameters"]) == ("sign_in_code", [CODE, CODE])

    async def test_a_language_that_was_not_approved_is_refused(self, connect: Connect) -> None:
        french = {"usageType": "SignIn", "templateName": "sign_in_code", "language": "fr"}
        connector = connect({"templates": [*default_templates("en"), french]})

        with pytest.raises(errors.TemplateRejected):
            await connector.send(self.message(language="fr"))

    @pytest.mark.parametrize(
        ("template", "is_taken"),
        [
            ({"templateName": "code_without_button", "button": None}, True),
            ({"templateName": "code_without_button"}, False),
            ({"templateName": "code_and_minutes", "parameters": ["code", "minutes"]}, True),
            ({"templateName": "code_and_minutes"}, False),
            ({"templateName": "sign_in_code", "parameters": ["code", "minutes"]}, False),
        ],
    )
    async def test_a_template_gets_what_it_declares(
        self, connect: Connect, template: dict[str, Any], is_taken: bool
    ) -> None:
        others = [each for each in default_templates("en") if each["usageType"] != "SignIn"]
        connector = connect({"templates": [*others, {"usageType": "SignIn", **template}]})

        if is_taken:
            await connector.send(self.message())
        else:
            with pytest.raises(errors.TemplateRejected):
                await connector.send(self.message())

    async def test_a_report_names_our_message(self, sent: Callable[..., Any]) -> None:
        _, reports = await sent(Trouble.REPORT_FIRST)

        assert {report.message_id for report in reports} == {"message-1"}


async def post(emulator: str, body: Any, **others: Any) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {ACCESS_TOKEN}", "Content-Type": "application/json"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(
            emulator + others.get("path", PATH),
            content=content,
            headers={**headers, **others.get("headers", {})},
        )


async def test_answers_as_meta_does(emulator: str) -> None:
    response = await post(emulator, {**BODY, "to": "+447700900123"})
    answer = response.json()

    assert response.status_code == 200
    assert answer["contacts"] == [{"input": "+447700900123", "wa_id": "447700900123"}]
    assert answer["messages"][0]["id"].startswith("wamid.")
    assert answer["messages"][0]["message_status"] == "accepted"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", 100),
        (b"[]", 131009),
        ({**BODY, "ttl": 5}, 100),
        ({key: BODY[key] for key in BODY if key != "messaging_product"}, 131008),
        ({key: BODY[key] for key in BODY if key != "to"}, 131008),
        ({**BODY, "messaging_product": "sms"}, 131009),
        ({**BODY, "type": "text"}, 131009),
        ({**BODY, "to": "07700900123"}, 131009),
        ({**BODY, "to": "44 7700 900123"}, 131009),
        ({**BODY, "biz_opaque_callback_data": "x" * 513}, 131009),
        ({**BODY, "template": {**TEMPLATE, "name": "unknown"}}, 132001),
        ({**BODY, "template": {**TEMPLATE, "language": {"code": "fr"}}}, 132001),
        ({**BODY, "template": {**TEMPLATE, "language": "en"}}, 131009),
        ({**BODY, "template": {**TEMPLATE, "components": COMPONENTS[:1]}}, 132000),
        ({**BODY, "template": {**TEMPLATE, "components": [BUTTON]}}, 132000),
        ({**BODY, "template": {**TEMPLATE, "components": [*COMPONENTS, BUTTON]}}, 132000),
        ({**BODY, "template": {**TEMPLATE, "components": [{"type": "x"}]}}, 131009),
        (
            {
                **BODY,
                "template": {**TEMPLATE, "components": [COMPONENTS[0], {**BUTTON, "index": "1"}]},
            },
            131009,
        ),
        (
            {
                **BODY,
                "template": {
                    **TEMPLATE,
                    "components": [
                        {"type": "body", "parameters": [{"type": "text", "text": ""}]},
                        BUTTON,
                    ],
                },
            },
            131008,
        ),
    ],
)
async def test_refuses_what_meta_refuses(emulator: str, body: Any, code: int) -> None:
    response = await post(emulator, body)

    assert response.status_code in {400, 404}
    assert response.json()["error"]["code"] == code
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"headers": {"Authorization": "Bearer wrong"}}, 190),
        ({"headers": {"Authorization": ACCESS_TOKEN}}, 190),
        ({"headers": {"Content-Type": "text/plain"}}, 100),
        ({"path": "/v24.0/1234/messages"}, 100),
        ({"path": f"/v24/{PHONE_NUMBER_ID}/messages"}, 100),
        ({"path": "/messages"}, 2500),
    ],
)
async def test_token_number_and_version_belong_together(
    emulator: str, others: dict[str, Any], code: int
) -> None:
    assert (await post(emulator, BODY, **others)).json()["error"]["code"] == code


@pytest.fixture
async def webhook(connector: WhatsAppConnector) -> AsyncIterator[str]:
    """Return an address that answers as the connector says."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        request = ReportRequest("GET", f"http://127.0.0.1{target}", {}, b"")
        try:
            reply = connector.answer_report(request)
            start = f"HTTP/1.1 {reply.status} OK\r\nContent-Length: {len(reply.body)}\r\n\r\n"
            writer.write(start.encode() + reply.body)
        except ReportRefused:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/receipts/instance-1"
    server.close()


@pytest.fixture
def connector() -> WhatsAppConnector:
    return WhatsAppConnector(WhatsAppConfig.parse(TestWhatsApp.config), context())


@pytest.mark.parametrize(("token", "status"), [(VERIFY_TOKEN, 204), ("another", 400)])
async def test_the_address_is_proved_before_anything_is_reported_to_it(
    emulator: str, webhook: str, token: str, status: int
) -> None:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        answer = await client.put(
            f"{emulator}/emulator/receipts", json={"url": webhook, "verify_token": token}
        )

    assert answer.status_code == status
