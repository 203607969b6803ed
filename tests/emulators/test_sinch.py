"""The Sinch emulator refuses what Sinch refuses; the connector and it understand each other."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError
from watchword.connector_kit.wording import default_templates
from watchword.emulators.kit import Trouble
from watchword.emulators.sinch import (
    API_TOKEN,
    CALLBACK_SECRET,
    KEY_ID,
    KEY_SECRET,
    PROJECT_ID,
    SENDER,
    SERVICE_PLAN_ID,
)
from watchword.providers.sinch.connector import SinchConnector

Expected = dict[Trouble, tuple[type[ConnectorError], str]]

BODY = {"to": ["447700900123"], "from": SENDER, "body": "hello", "type": "mt_text"}
PATH = f"/xms/v1/{SERVICE_PLAN_ID}/batches"
ACCEPTS_FIRST = "Sinch accepts the message and says so in the delivery report"


@pytest.fixture
def provider() -> str:
    return "sinch"


class TestServicePlan(ReportPromises, Promises):
    connector_type = SinchConnector
    config: ClassVar[dict[str, Any]] = {
        "servicePlanId": SERVICE_PLAN_ID,
        "apiToken": API_TOKEN,
        "sender": SENDER,
        "callbackSecret": CALLBACK_SECRET,
        "templates": default_templates(),
    }
    expected: ClassVar[Expected] = {
        Trouble.BALANCE: (errors.InsufficientBalance, "402"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "401"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "429"),
        Trouble.FAULT: (errors.ProviderUnavailable, "500"),
    }
    absent: ClassVar[dict[Trouble, str]] = {
        Trouble.LANDLINE: ACCEPTS_FIRST,
        Trouble.BLOCKED: ACCEPTS_FIRST,
        Trouble.TEMPLATE: ACCEPTS_FIRST,
    }

    async def test_credentials_are_checked_without_sending(
        self, connect: Connect, emulator: str
    ) -> None:
        assert await connect().check_credentials() == "Sinch: a dry run would send 1 part"
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()
        assert await self.accepted(emulator) == []

    async def test_a_sender_of_somebody_else_is_refused(self, connect: Connect) -> None:
        connector = connect({"sender": "447418310509"})

        for ask in (connector.send(self.message()), connector.check_credentials()):
            with pytest.raises(errors.SenderRejected):
                await ask

    async def test_too_long_a_text_is_refused(self, connect: Connect) -> None:
        long = [{**each, "content": "x" * 1601} for each in default_templates()]

        with pytest.raises(errors.TemplateRejected):
            await connect({"templates": long}).send(self.message())


class TestProject(TestServicePlan):
    config: ClassVar[dict[str, Any]] = {
        "projectId": PROJECT_ID,
        "keyId": KEY_ID,
        "keySecret": KEY_SECRET,
        "sender": SENDER,
        "callbackSecret": CALLBACK_SECRET,
        "templates": default_templates(),
    }

    async def test_a_withdrawn_token_is_renewed(self, connect: Connect, emulator: str) -> None:
        connector = connect()
        await connector.send(self.message())
        async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
            await client.delete(f"{emulator}/emulator/tokens")

        await connector.send(self.message())

        assert len(await self.accepted(emulator)) == 2


async def post(
    emulator: str, body: Any, path: str = PATH, headers: dict[str, str] | None = None
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(emulator + path, content=content, headers=sent | (headers or {}))


def moment(offset: timedelta) -> str:
    return (datetime.now(UTC) + offset).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_answers_as_sinch_does(emulator: str) -> None:
    response = await post(emulator, BODY)
    batch = response.json()

    assert response.status_code == 201
    assert (batch["to"], batch["canceled"]) == (BODY["to"], False)
    assert len(batch["id"]) == 26


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "syntax_invalid_json"),
        (b"[]", "syntax_invalid_json"),
        ({**BODY, "text": "hello"}, "syntax_invalid_json"),
        ({**BODY, "to": "447700900123"}, "syntax_constraint_violation"),
        ({**BODY, "to": []}, "syntax_constraint_violation"),
        ({**BODY, "to": ["07700900123"]}, "syntax_invalid_parameter_format"),
        ({**BODY, "to": ["44 7700 900123"]}, "syntax_invalid_parameter_format"),
        ({**BODY, "body": ""}, "syntax_constraint_violation"),
        ({**BODY, "body": "x" * 1601}, "syntax_constraint_violation"),
        ({**BODY, "type": "mt_binary"}, "syntax_constraint_violation"),
        ({**BODY, "from": "447418310509"}, "syntax_constraint_violation"),
        ({**BODY, "client_reference": "x" * 129}, "syntax_constraint_violation"),
        ({**BODY, "delivery_report": "sometimes"}, "syntax_constraint_violation"),
        ({**BODY, "delivery_report": "full"}, "missing_callback_url"),
        ({**BODY, "callback_url": "nowhere"}, "syntax_invalid_parameter_format"),
        ({**BODY, "expire_at": "tomorrow"}, "syntax_invalid_parameter_format"),
        ({**BODY, "expire_at": moment(timedelta(days=4))}, "syntax_constraint_violation"),
        ({**BODY, "expire_at": moment(-timedelta(minutes=1))}, "syntax_constraint_violation"),
    ],
)
async def test_refuses_what_sinch_refuses(emulator: str, body: Any, code: str) -> None:
    response = await post(emulator, body)

    assert response.status_code == (403 if code == "missing_callback_url" else 400)
    assert response.json()["code"] == code
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (PATH, {"Authorization": "Bearer wrong"}, 401),
        ("/xms/v1/another/batches", {}, 401),
        # A service plan's token opens no project.
        (f"/xms/v1/{PROJECT_ID}/batches", {}, 401),
        (PATH, {"Content-Type": "text/plain"}, 415),
        ("/xms/v1/batches", {}, 404),
    ],
)
async def test_token_and_account_belong_together(
    emulator: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert (await post(emulator, BODY, path, headers)).status_code == status


@pytest.mark.parametrize(
    ("auth", "form", "status"),
    [
        ((KEY_ID, KEY_SECRET), {"grant_type": "client_credentials"}, 200),
        ((KEY_ID, "wrong"), {"grant_type": "client_credentials"}, 401),
        ((KEY_ID, KEY_SECRET), {"grant_type": "password"}, 400),
    ],
)
async def test_a_key_is_exchanged_for_a_token(
    emulator: str, auth: tuple[str, str], form: dict[str, str], status: int
) -> None:
    async with httpx2.AsyncClient(verify=local.NO_TLS, auth=auth) as client:
        response = await client.post(f"{emulator}/oauth2/token", data=form)

    assert response.status_code == status
    assert ("access_token" in response.json()) is (status == 200)
