"""The Vonage emulator refuses what Vonage refuses; the connector and it understand each other."""

import hashlib
import hmac
import time
from typing import Any

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Callbacks
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.connector import basic_auth
from watchword.connector_kit.models import DeliveryReport
from watchword.connector_kit.testing import CODE, message_to
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.kit import Trouble
from watchword.emulators.vonage import (
    ACCOUNTS,
    API_KEY,
    API_SECRET,
    SIGNATURE_SECRET,
    UNSIGNED_KEY,
)
from watchword.providers.vonage.connector import VonageConnector

CONFIG = {
    "apiKey": API_KEY,
    "apiSecret": API_SECRET,
    "brandName": "Acme",
    "signatureSecret": SIGNATURE_SECRET,
    "templates": default_templates(),
}
FORM = {"from": "Acme", "to": "447700900123", "text": "hello"}
SECRETS = {"api_key": API_KEY, "api_secret": API_SECRET}
PROMISED = {
    Trouble.LANDLINE: (errors.InvalidRecipient, "6"),
    Trouble.BLOCKED: (errors.RecipientUnreachable, "7"),
    Trouble.BALANCE: (errors.InsufficientBalance, "9"),
    Trouble.CREDENTIALS: (errors.InvalidCredentials, "4"),
    Trouble.THROTTLED: (errors.ProviderThrottled, "1"),
    Trouble.FAULT: (errors.ProviderUnavailable, "5"),
}
ABSENT = {Trouble.TEMPLATE: "Vonage approves no texts; a carrier that refuses one reports it later"}


@pytest.fixture
def provider() -> str:
    return "vonage"


class TestVonage(ReportPromises, Promises):
    connector_type = VonageConnector
    config = CONFIG
    expected = PROMISED
    absent = ABSENT

    def with_wrong_secret(self) -> dict[str, Any]:
        return {"apiSecret": "not-the-secret"}

    async def test_a_wrong_signature_secret_is_refused(self, connect: Connect) -> None:
        connector = connect({"authentication": "signature", "signatureSecret": "not-the-secret"})

        with pytest.raises(errors.InvalidCredentials) as refused:
            await connector.send(self.message())
        assert "Vonage 14" in refused.value.words

    @pytest.mark.parametrize(
        ("api_key", "authentication"),
        [
            (API_KEY, "basic"),
            (API_KEY, "secret"),
            *((api_key, "signature") for api_key in ACCOUNTS),
        ],
    )
    async def test_every_account_takes_its_authentication(
        self, connect: Connect, emulator: str, api_key: str, authentication: str
    ) -> None:
        method = ACCOUNTS[api_key].method
        settings = {
            "apiKey": api_key,
            "authentication": authentication,
            "signatureMethod": method,
        }
        await connect(settings).send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["to"] == "447700900123"
        assert taken["fields"].keys() == {"from", "to", "text", "ttl", "client-ref"}

    @pytest.mark.parametrize("api_key", ACCOUNTS)
    async def test_reports_come_as_the_dashboard_says(
        self, connect: Connect, callbacks: tuple[str, Callbacks], api_key: str
    ) -> None:
        address, received = callbacks
        settings: dict[str, Any] = {
            "apiKey": api_key,
            "signatureMethod": ACCOUNTS[api_key].method,
            "signatureSecret": None if api_key == UNSIGNED_KEY else SIGNATURE_SECRET,
        }
        connector = connect(settings, receipts=True)
        receipt = await connector.send(self.message(receipt_url=address))
        await received.wait_for(2)

        read = [report for call in received.calls for report in connector.read_report(call)]
        assert read == [
            DeliveryReport(
                str(receipt.provider_message_id),
                "delivered",
                None,
                "Vonage: delivered",
                message_id="message-1",
            )
        ]
        webhook = ACCOUNTS[api_key].webhook
        assert {call.method for call in received.calls} == {webhook.partition("-")[0]}

    async def test_an_address_of_the_dashboard_does_where_a_message_has_none(
        self, connect: Connect, emulator: str, callbacks: tuple[str, Callbacks]
    ) -> None:
        address, received = callbacks
        local.put(f"{emulator}/emulator/receipts", json={"url": address})
        connector = connect()
        await connector.send(self.message())
        await received.wait_for(2)

        read = [report for call in received.calls for report in connector.read_report(call)]
        assert [report.state for report in read] == ["delivered"]

    async def test_a_text_that_a_carrier_refuses_is_reported(
        self, connect: Connect, callbacks: tuple[str, Callbacks]
    ) -> None:
        address, received = callbacks
        connector = connect(receipts=True)
        await connector.send(self.message(Trouble.TEMPLATE, receipt_url=address))
        await received.wait_for(2)

        read = [report for call in received.calls for report in connector.read_report(call)]
        assert [report.error_class for report in read] == ["template_rejected"]

    async def test_a_korean_text_arrives_whole(self, connect: Connect, emulator: str) -> None:
        receipt = await connect({"templates": default_templates("ko")}).send(self.message())

        [taken] = await self.accepted(emulator)
        assert taken["text"] == f"로그인 인증번호 {CODE}. 10분간 유효, 남에게 알려주지 마세요."
        assert not taken["lossy"]
        assert receipt.segments == 1

    async def test_a_long_text_has_an_id_for_each_part(
        self, connect: Connect, emulator: str
    ) -> None:
        templates = [{**t, "content": "가" * 68 + "{{code}}"} for t in default_templates()]
        receipt = await connect({"templates": templates}).send(self.message())

        [taken] = await self.accepted(emulator)
        assert (receipt.provider_message_id, receipt.segments) == (taken["id"], 2)

    async def test_credentials_are_checked(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "Vonage: balance 10.171275"
        with pytest.raises(errors.InvalidCredentials):
            await connect({"apiSecret": "not-the-secret"}).check_credentials()

    async def test_a_name_is_no_sender_in_north_america(self, connect: Connect) -> None:
        north_american = message_to(PhoneNumber("14155550123"))

        with pytest.raises(errors.SenderRejected):
            await connect().send(north_american)
        assert (await connect({"brandName": "+15005550006"}).send(north_american)).segments == 1


async def post(
    emulator: str, form: dict[str, str] | bytes, headers: dict[str, str] | None = None
) -> tuple[str, str]:
    """Return status and words of the answer's only part."""
    body = form if isinstance(form, bytes) else str(httpx2.QueryParams(form)).encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        response = await client.post(f"{emulator}/sms/json", content=body, headers=sent)
    answer = response.json()
    [part] = answer["messages"]
    assert (response.status_code, answer["message-count"]) == (200, "1")
    return part["status"], part.get("error-text", "")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"to": ""}, "2"),
        ({"from": ""}, "2"),
        ({"text": ""}, "2"),
        ({"to": "+447700900123"}, "3"),
        ({"to": "123456"}, "3"),
        ({"from": "A name that is long"}, "3"),
        ({"to": "14155550123"}, "15"),
        ({"text": "x" * 3201}, "12"),
        ({"type": "binary"}, "3"),
        ({"ttl": "19999"}, "3"),
        ({"ttl": "604800001"}, "3"),
        ({"ttl": "²"}, "3"),
        ({"message-class": "4"}, "3"),
        ({"client-ref": "x" * 41}, "3"),
        ({"status-report-req": "maybe"}, "3"),
        ({"callback": "nowhere"}, "23"),
        ({"callback": "https://x.example/" + "x" * 83}, "23"),
        ({"Text": "hello"}, "3"),
        ({"api_secret": "wrong"}, "4"),
        ({"api_key": "unknown0"}, "4"),
        ({"api_secret": ""}, "2"),
        ({"sig": "0" * 32}, "32"),
    ],
)
async def test_refuses_what_vonage_refuses(
    emulator: str, form: dict[str, str], status: str
) -> None:
    assert (await post(emulator, {**FORM, **SECRETS, **form}))[0] == status
    assert local.get(f"{emulator}/emulator/messages").json() == []


@pytest.mark.parametrize("body", [b"", b"nonsense", b"to=%FF", b"to=1&to=2"])
async def test_what_is_no_form_is_refused(emulator: str, body: bytes) -> None:
    assert (await post(emulator, body))[0] in {"2", "3"}
    assert (await post(emulator, b"{}", {"Content-Type": "application/json"}))[0] == "2"


def signed(timestamp: int, **others: str) -> dict[str, str]:
    form = {**FORM, "api_key": "emul0003", "timestamp": str(timestamp), **others}
    joined = "".join(f"&{name}={form[name]}" for name in sorted(form))
    digest = hmac.new(SIGNATURE_SECRET.encode(), joined.encode(), hashlib.sha256)
    return {**form, "sig": digest.hexdigest()}


async def test_a_signature_is_worth_something_for_its_fields_and_its_time(emulator: str) -> None:
    now = int(time.time())

    assert (await post(emulator, signed(now)))[0] == "0"
    for wrong in (
        {**signed(now), "text": "another"},
        {**signed(now), "api_key": API_KEY},
        {**signed(now), "api_key": "unknown0"},
        {**signed(now), "timestamp": "x"},
        signed(now - 600),
        signed(now + 600),
    ):
        assert (await post(emulator, wrong))[0] == "14"


async def test_a_basic_header_beside_a_signature_is_one_proof_too_many(emulator: str) -> None:
    basic = basic_auth(API_KEY, API_SECRET)

    assert (await post(emulator, FORM, basic))[0] == "0"
    assert (await post(emulator, signed(int(time.time())), basic))[0] == "32"
    assert (await post(emulator, FORM, {"Authorization": "Basic ?"}))[0] == "2"


async def test_without_unicode_a_text_arrives_garbled(emulator: str) -> None:
    await post(emulator, {**FORM, **SECRETS, "text": "코드 123"})
    await post(emulator, {**FORM, **SECRETS, "text": "코드 123", "type": "unicode"})

    garbled, whole = local.get(f"{emulator}/emulator/messages").json()
    assert (garbled["text"], garbled["lossy"]) == ("?? 123", True)
    assert (whole["text"], whole["lossy"]) == ("코드 123", False)


async def test_the_balance_may_be_asked_with_fields_of_the_address(emulator: str) -> None:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        told = await client.get(f"{emulator}/account/get-balance", params=SECRETS)
        refused = await client.get(f"{emulator}/account/get-balance")

    assert told.json() == {"value": 10.171275, "autoReload": False}
    assert refused.status_code == 401
