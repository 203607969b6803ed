"""Plivo messaging. https://www.plivo.com/docs/messaging/api/message"""

import re
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import quote

import httpx2

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import HttpSmsConnector, basic_auth
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidRecipient,
    RegionUnsupported,
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
from watchword.providers.plivo.config import PlivoConfig
from watchword.providers.plivo.errors import FIELDS, REPORT_ERRORS, UNKNOWN_REASON
from watchword.providers.plivo.signing import is_signed

# Seconds in Plivo's queue.
SHORTEST_EXPIRY = 5
LONGEST_EXPIRY = 10_800
NAMED_FIELD = re.compile(r"\b(dst|src|powerpack_uuid|text)\b")

FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "delivered": "delivered",
    "undelivered": "undelivered",
    "failed": "undelivered",
    "rejected": "undelivered",
}


class PlivoConnector(HttpSmsConnector[PlivoConfig]):
    """Texts through a Plivo account."""

    metadata = ConnectorMetadata(
        id="plivo-sms",
        target="plivo-sms",
        name={"en": "Plivo", "ko": "Plivo"},
        description={
            "en": "Texts through Plivo, from one sender or a pool of them.",
            "ko": "발신번호 하나 또는 번호 묶음으로 Plivo를 통해 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        messages_per_second=5,
    )
    config_type = PlivoConfig
    base_url = "https://api.plivo.com"
    has_reports = True
    signs_reports = True

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, which Plivo drops once its code is worth nothing."""
        config = self.config
        body: dict[str, Any] = {
            "dst": message.to.digits,
            "text": self.text_of(message),
            "type": "sms",
            "message_expiry": _expiry(message.time_left),
        }
        if config.sender is not None:
            body["src"] = config.sender
        else:
            body["powerpack_uuid"] = config.powerpack_uuid
        if self.context.public_receipts and message.receipt_url:
            body |= {"url": message.receipt_url, "method": "POST"}
        return self._to_account("POST", "/Message/", json=body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, which comes in a list, or why there is none."""
        if response.status_code == 403:
            # For a message this is about the country; a wrong token is a 401.
            raise RegionUnsupported(_words(response))
        answer = _read(response)
        if answer.get("invalid_number"):
            # Not the list itself: it spells the number.
            raise InvalidRecipient("Plivo invalid_number: it takes no message for this number")
        if not isinstance(answer["message_uuid"][0], str):
            raise UnreadableAnswer(f"HTTP {response.status_code}: {response.text}")
        return Receipt(answer["message_uuid"][0], words=f"Plivo: {answer['message']}")

    async def check_credentials(self) -> str:
        """Return what Plivo says of the account and its money, which costs nothing."""
        return await self.exchange(self._to_account("GET", "/"), _read_account)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, of the message that a callback names."""
        self._check_signature(request)
        form = dict(request.form)
        # A long text has a report for each part, and one parent.
        message_id = form.get("ParentMessageUUID") or form.get("MessageUUID")
        state = FINAL.get(form.get("Status", ""))
        if state is None or not message_id:
            return []
        words, error_class = f"Plivo: {form['Status']}", None
        if state == "undelivered":
            code = form.get("ErrorCode", "").lstrip("0")
            error_type, meaning = REPORT_ERRORS.get(code, UNKNOWN_REASON)
            error_class = error_type.error_class
            words = f"Plivo {code[:16] or form['Status']}: {meaning}"
        return [DeliveryReport(message_id, state, error_class, words)]

    def _check_signature(self, request: ReportRequest) -> None:
        nonce = request.headers.get("x-plivo-signature-v3-nonce", "")
        signatures = request.headers.get("x-plivo-signature-v3", "")
        secret = self.config.auth_token.get_secret_value()
        # A GET signs its fields another way, and we ask for POST.
        if request.method != "POST" or not is_signed(
            request.url, request.form, nonce, signatures, secret
        ):
            raise ReportRefused("the signature is not Plivo's, or the address is another one")

    def _to_account(
        self, method: str, path: str, json: dict[str, Any] | None = None
    ) -> httpx2.Request:
        config = self.config
        return self.request(
            method,
            f"/v1/Account/{quote(config.auth_id, safe='')}{path}",
            headers=basic_auth(config.auth_id, config.auth_token),
            json=json,
        )


def _expiry(time_left: timedelta) -> int:
    return min(max(int(time_left.total_seconds()), SHORTEST_EXPIRY), LONGEST_EXPIRY)


def _read(response: httpx2.Response) -> dict[str, Any]:
    if response.is_success:
        answer: dict[str, Any] = response.json()
        return answer
    raise _error(response)


def _error(response: httpx2.Response) -> ConnectorError:
    words = _words(response)
    named = NAMED_FIELD.search(words) if response.status_code == 400 else None
    return FIELDS[named[1]](words) if named else error_of_status(response, words)


def _words(response: httpx2.Response) -> str:
    said = response.json()["error"] if response.content else response.reason_phrase
    return f"Plivo {response.status_code}: {said}"


def _read_account(response: httpx2.Response) -> str:
    answer = _read(response)
    return f"Plivo: {answer['cash_credits']} USD, {answer['billing_mode']}"
