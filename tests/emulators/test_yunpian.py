"""The Yunpian emulator refuses what Yunpian refuses."""

from typing import Any, ClassVar
from urllib.parse import quote

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Callbacks
from tests.emulators.promises import Connect, Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.testing import MESSAGE
from watchword.emulators.kit import Trouble
from watchword.emulators.yunpian import API_KEY, SIGN
from watchword.providers.yunpian.config import DEFAULTS
from watchword.providers.yunpian.connector import YunpianConnector

TEXT = "您的验证码是135790，10分钟内有效，请勿泄露给他人。"
FORM = {"apikey": API_KEY, "mobile": "13000000123", "text": SIGN + TEXT}
KIND = "application/x-www-form-urlencoded"


@pytest.fixture
def provider() -> str:
    return "yunpian"


class TestYunpian(ReportPromises, Promises):
    connector_type = YunpianConnector
    config: ClassVar = {"apikey": API_KEY, "templates": DEFAULTS}
    prefix = "861300000"
    signs_reports = False
    expected: ClassVar = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "2"),
        Trouble.BLOCKED: (errors.RecipientOptedOut, "10"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "5"),
        Trouble.BALANCE: (errors.InsufficientBalance, "3"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "-1"),
        Trouble.THROTTLED: (errors.ProviderThrottled, "-5"),
        Trouble.FAULT: (errors.ProviderUnavailable, "-50"),
    }

    async def test_a_number_abroad_is_taken_where_it_is_allowed(
        self, connect: Connect, emulator: str
    ) -> None:
        await connect({"enableInternational": True}).send(MESSAGE)

        [taken] = await self.accepted(emulator)
        assert taken["to"] == "+447700900123"

    async def test_the_account_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "Yunpian: Emulated, balance 1000.5"
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()

    async def test_a_text_that_nobody_approved_is_refused(self, connect: Connect) -> None:
        texts = [{**template, "content": "【Watchword】{{code}}"} for template in DEFAULTS]
        with pytest.raises(errors.TemplateRejected):
            await connect({"templates": texts}).send(self.message())


async def post(
    emulator: str, form: dict[str, str] | bytes, *, path: str = "sms/single_send", kind: str = KIND
) -> httpx2.Response:
    body = form if isinstance(form, bytes) else str(httpx2.QueryParams(form)).encode()
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.post(
            f"{emulator}/v2/{path}.json", content=body, headers={"Content-Type": kind}
        )


async def accepted(emulator: str) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        found: list[dict[str, Any]] = (await client.get(f"{emulator}/emulator/messages")).json()
        return found


@pytest.mark.parametrize("sign", [SIGN, ""])
async def test_answers_as_yunpian_does(emulator: str, sign: str) -> None:
    response = await post(emulator, {**FORM, "text": sign + TEXT})
    answer = response.json()

    assert response.status_code == 200
    assert answer.keys() == {"code", "msg", "count", "fee", "unit", "mobile", "sid"}
    assert (answer["code"], answer["count"]) == (0, 1)
    [taken] = await accepted(emulator)
    assert (taken["id"], taken["to"]) == (str(answer["sid"]), "13000000123")
    # The account's one sign stands in front, whoever put it there.
    assert taken["text"] == SIGN + TEXT
    assert taken["fields"] == {"mobile": "13000000123", "text": sign + TEXT}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({**FORM, "apikey": "wrong"}, -1),
        ({**FORM, "mobile": ""}, 1),
        ({**FORM, "text": ""}, 1),
        ({**FORM, "mobile": "8613000000123"}, 2),
        ({**FORM, "mobile": "+8613000000123"}, 2),
        ({**FORM, "mobile": "447700900123"}, 2),
        (f"apikey={API_KEY}&mobile=+447700900123&text={quote(TEXT)}".encode(), 2),
        ({**FORM, "mobile": "12000000123"}, 2),
        ({**FORM, "Text": "x"}, 2),
        ({**FORM, "callback_url": "nowhere"}, 2),
        (b"nonsense", 2),
        (b"apikey=%FF", 2),
        (f"apikey={API_KEY}&mobile=13000000123&mobile=13000000124&text=x".encode(), 2),
        ({**FORM, "text": "【Another】" + TEXT}, 15),
        ({**FORM, "text": SIGN + TEXT.replace("，", ",")}, 5),
        ({**FORM, "text": SIGN + TEXT + " "}, 5),
        ({**FORM, "text": SIGN + TEXT.replace("135790", "#code#")}, 5),
        ({**FORM, "text": SIGN + TEXT.replace("135790", "1" * 21)}, 5),
    ],
)
async def test_refuses_what_yunpian_refuses(
    emulator: str, form: dict[str, str] | bytes, code: int
) -> None:
    response = await post(emulator, form)
    answer = response.json()

    assert response.status_code == answer["http_status_code"] == 400
    assert answer["code"] == code
    assert answer.keys() == {"http_status_code", "code", "msg", "detail"}
    assert await accepted(emulator) == []


async def test_a_body_is_a_form(emulator: str) -> None:
    response = await post(emulator, b"{}", kind="application/json")

    assert response.json()["code"] == 2


async def test_everything_is_a_post(emulator: str) -> None:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        response = await client.get(f"{emulator}/v2/user/get.json?apikey={API_KEY}")

    assert (response.status_code, response.json()["code"]) == (400, 11)


async def test_the_same_text_again_is_refused_and_another_is_not(emulator: str) -> None:
    first = await post(emulator, FORM)
    again = await post(emulator, FORM)
    another = await post(emulator, {**FORM, "text": FORM["text"].replace("135790", "246801")})
    elsewhere = await post(emulator, {**FORM, "mobile": "13000000124"})

    codes = [response.json()["code"] for response in (first, again, another, elsewhere)]
    assert codes == [0, 8, 0, 0]


async def test_the_account_wants_the_key(emulator: str) -> None:
    refused = await post(emulator, {"apikey": "wrong"}, path="user/get")
    told = await post(emulator, {"apikey": API_KEY}, path="user/get")

    assert refused.json()["code"] == -1
    assert told.json()["balance"] == 1000.5


async def test_a_push_that_is_to_be_wrong_goes_to_another_address(
    emulator: str, callbacks: tuple[str, Callbacks]
) -> None:
    address, received = callbacks
    mobile = f"1300000{Trouble.REPORTS_BADLY_SIGNED}"
    await post(emulator, {**FORM, "mobile": mobile, "callback_url": f"{address}?message=m1"})
    await received.wait_for(1)

    assert [request.url for request in received.calls] == [f"{address}-wrong?message=m1"]
