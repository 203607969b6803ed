"""The Twilio emulator refuses what Twilio refuses; the connector and it understand each other."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests import local
from tests.emulators.conftest import Callbacks
from tests.emulators.promises import Promises, ReportPromises
from watchword.connector_kit import errors
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import ConnectorError, ReportRefused
from watchword.connector_kit.models import DeliveryReport
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.testing import CODE, MESSAGE
from watchword.connector_kit.wording import default_templates
from watchword.core.phone import PhoneNumber
from watchword.emulators.kit import Trouble
from watchword.emulators.twilio import (
    ACCOUNT_SID,
    API_KEY_SECRET,
    API_KEY_SID,
    AUTH_TOKEN,
    ERRORS,
    MESSAGING_SERVICE_SID,
    SENDER,
    SUSPENDED_SID,
    Behaviour,
)
from watchword.providers.twilio.config import TwilioConfig
from watchword.providers.twilio.connector import TwilioConnector

CONFIG = {
    "accountSID": ACCOUNT_SID,
    "authToken": AUTH_TOKEN,
    "fromMessagingServiceSID": MESSAGING_SERVICE_SID,
    "templates": default_templates(),
}
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
FORM = {"To": "+447700900123", "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "hello"}


def connected(
    emulator: str,
    client: OutboundClient,
    config: dict[str, Any] | None = None,
    *,
    receipts: bool = False,
) -> TwilioConnector:
    context = ConnectorContext(client=client, base_url_override=emulator, public_receipts=receipts)
    return TwilioConnector(TwilioConfig.parse({**CONFIG, **(config or {})}), context)


PROMISED = {
    Trouble.LANDLINE: (errors.InvalidRecipient, "21614"),
    Trouble.BLOCKED: (errors.RecipientOptedOut, "21610"),
    Trouble.BALANCE: (errors.AccountSuspended, "20005"),
    Trouble.CREDENTIALS: (errors.InvalidCredentials, "20003"),
    Trouble.THROTTLED: (errors.ProviderThrottled, "20429"),
    Trouble.FAULT: (errors.ProviderUnavailable, "20500"),
}
ABSENT = {Trouble.TEMPLATE: "Twilio approves no texts; a carrier that filters one reports it later"}


class TestTwilio(ReportPromises, Promises):
    connector_type = TwilioConnector
    config = CONFIG
    expected = PROMISED
    absent = ABSENT

    async def test_a_text_that_a_carrier_filters_is_reported(
        self, sent: Callable[..., Awaitable[tuple[str, list[DeliveryReport]]]]
    ) -> None:
        _, [report] = await sent(Trouble.TEMPLATE)

        assert report.error_class == "template_rejected"
        assert report.words == "Twilio 30007: the carrier filtered the message as spam"


async def post(
    emulator: str,
    form: dict[str, str] | bytes,
    *,
    path: str = PATH,
    auth: tuple[str, str] = (ACCOUNT_SID, AUTH_TOKEN),
    content_type: str = "application/x-www-form-urlencoded",
) -> httpx2.Response:
    body = form if isinstance(form, bytes) else str(httpx2.QueryParams(form)).encode()
    async with httpx2.AsyncClient(verify=local.NO_TLS, auth=auth) as client:
        return await client.post(
            emulator + path, content=body, headers={"Content-Type": content_type}
        )


async def accepted(emulator: str) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        found: list[dict[str, Any]] = (await client.get(f"{emulator}/emulator/messages")).json()
        return found


async def test_answers_as_twilio_does(emulator: str) -> None:
    response = await post(emulator, FORM)
    message = response.json()

    assert response.status_code == 201
    assert message["sid"].startswith("SM")
    assert len(message["sid"]) == 34
    assert message["status"] == "accepted"
    assert message["from"] is None
    assert message["num_segments"] == "0"
    assert message["error_code"] is None
    [taken] = await accepted(emulator)
    assert taken["fields"] == taken["form"] == FORM
    assert (taken["id"], taken["text"]) == (message["sid"], taken["body"])


async def test_with_a_sender_it_queues_and_counts_segments(emulator: str) -> None:
    form = {"To": FORM["To"], "From": SENDER, "Body": "가" * 71}
    message = (await post(emulator, form)).json()

    assert (message["status"], message["from"], message["num_segments"]) == ("queued", SENDER, "2")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({**FORM, "To": ""}, 21604),
        ({**FORM, "To": "447700900123"}, 21211),
        ({**FORM, "To": "+0447700900123"}, 21211),
        # A plus that was not escaped is a space.
        (b"To=+447700900123&Body=hello&MessagingServiceSid=x", 21211),
        ({**FORM, "Body": ""}, 21602),
        ({**FORM, "Body": "x" * 1601}, 21617),
        ({"To": FORM["To"], "Body": "hello"}, 21603),
        ({**FORM, "MessagingServiceSid": "MGunknown"}, 21701),
        ({"To": FORM["To"], "Body": "hello", "From": "+15005550007"}, 21660),
        ({**FORM, "StatusCallback": "https://under_score.example/"}, 21609),
        ({**FORM, "StatusCallback": "nowhere"}, 21609),
        ({**FORM, "ValidityPeriod": "0"}, 20001),
        ({**FORM, "ValidityPeriod": "36001"}, 20001),
        ({**FORM, "ValidityPeriod": "²"}, 20001),
        ({**FORM, "RiskCheck": "maybe"}, 20001),
        ({**FORM, "MessageIntent": "chat"}, 20001),
        ({**FORM, "SmartEncoded": "yes"}, 20001),
        ({**FORM, "body": "hello"}, 20001),
        (b"To=%2B447700900123&To=%2B447700900124&Body=x", 20001),
        (b"To=%FF", 20001),
        (b"nonsense", 20001),
        (b"", 21604),
    ],
)
async def test_refuses_what_twilio_refuses(
    emulator: str, form: dict[str, str] | bytes, code: int
) -> None:
    response = await post(emulator, form)
    body = response.json()

    assert response.status_code == body["status"] == 400
    assert body["code"] == code
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert set(body) == {"code", "message", "more_info", "status"}
    assert await accepted(emulator) == []


async def test_a_json_body_is_no_form(emulator: str) -> None:
    response = await post(emulator, b"{}", content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (400, 20001)


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        ((ACCOUNT_SID, "wrong"), PATH),
        (("ACunknown", AUTH_TOKEN), PATH),
        ((ACCOUNT_SID, AUTH_TOKEN), PATH.replace(ACCOUNT_SID, SUSPENDED_SID)),
        ((API_KEY_SID, AUTH_TOKEN), PATH),
        ((API_KEY_SID, API_KEY_SECRET), PATH.replace(ACCOUNT_SID, SUSPENDED_SID)),
    ],
)
async def test_credentials_and_account_belong_together(
    emulator: str, auth: tuple[str, str], path: str
) -> None:
    response = await post(emulator, FORM, auth=auth, path=path)

    assert (response.status_code, response.json()["code"]) == (401, 20003)


async def test_other_paths_and_methods_are_twilios_404_and_405(emulator: str) -> None:
    missing = await post(emulator, FORM, path="/2010-04-01/Accounts")
    async with httpx2.AsyncClient(verify=local.NO_TLS) as client:
        wrong = await client.put(emulator + PATH)

    assert (missing.status_code, missing.json()["code"]) == (404, 20404)
    assert (wrong.status_code, wrong.json()["code"]) == (405, 20004)


async def test_the_connector_sends_through_it(emulator: str, client: OutboundClient) -> None:
    receipt = await connected(emulator, client).send(MESSAGE)
    [message] = await accepted(emulator)

    assert receipt.provider_message_id == message["sid"]
    assert CODE in message["body"]
    assert message["form"]["ValidityPeriod"] == "600"


async def test_the_connector_sends_with_an_api_key_and_a_number(
    emulator: str, client: OutboundClient
) -> None:
    config = {
        "fromMessagingServiceSID": None,
        "from": SENDER,
        "authToken": None,
        "apiKeySID": API_KEY_SID,
        "apiKeySecret": API_KEY_SECRET,
    }
    connector = connected(emulator, client, config)

    assert (await connector.send(MESSAGE)).segments == 1
    assert await connector.check_credentials() == "Twilio: 12.34 USD"


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_chosen_number_gets_each_error(
    emulator: str, client: OutboundClient, code: int
) -> None:
    to = PhoneNumber.parse(f"+150055{code}")
    with pytest.raises(ConnectorError) as refused:
        await connected(emulator, client).send(replace(MESSAGE, to=to))

    assert refused.value.words.startswith(f"Twilio {code}: ")
    assert to.digits[1:] not in refused.value.words
    assert await accepted(emulator) == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+15005550001", errors.InvalidRecipient),
        ("+15005550002", errors.RecipientUnreachable),
        ("+15005550003", errors.RegionUnsupported),
        ("+15005550004", errors.RecipientOptedOut),
        ("+15005550009", errors.InvalidRecipient),
    ],
)
async def test_twilios_own_test_numbers_do_what_they_do(
    emulator: str, client: OutboundClient, number: str, expected: type[ConnectorError]
) -> None:
    with pytest.raises(expected):
        await connected(emulator, client).send(replace(MESSAGE, to=PhoneNumber.parse(number)))


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Behaviour.DROPPED, errors.AnswerLost),
        (Behaviour.NONSENSE, errors.UnreadableAnswer),
        (Behaviour.NO_SID, errors.UnreadableAnswer),
        (Behaviour.SLOW, errors.ProviderTimeout),
    ],
)
async def test_what_went_wrong_after_acceptance_may_have_been_sent(
    emulator: str, behaviour: Behaviour, expected: type[ConnectorError]
) -> None:
    impatient = OutboundClient(is_development=True, total=timedelta(seconds=0.4))
    with pytest.raises(expected) as failed:
        await connected(emulator, impatient).send(replace(MESSAGE, to=PhoneNumber.parse(behaviour)))
    await impatient.aclose()

    assert not failed.value.is_outcome_known
    assert len(await accepted(emulator)) == 1


async def test_an_error_page_is_twilios_fault(emulator: str, client: OutboundClient) -> None:
    with pytest.raises(errors.ProviderUnavailable):
        await connected(emulator, client).send(
            replace(MESSAGE, to=PhoneNumber.parse(Behaviour.HTML_ERROR))
        )


async def test_credentials_are_checked(emulator: str, client: OutboundClient) -> None:
    connector = connected(emulator, client)

    assert await connector.check_credentials() == "Twilio: Emulated account, active, 12.34 USD"
    with pytest.raises(errors.InvalidCredentials):
        await connected(emulator, client, {"authToken": "wrong-token"}).check_credentials()
    with pytest.raises(errors.AccountSuspended):
        await connected(emulator, client, {"accountSID": SUSPENDED_SID}).check_credentials()


async def reported(
    emulator: str,
    client: OutboundClient,
    callbacks: tuple[str, Callbacks],
    to: str,
    count: int,
) -> tuple[str | None, list[list[DeliveryReport] | None]]:
    """Send to *to*, and return the message's id and what the connector read of each callback."""
    url, received = callbacks
    connector = connected(emulator, client, receipts=True)
    message = replace(MESSAGE, to=PhoneNumber.parse(to), receipt_url=url)
    receipt = await connector.send(message)
    await received.wait_for(count)
    read: list[list[DeliveryReport] | None] = []
    for request in received.calls:
        try:
            read.append(connector.read_report(request))
        except ReportRefused:
            read.append(None)
    return receipt.provider_message_id, read


@pytest.mark.parametrize(
    ("to", "states"),
    [
        ("+447700900123", [None, None, "delivered"]),
        ("+15005530003", [None, None, "undelivered"]),
        (Behaviour.REPORTS_OUT_OF_ORDER, ["delivered", None, None]),
        (Behaviour.REPORTS_REPEATED, [*[None] * 6, *["delivered"] * 3]),
    ],
)
async def test_reports_are_signed_and_only_the_last_word_counts(
    emulator: str,
    client: OutboundClient,
    callbacks: tuple[str, Callbacks],
    to: str,
    states: list[str | None],
) -> None:
    message_id, read = await reported(emulator, client, callbacks, to, len(states))

    assert [found[0].state if found else None for found in read if found is not None] == states
    assert {found[0].provider_message_id for found in read if found} == {message_id}


async def test_a_badly_signed_report_is_refused(
    emulator: str, client: OutboundClient, callbacks: tuple[str, Callbacks]
) -> None:
    _, read = await reported(emulator, client, callbacks, Behaviour.REPORTS_BADLY_SIGNED, 3)

    assert read == [None, None, None]


async def test_an_undelivered_message_brings_its_reason(
    emulator: str, client: OutboundClient, callbacks: tuple[str, Callbacks]
) -> None:
    _, read = await reported(emulator, client, callbacks, "+15005530007", 3)

    assert read[-1]
    assert read[-1][0].error_class == "template_rejected"


async def test_a_message_can_be_asked_for_and_says_how_it_ends(emulator: str) -> None:
    for to in ("+447700900123", "+15005530007"):
        await post(emulator, {**FORM, "To": to, "MaxPrice": "0.2", "Attempt": "1"})

    async with httpx2.AsyncClient(auth=(ACCOUNT_SID, AUTH_TOKEN)) as client:
        listed = (await client.get(emulator + PATH)).json()["messages"]
        filtered, arrived = listed
        shown = await client.get(f"{emulator}{arrived['uri']}")
        unknown = await client.get(f"{emulator}{arrived['uri']}".replace(arrived["sid"], "SM0"))
        stranger = await client.get(f"{emulator}{arrived['uri']}", auth=(ACCOUNT_SID, "x"))

    assert (arrived["to"], arrived["status"]) == ("+447700900123", "delivered")
    assert (arrived["error_code"], arrived["num_segments"]) == (None, "1")
    assert (filtered["status"], filtered["error_code"]) == ("undelivered", 30007)
    assert shown.json() == arrived
    assert (unknown.status_code, unknown.json()["code"]) == (404, 20404)
    assert (stranger.status_code, stranger.json()["code"]) == (401, 20003)
