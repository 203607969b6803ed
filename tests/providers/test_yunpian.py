"""Yunpian: what is asked, how answers and pushes are read."""

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, ReportRefused
from watchword.connector_kit.models import ReportRequest
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
    message_to,
)
from watchword.core.phone import PhoneNumber
from watchword.providers.yunpian.config import DEFAULTS, YunpianConfig
from watchword.providers.yunpian.connector import YunpianConnector
from watchword.providers.yunpian.errors import ERRORS

KEY = "0123456789abcdef0123456789abcdef"
MAINLAND = PhoneNumber("8613000000123")
CONFIG = {"apikey": KEY, "templates": DEFAULTS}
# After the example in the provider's documentation.
ACCEPTED = {
    "code": 0,
    "msg": "发送成功",
    "count": 1,
    "fee": 0.05,
    "unit": "RMB",
    "mobile": "13000000123",
    "sid": 3310228982,
}


def made(config: dict[str, Any] | None = None, **others: Any) -> YunpianConnector:
    return YunpianConnector(YunpianConfig.parse({**CONFIG, **(config or {})}), context(**others))


def form_of(request: httpx2.Request) -> dict[str, str]:
    return dict(httpx2.QueryParams(request.content.decode()))


def refusal(code: Any, status: int = 400, msg: str = "no", detail: str = "") -> httpx2.Response:
    body = {"http_status_code": status, "code": code, "msg": msg, "detail": detail}
    return httpx2.Response(status, json=body)


class TestYunpian(HttpConnectorContract):
    message = message_to(MAINLAND)

    @pytest.fixture
    def connector(self) -> YunpianConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=ACCEPTED)


class TestWithEverySetting(TestYunpian):
    message = MESSAGE  # abroad

    @pytest.fixture
    def connector(self) -> YunpianConnector:
        settings = {
            "enableInternational": True,
            "unsupportedCountriesMsg": "Only mainland China.",
            "host": "us.yunpian.com",
            "messagesPerSecond": 5,
        }
        return made(settings, public_receipts=True)


def test_asks_yunpian_to_text_the_code() -> None:
    request = made().build_request(message_to(MAINLAND))

    assert request.method == "POST"
    assert str(request.url) == "https://sms.yunpian.com/v2/sms/single_send.json"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded;charset=utf-8"
    assert request.headers["accept"] == "application/json;charset=utf-8"
    assert form_of(request) == {
        "apikey": KEY,
        "mobile": "13000000123",
        "text": f"【Watchword】您的验证码是{CODE}，10分钟内有效，请勿泄露给他人。",
    }


@pytest.mark.parametrize(
    ("digits", "mobile"),
    [
        ("8613000000123", b"mobile=13000000123&"),
        ("861012345678", b"mobile=1012345678&"),
        ("447700900123", b"mobile=%2B447700900123&"),
        ("85251234567", b"mobile=%2B85251234567&"),
        ("13000000123", b"mobile=%2B13000000123&"),
    ],
)
def test_only_a_foreign_number_has_a_plus(digits: str, mobile: bytes) -> None:
    request = made({"enableInternational": True}).build_request(message_to(PhoneNumber(digits)))

    assert mobile in request.content


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"unsupportedCountriesMsg": "Only mainland China."}, "Only mainland China."),
        (
            {"unsupportedCountriesMsg": ""},
            "numbers outside mainland China are switched off in the connector's settings",
        ),
    ],
)
async def test_a_foreign_number_is_turned_down_aloud_unless_it_is_allowed(
    config: dict[str, str], words: str
) -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json=ACCEPTED)

    with pytest.raises(errors.RegionUnsupported) as refused:
        await answered_by(made(config), answer).send(MESSAGE)

    assert refused.value.words == f"Yunpian: {words}"
    assert asked == []


@pytest.mark.parametrize("host", ["sms.yunpian.com", "us.yunpian.com"])
def test_there_are_two_hosts(host: str) -> None:
    assert made({"host": host}).build_request(message_to(MAINLAND)).url.host == host


def test_reports_are_asked_for_only_where_yunpian_can_reach_us() -> None:
    message = message_to(MAINLAND)

    assert "callback_url" not in form_of(made().build_request(message))
    public = form_of(made(public_receipts=True).build_request(message))
    assert public["callback_url"] == MESSAGE.receipt_url
    nowhere = message_to(MAINLAND, receipt_url=None)
    assert "callback_url" not in form_of(made(public_receipts=True).build_request(nowhere))


def test_a_config_from_elsewhere_pastes_in() -> None:
    pasted = {
        "apikey": KEY,
        "enableInternational": False,
        "unsupportedCountriesMsg": "Only mainland China.",
        "templates": [
            {"usageType": usage, "content": "【示例】您的验证码是{{code}}。"}
            for usage in ("SignIn", "Register", "ForgotPassword", "Generic")
        ],
    }

    assert YunpianConfig.parse(pasted).reveal() == pasted


@pytest.mark.parametrize(
    ("templates", "phrase"),
    [
        ([{"usageType": "SignIn", "content": "{{code}}"}], "template_missing"),
        ([*DEFAULTS, {"usageType": "SignIn", "content": "【示例】验证码#code#"}], "invalid"),
        ([*DEFAULTS, {"usageType": "SignIn", "content": "{{secret}}"}], "unknown_variable"),
    ],
)
def test_templates_are_checked_before_anyone_waits_for_a_code(
    templates: list[dict[str, str]], phrase: str
) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"templates": templates})

    assert refused.value.fields == {"templates": f"connector_kit.form.{phrase}"}


def test_the_form_starts_with_texts_that_can_be_approved() -> None:
    for language in ("en", "ko"):
        [templates] = [
            item for item in YunpianConfig.form_items(language) if item["key"] == "templates"
        ]
        assert templates["defaultValue"] == DEFAULTS
        assert all("origin_line" not in template["content"] for template in DEFAULTS)


async def test_keeps_the_id_for_reports_and_the_segments() -> None:
    body = {**ACCEPTED, "count": 2}
    sent = await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(
        message_to(MAINLAND)
    )

    assert (sent.provider_message_id, sent.segments) == ("3310228982", 2)
    assert sent.words == "Yunpian: 发送成功"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {**ACCEPTED, "sid": None}, errors.UnreadableAnswer),
        (200, {key: ACCEPTED[key] for key in ("msg", "sid")}, errors.UnreadableAnswer),
        (200, {**ACCEPTED, "code": 3}, errors.InsufficientBalance),
        (200, {**ACCEPTED, "code": 4711}, errors.ProviderRejected),
        (400, ACCEPTED, errors.ProviderRejected),
        (503, ACCEPTED, errors.ProviderUnavailable),
    ],
)
async def test_a_success_needs_the_status_the_code_and_an_id(
    status: int, body: dict[str, Any], expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: httpx2.Response(status, json=body)).send(
            message_to(MAINLAND)
        )

    assert type(refused.value) is expected


@pytest.mark.parametrize(("code", "expected"), [*ERRORS.items()])
@pytest.mark.parametrize("status", [200, 400])
async def test_a_code_says_who_must_act_whatever_the_status(
    code: int, expected: type[ConnectorError], status: int
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, status, "words", "more")).send(
            message_to(MAINLAND)
        )

    assert type(refused.value) is expected
    assert refused.value.words == f"Yunpian {code}: words; more"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (3, errors.InsufficientBalance),
        (5, errors.TemplateRejected),
        (8, errors.RecipientThrottled),
        (10, errors.RecipientOptedOut),
        (15, errors.SenderRejected),
        (17, errors.RecipientThrottled),
        (20, errors.RegionUnsupported),
        (22, errors.RecipientThrottled),
        (-1, errors.InvalidCredentials),
        (-3, errors.ProviderSettingsRefused),
        (-4, errors.QuotaExhausted),
        (-5, errors.ProviderThrottled),
        (-51, errors.ProviderUnavailable),
    ],
)
def test_the_codes_that_matter_most(code: int, expected: type[ConnectorError]) -> None:
    assert ERRORS[code] is expected


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("参数 mobile 格式不正确", errors.InvalidRecipient),
        ("手机号格式不正确", errors.InvalidRecipient),
        ("参数 text 格式不正确", errors.ProviderRejected),
    ],
)
async def test_a_malformed_number_is_told_from_another_malformed_field(
    detail: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(2, detail=detail)).send(message_to(MAINLAND))

    assert type(refused.value) is expected


async def test_a_throttle_may_say_how_long() -> None:
    throttled = refusal(-5)
    throttled.headers["Retry-After"] = "7"
    with pytest.raises(errors.ProviderThrottled) as refused:
        await answered_by(made(), lambda _: throttled).send(message_to(MAINLAND))

    assert refused.value.retry_after is not None
    assert refused.value.retry_after.seconds == 7


@pytest.mark.parametrize("spelling", ["13000000123", "+8613000000123", "130 0000 0123"])
async def test_a_mainland_number_is_kept_out_of_the_words(spelling: str) -> None:
    answer = refusal(2, detail=f"mobile {spelling}")
    with pytest.raises(errors.InvalidRecipient) as refused:
        await answered_by(made(), lambda _: answer).send(message_to(MAINLAND))

    assert "0000" not in refused.value.words


Failing = Callable[[httpx2.Request], httpx2.Response]


def _lost(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadError(f"lost {request.content!r}", request=request)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx2.Response(200, json=ACCEPTED),
        lambda request: refusal(-1, detail=request.content.decode()),
        lambda request: httpx2.Response(200, content=request.content),
        _lost,
    ],
)
async def test_the_key_is_in_no_log_and_in_no_words(
    answer: Failing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    words = ""
    try:
        words = (await answered_by(made(), answer).send(message_to(MAINLAND))).words
    except ConnectorError as error:
        words = f"{error!r} {error.words} {error.detail}"

    assert KEY not in words
    assert KEY not in caplog.text


async def test_the_account_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, form_of(request)))
        account = {"nick": "Acme", "balance": 12.5, "mobile": "13000000000", "email": "a@b.example"}
        return httpx2.Response(200, json=account)

    found = await answered_by(made(), answer).check_credentials()

    assert found == "Yunpian: Acme, balance 12.5"
    assert asked == [("POST", "/v2/user/get.json", {"apikey": KEY})]


@pytest.mark.parametrize("status", [200, 400])
async def test_a_wrong_key_is_said_plainly(status: int) -> None:
    with pytest.raises(errors.InvalidCredentials) as refused:
        await answered_by(made(), lambda _: refusal(-1, status, KEY)).check_credentials()

    assert KEY not in refused.value.words


# Pushes.

URL = "https://auth.example.com/receipts/instance-1/token?message=m1"


def pushed(value: str) -> ReportRequest:
    return ReportRequest("POST", URL, {}, f"sms_status={quote(value)}".encode())


def state(sid: Any, status: str, **others: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "uid": None,
        "user_receive_time": "2026-01-01 08:00:00",
        "error_msg": "",
        "mobile": "13000000123",
        "report_status": status,
        **others,
    }


@pytest.mark.parametrize("spell", [str, quote], ids=["encoded once", "encoded twice"])
def test_a_push_tells_of_several_messages(spell: Callable[[str], str]) -> None:
    states = [
        state(3310228982, "SUCCESS"),
        state("3310228983", "FAIL", error_msg="DB:0141"),
        state(3310228984, "FAIL"),
        state(3310228985, "OF_TOMORROW"),
    ]
    read = made().read_report(pushed(spell(json.dumps(states, ensure_ascii=False))))

    assert [(found.provider_message_id, found.state, found.words) for found in read] == [
        ("3310228982", "delivered", ""),
        ("3310228983", "undelivered", "Yunpian FAIL: DB:0141"),
        ("3310228984", "undelivered", "Yunpian FAIL: no reason given"),
    ]
    assert {found.error_class for found in read[1:]} == {"recipient_unreachable"}


@pytest.mark.parametrize(
    "value", ["", "x", '{"a": 1}', "[1]", "null", '[{"sid": "x", "report_status": "FAIL"}]', "[{}]"]
)
def test_what_is_no_list_of_states_is_refused(value: str) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(pushed(value))


def test_a_push_is_answered_with_the_word_that_ends_it() -> None:
    reply = made().answer_report(pushed("[]"))

    assert (reply.status, reply.body, reply.content_type) == (200, b"SUCCESS", "text/plain")
