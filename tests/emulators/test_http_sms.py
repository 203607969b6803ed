"""The HTTP connector against a strict service of one's own, and a gateway with its own manners."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

import httpx2
import orjson
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises
from watchword.connector_kit import errors
from watchword.connector_kit.connector import ConnectorContext, basic_auth
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE, MESSAGE
from watchword.emulators.http_sms import (
    AUTHORIZATION,
    GATEWAY_KEY,
    PASSWORD,
    SIGNING_SECRET,
    USER,
)
from watchword.emulators.kit import Trouble
from watchword.providers.http_sms.connector import WebhookConnector

PROMISED = {
    Trouble.LANDLINE: (errors.InvalidRecipient, "invalid_recipient"),
    Trouble.BLOCKED: (errors.RecipientOptedOut, "recipient_opted_out"),
    Trouble.TEMPLATE: (errors.TemplateRejected, "template_rejected"),
    Trouble.BALANCE: (errors.InsufficientBalance, "insufficient_balance"),
    Trouble.CREDENTIALS: (errors.InvalidCredentials, "invalid_credentials"),
    Trouble.THROTTLED: (errors.ProviderThrottled, "provider_throttled"),
    Trouble.FAULT: (errors.ProviderUnavailable, "500"),
}
SERVICE = {
    "endpoint": "https://sms.example.com/",
    "authorization": AUTHORIZATION,
    # By default any 2xx is success; this tells the service from what may stand in between.
    "successTest": "matches",
    "successPath": "messageId",
    "successValue": "^[0-9a-f]+$",
}
GATEWAY = {
    "endpoint": "https://gateway.example.com/",
    "secret": GATEWAY_KEY,
    "numberFormat": "e164",
    "bodyFormat": "json",
    "body": {"key": "{{secret}}", "recipient": "{{to}}", "message": "{{text}}"},
    "successTest": "equals",
    "successPath": "messages[0].state",
    "successValue": "queued",
    "messageIdPath": "messages[0].id",
}


@pytest.fixture
def provider() -> str:
    return "http_sms"


class TestService(Promises):
    connector_type = WebhookConnector
    config = SERVICE
    expected = PROMISED

    async def test_the_plain_payload_is_what_was_taken(
        self, connect: Connect, emulator: str
    ) -> None:
        await connect().send(MESSAGE)

        [taken] = await self.accepted(emulator)
        assert taken["fields"] == {
            "to": "447700900123",
            "type": "SignIn",
            "payload": {"code": CODE, "locale": "en"},
            "ip": "203.0.113.9",
        }

    @pytest.mark.parametrize(
        "proof",
        [
            {"signingSecret": SIGNING_SECRET},
            {"authorization": None, "username": USER, "password": PASSWORD},
        ],
    )
    async def test_every_proof_is_accepted(
        self, connect: Connect, emulator: str, proof: dict[str, Any]
    ) -> None:
        await connect(proof).send(MESSAGE)

        assert len(await self.accepted(emulator)) == 1

    @pytest.mark.parametrize(
        "proof",
        [
            {"authorization": None},
            {"signingSecret": "another"},
            {"authorization": None, "username": USER, "password": "wrong"},
        ],
    )
    async def test_a_wrong_proof_is_refused(self, connect: Connect, proof: dict[str, Any]) -> None:
        with pytest.raises(errors.InvalidCredentials):
            await connect(proof).send(MESSAGE)

    async def test_a_throttled_message_waits_as_long_as_it_is_asked_to(
        self, connect: Connect
    ) -> None:
        with pytest.raises(errors.ProviderThrottled) as refused:
            await connect().send(self.message(Trouble.THROTTLED))

        assert refused.value.retry_after is not None
        assert refused.value.retry_after.total_seconds() == 7

    async def test_the_same_message_twice_is_taken_once(
        self, connect: Connect, emulator: str
    ) -> None:
        first, second = await connect().send(MESSAGE), await connect().send(MESSAGE)

        assert first.provider_message_id == second.provider_message_id
        assert len(await self.accepted(emulator)) == 1


class TestGateway(Promises):
    connector_type = WebhookConnector
    config = GATEWAY
    expected = PROMISED

    @pytest.fixture
    def connect(self, emulator: str, client: OutboundClient) -> Connect:
        def connect(
            settings: Mapping[str, Any] | None = None,
            *,
            through: OutboundClient = client,
        ) -> WebhookConnector:
            endpoint = {"endpoint": f"{emulator}/gateway"}
            config = WebhookConnector.config_type.parse(
                {**self.config, **(settings or {}), **endpoint}
            )
            return WebhookConnector(config, ConnectorContext(client=through))

        return connect

    @pytest.mark.parametrize(
        "how",
        [
            {"bodyFormat": "json", "method": "PUT"},
            {"bodyFormat": "form"},
            {"bodyFormat": "query", "method": "GET"},
            {"bodyFormat": "query", "method": "GET", "signingSecret": SIGNING_SECRET},
            {"bodyFormat": "form", "signingSecret": SIGNING_SECRET},
        ],
    )
    async def test_every_form_of_request_arrives(
        self, connect: Connect, emulator: str, how: dict[str, str]
    ) -> None:
        receipt = await connect(how).send(MESSAGE)

        text = f"{CODE} is your code to sign in. Valid for 10 min. Don't share it."
        [taken] = await self.accepted(emulator)
        assert taken["fields"] == {"recipient": "+447700900123", "message": text}
        assert receipt.provider_message_id == taken["id"]

    async def test_basic_authentication_does_in_place_of_a_key(
        self, connect: Connect, emulator: str
    ) -> None:
        basic = {
            "username": USER,
            "password": PASSWORD,
            "body": {"recipient": "{{to}}", "message": "{{text}}", "reference": "{{id}}"},
        }
        await connect(basic).send(MESSAGE)

        [taken] = await self.accepted(emulator)
        assert taken["fields"]["reference"] == "message-1"

    async def test_digits_are_no_number_for_this_gateway(self, connect: Connect) -> None:
        with pytest.raises(errors.InvalidRecipient):
            await connect({"numberFormat": "digits"}).send(MESSAGE)


BODY: dict[str, Any] = {"to": "447700900123", "type": "SignIn", "payload": {"code": "123456"}}
HEADERS = {
    "Authorization": AUTHORIZATION,
    "Content-Type": "application/json",
    "Idempotency-Key": "m1",
}


async def post(emulator: str, body: Any, headers: dict[str, str], path: str = "/") -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(emulator + path, content=content, headers=headers)


@pytest.mark.parametrize(
    "change",
    [
        {"to": None},
        {"to": "0"},
        {"to": "+44 7700 900123"},
        {"type": "Chat"},
        {"payload": {}},
        {"payload": {"code": 123456}},
        {"payload": "123456"},
        {"ip": "somewhere"},
        {"text": 5},
        {"extra": "1"},
    ],
)
async def test_a_wrong_body_is_refused(emulator: str, change: dict[str, Any]) -> None:
    response = await post(emulator, {**BODY, **change}, HEADERS)

    assert (response.status_code, response.json()) == (422, {"error": "wrong_fields"})
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (BODY, {"Authorization": "Bearer wrong"}, 401),
        (BODY, {"Content-Type": "text/plain"}, 415),
        (BODY, {"Idempotency-Key": ""}, 422),
        (b"{", {}, 422),
        (b"[]", {}, 422),
        (b'{"to": "447700900123"}', {}, 422),
        (BODY, {"X-Signature-256": "sha256=" + "0" * 64}, 401),
        (BODY, {"X-Timestamp": "now"}, 401),
    ],
)
async def test_a_wrong_request_is_refused(
    emulator: str, body: Any, headers: dict[str, str], status: int
) -> None:
    assert (await post(emulator, body, {**HEADERS, **headers})).status_code == status


@pytest.mark.parametrize(("age", "status"), [(0, 202), (200, 202), (400, 401), (-400, 401)])
async def test_a_signature_has_its_time(emulator: str, age: int, status: int) -> None:
    content, at = orjson.dumps(BODY), str(int(time.time()) - age)
    digest = hmac.new(SIGNING_SECRET.encode(), f"{at}.".encode() + content, hashlib.sha256)
    signature = {"X-Timestamp": at, "X-Signature-256": f"sha256={digest.hexdigest()}"}

    assert (await post(emulator, content, {**HEADERS, **signature})).status_code == status
    changed = content.replace(b"123456", b"123457")
    assert (await post(emulator, changed, {**HEADERS, **signature})).status_code == 401


FIELDS = {"key": GATEWAY_KEY, "recipient": "+447700900123", "message": "hello"}


@pytest.mark.parametrize(
    ("body", "content_type", "word"),
    [
        ({**FIELDS, "key": "wrong"}, "application/json", "invalid_credentials"),
        ({**FIELDS, "recipient": "447700900123"}, "application/json", "invalid_recipient"),
        ({**FIELDS, "message": ""}, "application/json", "template_rejected"),
        ({**FIELDS, "extra": "1"}, "application/json", "wrong_fields"),
        ({**FIELDS, "message": 5}, "application/json", "wrong_fields"),
        ([], "application/json", "wrong_fields"),
        (b"{", "application/json", "unreadable"),
        (b"nonsense", "application/x-www-form-urlencoded", "unreadable"),
        (FIELDS, "text/plain", "unreadable"),
    ],
)
async def test_the_gateway_says_no_with_a_good_status(
    emulator: str, body: Any, content_type: str, word: str
) -> None:
    response = await post(emulator, body, {"Content-Type": content_type}, "/gateway")

    answer = {"messages": [{"state": "failed"}], "error": word}
    assert (response.status_code, response.json()) == (200, answer)


async def test_the_gateway_knows_a_user_by_its_header(emulator: str) -> None:
    fields = {name: FIELDS[name] for name in ("recipient", "message")}
    headers = {"Content-Type": "application/json"}

    known = await post(emulator, fields, {**headers, **basic_auth(USER, PASSWORD)}, "/gateway")
    unknown = await post(emulator, fields, {**headers, **basic_auth(USER, "x")}, "/gateway")

    assert known.json()["messages"][0]["state"] == "queued"
    assert unknown.json()["error"] == "invalid_credentials"
