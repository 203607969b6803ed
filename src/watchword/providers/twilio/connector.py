"""Twilio Programmable Messaging. https://www.twilio.com/docs/messaging/api/message-resource"""

from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx2

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector, basic_auth
from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    ProviderThrottled,
    ReportRefused,
    UnreadableAnswer,
)
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportRequest,
    SmsMessage,
)
from watchword.providers.twilio.config import TwilioConfig
from watchword.providers.twilio.errors import ERRORS, REPORT_ERRORS, UNKNOWN_REASON
from watchword.providers.twilio.signing import is_signed

# Seconds in Twilio's queue: below 6 it advises against, above 36000 it refuses.
SHORTEST_VALIDITY = 6
LONGEST_VALIDITY = 36_000

# The others are stations on the way, and may come late or out of order.
FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "delivered": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "canceled": "undelivered",
}

# A region is reached through an edge; these stand in it.
EDGES = {"us1": "ashburn", "ie1": "dublin", "au1": "sydney"}

SIGNATURE_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


class TwilioConnector(HttpSmsConnector[TwilioConfig]):
    """Texts through a Twilio account."""

    metadata = ConnectorMetadata(
        id="twilio-short-message-service",
        target="twilio-sms",
        name={"en": "Twilio SMS Service", "ko": "Twilio SMS 서비스"},
        description={
            "en": "Texts to nearly every country through Twilio Programmable Messaging.",
            "ko": "Twilio Programmable Messaging으로 거의 모든 나라에 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
    )
    config_type = TwilioConfig
    has_reports = True
    signs_reports = True

    @property
    def base_url(self) -> str:
        """Return the API's host in the account's region."""
        region, edge = self.config.region, self.config.edge
        if region == "us1" and edge is None:
            return "https://api.twilio.com"
        return f"https://api.{edge or EDGES[region]}.{region}.twilio.com"

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, which Twilio drops once its code is worth nothing."""
        config = self.config
        form = {
            "To": message.to.e164,
            "Body": self.text_of(message),
            "RiskCheck": "disable" if config.disable_risk_check else "enable",
            "ValidityPeriod": _validity(message.time_left),
        }
        if config.messaging_service_sid is not None:
            form["MessagingServiceSid"] = config.messaging_service_sid
        if config.sender is not None:
            # Beside a service it pins one sender of the service's pool.
            form["From"] = config.sender
        if "code" in message.variables:
            form["MessageIntent"] = "otp"
        if self._can_verify and self.context.public_receipts and _can_call(message.receipt_url):
            form["StatusCallback"] = str(message.receipt_url)
        return self._to_account("POST", "/Messages.json", data=form)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's SID, or why there is none."""
        answer = _read(response)
        if not isinstance(answer["sid"], str) or answer.get("error_code") is not None:
            raise UnreadableAnswer(f"HTTP {response.status_code}: {response.text}")
        # With a messaging service the segments are not counted yet, and it says "0".
        return Receipt(
            provider_message_id=answer["sid"],
            words=f"Twilio: {answer['status']}",
            segments=int(answer.get("num_segments") or 0) or None,
        )

    async def check_credentials(self) -> str:
        """Return what Twilio says of the account, which costs nothing."""
        # API keys of the usual kind may not read the account itself, only what is in it.
        if self.config.api_key_sid is not None:
            return f"Twilio: {await self._ask_balance()}"
        account = await self.exchange(self._to_account("GET", ".json"), _read_account)
        with suppress(ConnectorError):
            # A subaccount may have no balance of its own, and is as good without.
            return f"Twilio: {account}, {await self._ask_balance()}"
        return f"Twilio: {account}"

    async def _ask_balance(self) -> str:
        return await self.exchange(self._to_account("GET", "/Balance.json"), _read_balance)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, of the message that a status callback names."""
        fields = request.form
        self._check_signature(request, fields)
        form = dict(fields)
        state = FINAL.get(form.get("MessageStatus", ""))
        if state is None or not form.get("MessageSid"):
            return []
        words, error_class = f"Twilio: {form['MessageStatus']}", None
        if state == "undelivered":
            code = form.get("ErrorCode", "")
            error_type, meaning = REPORT_ERRORS.get(code, UNKNOWN_REASON)
            error_class = error_type.error_class
            words = f"Twilio {code[:16] or form['MessageStatus']}: {meaning}"
        return [DeliveryReport(form["MessageSid"], state, error_class, words)]

    @property
    def _can_verify(self) -> bool:
        return self.config.auth_token is not None or self.config.webhook_secret is not None

    def _check_signature(self, request: ReportRequest, fields: list[tuple[str, str]]) -> None:
        settings = dict(
            part.strip().partition("=")[::2]
            for part in request.headers.get("x-twilio-webhooks-signature-settings", "").split(",")
        )
        algorithm = SIGNATURE_ALGORITHMS.get(settings.get("algorithm", "HMAC_SHA1"))
        secret = self.config.auth_token if algorithm == "sha1" else self.config.webhook_secret
        if algorithm is None or secret is None:
            raise ReportRefused("signed in a way that this connector has no key for")
        signature = request.headers.get("x-twilio-signature", "")
        if not is_signed(request.url, fields, signature, secret.get_secret_value(), algorithm):
            raise ReportRefused("the signature is not Twilio's, or the address is another one")

    def _to_account(
        self, method: str, path: str, data: dict[str, str] | None = None
    ) -> httpx2.Request:
        return self.request(
            method,
            f"/2010-04-01/Accounts/{quote(self.config.account_sid, safe='')}{path}",
            headers=basic_auth(*self.config.credentials),
            data=data,
        )


def _validity(time_left: timedelta) -> str:
    return str(min(max(int(time_left.total_seconds()), SHORTEST_VALIDITY), LONGEST_VALIDITY))


def _can_call(url: str | None) -> bool:
    # Twilio refuses the whole message for a callback host with an underscore.
    return url is not None and "_" not in (urlsplit(url).hostname or "")


def _read(response: httpx2.Response) -> dict[str, Any]:
    if response.is_success:
        answer: dict[str, Any] = response.json()
        return answer
    raise _error(response)


def _error(response: httpx2.Response) -> ConnectorError:
    answer = response.json()
    words = f"Twilio {answer.get('code', response.status_code)}: {answer['message']}"
    error_type = ERRORS.get(answer.get("code"))
    if error_type is None:
        # Twilio splits and moves its codes from time to time.
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _read_account(response: httpx2.Response) -> str:
    answer = _read(response)
    words = f"{answer['friendly_name']}, {answer['status']}"
    if answer["status"] != "active":
        raise AccountSuspended(f"Twilio: {words}")
    return words


def _read_balance(response: httpx2.Response) -> str:
    answer = _read(response)
    return f"{answer['balance']} {answer['currency']}"
