"""Telnyx messaging. https://developers.telnyx.com/api-reference/messages/send-a-message"""

from typing import Any, Literal

import httpx2
import orjson

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidRecipient,
    ProviderThrottled,
    ReportRefused,
    SenderRejected,
    UnreadableAnswer,
)
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportRequest,
    SmsMessage,
)
from watchword.providers.telnyx.config import TelnyxConfig
from watchword.providers.telnyx.errors import ERRORS, UNKNOWN_REASON
from watchword.providers.telnyx.signing import is_recent, is_signed

# `delivery_unconfirmed` is Telnyx's last word too, and says nothing.
FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "delivered": "delivered",
    "sending_failed": "undelivered",
    "delivery_failed": "undelivered",
}


class TelnyxConnector(HttpSmsConnector[TelnyxConfig]):
    """Texts through a Telnyx account."""

    metadata = ConnectorMetadata(
        id="telnyx-sms",
        target="telnyx-sms",
        name={"en": "Telnyx", "ko": "Telnyx"},
        description={
            "en": "Texts through Telnyx, which never sends one request twice.",
            "ko": "Telnyx로 문자를 보냅니다. 같은 요청은 한 번만 처리합니다.",
        },
        features=("delivery_reports", "credential_check"),
    )
    config_type = TelnyxConfig
    base_url = "https://api.telnyx.com"
    has_reports = True
    signs_reports = True

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, which Telnyx sends once however often it is asked."""
        config = self.config
        body = {
            "to": message.to.e164,
            "text": self.text_of(message),
            "type": "SMS",
            # Said here, it wins over a profile that would squeeze or widen every text.
            "encoding": "auto",
        }
        if config.sender is not None:
            body["from"] = config.sender
        if config.messaging_profile_id is not None:
            body["messaging_profile_id"] = config.messaging_profile_id
        if self.context.public_receipts and message.receipt_url and config.public_key:
            body["webhook_url"] = message.receipt_url
        headers = {**self._authorization(), "Idempotency-Key": message.id}
        return self.request("POST", "/v2/messages", headers=headers, json=body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, or why there is none."""
        data = _read(response)
        if data.get("errors"):
            raise _error(response, data["errors"])
        if not isinstance(data["id"], str):
            raise UnreadableAnswer(f"HTTP {response.status_code}: {response.text}")
        status = data["to"][0]["status"]
        return Receipt(data["id"], words=f"Telnyx: {status}", segments=data.get("parts"))

    async def check_credentials(self) -> str:
        """Return what money is left, which costs nothing to ask."""
        request = self.request("GET", "/v2/balance", headers=self._authorization())
        return await self.exchange(request, _read_balance)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, of the message that a webhook is about."""
        self._check_signature(request)
        event = orjson.loads(request.body)["data"]
        # `message.received` is somebody's answer to us.
        if event["event_type"] != "message.finalized":
            return []
        message = event["payload"]
        state = FINAL.get(message["to"][0]["status"])
        return [] if state is None else [_report(message, state)]

    def _check_signature(self, request: ReportRequest) -> None:
        if self.config.public_key is None:
            raise ReportRefused("no public key is set")
        timestamp = request.headers.get("telnyx-timestamp", "")
        if not is_recent(timestamp, self.context.clock.now()):
            raise ReportRefused("the report is too old, or says not when it was made")
        signature = request.headers.get("telnyx-signature-ed25519", "")
        if not is_signed(request.body, timestamp, signature, self.config.public_key):
            raise ReportRefused("the signature is not Telnyx's")

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.api_key.get_secret_value()}"}


def _read(response: httpx2.Response) -> dict[str, Any]:
    answer = response.json()
    if not response.is_success:
        raise _error(response, answer["errors"])
    data: dict[str, Any] = answer["data"]
    return data


def _error(response: httpx2.Response, errors: list[dict[str, Any]]) -> ConnectorError:
    first = errors[0]
    code = str(first["code"])
    words = ": ".join(str(first[part]) for part in ("title", "detail") if first.get(part))
    words = f"Telnyx {code}: {words}"
    error_type, _ = ERRORS.get(code, (None, ""))
    if error_type is None:
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    # The codes for bad numbers serve the sender's too; a pointer says whose it is.
    pointer = str((first.get("source") or {}).get("pointer", ""))
    if issubclass(error_type, InvalidRecipient) and pointer.strip("/") == "from":
        return SenderRejected(words)
    return error_type(words)


def _read_balance(response: httpx2.Response) -> str:
    data = _read(response)
    return f"Telnyx: {data['balance']} {data['currency']}"


def _report(message: dict[str, Any], state: Literal["delivered", "undelivered"]) -> DeliveryReport:
    status, error_class = message["to"][0]["status"], None
    words = f"Telnyx: {status}"
    if state == "undelivered":
        code = next((str(error["code"]) for error in message.get("errors") or ()), status)
        error_type, meaning = ERRORS.get(code, UNKNOWN_REASON)
        error_class = error_type.error_class
        words = f"Telnyx {code[:16]}: {meaning}"
    return DeliveryReport(message["id"], state, error_class, words)
