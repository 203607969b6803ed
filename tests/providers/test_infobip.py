"""Infobip: what is asked, how answers and callbacks are read."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.models import ReportRequest
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
)
from watchword.connector_kit.wording import default_templates
from watchword.providers.infobip.config import InfobipConfig
from watchword.providers.infobip.connector import InfobipConnector
from watchword.providers.infobip.errors import STATUSES

KEY = "fake0123456789abcdef-01234567-89ab-cdef"
ID = "2250be2d4219-3af1-78856-aabe-1362af1edfd2"
URL = "https://auth.example.com/receipts/instance-1/token"

CONFIG = {
    "baseUrl": "fake1.api.infobip.com",
    "apiKey": KEY,
    "sender": "Acme",
    "templates": default_templates(),
}


def status(name: str, group: str | None = None) -> dict[str, Any]:
    group = group or name.split("_", maxsplit=1)[0]
    return {"groupId": 1, "groupName": group, "id": 1, "name": name, "description": "words"}


def answer_with(found: dict[str, Any], **others: Any) -> httpx2.Response:
    # After the example in Infobip's documentation of "Send SMS messages".
    sent = {"messageId": ID, "status": found, "destination": "44", "details": {"messageCount": 1}}
    return httpx2.Response(200, json={"bulkId": "b1", "messages": [{**sent, **others}]})


def made(config: dict[str, Any] | None = None, **others: Any) -> InfobipConnector:
    return InfobipConnector(InfobipConfig.parse({**CONFIG, **(config or {})}), context(**others))


def body_of(request: httpx2.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


class TestInfobip(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> InfobipConnector:
        return made({"baseUrl": None, "sender": None})

    def accepted(self) -> httpx2.Response:
        return answer_with(status("PENDING_ACCEPTED"))


class TestWithEverySetting(TestInfobip):
    @pytest.fixture
    def connector(self) -> InfobipConnector:
        return made({}, public_receipts=True)


def test_asks_infobip_to_text_the_code() -> None:
    request = made().build_request(MESSAGE)

    assert request.method == "POST"
    assert str(request.url) == "https://fake1.api.infobip.com/sms/3/messages"
    assert request.headers["authorization"] == f"App {KEY}"
    assert request.headers["content-type"] == "application/json"
    text = f"{CODE} is your code to sign in. Valid for 10 min. Don't share it."
    assert body_of(request) == {
        "messages": [
            {
                "sender": "Acme",
                "destinations": [{"to": "447700900123"}],
                "content": {"text": text},
                "options": {"validityPeriod": {"amount": 600, "timeUnit": "SECONDS"}},
            }
        ]
    }


@pytest.mark.parametrize(
    ("left", "expected"),
    [(timedelta(seconds=0.5), 1), (timedelta(seconds=59.9), 59), (timedelta(days=9), 172_800)],
)
def test_a_text_waits_no_longer_than_its_code_works(left: timedelta, expected: int) -> None:
    [asked] = body_of(made().build_request(replace(MESSAGE, time_left=left)))["messages"]

    assert asked["options"]["validityPeriod"]["amount"] == expected


def test_reports_are_asked_for_only_where_infobip_can_reach_us() -> None:
    [asked] = body_of(made(public_receipts=True).build_request(MESSAGE))["messages"]
    [unasked] = body_of(made().build_request(MESSAGE))["messages"]

    assert "webhooks" not in unasked
    assert asked["webhooks"] == {
        "delivery": {"url": MESSAGE.receipt_url, "intermediateReport": False, "notify": True},
        "contentType": "application/json",
        "callbackData": "message-1",
    }


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (None, "https://api.infobip.com"),
        ("fake1.api.infobip.com", "https://fake1.api.infobip.com"),
        ("https://fake1.api.infobip.com/", "https://fake1.api.infobip.com"),
        ("https://gateway.example:8443", "https://gateway.example:8443"),
    ],
)
def test_the_account_has_an_address_of_its_own(host: str | None, origin: str) -> None:
    request = made({"baseUrl": host}).build_request(MESSAGE)

    assert str(request.url) == f"{origin}/sms/3/messages"


@pytest.mark.parametrize(
    "host",
    [
        "http://fake1.api.infobip.com",
        "ftp://fake1.api.infobip.com",
        "https://",
        "https://user@fake1.api.infobip.com",
        "https://fake1.api.infobip.com/sms",
        "fake1.api.infobip.com?x",
        "fake1.api.infobip.com#x",
        "https://[::1",
        "https://fake1.api.infobip.com:99999",
    ],
)
def test_an_address_is_https_and_a_host_and_nothing_more(host: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"baseUrl": host})
    assert set(refused.value.fields) == {"baseUrl"}


def test_a_key_does_not_follow_to_another_address() -> None:
    moved = {**CONFIG, "baseUrl": "elsewhere.example"}

    assert InfobipConfig.sends_elsewhere(CONFIG, moved)


def test_unusual_values_warn_and_are_accepted() -> None:
    odd = {"baseUrl": "gateway.example", "sender": "a name that is too long"}
    config = InfobipConfig.parse({**CONFIG, **odd})

    assert {warning.key for warning in config.warnings()} == set(odd)
    assert InfobipConfig.parse(CONFIG).warnings() == []


@pytest.mark.parametrize(
    "found",
    [
        status("PENDING_ACCEPTED"),
        status("PENDING_ENROUTE"),
        status("DELIVERED_TO_HANDSET"),
        status("MESSAGE_ACCEPTED", "ACCEPTED"),
    ],
)
async def test_keeps_the_id_and_counts_the_segments(found: dict[str, Any]) -> None:
    receipt = await answered_by(made(), lambda _: answer_with(found)).send(MESSAGE)

    assert (receipt.provider_message_id, receipt.segments) == (ID, 1)
    assert receipt.words == f"Infobip: {found['name']}"


@pytest.mark.parametrize("name", sorted(STATUSES))
async def test_a_refusal_comes_with_http_200_and_says_who_must_act(name: str) -> None:
    found = status(name, "REJECTED")
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer_with(found)).send(MESSAGE)

    assert type(refused.value) is STATUSES[name][0]
    assert refused.value.words == f"Infobip {name}: words"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (status("REJECTED_NOT_ENOUGH_CREDITS"), errors.InsufficientBalance),
        (status("REJECTED_DESTINATION"), errors.InvalidRecipient),
        (status("REJECTED_FLOODING_FILTER"), errors.RecipientThrottled),
        (status("REJECTED_SENDER"), errors.SenderRejected),
        (status("REJECTED_DESTINATION_NOT_REGISTERED"), errors.AccountSuspended),
        (status("REJECTED_DND"), errors.RecipientOptedOut),
        (status("REJECTED_OF_TOMORROW"), errors.ProviderRejected),
        (status("UNDELIVERABLE_OF_TOMORROW"), errors.RecipientUnreachable),
        (status("EXPIRED_OF_TOMORROW"), errors.RecipientUnreachable),
    ],
)
async def test_statuses_are_sorted_as_the_guide_says(
    found: dict[str, Any], expected: type[ConnectorError]
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer_with(found)).send(MESSAGE)
    assert type(refused.value) is expected


def old_fault(code: str, status_code: int) -> httpx2.Response:
    exception = {"messageId": code, "text": "words", "validationErrors": {}}
    return httpx2.Response(status_code, json={"requestError": {"serviceException": exception}})


def new_fault(property_name: str, status_code: int = 400) -> httpx2.Response:
    violations = [{"property": property_name, "violation": "must be"}] if property_name else []
    body = {"errorCode": "E400", "description": "words", "action": "", "violations": violations}
    return httpx2.Response(status_code, json={**body, "resources": []})


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (old_fault("UNAUTHORIZED", 401), errors.InvalidCredentials, "UNAUTHORIZED: words"),
        (old_fault("FORBIDDEN", 403), errors.InvalidCredentials, "FORBIDDEN: words"),
        (old_fault("TOO_MANY_REQUESTS", 429), errors.ProviderThrottled, "TOO_MANY_REQUESTS: words"),
        (old_fault("GENERAL_ERROR", 500), errors.ProviderUnavailable, "GENERAL_ERROR: words"),
        (old_fault("BAD_REQUEST", 400), errors.ProviderRejected, "BAD_REQUEST: words"),
        (
            new_fault("messages[0].destinations[0].to"),
            errors.InvalidRecipient,
            "E400: words (messages[0].destinations[0].to)",
        ),
        (
            new_fault("messages[0].sender"),
            errors.SenderRejected,
            "E400: words (messages[0].sender)",
        ),
        (
            new_fault("messages[0].content.text"),
            errors.TemplateRejected,
            "E400: words (messages[0].content.text)",
        ),
        (new_fault(""), errors.ProviderRejected, "E400: words"),
        (new_fault("sender", 401), errors.InvalidCredentials, "E400: words (sender)"),
    ],
)
async def test_a_refused_request_says_who_must_act(
    answer: httpx2.Response, expected: type[ConnectorError], words: str
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer).send(MESSAGE)

    assert type(refused.value) is expected
    assert refused.value.words == f"Infobip {words}"


async def test_the_balance_is_asked_at_no_cost() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, str(request.url), request.headers["authorization"]))
        return httpx2.Response(200, json={"balance": 47.79134, "currency": "EUR"})

    assert await answered_by(made(), answer).check_credentials() == "Infobip: 47.79134 EUR"
    assert asked == [("GET", "https://fake1.api.infobip.com/account/1/balance", f"App {KEY}")]


# Callbacks.


def called(*results: dict[str, Any]) -> ReportRequest:
    return ReportRequest("POST", URL, {}, json.dumps({"results": list(results)}).encode())


def result(found: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"messageId": ID, "to": "447700900123", "status": found, **others}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DELIVERED_TO_HANDSET", ["delivered"]),
        ("DELIVERED_TO_OPERATOR", []),
        ("EXPIRED_DLR_UNKNOWN", []),
        ("PENDING_ENROUTE", []),
        ("UNDELIVERABLE_NOT_DELIVERED", ["undelivered"]),
        ("EXPIRED_EXPIRED", ["undelivered"]),
        ("REJECTED_NETWORK", ["undelivered"]),
        ("OF_TOMORROW", []),
    ],
)
def test_only_a_final_status_moves_a_message(name: str, expected: list[str]) -> None:
    assert [found.state for found in made().read_report(called(result(status(name))))] == expected


def test_a_report_names_our_message() -> None:
    given = result(status("DELIVERED_TO_HANDSET"), callbackData="message-1")
    first, second = made().read_report(called(given, result(status("REJECTED_DND"))))

    assert (first.provider_message_id, first.message_id) == (ID, "message-1")
    assert (second.message_id, second.error_class) == (None, "recipient_opted_out")


@pytest.mark.parametrize(
    ("error", "error_class", "words"),
    [
        (None, "recipient_unreachable", "UNDELIVERABLE_NOT_DELIVERED: the message did not get"),
        (
            {"groupName": "HANDSET_ERRORS", "name": "EC_ABSENT_SUBSCRIBER", "permanent": False},
            "recipient_unreachable",
            "EC_ABSENT_SUBSCRIBER: the message did not get",
        ),
        (
            {"groupName": "HANDSET_ERRORS", "name": "EC_UNKNOWN_SUBSCRIBER", "permanent": True},
            "invalid_recipient",
            "EC_UNKNOWN_SUBSCRIBER: nobody can be reached",
        ),
        (
            {"groupName": "OPERATOR_ERRORS", "name": "EC_SYSTEM_FAILURE", "permanent": True},
            "recipient_unreachable",
            "EC_SYSTEM_FAILURE: the message did not get",
        ),
    ],
)
def test_a_permanent_fault_of_the_handset_is_the_numbers(
    error: Any, error_class: str, words: str
) -> None:
    given = result(status("UNDELIVERABLE_NOT_DELIVERED"), error=error)
    [read] = made().read_report(called(given))

    assert read.error_class == error_class
    assert read.words.startswith(f"Infobip {words}")
