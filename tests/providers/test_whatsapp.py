"""WhatsApp: what is asked, how answers and webhook calls are read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, ReportRefused
from watchword.connector_kit.models import ReportReply, ReportRequest, UsageType
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
    message_to,
)
from watchword.core.phone import PhoneNumber
from watchword.providers.whatsapp.config import WhatsAppConfig, default_templates
from watchword.providers.whatsapp.connector import WhatsAppConnector, signature_of
from watchword.providers.whatsapp.errors import ERRORS

[VECTOR] = [
    vector
    for vector in json.loads((Path(__file__).parent / "vectors.json").read_text())
    if vector["provider"] == "whatsapp"
]
TOKEN = "EAAtoken0123456789"
SECRET = VECTOR["inputs"]["appSecret"]
VERIFY_TOKEN = "a-text-of-our-own"
WAMID = "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI0OTg3RTlBQjAzQUM2QjU2RTQA"
NUMBER_ID = "106540352242922"
URL = "https://auth.example.com/receipts/instance-1"

CONFIG = {
    "accessToken": TOKEN,
    "phoneNumberId": NUMBER_ID,
    "appSecret": SECRET,
    "verifyToken": VERIFY_TOKEN,
    "templates": default_templates("en"),
}

# After the example in Meta's documentation of the messages endpoint.
ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "447700900123", "wa_id": "447700900123"}],
    "messages": [{"id": WAMID, "message_status": "accepted"}],
}


def made(config: dict[str, Any] | None = None) -> WhatsAppConnector:
    return WhatsAppConnector(WhatsAppConfig.parse({**CONFIG, **(config or {})}), context())


def with_templates(*templates: dict[str, Any]) -> WhatsAppConnector:
    return made({"templates": [*default_templates("en"), *templates]})


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


def refusal(
    code: int, status: int, words: str = "Something", details: str | None = None
) -> httpx2.Response:
    error: dict[str, Any] = {
        "message": f"(#{code}) {words}",
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "AbCdEf",
    }
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return httpx2.Response(status, json={"error": error})


class TestWhatsApp(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> WhatsAppConnector:
        return made({"appSecret": None, "verifyToken": None})

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=ACCEPTED)


class TestWithEverySetting(TestWhatsApp):
    @pytest.fixture
    def connector(self) -> WhatsAppConnector:
        return made({"graphVersion": "v23.0"})


def test_asks_whatsapp_to_send_the_template_with_the_code_in_body_and_button() -> None:
    request = made().build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == f"https://graph.facebook.com/v24.0/{NUMBER_ID}/messages"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert body_of(request) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "447700900123",
        "type": "template",
        "template": {
            "name": "sign_in_code",
            "language": {"code": "en"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": CODE}]},
                {
                    "type": "button",
                    "sub_type": "url",
                    "index": "0",
                    "parameters": [{"type": "text", "text": CODE}],
                },
            ],
        },
        "biz_opaque_callback_data": "message-1",
    }


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("en", "en"),
        ("es-AR", "es_AR"),
        ("es-MX", "es_AR"),
        ("pt-BR", "pt_BR"),
        ("ja", "en"),
        (None, "en"),
    ],
)
def test_the_template_is_in_the_language_nearest_to_the_persons(
    language: str | None, code: str
) -> None:
    connector = with_templates(
        {"usageType": "SignIn", "templateName": "sign_in_code", "language": "es_AR"},
        {"usageType": "SignIn", "templateName": "sign_in_code", "language": "pt_BR"},
    )

    template = body_of(connector.build_request(replace(MESSAGE, language=language)))["template"]

    assert template["language"] == {"code": code}


def test_only_declared_variables_go_out_in_their_order() -> None:
    template = {
        "usageType": "BindMfa",
        "templateName": "two_values",
        "parameters": ["minutes", "code"],
        "button": None,
    }
    others = [each for each in default_templates("en") if each["usageType"] != "BindMfa"]
    connector = made({"templates": [*others, template]})

    body = body_of(connector.build_request(replace(MESSAGE, usage=UsageType.BIND_MFA)))

    texts = [{"type": "text", "text": "10"}, {"type": "text", "text": CODE}]
    assert body["template"]["components"] == [{"type": "body", "parameters": texts}]


@pytest.mark.parametrize("wrong", [{"parameters": ["kode"]}, {"button": "kode"}])
def test_a_variable_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig) as refused:
        with_templates({"usageType": "SignIn", "templateName": "x", **wrong})

    assert refused.value.fields == {"templates": "connector_kit.form.unknown_variable"}


def test_an_unused_usage_type_takes_the_generic_template() -> None:
    templates = [
        template
        for template in default_templates("en")
        if template["usageType"] in {"SignIn", "Register", "ForgotPassword", "Generic"}
    ]

    body = body_of(
        made({"templates": templates}).build_request(replace(MESSAGE, usage=UsageType.BIND_MFA))
    )

    assert body["template"]["name"] == "verification_code"


def test_a_config_of_the_contract_pastes_in_unchanged() -> None:
    pasted = {
        "accessToken": "EAApasted",
        "phoneNumberId": "1234567890",
        "templates": [
            {"usageType": "SignIn", "templateName": "their_sign_in", "language": "en"},
            {"usageType": "Register", "templateName": "their_register", "language": "es_AR"},
            {"usageType": "ForgotPassword", "templateName": "their_forgot", "language": "en"},
            {"usageType": "Generic", "templateName": "their_generic", "language": "en"},
        ],
    }

    config = WhatsAppConfig.parse(pasted)

    assert config.reveal() == pasted
    assert config.templates[1].language == "es_AR"


def test_required_usage_types_are_named() -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"templates": default_templates("en")[:1]})

    assert refused.value.fields == {"templates": "connector_kit.form.template_missing"}
    assert "Register" in refused.value.words


@pytest.mark.parametrize("version", ["24", "v24", "v24.0/../me", "v24.0?x=", "latest"])
def test_a_graph_version_is_a_version_and_nothing_more(version: str) -> None:
    with pytest.raises(InvalidConfig):
        made({"graphVersion": version})


def test_an_odd_number_id_stays_inside_the_path() -> None:
    url = made({"phoneNumberId": "../me?x#y"}).build_request(MESSAGE).url

    assert url.raw_path == b"/v24.0/..%2Fme%3Fx%23y/messages"


async def test_keeps_the_message_id() -> None:
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, json=ACCEPTED)).send(MESSAGE)

    assert receipt.provider_message_id == WAMID
    assert receipt.words == "WhatsApp: accepted"


async def test_a_message_held_for_assessment_was_accepted() -> None:
    held = {"messages": [{"id": WAMID, "message_status": "held_for_quality_assessment"}]}
    receipt = await answered_by(made(), lambda _: httpx2.Response(200, json=held)).send(MESSAGE)

    assert receipt.words == "WhatsApp: held_for_quality_assessment"


@pytest.mark.parametrize("messages", [[], [{}], [{"id": None}]])
async def test_a_number_spelled_whatsapps_way_is_in_no_words(messages: list[Any]) -> None:
    # A Brazilian mobile number, which WhatsApp knows without its ninth digit.
    message = message_to(PhoneNumber("5511900000123"))
    contacts = [{"input": "5511900000123", "wa_id": "551100000123"}]
    body = {"contacts": contacts, "messages": messages}

    with pytest.raises(errors.UnreadableAnswer) as lost:
        await answered_by(made(), lambda _: httpx2.Response(200, json=body)).send(message)
    assert "0123" not in lost.value.words


@pytest.mark.parametrize("code", sorted(ERRORS.keys() - set(range(201, 299))))
async def test_a_code_says_who_must_act(code: int) -> None:
    expected, _ = ERRORS[code]
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, 400, "Words", "more")).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"WhatsApp {code}: Words (more)"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (0, 401, errors.InvalidCredentials),
        (4, 400, errors.ProviderThrottled),
        (10, 403, errors.InvalidCredentials),
        (33, 400, errors.ProviderSettingsRefused),
        (100, 400, errors.ProviderSettingsRefused),
        (131000, 500, errors.ProviderUnavailable),
        (131026, 400, errors.RecipientUnreachable),
        (131030, 400, errors.AccountSuspended),
        (131042, 400, errors.InsufficientBalance),
        (131045, 400, errors.SenderRejected),
        (131048, 429, errors.QuotaExhausted),
        (131056, 429, errors.RecipientThrottled),
        (132001, 404, errors.TemplateRejected),
        (299, 403, errors.InvalidCredentials),
        # Not in our table: the status decides.
        (999999, 400, errors.ProviderRejected),
        (999999, 503, errors.ProviderUnavailable),
    ],
)
async def test_codes_are_sorted_as_the_guide_says(
    code: int, status: int, expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: refusal(code, status)).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"WhatsApp {code}: Something"


async def test_a_failure_with_status_200_is_a_failure() -> None:
    with pytest.raises(errors.InvalidCredentials):
        await answered_by(made(), lambda _: refusal(190, 200)).send(MESSAGE)


async def test_the_number_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, request.headers["authorization"]))
        assert request.url.params["fields"].startswith("id,display_phone_number")
        body = {"verified_name": "Acme", "display_phone_number": "+1 555", "quality_rating": "RED"}
        return httpx2.Response(200, json=body)

    words = await answered_by(made(), answer).check_credentials()

    assert words == "WhatsApp: Acme, +1 555, RED"
    assert asked == [("GET", f"/v24.0/{NUMBER_ID}", f"Bearer {TOKEN}")]


async def test_an_expired_token_is_said_plainly() -> None:
    connector = answered_by(made(), lambda _: refusal(190, 401, f"{TOKEN} expired"))
    with pytest.raises(errors.InvalidCredentials) as refused:
        await connector.check_credentials()
    assert TOKEN not in refused.value.words


# The webhook. The vector was made after Meta's rule: HMAC-SHA256 of the bytes as they came.


def status(state: str, **others: Any) -> dict[str, Any]:
    found = {"id": WAMID, "status": state, "timestamp": "1767323045"}
    return {**found, "recipient_id": "16505551234", **others}


def called(*statuses: dict[str, Any], number_id: str = NUMBER_ID) -> ReportRequest:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": number_id},
        "statuses": list(statuses),
    }
    change = {"value": value, "field": "messages"}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [change]}]})
    return signed(body.encode())


def signed(body: bytes) -> ReportRequest:
    return ReportRequest("POST", URL, {"x-hub-signature-256": signature_of(body, SECRET)}, body)


def test_signs_as_the_vector_does() -> None:
    signature = signature_of(VECTOR["inputs"]["body"].encode(), SECRET)

    assert signature == VECTOR["expected"]["header"]


def test_the_vector_is_read_as_a_delivery() -> None:
    headers = {"x-hub-signature-256": VECTOR["expected"]["header"]}
    request = ReportRequest("POST", URL, headers, VECTOR["inputs"]["body"].encode())
    [read] = made().read_report(request)

    assert (read.provider_message_id, read.state) == (WAMID, "delivered")


@pytest.mark.parametrize(
    ("state", "expected"),
    [("sent", []), ("delivered", ["delivered"]), ("read", ["delivered"]), ("of tomorrow", [])],
)
def test_only_a_final_status_moves_a_message(state: str, expected: list[str]) -> None:
    assert [found.state for found in made().read_report(called(status(state)))] == expected


def test_an_undelivered_message_says_why_in_words_of_ours() -> None:
    error = {"code": 131026, "title": "Message undeliverable", "message": "to 16505551234"}
    [read] = made().read_report(
        called(status("failed", errors=[error], biz_opaque_callback_data="message-1"))
    )

    assert (read.state, read.error_class) == ("undelivered", "recipient_unreachable")
    assert read.words == "WhatsApp 131026: the number is not on WhatsApp, or its app is too old"
    assert read.message_id == "message-1"


@pytest.mark.parametrize("found", [[], [{}], [{"code": 5}], [{"code": 0}]])
def test_an_unknown_reason_is_no_reason_to_fail(found: list[Any]) -> None:
    [read] = made().read_report(called(status("failed", errors=found)))

    assert read.state == "undelivered"
    assert read.error_class


def test_several_states_come_in_one_call_and_other_numbers_are_not_ours() -> None:
    two = called(status("sent"), status("delivered"), status("delivered", id="wamid.other"))

    assert [found.provider_message_id for found in made().read_report(two)] == [
        WAMID,
        "wamid.other",
    ]
    assert made().read_report(called(status("delivered"), number_id="another")) == []


def test_a_message_that_somebody_wrote_to_us_is_no_report() -> None:
    value = {"metadata": {"phone_number_id": NUMBER_ID}, "messages": [{"id": "wamid.in"}]}
    body = json.dumps({"entry": [{"changes": [{"value": value, "field": "messages"}]}]})

    assert made().read_report(signed(body.encode())) == []


def test_a_call_that_meta_did_not_sign_is_refused() -> None:
    genuine = called(status("delivered"))
    wrong = {"x-hub-signature-256": signature_of(genuine.body, "another secret")}
    for forged in (
        replace(genuine, headers={}),
        replace(genuine, headers=wrong),
        replace(genuine, headers={"x-hub-signature-256": "ü"}),
        replace(genuine, body=genuine.body + b" "),
    ):
        with pytest.raises(ReportRefused):
            made().read_report(forged)
    with pytest.raises(ReportRefused):
        made({"appSecret": None}).read_report(genuine)


def subscription(**others: str) -> ReportRequest:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": VERIFY_TOKEN,
        **others,
    }
    return ReportRequest("GET", str(httpx2.URL(URL, params=query)), {}, b"")


def test_the_webhooks_challenge_is_repeated() -> None:
    assert made().read_report(subscription()) == []
    assert made().answer_report(subscription()) == ReportReply(200, b"1158201444", "text/plain")


@pytest.mark.parametrize(
    "others", [{"hub.verify_token": "guessed"}, {"hub.verify_token": ""}, {"hub.mode": "x"}]
)
def test_a_challenge_without_the_verify_token_is_refused(others: dict[str, str]) -> None:
    for ask in (made().read_report, made().answer_report):
        with pytest.raises(ReportRefused):
            ask(subscription(**others))


def test_without_a_verify_token_nobody_can_subscribe() -> None:
    with pytest.raises(ReportRefused):
        made({"verifyToken": None}).answer_report(subscription())


def test_a_report_is_answered_with_200_as_meta_wants_it() -> None:
    assert made().answer_report(called(status("delivered"))) == ReportReply(200)
