"""The Kavenegar emulator refuses what Kavenegar refuses; the connector and it agree."""

from collections.abc import Callable
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.testing import CODE, message_to
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.kavenegar import API_KEY, SENDER, TEMPLATE
from watchword.emulators.kit import Trouble
from watchword.providers.kavenegar.connector import KavenegarConnector

SEND, LOOKUP = "sms/send", "verify/lookup"
TEXT = {"receptor": "09120000123", "message": "کد: 135790"}
VERIFY = {"receptor": "09120000123", "template": TEMPLATE, "token": "135790", "token2": "10"}


@pytest.fixture
def provider() -> str:
    return "kavenegar"


class TestKavenegar(ReportPromises, Promises):
    connector_type = KavenegarConnector
    prefix = "98912000"
    config: ClassVar[dict[str, Any]] = {
        "apiKey": API_KEY,
        "templates": [
            {
                "usageType": text["usageType"],
                "templateCode": TEMPLATE,
                "parameters": ["code", "minutes"],
            }
            for text in default_templates()
        ],
    }
    expected: ClassVar[Any] = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "411"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "424"),
        Trouble.BALANCE: (errors.InsufficientBalance, "418"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "403"),
        Trouble.THROTTLED: (errors.RecipientThrottled, "451"),
        Trouble.FAULT: (errors.ProviderUnavailable, "409"),
    }
    absent: ClassVar[dict[Trouble, str]] = {
        Trouble.BLOCKED: "Kavenegar accepts the message, and reports status 14"
    }
    reports_to_the_message = False
    signs_reports = False

    async def test_who_blocks_messages_is_reported_later(self, sent: Callable[..., Any]) -> None:
        _, reports = await sent(Trouble.BLOCKED)

        assert [report.error_class for report in reports] == ["recipient_opted_out"]

    async def test_the_template_is_filled_with_its_tokens(
        self, connect: Connect, emulator: str
    ) -> None:
        await connect().send(self.message())
        [taken] = await self.accepted(emulator)

        assert taken["template"] == TEMPLATE
        assert taken["parameters"] == {"token": CODE, "token2": "10"}

    async def test_a_text_of_our_own_goes_through_a_line(
        self, connect: Connect, emulator: str
    ) -> None:
        await connect({"sender": SENDER, "templates": default_templates()}).send(self.message())
        [taken] = await self.accepted(emulator)

        assert CODE in taken["text"]
        assert taken["fields"]["sender"] == SENDER

    async def test_a_wrong_line_is_the_administrators_matter(self, connect: Connect) -> None:
        connector = connect({"sender": "20001", "templates": default_templates()})
        with pytest.raises(errors.SenderRejected):
            await connector.send(self.message())

    async def test_abroad_is_dialled_with_two_zeros(self, connect: Connect, emulator: str) -> None:
        await connect().send(message_to(PhoneNumber("447700900123")))
        [taken] = await self.accepted(emulator)

        assert taken["to"] == "00447700900123"

    async def test_the_credit_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "Kavenegar: credit 1500032"
        with pytest.raises(errors.InvalidCredentials):
            await connect({"apiKey": "wrong-key"}).check_credentials()


async def post(
    emulator: str,
    method: str,
    form: dict[str, str] | bytes,
    *,
    key: str = API_KEY,
    content_type: str = "application/x-www-form-urlencoded",
) -> httpx2.Response:
    body = form if isinstance(form, bytes) else str(httpx2.QueryParams(form)).encode()
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(
            f"{emulator}/v1/{key}/{method}.json",
            content=body,
            headers={"Content-Type": content_type},
        )


async def accepted(emulator: str) -> Any:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return (await client.get(f"{emulator}/emulator/messages")).json()


async def test_answers_as_kavenegar_does(emulator: str) -> None:
    response = await post(emulator, LOOKUP, VERIFY)
    answer = response.json()

    assert answer["return"]["status"] == response.status_code == 200
    assert answer["entries"][0]["status"] == 1
    assert answer["entries"][0]["message"] == "کد ورود: 135790، تا 10 دقیقه"


@pytest.mark.parametrize(
    ("method", "form", "status"),
    [
        (SEND, {**TEXT, "receptor": ""}, 400),
        (SEND, {**TEXT, "receptor": "9120000123"}, 411),
        (SEND, {**TEXT, "receptor": "989120000123"}, 411),
        (SEND, {**TEXT, "receptor": "02112345678"}, 411),
        (SEND, {**TEXT, "receptor": "0098212345678"}, 411),
        (SEND, {**TEXT, "sender": "20001"}, 412),
        (SEND, {**TEXT, "message": ""}, 413),
        (SEND, {**TEXT, "message": "x" * 901}, 413),
        (SEND, {**TEXT, "message": "a\x07"}, 422),
        (SEND, {**TEXT, "Message": "x"}, 400),
        (SEND, b"receptor=09120000123&receptor=09120000124&message=x", 400),
        (SEND, b"nonsense", 400),
        (SEND, b"message=%FF", 400),
        (LOOKUP, {**VERIFY, "template": "another"}, 424),
        (LOOKUP, {"receptor": "09120000123", "template": TEMPLATE}, 400),
        (LOOKUP, {**VERIFY, "token": "135 790"}, 431),
        (LOOKUP, {**VERIFY, "token2": ""}, 431),
        (LOOKUP, {**VERIFY, "token3": "more"}, 432),
        (LOOKUP, {k: v for k, v in VERIFY.items() if k != "token2"}, 432),
        (LOOKUP, {**VERIFY, "type": "post"}, 400),
        ("sms/fly", TEXT, 404),
    ],
)
async def test_refuses_what_kavenegar_refuses(
    emulator: str, method: str, form: dict[str, str] | bytes, status: int
) -> None:
    response = await post(emulator, method, form)
    answer = response.json()

    assert answer["return"]["status"] == status
    assert answer["entries"] is None
    assert await accepted(emulator) == []


@pytest.mark.parametrize("receptor", ["00989120000123", "+989120000123", "09120000123"])
async def test_knows_three_spellings_of_a_number(emulator: str, receptor: str) -> None:
    assert (await post(emulator, SEND, {**TEXT, "receptor": receptor})).status_code == 200


async def test_a_wrong_key_is_refused_everywhere(emulator: str) -> None:
    for method, form in ((SEND, TEXT), (LOOKUP, VERIFY), ("account/info", {})):
        response = await post(emulator, method, form, key="wrong")
        assert response.json()["return"]["status"] == 403


async def test_json_is_no_form_and_get_is_not_allowed(emulator: str) -> None:
    response = await post(emulator, SEND, b"{}", content_type="application/json")
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        got = await client.get(f"{emulator}/v1/{API_KEY}/sms/send.json")

    assert response.json()["return"]["status"] == 400
    assert got.json()["return"]["status"] == 405
