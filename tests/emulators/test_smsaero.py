"""The SMS Aero emulator refuses what SMS Aero refuses, with a status and without one."""

from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Callbacks
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.wording import default_templates
from watchword.emulators.kit import Trouble
from watchword.emulators.smsaero import (
    API_KEY,
    EMAIL,
    OWN_SENDER,
    PARTLY_APPROVED_SENDER,
    QUIET_EMAIL,
    SENDER,
    WAITING_SENDER,
)
from watchword.providers.smsaero.connector import SmsAeroConnector

CONFIG = {
    "email": EMAIL,
    "apiKey": API_KEY,
    "senderName": OWN_SENDER,
    "templates": default_templates(),
}
BODY = {"number": 447700900123, "sign": SENDER, "text": "hello"}


@pytest.fixture
def provider() -> str:
    return "smsaero"


class TestSmsAero(ReportPromises, Promises):
    connector_type = SmsAeroConnector
    config = CONFIG
    signs_reports = False
    expected: ClassVar = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "number: incorrect"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "text: incorrect"),
        Trouble.BALANCE: (errors.InsufficientBalance, "402"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "invalid credentials"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "429"),
        Trouble.FAULT: (errors.ProviderUnavailable, "500"),
    }
    absent: ClassVar = {
        Trouble.BLOCKED: "SMS Aero takes a message to a blocked number and rejects it in a report"
    }

    async def test_a_number_on_a_block_list_is_rejected_in_a_report(self, sent: Any) -> None:
        _, reports = await sent(Trouble.BLOCKED)

        assert {(report.state, report.error_class) for report in reports} == {
            ("undelivered", "provider_rejected")
        }
        assert all("status 6" in report.words for report in reports)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            (SENDER, f"balance 337.03, shared sender {SENDER}"),
            (OWN_SENDER, f"balance 337.03, sender {OWN_SENDER} approved"),
            (
                PARTLY_APPROVED_SENDER,
                f"balance 337.03, sender {PARTLY_APPROVED_SENDER} approved, but not by MTS",
            ),
        ],
    )
    async def test_key_money_and_sender_are_checked(
        self, connect: Connect, emulator: str, name: str, words: str
    ) -> None:
        found = await connect({"senderName": name}).check_credentials()

        assert found == f"SMS Aero: {words}"
        assert await self.accepted(emulator) == []

    @pytest.mark.parametrize("name", [WAITING_SENDER, "Unheard of"])
    async def test_a_sender_that_may_not_send_is_found(self, connect: Connect, name: str) -> None:
        with pytest.raises(errors.SenderRejected):
            await connect({"senderName": name}).check_credentials()
        with pytest.raises(errors.SenderRejected):
            await connect({"senderName": name}).send(self.message())

    async def test_a_wrong_key_is_found(self, connect: Connect) -> None:
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()


class TestWithoutStatuses(Promises):
    connector_type = SmsAeroConnector
    config: ClassVar = {**CONFIG, "email": QUIET_EMAIL}
    expected: ClassVar = {
        **TestSmsAero.expected,
        Trouble.BALANCE: (errors.InsufficientBalance, "no credits"),
    }
    absent: ClassVar = TestSmsAero.absent


async def post(
    emulator: str,
    body: Any,
    *,
    path: str = "sms/send",
    auth: tuple[str, str] = (EMAIL, API_KEY),
    **others: Any,
) -> httpx2.Response:
    content = others.pop("content", None)
    async with httpx2.AsyncClient(verify=local.NO_TLS, auth=auth) as client:
        return await client.post(
            f"{emulator}/v2/{path}",
            json=body if content is None else None,
            content=content,
            **others,
        )


async def accepted(emulator: str) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        found: list[dict[str, Any]] = (await client.get(f"{emulator}/emulator/messages")).json()
        return found


async def test_answers_as_sms_aero_does(emulator: str) -> None:
    response = await post(emulator, BODY)
    answer = response.json()

    assert response.status_code == 200
    assert answer.keys() == {"success", "data", "message"}
    assert answer["success"] is True
    assert (
        answer["data"].items()
        >= {
            "from": SENDER,
            "number": "447700900123",
            "text": "hello",
            "status": 0,
            "extendStatus": "queue",
        }.items()
    )
    [taken] = await accepted(emulator)
    assert taken == {
        "id": str(answer["data"]["id"]),
        "to": "447700900123",
        "text": "hello",
        "fields": BODY,
    }


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"number": "+447700900123"}, "number"),
        ({"number": "0447700900123"}, "number"),
        ({"number": "44 7700 900123"}, "number"),
        ({"number": None}, "number"),
        ({"number": True}, "number"),
        ({"text": "x"}, "text"),
        ({"text": "x" * 641}, "text"),
        ({"text": 5}, "text"),
        ({"sign": WAITING_SENDER}, "sign"),
        ({"sign": None}, "sign"),
        ({"callbackUrl": "nowhere"}, "callbackUrl"),
        ({"callbackUrl": "https://host.example"}, "callbackUrl"),
        ({"callbackFormat": "XML"}, "callbackFormat"),
        ({"dateSend": "soon"}, "dateSend"),
        ({"Text": "hello"}, "Text"),
    ],
)
@pytest.mark.parametrize(("email", "status"), [(EMAIL, 400), (QUIET_EMAIL, 200)])
async def test_refuses_what_sms_aero_refuses(
    emulator: str, change: dict[str, Any], fault: str, email: str, status: int
) -> None:
    response = await post(emulator, {**BODY, **change}, auth=(email, API_KEY))
    answer = response.json()

    assert response.status_code == status
    assert answer["success"] is False
    assert answer["message"] == "Validation error."
    assert answer["data"].keys() == {fault}
    assert await accepted(emulator) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"{}", "text/plain"),
        (b"nonsense", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_is_json_or_a_form(emulator: str, content: bytes, kind: str) -> None:
    response = await post(emulator, None, content=content, headers={"Content-Type": kind})

    assert (response.status_code, response.json()["data"]) == (400, {"body": ["incorrect"]})


async def test_a_form_is_as_good_as_json(emulator: str) -> None:
    content = b"number=447700900123&sign=SMS+Aero&text=hello"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await post(emulator, None, content=content, headers=kind)

    assert response.json()["success"] is True
    assert (await accepted(emulator))[0]["text"] == "hello"


@pytest.mark.parametrize("path", ["sms/send", "auth", "balance", "sign/list"])
@pytest.mark.parametrize("auth", [(EMAIL, "wrong"), ("nobody@example.com", API_KEY)])
async def test_everything_wants_the_key(emulator: str, path: str, auth: tuple[str, str]) -> None:
    response = await post(emulator, BODY, path=path, auth=auth)

    assert response.status_code == 401
    assert response.json()["message"] == "Your request was made with invalid credentials."


async def test_everything_is_a_post(emulator: str) -> None:
    async with httpx2.AsyncClient(verify=local.NO_TLS, auth=(EMAIL, API_KEY)) as client:
        response = await client.get(f"{emulator}/v2/auth")

    assert response.status_code == 405
    assert response.json()["success"] is False


async def test_a_callback_without_a_format_is_a_form(
    emulator: str, callbacks: tuple[str, Callbacks]
) -> None:
    address, received = callbacks
    await post(emulator, {**BODY, "callbackUrl": address})
    await received.wait_for(3)

    assert [dict(request.form)["status"] for request in received.calls] == ["0", "3", "1"]
    assert all(request.url == address for request in received.calls)


async def test_a_callback_that_is_to_be_wrong_goes_to_another_address(
    emulator: str, callbacks: tuple[str, Callbacks]
) -> None:
    address, received = callbacks
    number = f"44770090{Trouble.REPORTS_BADLY_SIGNED}"
    await post(emulator, {**BODY, "number": number, "callbackUrl": f"{address}?message=m1"})
    await received.wait_for(3)

    assert {request.url for request in received.calls} == {f"{address}-wrong?message=m1"}
