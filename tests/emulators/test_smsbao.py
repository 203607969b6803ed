"""The SMSBao emulator refuses what SMSBao refuses, with nothing but a number."""

from typing import Any, ClassVar

import httpx2
import pytest

from tests import local
from tests.emulators.promises import Connect, Promises
from watchword.connector_kit import errors
from watchword.connector_kit.testing import MESSAGE
from watchword.emulators.kit import Trouble
from watchword.emulators.smsbao import API_KEY, GOODS_ID, LOGIN_PASSWORD, USERNAME
from watchword.providers.smsbao.config import DEFAULTS
from watchword.providers.smsbao.connector import SmsBaoConnector

WHO = {"u": USERNAME, "p": API_KEY}
QUERY = {**WHO, "m": "13000000123", "c": "【Watchword】您的验证码是 1234。"}


@pytest.fixture
def provider() -> str:
    return "smsbao"


class TestSmsBao(Promises):
    connector_type = SmsBaoConnector
    config: ClassVar = {
        "username": USERNAME,
        "passwordOrApiKey": API_KEY,
        "goodsId": GOODS_ID,
        "templates": DEFAULTS,
    }
    prefix = "861300000"
    expected: ClassVar = {
        Trouble.LANDLINE: (errors.InvalidRecipient, "51"),
        Trouble.TEMPLATE: (errors.TemplateRejected, "50"),
        Trouble.BALANCE: (errors.InsufficientBalance, "41"),
        Trouble.CREDENTIALS: (errors.InvalidCredentials, "30"),
        Trouble.FAULT: (errors.ProviderUnavailable, "500"),
    }
    absent: ClassVar = {
        Trouble.BLOCKED: "SMSBao takes a message to any number, and some never arrive",
        Trouble.THROTTLED: "SMSBao has no number for too many requests",
    }

    async def test_the_login_password_is_as_good_as_the_key(
        self, connect: Connect, emulator: str
    ) -> None:
        settings = {"passwordOrApiKey": LOGIN_PASSWORD, "sendAsMd5": True}
        await connect(settings).send(self.message())
        with pytest.raises(errors.InvalidCredentials):
            await connect({**settings, "sendAsMd5": False}).send(self.message())

        assert len(await self.accepted(emulator)) == 1

    async def test_a_number_abroad_has_a_path_of_its_own(
        self, connect: Connect, emulator: str
    ) -> None:
        await connect().send(MESSAGE)

        [taken] = await self.accepted(emulator)
        assert taken["to"] == "+447700900123"

    async def test_what_is_left_is_told(self, connect: Connect) -> None:
        assert await connect().check_credentials() == "SMSBao: 12 sent, 345 left"
        with pytest.raises(errors.InvalidCredentials):
            await connect(self.with_wrong_secret()).check_credentials()
        with pytest.raises(errors.InvalidCredentials):
            await connect({"username": "nobody"}).check_credentials()


async def ask(
    emulator: str, query: dict[str, str] | str, *, path: str = "sms", method: str = "GET"
) -> httpx2.Response:
    params = query if isinstance(query, str) else str(httpx2.QueryParams(query))
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        return await client.request(method, f"{emulator}/{path}?{params}")


async def accepted(emulator: str) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        found: list[dict[str, Any]] = (await client.get(f"{emulator}/emulator/messages")).json()
        return found


@pytest.mark.parametrize(
    ("text", "looked_at_first"),
    [
        ("【Watchword】1234", False),
        ("1234", True),
        ("【一二】1234", True),
        ("1234【一二三】", True),
    ],
)
async def test_answers_as_smsbao_does(emulator: str, text: str, looked_at_first: bool) -> None:
    response = await ask(emulator, {**QUERY, "c": text})

    assert (response.status_code, response.text) == (200, "0")
    assert response.headers["content-type"].startswith("text/plain")
    assert await accepted(emulator) == [
        {
            "id": None,
            "to": "13000000123",
            "text": text,
            "looked_at_first": looked_at_first,
            "fields": {"m": "13000000123", "c": text},
        }
    ]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("sms", "", "-1"),
        ("sms", "nonsense", "-1"),
        ("sms", {**QUERY, "c": ""}, "-1"),
        ("sms", WHO, "-1"),
        ("sms", {**QUERY, "M": "1"}, "-1"),
        ("sms", f"u={USERNAME}&p={API_KEY}&m=13000000123&m=13000000124&c=x", "-1"),
        ("sms", f"u={USERNAME}&p={API_KEY}&m=13000000123&c=%FF", "-1"),
        ("sms", {**QUERY, "g": "another"}, "-1"),
        ("sms", {**QUERY, "u": "nobody"}, "40"),
        ("sms", {**QUERY, "p": LOGIN_PASSWORD}, "30"),
        ("sms", {**QUERY, "p": API_KEY.upper()}, "30"),
        ("sms", {**QUERY, "m": "8613000000123"}, "51"),
        ("sms", {**QUERY, "m": "+8613000000123"}, "51"),
        ("sms", {**QUERY, "m": "12000000123"}, "51"),
        ("sms", {**QUERY, "m": "13000000123,13000000124"}, "51"),
        ("sms", {**QUERY, "m": "+447700900123"}, "51"),
        ("sms", {**QUERY, "c": "x" * 501}, "50"),
        ("wsms", {**QUERY, "m": "447700900123"}, "51"),
        ("wsms", {**QUERY, "m": "+8613000000123"}, "51"),
        ("wsms", f"u={USERNAME}&p={API_KEY}&m=+447700900123&c=x", "51"),
        ("wsms", {**QUERY, "m": "+447700900123", "g": GOODS_ID}, "-1"),
        ("query", {"u": USERNAME, "p": "wrong"}, "30"),
        ("query", {**WHO, "m": "13000000123"}, "-1"),
    ],
)
async def test_refuses_what_smsbao_refuses(
    emulator: str, path: str, query: dict[str, str] | str, code: str
) -> None:
    response = await ask(emulator, query, path=path)

    assert (response.status_code, response.text) == (200, code)
    assert await accepted(emulator) == []


@pytest.mark.parametrize("spell", [str.lower, str.upper])
async def test_the_md5_may_be_in_either_case(emulator: str, spell: Any) -> None:
    digest = "e90823f76f826f2fe7d8da8cfb21c138"
    response = await ask(emulator, {**QUERY, "p": spell(digest)})

    assert response.text == "0"


async def test_everything_is_a_get(emulator: str) -> None:
    response = await ask(emulator, QUERY, method="POST")

    assert response.status_code == 405
    assert await accepted(emulator) == []
