"""The SOLAPI emulator refuses what SOLAPI refuses; the connector and it understand each other."""

import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Callbacks
from tests.emulators.promises import Connect, Promises, ReportPromises
from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.testing import message_to
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.kit import Trouble
from watchword.emulators.solapi import (
    API_KEY,
    API_SECRET,
    CHANNEL_ID,
    SENDER,
    TEMPLATE_ID,
)
from watchword.providers.solapi.connector import SolapiConnector

PATH = "/messages/v4/send-many/detail"
MESSAGE = {"to": "01000000123", "from": SENDER, "text": "인증번호 135790"}
KAKAO: dict[str, Any] = {
    "pfId": CHANNEL_ID,
    "templateId": TEMPLATE_ID,
    "variables": {"#{인증번호}": "135790", "#{유효시간}": "10"},
}
ALIMTALK: dict[str, Any] = {"to": MESSAGE["to"], "from": SENDER, "kakaoOptions": KAKAO}


@pytest.fixture
def provider() -> str:
    return "solapi"


class TestSolapi(ReportPromises, Promises):
    connector_type = SolapiConnector
    prefix = "82100000"
    config: ClassVar[dict[str, Any]] = {
        "apiKey": API_KEY,
        "apiSecret": API_SECRET,
        "from": SENDER,
        "templates": default_templates(),
    }
    expected: ClassVar[Any] = {
        Trouble.BLOCKED: (errors.RecipientOptedOut, "1061"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "1029"),
        Trouble.BALANCE: (errors.InsufficientBalance, "1030"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "SignatureDoesNotMatch"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "RateLimitExceeded"),
        Trouble.FAULT: (errors.ProviderUnavailable, "500"),
    }
    absent: ClassVar[dict[Trouble, str]] = {
        Trouble.LANDLINE: "SOLAPI accepts any number, and reports 3050 for a phone without texts"
    }
    reports_to_the_message = False
    signs_reports = False

    async def test_a_landline_is_reported_later(self, sent: Callable[..., Any]) -> None:
        message_id, [report] = await sent(Trouble.LANDLINE)

        assert report.provider_message_id == message_id
        assert report.error_class == "recipient_unreachable"
        assert report.words.startswith("SOLAPI 3050")

    async def test_reports_bring_our_own_id(
        self, connect: Connect, emulator: str, callbacks: tuple[str, Callbacks]
    ) -> None:
        address, received = callbacks
        async with httpx2.AsyncClient(verify=local.NO_TLS) as asked:
            await asked.put(f"{emulator}/emulator/receipts", json={"url": address})
        connector = connect()
        await connector.send(self.message(id="ours"))
        await received.wait_for(2)
        [report] = [r for call in received.calls for r in connector.read_report(call)]

        assert report.message_id == "ours"

    async def test_an_alimtalk_template_is_taken_with_its_variables(
        self, connect: Connect, emulator: str
    ) -> None:
        template = {
            "usageType": "SignIn",
            "content": "{{code}}",
            "templateCode": TEMPLATE_ID,
            "parameters": {"인증번호": "code", "유효시간": "minutes"},
        }
        config = {"pfId": CHANNEL_ID, "templates": [template, *default_templates()]}
        receipt = await connect(config).send(self.message())
        [taken] = await self.accepted(emulator)

        assert receipt.words.endswith(", ATA")
        assert taken["template"] == TEMPLATE_ID
        assert taken["parameters"] == KAKAO["variables"]

    @pytest.mark.parametrize(
        ("text", "kind"), [("가" * 45, "SMS"), ("가" * 45 + "!", "LMS"), ("x" * 90, "SMS")]
    )
    async def test_a_text_of_more_than_90_bytes_is_an_lms(
        self, connect: Connect, text: str, kind: str
    ) -> None:
        templates = [{"usageType": usage, "content": text} for usage in _usages()]
        receipt = await connect({"templates": templates}).send(self.message())

        assert receipt.words.endswith(f", {kind}")

    async def test_abroad_the_country_code_is_apart(self, connect: Connect, emulator: str) -> None:
        await connect().send(message_to(PhoneNumber("14155550123")))
        [taken] = await self.accepted(emulator)

        assert taken["to"] == "4155550123"
        assert taken["fields"]["messages"][0]["country"] == "1"

    async def test_the_balance_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "SOLAPI: balance 12345.6, points 50"
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()

    async def test_a_clock_that_is_wrong_is_the_administrators_matter(
        self, connect: Connect
    ) -> None:
        connector = connect()
        clock = FakeClock()
        clock.moment = datetime.now(UTC) - timedelta(minutes=16)
        late = SolapiConnector(connector.config, replace(connector.context, clock=clock))
        with pytest.raises(errors.ProviderSettingsRefused) as refused:
            await late.send(self.message())

        assert "RequestTimeTooSkewed" in refused.value.words


def _usages() -> list[str]:
    return [template["usageType"] for template in default_templates()]


def signed(
    *,
    key: str = API_KEY,
    secret: str = API_SECRET,
    salt: str = "",
    late: timedelta = timedelta(0),
) -> str:
    moment = (datetime.now(UTC) - late).isoformat()
    salt = salt or secrets.token_hex(8)
    signature = hmac.new(secret.encode(), (moment + salt).encode(), "sha256").hexdigest()
    return f"HMAC-SHA256 ApiKey={key}, Date={moment}, salt={salt}, signature={signature}"


async def post(
    emulator: str, body: Any, authorization: str | None = None, **headers: str
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(
            emulator + PATH,
            content=content,
            headers={
                "Authorization": signed() if authorization is None else authorization,
                "Content-Type": "application/json",
                **headers,
            },
        )


async def accepted(emulator: str) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        found: list[dict[str, Any]] = (await client.get(f"{emulator}/emulator/messages")).json()
        return found


async def test_answers_as_solapi_does(emulator: str) -> None:
    response = await post(emulator, {"messages": [MESSAGE]})
    answer = response.json()

    assert response.status_code == 200
    assert answer["failedMessageList"] == []
    assert answer["messageList"][0]["statusCode"] == "2000"
    assert answer["groupInfo"]["count"]["registeredSuccess"] == 1
    assert answer["groupInfo"]["countForCharge"]["sms"] == {"82": 1}


@pytest.mark.parametrize("authorization", ["", "Bearer x", "HMAC-SHA256 ApiKey=x"])
async def test_refuses_what_is_no_signature(emulator: str, authorization: str) -> None:
    response = await post(emulator, {"messages": [MESSAGE]}, authorization)

    assert (response.status_code, response.json()["errorCode"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"key": "NCSUNKNOWN000000"}, "InvalidAPIKey"),
        ({"secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"salt": "short"}, "ValidationError"),
        ({"late": timedelta(minutes=16)}, "RequestTimeTooSkewed"),
        ({"late": timedelta(minutes=-16)}, "RequestTimeTooSkewed"),
    ],
)
async def test_refuses_a_wrong_signature(emulator: str, wrong: dict[str, Any], code: str) -> None:
    response = await post(emulator, {"messages": [MESSAGE]}, signed(**wrong))

    assert response.json()["errorCode"] == code
    assert response.status_code == (400 if code == "ValidationError" else 403)
    assert await accepted(emulator) == []


async def test_a_signature_is_good_for_one_request(emulator: str) -> None:
    once = signed()
    first = await post(emulator, {"messages": [MESSAGE]}, once)
    second = await post(emulator, {"messages": [MESSAGE]}, once)

    assert first.status_code == 200
    assert (second.status_code, second.json()["errorCode"]) == (403, "DuplicatedSignature")


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        [],
        {},
        {"messages": []},
        {"messages": ["x"]},
        {"messages": [MESSAGE], "extra": 1},
        {"messages": [MESSAGE], "allowDuplicates": "no"},
        {"messages": [{**MESSAGE, "Text": "x"}]},
        {"messages": [{**MESSAGE, "type": "POST"}]},
        {"messages": [{**MESSAGE, "to": 1012345678}]},
        {"messages": [{**ALIMTALK, "kakaoOptions": {**KAKAO, "other": 1}}]},
    ],
)
async def test_refuses_a_body_of_another_shape(emulator: str, body: Any) -> None:
    response = await post(emulator, body)

    assert (response.status_code, response.json()["errorCode"]) == (400, "ValidationError")


async def test_a_form_is_no_json(emulator: str) -> None:
    response = await post(
        emulator, {"messages": [MESSAGE]}, **{"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({**MESSAGE, "to": ""}, "1010"),
        ({**MESSAGE, "text": ""}, "1010"),
        ({**MESSAGE, "to": "1000000123"}, "1011"),
        ({**MESSAGE, "to": "+821000000123"}, "1011"),
        ({**MESSAGE, "to": "010-0000-0123"}, "1011"),
        ({**MESSAGE, "country": "44"}, "1011"),
        ({**MESSAGE, "country": "+82"}, "1011"),
        ({**MESSAGE, "from": "0298765432"}, "1062"),
        ({**MESSAGE, "text": "인증번호 😀"}, "1029"),
        ({**MESSAGE, "text": "뷁"}, "1029"),
        ({**MESSAGE, "text": "가" * 1001}, "1031"),
        ({**MESSAGE, "text": "가" * 46, "autoTypeDetect": False}, "1031"),
        ({**MESSAGE, "customFields": {"n": 1}}, "1032"),
        ({**ALIMTALK, "kakaoOptions": {**KAKAO, "pfId": "other"}}, "1041"),
        ({**ALIMTALK, "kakaoOptions": {**KAKAO, "templateId": "other"}}, "1042"),
        ({**ALIMTALK, "kakaoOptions": {**KAKAO, "variables": {"#{인증번호}": "1"}}}, "1043"),
        (
            {
                **ALIMTALK,
                "kakaoOptions": {**KAKAO, "variables": {**KAKAO["variables"], "#{x}": "1"}},
            },
            "1043",
        ),
        ({**ALIMTALK, "text": "또 다른 문구"}, "1043"),
    ],
)
async def test_says_inside_the_answer_what_is_wrong_with_a_message(
    emulator: str, message: dict[str, Any], code: str
) -> None:
    response = await post(emulator, {"messages": [message]})
    answer = response.json()

    assert response.status_code == 200
    assert [failed["statusCode"] for failed in answer["failedMessageList"]] == [code]
    assert answer["groupInfo"]["count"]["registeredFailed"] == 1
    assert answer["messageList"] == []
    assert await accepted(emulator) == []
