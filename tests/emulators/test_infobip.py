"""The Infobip emulator refuses what Infobip refuses; the connector and it understand each other."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Callbacks
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError
from watchword.connector_kit.wording import default_templates
from watchword.emulators.infobip import API_KEY, NUMBER_SENDER, SENDER
from watchword.emulators.kit import Trouble
from watchword.providers.infobip.connector import InfobipConnector

Expected = dict[Trouble, tuple[type[ConnectorError], str]]

MESSAGE = {
    "sender": SENDER,
    "destinations": [{"to": "447700900123"}],
    "content": {"text": "hello"},
    "options": {"validityPeriod": {"amount": 600, "timeUnit": "SECONDS"}},
}


@pytest.fixture
def provider() -> str:
    return "infobip"


class TestInfobip(ReportPromises, Promises):
    connector_type = InfobipConnector
    signs_reports = False
    config: ClassVar[dict[str, Any]] = {
        "apiKey": API_KEY,
        "sender": SENDER,
        "templates": default_templates(),
    }
    expected: ClassVar[Expected] = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "REJECTED_DESTINATION"),
        Trouble.BLOCKED: (errors.RecipientUnreachable, "REJECTED_DESTINATION_BLOCKLISTED"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "REJECTED_MESSAGE_TOO_LONG"),
        Trouble.BALANCE: (errors.InsufficientBalance, "REJECTED_NOT_ENOUGH_CREDITS"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "UNAUTHORIZED"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "TOO_MANY_REQUESTS"),
        Trouble.FAULT: (errors.ProviderUnavailable, "GENERAL_ERROR"),
    }

    async def test_the_balance_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "Infobip: 12.34 EUR"
        with pytest.raises(errors.InvalidCredentials):
            await connect({"apiKey": "another"}).check_credentials()

    @pytest.mark.parametrize("sender", [NUMBER_SENDER, None])
    async def test_a_number_and_the_accounts_own_sender_send(
        self, connect: Connect, sender: str | None
    ) -> None:
        receipt = await connect({"sender": sender}).send(self.message())

        assert receipt.words == "Infobip: PENDING_ACCEPTED"

    async def test_a_sender_of_somebody_else_is_refused(
        self, connect: Connect, emulator: str
    ) -> None:
        with pytest.raises(errors.SenderRejected):
            await connect({"sender": "Mallory"}).send(self.message())
        assert await self.accepted(emulator) == []

    async def test_a_report_names_our_message(self, sent: Callable[..., Any]) -> None:
        _, reports = await sent(Trouble.REPORT_FIRST)

        assert {report.message_id for report in reports} == {"message-1"}

    async def test_a_report_may_come_to_a_wrong_address(
        self, connect: Connect, callbacks: tuple[str, Callbacks]
    ) -> None:
        address, received = callbacks
        message = self.message(
            Trouble.REPORTS_BADLY_SIGNED, receipt_url=f"{address}/token?message=m"
        )

        await connect(receipts=True).send(message)
        await received.wait_for(1)

        assert received.calls[0].url.endswith("/tokenx?message=m")


async def post(emulator: str, body: Any, headers: dict[str, str] | None = None) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Authorization": f"App {API_KEY}", "Content-Type": "application/json"}
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(
            f"{emulator}/sms/3/messages", content=content, headers=sent | (headers or {})
        )


async def test_answers_as_infobip_does(emulator: str) -> None:
    text = {"content": {"text": "가" * 71}}
    response = await post(emulator, {"messages": [{**MESSAGE, **text}]})
    [message] = response.json()["messages"]

    assert response.status_code == 200
    assert message["status"]["groupName"] == "PENDING"
    assert message["details"] == {"messageCount": 2}
    assert message["destination"] == "447700900123"


def changed(**others: Any) -> dict[str, Any]:
    return {"messages": [{**MESSAGE, **others}]}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        ({"messages": []}, "messages"),
        ({"messages": [MESSAGE, MESSAGE]}, "messages"),
        (changed(text="hello"), "messages[0]"),
        (changed(destinations=[]), "messages[0].destinations"),
        (changed(destinations=[{"to": "07700900123"}]), "messages[0].destinations[0].to"),
        (changed(destinations=[{"to": "44 7700 900123"}]), "messages[0].destinations[0].to"),
        (changed(destinations=[{"number": "1"}]), "messages[0].destinations[0]"),
        (changed(content={"text": ""}), "messages[0].content.text"),
        (changed(content={"text": "x" * 4001}), "messages[0].content.text"),
        (changed(content="hello"), "messages[0].content"),
        (changed(options={"ttl": 5}), "messages[0].options"),
        (
            changed(options={"validityPeriod": {"amount": 0, "timeUnit": "SECONDS"}}),
            "messages[0].options.validityPeriod",
        ),
        (
            changed(options={"validityPeriod": {"amount": 5, "timeUnit": "YEARS"}}),
            "messages[0].options.validityPeriod",
        ),
        (changed(webhooks={"url": "x"}), "messages[0].webhooks"),
        (changed(webhooks={"delivery": {"url": "x"}}), "messages[0].webhooks.delivery.url"),
        (changed(webhooks={"contentType": "text/xml"}), "messages[0].webhooks.contentType"),
        (changed(webhooks={"callbackData": "x" * 4001}), "messages[0].webhooks.callbackData"),
    ],
)
async def test_refuses_what_infobip_refuses(emulator: str, body: Any, named: str) -> None:
    response = await post(emulator, body)

    assert (response.status_code, response.json()["errorCode"]) == (400, "E400")
    assert [each["property"] for each in response.json()["violations"]] == [named]
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "App wrong"}, 401),
        ({"Authorization": f"Bearer {API_KEY}"}, 401),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
async def test_key_and_content_type_are_checked(
    emulator: str, headers: dict[str, str], status: int
) -> None:
    assert (await post(emulator, {"messages": [MESSAGE]}, headers)).status_code == status
