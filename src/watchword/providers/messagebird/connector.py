"""MessageBird SMS. https://developers.messagebird.com/api/sms-messaging/"""

from datetime import timedelta
from typing import Any, Literal

import httpx2

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    RecipientUnreachable,
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
from watchword.connector_kit.segments import count_segments
from watchword.providers.messagebird.config import MessageBirdConfig
from watchword.providers.messagebird.errors import (
    ABOUT_A_PARAMETER,
    ERRORS,
    PARAMETERS,
    REASONS,
    UNKNOWN_REASON,
)
from watchword.providers.messagebird.signing import is_signed

LONGEST_VALIDITY = timedelta(days=2)

# The others are stations on the way.
FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "delivered": "delivered",
    "expired": "undelivered",
    "delivery_failed": "undelivered",
}
# Then the carrier never said anything, and the message may be on the phone.
SAYS_NOTHING = "dlr not received"


class MessageBirdConnector(HttpSmsConnector[MessageBirdConfig]):
    """Texts through a MessageBird account."""

    metadata = ConnectorMetadata(
        id="messagebird-sms",
        target="messagebird-sms",
        name={"en": "MessageBird", "ko": "MessageBird"},
        description={
            "en": "Texts through MessageBird's REST API, for accounts of the older platform.",
            "ko": "기존 플랫폼 계정으로 MessageBird의 REST API를 통해 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
    )
    config_type = MessageBirdConfig
    base_url = "https://rest.messagebird.com"
    has_reports = True
    signs_reports = True

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, which MessageBird drops once its code is worth nothing."""
        text = self.text_of(message)
        left = min(message.time_left, LONGEST_VALIDITY)
        body = {
            "originator": self.config.originator,
            "recipients": [message.to.digits],
            "body": text,
            # What the plain alphabet lacks would be lost without a word.
            "datacoding": "unicode" if count_segments(text).encoding == "UCS-2" else "plain",
            "validity": max(int(left.total_seconds()), 1),
            # Comes back in the report, and finds a message whose answer was lost.
            "reference": message.id,
        }
        if self.context.public_receipts and message.receipt_url and self.config.signing_key:
            body["reportUrl"] = message.receipt_url
        return self.request("POST", "/messages", headers=self._authorization(), json=body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, or why there is none."""
        answer = _read(response)
        if not isinstance(answer["id"], str):
            raise UnreadableAnswer(f"HTTP {response.status_code}: {response.text}")
        [item] = answer["recipients"]["items"]
        if item["status"] in FINAL and FINAL[item["status"]] == "undelivered":
            raise RecipientUnreachable(f"MessageBird {item['status']}")
        return Receipt(answer["id"], words=f"MessageBird: {item['status']}")

    async def check_credentials(self) -> str:
        """Return what money is left, which costs nothing to ask."""
        request = self.request("GET", "/balance", headers=self._authorization())
        return await self.exchange(request, _read_balance)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, of the message that a callback names."""
        self._check_signature(request)
        fields = dict(request.query)
        reason = fields.get("statusReason", "").lower().replace("_", " ").replace("-", " ")
        state = FINAL.get(fields.get("status", ""))
        if state is None or not fields.get("id") or reason == SAYS_NOTHING:
            return []
        words, error_class = f"MessageBird: {fields['status']}", None
        if state == "undelivered":
            error_type, meaning = REASONS.get(reason or fields["status"], UNKNOWN_REASON)
            error_class = error_type.error_class
            code = fields.get("statusErrorCode") or fields["status"]
            words = f"MessageBird {code[:16]}: {meaning}"
        return [DeliveryReport(fields["id"], state, error_class, words, fields.get("reference"))]

    def _check_signature(self, request: ReportRequest) -> None:
        if self.config.signing_key is None:
            raise ReportRefused("no signing key is set")
        token = request.headers.get("messagebird-signature-jwt", "")
        secret = self.config.signing_key.get_secret_value()
        if not is_signed(token, request.url, request.body, secret, self.context.clock.now()):
            raise ReportRefused("the signature is not MessageBird's, or the address is another one")

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"AccessKey {self.config.access_key.get_secret_value()}"}


def _read(response: httpx2.Response) -> dict[str, Any]:
    if not response.content and not response.is_success:
        status = response.status_code
        raise error_of_status(response, f"MessageBird {status}: {response.reason_phrase}")
    answer: dict[str, Any] = response.json()
    if "errors" in answer:
        raise _error(response, answer["errors"])
    if not response.is_success:
        raise error_of_status(response)
    return answer


def _error(response: httpx2.Response, errors: list[dict[str, Any]]) -> ConnectorError:
    first = errors[0]
    code, parameter = first["code"], first.get("parameter")
    words = f"MessageBird {code}: {first['description']}"
    if parameter:
        words += f" ({parameter})"
    error_type = ERRORS.get(code)
    if code in ABOUT_A_PARAMETER:
        error_type = PARAMETERS.get(str(parameter), error_type)
    return error_of_status(response, words) if error_type is None else error_type(words)


def _read_balance(response: httpx2.Response) -> str:
    answer = _read(response)
    return f"MessageBird: {answer['amount']} {answer['type']}, {answer['payment']}"
