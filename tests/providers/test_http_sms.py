"""The tenant's own SMS service."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.fakes import FakeClock
from watchword.connector_kit import errors
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, UnreadableAnswer
from watchword.connector_kit.guides import guide
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
)
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.providers.http_sms.answers import passes, status_ranges, value_at
from watchword.providers.http_sms.config import BODY_VARIABLES, WebhookConfig
from watchword.providers.http_sms.connector import REASONS, WebhookConnector

ENDPOINT = "https://sms.example.com/send/?team=1"


def made(config: dict[str, Any] | None = None, **others: Any) -> WebhookConnector:
    given = {"endpoint": ENDPOINT, **(config or {})}
    return WebhookConnector(WebhookConfig.parse(given), context(**others))


class TestHttpSms(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> WebhookConnector:
        return made({"authorization": "Bearer t0ken-of-ours", "signingSecret": "sign-with-this"})

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(202, json={"messageId": "theirs-1"})


GATEWAY: dict[str, Any] = {
    "bodyFormat": "json",
    "body": {"key": "{{secret}}", "to": "{{to}}", "parts": ["{{text}}", 1, True, None]},
    "secret": "gateway-key",
    "numberFormat": "e164",
    "successTest": "equals",
    "successPath": "messages[0].state",
    "successValue": "queued",
    "messageIdPath": "messages[0].id",
}
QUEUED = {"messages": [{"state": "queued", "id": 7}]}


class TestGateway(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> WebhookConnector:
        return made(
            {
                **GATEWAY,
                "method": "PUT",
                "headers": {"X-Reference": "{{id}}"},
                "username": "user",
                "password": "pass-word",
                "templates": default_templates(),
                "successStatus": "200-202",
            }
        )

    def accepted(self) -> httpx2.Response:
        return httpx2.Response(200, json=QUEUED)


class TestQuery(TestGateway):
    @pytest.fixture
    def connector(self) -> WebhookConnector:
        return made(
            {
                **GATEWAY,
                "bodyFormat": "query",
                "body": {"u": "{{secret}}", "d": "{{to}}", "m": "{{text}}"},
                "method": "GET",
                "authorizationName": "X-Key",
                "authorization": "t0ken-2",
                "signingSecret": "sign-with-this",
            }
        )


def test_its_address_decides_where_secrets_go() -> None:
    moved = {"endpoint": "https://evil.example/"}

    assert WebhookConfig.sends_elsewhere({"endpoint": ENDPOINT}, moved)
    assert not WebhookConfig.sends_elsewhere({"endpoint": ENDPOINT}, {"endpoint": f" {ENDPOINT}\n"})


def test_sends_what_the_contract_says_and_no_more() -> None:
    request = made({"authorization": "Bearer t0ken"}).build_request(MESSAGE)

    assert str(request.url) == ENDPOINT
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.headers["idempotency-key"] == "message-1"
    assert httpx2.Response(200, content=request.content).json() == {
        "to": "447700900123",
        "type": "SignIn",
        "payload": {"code": CODE, "locale": "en"},
        "ip": "203.0.113.9",
    }


@pytest.mark.parametrize("connector", [made({"sendIp": False}), made()])
def test_an_address_is_left_out_when_it_is_not_wanted_or_not_known(
    connector: WebhookConnector,
) -> None:
    message = replace(MESSAGE, client_ip=None) if connector.config.sends_ip else MESSAGE

    assert b"203.0.113.9" not in connector.build_request(message).content


def test_without_an_authorization_there_is_no_header() -> None:
    assert "authorization" not in made({"authorization": ""}).build_request(MESSAGE).headers


def test_a_signing_secret_signs_time_and_body(clock: FakeClock) -> None:
    request = made({"signingSecret": "shared"}, clock=clock).build_request(MESSAGE)
    timestamp = request.headers["x-timestamp"]
    expected = hmac.new(b"shared", f"{timestamp}.".encode() + request.content, hashlib.sha256)

    assert int(timestamp) == int(clock.now().timestamp())
    assert request.headers["x-signature-256"] == f"sha256={expected.hexdigest()}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"messageId": "theirs-1"}', "theirs-1"),
        (b'{"messageId": 5}', "5"),
        (b'{"messageId": true}', None),
        (b'{"messageId": {"id": 5}}', None),
        (b'{"messageId": ""}', None),
        (b'["messageId"]', None),
        (b"OK", None),
        (b"", None),
    ],
)
async def test_any_2xx_is_sent_and_an_id_is_kept(body: bytes, expected: str | None) -> None:
    answer = answered_by(made(), lambda _: httpx2.Response(204, content=body))

    assert (await answer.send(MESSAGE)).provider_message_id == expected


def test_the_endpoint_is_needed() -> None:
    with pytest.raises(InvalidConfig):
        WebhookConfig.parse({"endpoint": " "})


def json_of(request: httpx2.Request) -> Any:
    return httpx2.Response(200, content=request.content).json()


def test_a_config_from_elsewhere_pastes_in() -> None:
    config = WebhookConfig.parse({"endpoint": ENDPOINT, "authorization": "Bearer t0ken"})

    assert config.reveal() == {"endpoint": ENDPOINT, "authorization": "Bearer t0ken"}
    assert config.warnings() == []


def test_the_two_settings_of_the_contract_come_first_in_the_form() -> None:
    items = WebhookConfig.form_items()

    assert [item["key"] for item in items[:2]] == ["endpoint", "authorization"]
    assert [item["key"] for item in items if item["required"]] == ["endpoint"]


def test_a_body_of_ones_own_is_filled_in_once() -> None:
    message = replace(MESSAGE, variables={**MESSAGE.variables, "code": "{{secret}}"})
    body = {"a": {"b": ["{{code}}", "{{ minutes }} min"]}, "n": 5, "link": "<{{link}}>"}

    request = made({**GATEWAY, "body": body}).build_request(message)

    assert json_of(request) == {"a": {"b": ["{{secret}}", "10 min"]}, "n": 5, "link": "<>"}
    assert request.headers["content-type"] == "application/json"


def test_every_name_that_the_guide_lists_is_filled_in(clock: FakeClock) -> None:
    names = ("to", "type", "id", "code", "minutes", "ip", "secret", "timestamp", "locale")
    body = {name: f"{{{{{name}}}}}" for name in names}

    assert json_of(made({**GATEWAY, "body": body}, clock=clock).build_request(MESSAGE)) == {
        "to": "+447700900123",
        "type": "SignIn",
        "id": "message-1",
        "code": CODE,
        "minutes": "10",
        "ip": "203.0.113.9",
        "secret": "gateway-key",
        "timestamp": str(int(clock.now().timestamp())),
        "locale": "en",
    }


def test_the_guide_lists_every_name() -> None:
    for language in ("en", "ko"):
        text = guide(WebhookConnector, language)
        assert [name for name in BODY_VARIABLES if f"`{{{{{name}}}}}`" not in text] == []
        assert [reason for reason in REASONS if f"`{reason}`" not in text] == []


def test_an_unwanted_ip_address_is_in_no_body() -> None:
    config = {**GATEWAY, "body": {"ip": "{{ip}}", "key": "{{secret}}"}, "sendIp": False}

    assert json_of(made(config).build_request(MESSAGE))["ip"] == ""


def test_a_name_of_an_organization_brings_no_field_into_a_form() -> None:
    variables = {
        **MESSAGE.variables,
        "organization": {"name": "Acme&admin=1\r\nhttps://evil.example"},
    }
    config = {**GATEWAY, "bodyFormat": "form", "body": {"o": "{{organization}}"}, "secret": None}

    request = made(config).build_request(replace(MESSAGE, variables=variables))

    assert dict(httpx2.QueryParams(request.content.decode())) == {"o": "Acme&admin=1 evil. example"}


def test_the_fields_of_an_address_stand_beside_those_that_it_has() -> None:
    config = {**GATEWAY, "bodyFormat": "query", "method": "GET", "body": {"to": "{{to}}", "n": 1}}
    request = made(config).build_request(MESSAGE)

    assert str(request.url) == f"{ENDPOINT}&to=%2B447700900123&n=1"
    assert request.content == b""


def test_the_signature_of_an_address_is_over_its_fields(clock: FakeClock) -> None:
    query = {"bodyFormat": "query", "method": "GET", "body": {"to": "{{to}}"}}
    request = made({**query, "signingSecret": "shared"}, clock=clock).build_request(MESSAGE)
    signed = f"{int(clock.now().timestamp())}.team=1&to=447700900123".encode()

    expected = hmac.new(b"shared", signed, hashlib.sha256).hexdigest()
    assert request.headers["x-signature-256"] == f"sha256={expected}"


def test_headers_are_filled_in_and_replace_ours_whatever_their_letters() -> None:
    headers = {"X-Ref": "{{id}} {{secret}}", "content-type": "application/json; charset=utf-8"}
    request = made({**GATEWAY, "headers": headers}).build_request(MESSAGE)

    assert request.headers["x-ref"] == "message-1 gateway-key"
    assert request.headers.get_list("content-type") == ["application/json; charset=utf-8"]


@pytest.mark.parametrize(
    ("settings", "header", "value"),
    [
        ({"username": "user", "password": "pass"}, "authorization", "Basic dXNlcjpwYXNz"),
        ({"authorization": "k", "authorizationName": "X-API-Key"}, "x-api-key", "k"),
    ],
)
def test_there_are_other_ways_to_say_who_calls(
    settings: dict[str, str], header: str, value: str
) -> None:
    assert made(settings).build_request(MESSAGE).headers[header] == value


def test_the_standard_payload_brings_a_text_where_there_are_templates() -> None:
    config = {"templates": default_templates(), "numberFormat": "e164"}
    connector = made(config)

    assert json_of(connector.build_request(MESSAGE)) == {
        "to": "+447700900123",
        "type": "SignIn",
        "payload": {"code": CODE, "locale": "en"},
        "ip": "203.0.113.9",
        "text": connector.text_of(MESSAGE),
    }


def test_a_text_is_ours_only_where_it_goes_out() -> None:
    korean = replace(MESSAGE, language="ko-KR")

    assert made().text_of(MESSAGE) is None
    assert str(made(GATEWAY).text_of(MESSAGE)).startswith(f"{CODE} is your code")
    assert str(made(GATEWAY).text_of(korean)).startswith("로그인 인증번호")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"bodyFormat": "json"}, "body"),
        ({"body": {"a": "b"}}, "bodyFormat"),
        ({"method": "GET"}, "bodyFormat"),
        ({"bodyFormat": "form", "body": {"a": ["b"]}}, "body"),
        ({"bodyFormat": "query", "body": {"a": {"b": "c"}}}, "body"),
        ({"bodyFormat": "json", "body": ["a"]}, "body"),
        ({"bodyFormat": "json", "body": {"a": ["{{cod}}"]}}, "body"),
        ({"bodyFormat": "json", "body": {"a": 2**70}}, "body"),
        ({"bodyFormat": "json", "body": {"a": "\ud800"}}, "body"),
        ({"bodyFormat": "json", "body": {"a": "{{secret}}"}}, "secret"),
        ({"headers": {"X-Code": "{{code}}"}}, "headers"),
        ({"headers": {"X-Key": "{{secret}}"}}, "secret"),
        ({"headers": {"Host": "evil.example"}}, "headers"),
        ({"headers": {"authorization": "in the clear"}}, "headers"),
        ({"headers": {"X Y": "1"}}, "headers"),
        ({"headers": {"X-Y": 1}}, "headers"),
        ({"authorizationName": "Host"}, "authorizationName"),
        ({"authorizationName": "X: Y"}, "authorizationName"),
        ({"username": "user"}, "password"),
        ({"password": "pass"}, "username"),
        ({"username": "user", "password": "pass", "authorization": "Bearer x"}, "username"),
        ({"successStatus": "2xx"}, "successStatus"),
        ({"successTest": "equals"}, "successValue"),
        ({"successTest": "matches", "successValue": "("}, "successValue"),
        ({"successTest": "matches", "successValue": r"(a)\1"}, "successValue"),
        ({"successTest": "matches", "successValue": r"(\w{500}){500}"}, "successValue"),
        ({"successTest": "matches", "successValue": "a" * 501}, "successValue"),
        ({"templates": [{"usageType": "SignIn", "content": "{{code}}"}]}, "templates"),
    ],
)
def test_settings_that_can_not_work_are_refused_by_name(config: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made(config)

    assert list(refused.value.fields) == [key]


def test_a_body_is_not_endlessly_deep() -> None:
    body: dict[str, Any] = {"a": "b"}
    for _ in range(50):
        body = {"a": body}
    with pytest.raises(InvalidConfig):
        made({"bodyFormat": "json", "body": body})


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        (None, ((200, 299),)),
        ("200", ((200, 200),)),
        ("200, 202-204", ((200, 200), (202, 204))),
        ("200-", None),
        ("99", None),
        ("²00", None),
        ("", None),
    ],
)
def test_statuses_are_listed_one_by_one_or_as_ranges(
    text: str | None, ranges: tuple[tuple[int, int], ...] | None
) -> None:
    assert status_ranges(text) == ranges


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b[1].c", "deep"),
        ("$.a.b.1.c", "deep"),
        ("a.b[2].c", None),
        ("a.b[²]", None),
        ("a.b.-1", None),
        ("a.x.c", None),
        ("n", 0),
        ("n.x", None),
        ("", None),
        ("[0]", None),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: str, found: Any) -> None:
    answer = {"a": {"b": [1, {"c": "deep"}]}, "n": 0}

    assert value_at(answer, path) == found


@pytest.mark.parametrize(
    ("config", "answer", "is_sent"),
    [
        ({}, '{"messages": [{"state": "queued"}]}', True),
        ({}, '{"messages": [{"state": "failed"}]}', False),
        ({"successPath": "n", "successValue": "0"}, '{"n": 0}', True),
        ({"successPath": "n", "successValue": "0"}, '{"n": 1}', False),
        ({"successPath": "n", "successValue": "true"}, '{"n": true}', True),
        ({"successPath": None, "successValue": "OK"}, "OK\n", True),
        ({"successPath": None, "successValue": "OK"}, "OK!", False),
        ({"successTest": "contains", "successPath": None}, "it is queued", True),
        ({"successTest": "contains", "successPath": "a"}, '{"a": ["queued"]}', True),
        ({"successTest": "contains", "successPath": None}, "it is not", False),
        (
            {"successTest": "matches", "successValue": "^OK: [0-9]+$", "successPath": None},
            "OK: 7",
            True,
        ),
        (
            {"successTest": "matches", "successValue": "^OK: [0-9]+$", "successPath": None},
            "OK: x",
            False,
        ),
    ],
)
async def test_a_good_status_is_not_enough_where_there_is_a_test(
    config: dict[str, Any], answer: str, is_sent: bool
) -> None:
    connector = answered_by(
        made({**GATEWAY, **config}), lambda _: httpx2.Response(200, text=answer)
    )
    if is_sent:
        await connector.send(MESSAGE)
        return
    with pytest.raises(ConnectorError) as refused:
        await connector.send(MESSAGE)
    assert type(refused.value) is errors.ProviderRejected
    assert refused.value.is_outcome_known


@pytest.mark.parametrize("answer", ["<p>Welcome", "{}", "[]", '{"messages": []}', "null"])
async def test_an_answer_with_nothing_at_the_path_leaves_it_open(answer: str) -> None:
    connector = answered_by(made(GATEWAY), lambda _: httpx2.Response(200, text=answer))
    with pytest.raises(UnreadableAnswer):
        await connector.send(MESSAGE)


@pytest.mark.parametrize(("status", "is_sent"), [(200, True), (201, False), (404, True)])
async def test_only_listed_statuses_are_good(status: int, is_sent: bool) -> None:
    config = {"successStatus": "200, 404"}
    connector = answered_by(made(config), lambda _: httpx2.Response(status))
    if is_sent:
        await connector.send(MESSAGE)
        return
    with pytest.raises(errors.ProviderRejected):
        await connector.send(MESSAGE)


async def test_a_number_is_an_id_too() -> None:
    connector = answered_by(made(GATEWAY), lambda _: httpx2.Response(200, json=QUEUED))

    assert (await connector.send(MESSAGE)).provider_message_id == "7"


def test_an_evil_pattern_takes_no_time_to_fail() -> None:
    # With a backtracking engine this one would not end.
    assert not passes("matches", "a" * 50_000 + "b", "^(a+)+$")


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("status", [200, 400, 422])
async def test_a_service_may_say_who_must_act(reason: str, status: int) -> None:
    body = {"error": reason, "messages": [{"state": "failed"}]}
    connector = answered_by(made(GATEWAY), lambda _: httpx2.Response(status, json=body))
    with pytest.raises(ConnectorError) as refused:
        await connector.send(MESSAGE)

    assert type(refused.value) is REASONS[reason]
    assert refused.value.is_outcome_known


async def test_a_reason_without_the_tested_field_is_a_reason_all_the_same() -> None:
    answer = httpx2.Response(200, json={"error": "insufficient_balance"})
    with pytest.raises(errors.InsufficientBalance):
        await answered_by(made(GATEWAY), lambda _: answer).send(MESSAGE)


async def test_behind_a_broken_gateway_no_reason_is_believed() -> None:
    answer = httpx2.Response(504, json={"error": "invalid_recipient"})
    with pytest.raises(errors.ProviderTimeout):
        await answered_by(made(), lambda _: answer).send(MESSAGE)


async def test_a_throttling_gateway_may_say_how_long() -> None:
    body = {"error": "provider_throttled"}
    answer = httpx2.Response(400, json=body, headers={"Retry-After": "9"})
    with pytest.raises(errors.ProviderThrottled) as refused:
        await answered_by(made(), lambda _: answer).send(MESSAGE)

    assert refused.value.retry_after == timedelta(seconds=9)


async def test_an_accepted_message_gives_away_neither_number_nor_secret() -> None:
    said = f"sent {CODE} to +44 7700 900123 for gateway-key"
    connector = answered_by(
        made({**GATEWAY, "successTest": "none"}), lambda _: httpx2.Response(200, text=said)
    )

    words = (await connector.send(MESSAGE)).words
    assert "900123" not in words
    assert CODE not in words
    assert "gateway-key" not in words


def test_a_number_of_any_country_keeps_its_digits() -> None:
    message = replace(MESSAGE, to=PhoneNumber("821012345678"))

    assert json_of(made().build_request(message))["to"] == "821012345678"
    assert json_of(made({"numberFormat": "e164"}).build_request(message))["to"] == "+821012345678"


@pytest.fixture
async def network() -> AsyncIterator[OutboundClient]:
    """Return a real client: what is no address never gets as far as the network."""
    client = OutboundClient(is_development=True)
    yield client
    await client.aclose()


@pytest.mark.parametrize(
    "endpoint", ["sms.example.com", "ftp://sms.example.com", "https://a.example:port/"]
)
async def test_an_odd_endpoint_can_be_saved_and_fails_as_a_setting(
    network: OutboundClient, endpoint: str
) -> None:
    config = WebhookConfig.parse({"endpoint": endpoint})
    with pytest.raises(InvalidConfig):
        await WebhookConnector(config, ConnectorContext(client=network)).send(MESSAGE)


def test_an_endpoint_that_is_no_address_warns() -> None:
    config = WebhookConfig.parse({"endpoint": "sms.example.com"})

    assert [warning.key for warning in config.warnings()] == ["endpoint"]


@pytest.mark.parametrize("value", ["Bearer 가나다", "a\r\nX-Injected: 1"])
async def test_an_authorization_that_fits_no_header_is_a_setting_to_mend(
    network: OutboundClient, value: str
) -> None:
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    config = WebhookConfig.parse({"endpoint": endpoint, "authorization": value})
    with pytest.raises(InvalidConfig):
        await WebhookConnector(config, ConnectorContext(client=network)).send(MESSAGE)
    server.close()
    assert not any(heard)
