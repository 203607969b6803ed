"""Kavenegar: what is asked, how answers and callbacks are read."""

import logging
from typing import Any

import httpx2
import pytest

from watchword.connector_kit import errors
from watchword.connector_kit.errors import ConnectorError, InvalidConfig, ReportRefused
from watchword.connector_kit.models import DeliveryReport, ReportRequest
from watchword.connector_kit.testing import (
    CODE,
    MESSAGE,
    HttpConnectorContract,
    answered_by,
    context,
    message_to,
)
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.providers.kavenegar.config import KavenegarConfig
from watchword.providers.kavenegar.connector import KavenegarConnector
from watchword.providers.kavenegar.errors import ERRORS

API_KEY = "4D616465557020"
CONFIG = {"apiKey": API_KEY, "templates": default_templates()}
LOOKUP = {
    "usageType": "SignIn",
    "templateCode": "verify",
    "parameters": ["code", "minutes", "application"],
}
IN_IRAN = message_to(
    PhoneNumber("989120000123"),
    variables={**MESSAGE.variables, "application": {"name": "Acme Shop"}},
)


def made(config: dict[str, Any] | None = None, **others: Any) -> KavenegarConnector:
    return KavenegarConnector(
        KavenegarConfig.parse({**CONFIG, **(config or {})}), context(**others)
    )


def with_template(template: dict[str, Any] = LOOKUP) -> KavenegarConnector:
    return made({"templates": [template, *default_templates()]})


def form_of(request: httpx2.Request) -> dict[str, str]:
    return dict(httpx2.QueryParams(request.content.decode()))


def answer(status: int, entries: Any = None, http: int = 200) -> httpx2.Response:
    said = {"return": {"status": status, "message": "پیام"}, "entries": entries}
    return httpx2.Response(http, json=said)


def entry(**others: Any) -> dict[str, Any]:
    # After the example in Kavenegar's documentation.
    return {
        "messageid": 8792343,
        "message": "…",
        "status": 1,
        "statustext": "در صف ارسال",
        "sender": "10004346",
        "receptor": "09120000123",
        "date": 1356619709,
        "cost": 120,
        **others,
    }


class TestKavenegar(HttpConnectorContract):
    @pytest.fixture
    def connector(self) -> KavenegarConnector:
        return made()

    def accepted(self) -> httpx2.Response:
        return answer(200, [entry()])


class TestWithEverySetting(TestKavenegar):
    @pytest.fixture
    def connector(self) -> KavenegarConnector:
        return made({"sender": "10004346", "templates": [LOOKUP, *default_templates()]})


def test_asks_kavenegar_to_text_the_code() -> None:
    request = made({"sender": "10004346"}).build_request(IN_IRAN)

    assert request.method == "POST"
    assert str(request.url) == f"https://api.kavenegar.com/v1/{API_KEY}/sms/send.json"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form_of(request) == {
        "receptor": "09120000123",
        "message": f"{CODE} is your code to sign in. Valid for 10 min. Don't share it.",
        "sender": "10004346",
    }


def test_without_a_line_none_is_named() -> None:
    assert "sender" not in form_of(made().build_request(IN_IRAN))


def test_an_approved_template_takes_its_variables_in_order() -> None:
    connector = with_template()
    request = connector.build_request(IN_IRAN)

    assert request.url.path == f"/v1/{API_KEY}/verify/lookup.json"
    assert form_of(request) == {
        "receptor": "09120000123",
        "template": "verify",
        "type": "sms",
        "token": CODE,
        "token2": "10",
        # A token with a space would be refused.
        "token3": "AcmeShop",
    }
    assert connector.text_of(IN_IRAN) is None


def test_only_declared_variables_go_out() -> None:
    request = with_template({"usageType": "SignIn", "templateCode": "v"}).build_request(IN_IRAN)

    assert {name for name in form_of(request) if name.startswith("token")} == {"token"}


def test_templates_and_texts_go_together() -> None:
    connector = with_template()

    assert connector.text_of(message_to(IN_IRAN.to, usage="Register")) is not None


@pytest.mark.parametrize(
    ("digits", "receptor"),
    [
        ("989120000123", "09120000123"),
        ("447700900123", "00447700900123"),
        ("14155550123", "0014155550123"),
    ],
)
def test_a_number_is_dialled_as_in_iran(digits: str, receptor: str) -> None:
    request = made().build_request(message_to(PhoneNumber(digits)))

    assert form_of(request)["receptor"] == receptor


def test_an_odd_key_stays_inside_the_path() -> None:
    url = made({"apiKey": "../x?y#z"}).build_request(IN_IRAN).url

    assert url.raw_path == b"/v1/..%2Fx%3Fy%23z/sms/send.json"


@pytest.mark.parametrize(
    "template",
    [
        {"usageType": "SignIn", "templateCode": "v", "parameters": []},
        {
            "usageType": "SignIn",
            "templateCode": "v",
            "parameters": ["code", "minutes", "application", "organization"],
        },
        {"usageType": "SignIn", "templateCode": "v", "parameters": ["secretOfOurs"]},
        {"usageType": "SignIn"},
        {"usageType": "SignIn", "content": "{{unheardOf}}"},
    ],
)
def test_a_template_that_can_not_work_is_refused(template: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig) as refused:
        with_template(template)

    assert list(refused.value.fields) == ["templates"]


def test_a_missing_usage_type_is_named() -> None:
    with pytest.raises(InvalidConfig) as refused:
        made({"templates": [LOOKUP]})

    assert refused.value.fields == {"templates": "connector_kit.form.template_missing"}
    assert "Register" in refused.value.words


def test_an_odd_line_warns_and_is_accepted() -> None:
    assert [warning.key for warning in made({"sender": "Acme"}).config.warnings()] == ["sender"]


@pytest.mark.parametrize("entries", [[entry()], entry()])
async def test_keeps_the_message_id(entries: Any) -> None:
    receipt = await answered_by(made(), lambda _: answer(200, entries)).send(IN_IRAN)

    assert receipt.provider_message_id == "8792343"
    assert receipt.words == "Kavenegar status 1: در صف ارسال"


@pytest.mark.parametrize("http", [200, 418])
@pytest.mark.parametrize(("status", "expected"), [*ERRORS.items(), (499, errors.ProviderRejected)])
async def test_the_number_in_the_body_says_who_must_act(
    status: int, expected: type[ConnectorError], http: int
) -> None:
    with pytest.raises(ConnectorError) as refused:
        await answered_by(made(), lambda _: answer(status, http=http)).send(IN_IRAN)

    assert type(refused.value) is expected
    assert refused.value.words == f"Kavenegar {status}: پیام"


def test_the_usual_numbers_have_the_usual_meaning() -> None:
    assert ERRORS[403] is errors.InvalidCredentials
    assert ERRORS[411] is errors.InvalidRecipient
    assert ERRORS[412] is errors.SenderRejected
    assert ERRORS[418] is errors.InsufficientBalance
    assert ERRORS[424] is errors.TemplateRejected
    assert ERRORS[451] is errors.RecipientThrottled


async def test_a_good_number_with_a_bad_http_status_is_no_success() -> None:
    with pytest.raises(errors.ProviderUnavailable):
        await answered_by(made(), lambda _: answer(200, [entry()], http=503)).send(IN_IRAN)


async def test_a_message_that_was_blocked_at_once_is_no_success() -> None:
    with pytest.raises(errors.RecipientOptedOut):
        await answered_by(made(), lambda _: answer(200, [entry(status=14)])).send(IN_IRAN)


async def test_the_key_in_the_address_is_in_no_words_and_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    def repeat(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(502, text=f"no upstream for {request.url}")

    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError(f"lost {request.url}", request=request)

    for network in (repeat, lost):
        connector = answered_by(made(), network)
        for call in (connector.send(IN_IRAN), connector.check_credentials()):
            with pytest.raises(ConnectorError) as refused:
                await call
            assert API_KEY not in f"{refused.value!r} {refused.value.words}"
    assert all(API_KEY not in record.getMessage() for record in caplog.records)


async def test_the_credit_is_asked_for_at_no_cost() -> None:
    asked = []

    def account(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return answer(200, {"remaincredit": 1500032, "expiredate": 1, "type": "Master"})

    assert await answered_by(made(), account).check_credentials() == "Kavenegar: credit 1500032"
    assert asked == [f"/v1/{API_KEY}/account/info.json"]


def callback(query: str, body: bytes = b"", method: str = "GET") -> ReportRequest:
    url = f"https://auth.example.com/receipts/instance-1/t?{query}"
    return ReportRequest(method, url, {}, body)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("10", ("delivered", None)),
        ("6", ("undelivered", "provider_rejected")),
        ("11", ("undelivered", "recipient_unreachable")),
        ("13", ("undelivered", "provider_rejected")),
        ("14", ("undelivered", "recipient_opted_out")),
    ],
)
def test_a_final_status_is_read(status: str, expected: tuple[str, str | None]) -> None:
    [report] = made().read_report(callback(f"messageid=8792343&status={status}"))

    assert (report.state, report.error_class) == expected
    assert report.provider_message_id == "8792343"
    assert report.words.startswith(f"Kavenegar status {status}")


def test_a_posted_form_says_the_same() -> None:
    [report] = made().read_report(callback("", b"messageid=1&status=10", "POST"))

    assert report == DeliveryReport("1", "delivered", None, "Kavenegar status 10")


@pytest.mark.parametrize("status", ["1", "2", "4", "5", "100", "50"])
def test_stations_on_the_way_move_no_message(status: str) -> None:
    assert made().read_report(callback(f"messageid=1&status={status}")) == []


@pytest.mark.parametrize(
    "query", ["", "messageid=1", "status=10", "messageid=1&status=x", "messageid=1&status=٣"]
)
def test_what_names_no_message_and_status_is_no_report(query: str) -> None:
    with pytest.raises(ReportRefused):
        made().read_report(callback(query))
