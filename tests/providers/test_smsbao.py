"""SMSBao: what is asked, how its numbers are read, and what is written down nowhere."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
    message_to,
)
from watchword.core.phone import PhoneNumber
from watchword.providers.smsbao.config import DEFAULTS, SmsBaoConfig
from watchword.providers.smsbao.connector import SmsBaoConnector
from watchword.providers.smsbao.errors import ERRORS

VECTORS = {
    vector["name"]: vector
    for vector in json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
    if vector["provider"] == "smsbao"
}
KEY = "0123456789abcdef0123456789abcdef"
MAINLAND = PhoneNumber("8613000000123")
CONFIG = {"username": "user", "passwordOrApiKey": KEY, "templates": DEFAULTS}


def made(config: dict[str, Any] | None = None, **others: Any) -> SmsBaoConnector:
    return SmsBaoConnector(SmsBaoConfig.parse({**CONFIG, **(config or {})}), context(**others))


def saying(text: str, status: int = 200) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(status, text=text)


class TestSmsBao(HttpConnectorContract):
    message = message_to(MAINLAND)

    @pytest.fixture
    def connector(self) -> SmsBaoConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, text="0")


class TestWithEverySetting(TestSmsBao):
    message = MESSAGE  # abroad

    @pytest.fixture
    def connector(self) -> SmsBaoConnector:
        return made(
            {
                "passwordOrApiKey": "p@ssw0rd",
                "sendAsMd5": True,
                "goodsId": "123456",
                "messagesPerSecond": 5,
            }
        )


def test_asks_smsbao_to_text_the_code() -> None:
    request = made().build_request(message_to(MAINLAND))

    assert request.method == "GET"
    assert (request.url.scheme, request.url.host, request.url.path) == (
        "https",
        "api.smsbao.com",
        "/sms",
    )
    assert dict(request.url.params) == {
        "u": "user",
        "p": KEY,
        "m": "13000000123",
        "c": f"【Watchword】您的验证码是{CODE}，10分钟内有效，请勿泄露给他人。",
    }


def test_the_address_is_as_the_vector_says() -> None:
    vector = VECTORS["full request URL (UTF-8 form encoding)"]
    inputs = vector["inputs"]
    text = inputs["c"].replace("1234", "{{code}}")
    connector = made(
        {
            "username": inputs["u"],
            "passwordOrApiKey": inputs["p"],
            "goodsId": inputs["g"],
            "templates": [{"usageType": "Generic", "content": text}],
        }
    )
    message = message_to(PhoneNumber("86" + inputs["m"]), variables={"code": "1234"})

    assert str(connector.build_request(message).url) == vector["expected"]["url"]


def test_a_login_password_goes_out_as_the_vector_says() -> None:
    vector = VECTORS["MD5 password form"]
    config = {"passwordOrApiKey": vector["inputs"]["password"], "sendAsMd5": True}
    request = made(config).build_request(message_to(MAINLAND))

    assert request.url.params["p"] == vector["expected"]["p"]


def test_all_vectors_are_used() -> None:
    assert len(VECTORS) == 2


@pytest.mark.parametrize(
    ("digits", "path", "number"),
    [
        ("8613000000123", "/sms", b"m=13000000123&"),
        ("861012345678", "/sms", b"m=1012345678&"),
        ("447700900123", "/wsms", b"m=%2B447700900123&"),
        ("85251234567", "/wsms", b"m=%2B85251234567&"),
    ],
)
def test_other_countries_have_a_path_of_their_own(digits: str, path: str, number: bytes) -> None:
    url = made({"goodsId": "123456"}).build_request(message_to(PhoneNumber(digits))).url

    assert url.path == path
    assert number in url.raw_path
    # A channel of one's own is one inside China.
    assert ("g" in url.params) == (path == "/sms")


def test_a_config_from_elsewhere_pastes_in() -> None:
    pasted = {
        "username": "user",
        "passwordOrApiKey": KEY,
        "goodsId": "123456",
        "templates": [{"usageType": "SignIn", "content": "【示例】您的验证码是{{code}}。"}],
    }

    assert SmsBaoConfig.parse(pasted).reveal() == pasted


def test_some_text_there_must_be() -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"templates": []})

    assert refused.value.fields == {"templates": "connector_kit.form.required"}


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ({}, []),
        ({"passwordOrApiKey": "p@ssw0rd"}, ["passwordOrApiKey"]),
        ({"templates": [{"usageType": "Generic", "content": "{{code}}"}]}, ["templates"]),
        ({"templates": [{"usageType": "Generic", "content": "【一二】{{code}}"}]}, ["templates"]),
        (
            {"templates": [{"usageType": "SignIn", "content": "【一二三】{{code}}"}]},
            ["templates"],
        ),
    ],
)
def test_unusual_values_warn_and_are_accepted(config: dict[str, Any], keys: list[str]) -> None:
    warnings = SmsBaoConfig.parse({**CONFIG, **config}).warnings()

    assert [warning.key for warning in warnings] == keys
    assert all(warning.shape.keys() == {"en", "ko"} for warning in warnings)


@pytest.mark.parametrize("body", ["0", "0\n", " 0\r\n"])
async def test_zero_is_a_success_without_an_id(body: str) -> None:
    receipt = await answered_by(made(), saying(body)).send(message_to(MAINLAND))

    assert receipt.provider_message_id is None


@pytest.mark.parametrize(
    ("code", "expected", "words"), [(code, *reason) for code, reason in ERRORS.items()]
)
async def test_a_number_says_who_must_act(
    code: str, expected: type[ConnectorError], words: str
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), saying(code)).send(message_to(MAINLAND))

    assert type(refused.value) is expected
    assert refused.value.words == f"SMSBao {code}: {words}"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("30", errors.InvalidCredentials),
        ("40", errors.InvalidCredentials),
        ("41", errors.InsufficientBalance),
        ("42", errors.AccountSuspended),
        ("43", errors.ProviderSettingsRefused),
        ("50", errors.TemplateRejected),
        ("51", errors.InvalidRecipient),
    ],
)
def test_the_numbers_that_matter_most(code: str, expected: type[ConnectorError]) -> None:
    assert ERRORS[code][0] is expected


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ("99", 200, errors.ProviderRejected),
        ("-99", 200, errors.ProviderRejected),
        ("00", 200, errors.ProviderRejected),
        ("٠", 200, errors.UnreadableAnswer),
        ("", 200, errors.UnreadableAnswer),
        ("0 ok", 200, errors.UnreadableAnswer),
        ("30\nmore", 200, errors.UnreadableAnswer),
        ("<html>0</html>", 200, errors.UnreadableAnswer),
        ("0", 500, errors.ProviderUnavailable),
        ("0", 404, errors.ProviderSettingsRefused),
    ],
)
async def test_anything_else_is_no_success(
    body: str, status: int, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), saying(body, status)).send(message_to(MAINLAND))

    assert type(refused.value) is expected


async def test_what_is_left_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, dict(request.url.params)))
        return httpx2.Response(200, text="0\n12,345")

    assert await answered_by(made(), answer).check_credentials() == "SMSBao: 12 sent, 345 left"
    assert asked == [("GET", "/query", {"u": "user", "p": KEY})]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("30", errors.InvalidCredentials),
        ("0", errors.UnreadableAnswer),
        ("0\nmany", errors.UnreadableAnswer),
    ],
)
async def test_a_check_without_an_answer_is_no_success(
    body: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(expected):
        await answered_by(made(), saying(body)).check_credentials()


# The key, or its MD5, stands in every address.

MD5_OF_PASSWORD = "0f359740bd1cda994f8b55330c86d845"
SECRETS = [
    ({"passwordOrApiKey": KEY}, (KEY, KEY.upper())),
    (
        {"passwordOrApiKey": "p@ssw0rd", "sendAsMd5": True},
        ("p@ssw0rd", MD5_OF_PASSWORD, MD5_OF_PASSWORD.upper()),
    ),
    ({"passwordOrApiKey": "p@ss w&rd"}, ("p@ss w&rd", "p%40ss+w%26rd", "P@SS W&RD")),
]


@pytest.mark.parametrize(("config", "spellings"), SECRETS)
@pytest.mark.parametrize("status", [200, 400, 503])
async def test_no_spelling_of_the_secret_is_in_any_words(
    config: dict[str, Any], spellings: tuple[str, ...], status: int
) -> None:
    def repeating(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, text=f"send failed: {request.url} {' '.join(spellings)}")

    connector = answered_by(made(config), repeating)
    for ask in (lambda: connector.send(message_to(MAINLAND)), connector.check_credentials):
        with pytest.raises(ConnectorError) as refused:
            await ask()
        shown = f"{refused.value!r} {refused.value.words} {refused.value.detail}"
        assert "send failed" in shown
        assert [spelling for spelling in spellings if spelling in shown] == []
        assert CODE not in shown
        assert "0000" not in shown


@pytest.mark.parametrize(("config", "spellings"), SECRETS)
@pytest.mark.parametrize("failure", [None, httpx2.ConnectError, httpx2.ReadError])
async def test_the_address_is_in_no_log(
    config: dict[str, Any],
    spellings: tuple[str, ...],
    failure: type[httpx2.TransportError] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if failure is not None:
            raise failure("failed", request=request)
        return httpx2.Response(200, text="0")

    caplog.set_level(logging.DEBUG)
    shown = ""
    try:
        shown = str(await answered_by(made(config), answer).send(message_to(MAINLAND)))
    except ConnectorError as error:
        shown = f"{error!r} {error.words} {error.detail}"

    written = shown + caplog.text
    assert [spelling for spelling in spellings if spelling in written] == []
    assert "smsbao.com" not in written
    assert CODE not in written
