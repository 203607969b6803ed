"""WhatsApp Cloud API. https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages"""

import hmac
import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import quote

import httpx2
import orjson

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderThrottled,
    ReportRefused,
    UnreadableAnswer,
)
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportReply,
    ReportRequest,
    SmsMessage,
)
from watchword.connector_kit.templates import choose_for, value_of, variables_of
from watchword.providers.whatsapp.config import WhatsAppConfig, WhatsAppTemplate
from watchword.providers.whatsapp.errors import ERRORS, UNKNOWN_REASON

# `sent` is a station on the way. A message that was read was delivered, and of an old phone we
# may hear no more than that.
FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "delivered": "delivered",
    "read": "delivered",
    "failed": "undelivered",
}
CODE_IN_FRONT = re.compile(r"^\(#\d+\)\s*")


class WhatsAppConnector(HttpSmsConnector[WhatsAppConfig]):
    """Template messages from a WhatsApp business number."""

    metadata = ConnectorMetadata(
        id="whatsapp-short-message-service",
        target="whatsapp-sms",
        name={"en": "WhatsApp", "ko": "WhatsApp"},
        description={
            "en": "Codes as WhatsApp messages, through Meta's Cloud API.",
            "ko": "Meta의 Cloud API로 인증번호를 WhatsApp 메시지로 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        messages_per_second=80,
    )
    config_type = WhatsAppConfig
    base_url = "https://graph.facebook.com"
    has_reports = True
    signs_reports = True

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message after an approved template in the person's language."""
        template = choose_for(self.config.templates, message)
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.to.digits,
            "type": "template",
            "template": {
                "name": template.template_code,
                "language": {"code": template.language},
                "components": _components(template, message),
            },
            # Comes back in each report, and finds a message whose answer was lost.
            "biz_opaque_callback_data": message.id,
        }
        return self._to_number("POST", "/messages", json=body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, or why there is none."""
        answer = _read(response)
        sent = answer.get("messages") or [{}]
        if not isinstance(sent[0].get("id"), str):
            # Not the answer's text: it may hold the number as WhatsApp writes it, which for some
            # countries is not the one that the message went to.
            raise UnreadableAnswer("WhatsApp: an answer without a message id")
        status = sent[0].get("message_status", "accepted")
        return Receipt(sent[0]["id"], words=f"WhatsApp: {status}")

    async def check_credentials(self) -> str:
        """Return what Meta says of the business number, which costs nothing."""
        fields = {"fields": "id,display_phone_number,verified_name,quality_rating"}
        return await self.exchange(self._to_number("GET", "", params=fields), _read_number)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final states that a webhook call holds for messages of this number."""
        if request.method == "GET":
            self._check_verify_token(request)
            return []
        self._check_signature(request)
        return [
            report
            for status in _statuses(orjson.loads(request.body), self.config.phone_number_id)
            if (report := _report(status)) is not None
        ]

    def answer_report(self, request: ReportRequest) -> ReportReply:
        """Repeat the challenge with which Meta proves the webhook's address, else say 200."""
        if request.method != "GET":
            return ReportReply(200)
        self._check_verify_token(request)
        challenge = dict(request.query).get("hub.challenge", "")
        return ReportReply(200, challenge.encode(), "text/plain")

    def _check_verify_token(self, request: ReportRequest) -> None:
        query, expected = dict(request.query), self.config.verify_token
        if expected is None or query.get("hub.mode") != "subscribe":
            raise ReportRefused("not a subscription, or no verify token is set")
        given = query.get("hub.verify_token", "")
        if not hmac.compare_digest(given.encode(), expected.get_secret_value().encode()):
            raise ReportRefused("the verify token is another one")

    def _check_signature(self, request: ReportRequest) -> None:
        if self.config.app_secret is None:
            raise ReportRefused("no app secret is set")
        secret = self.config.app_secret.get_secret_value()
        signature = request.headers.get("x-hub-signature-256", "")
        if not hmac.compare_digest(signature_of(request.body, secret).encode(), signature.encode()):
            raise ReportRefused("the signature is not Meta's")

    def _to_number(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        json: dict[str, Any] | None = None,
    ) -> httpx2.Request:
        config = self.config
        return self.request(
            method,
            f"/{config.graph_version}/{quote(config.phone_number_id, safe='')}{path}",
            headers={"Authorization": f"Bearer {config.access_token.get_secret_value()}"},
            params=params,
            json=json,
        )


def signature_of(body: bytes, secret: str) -> str:
    """Return the header X-Hub-Signature-256 of a webhook call, for its bytes as they came."""
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def _components(template: WhatsAppTemplate, message: SmsMessage) -> list[dict[str, Any]]:
    components: list[dict[str, Any]] = []
    if template.parameters:
        components.append({"type": "body", "parameters": _texts(*template.values(message))})
    if template.button is not None:
        # A copy-code button is a `url` button to the API, and the code stands there once more.
        value = value_of(template.button, variables_of(message))
        components.append(
            {"type": "button", "sub_type": "url", "index": "0", "parameters": _texts(value)}
        )
    return components


def _texts(*values: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": value} for value in values]


def _read(response: httpx2.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if "error" in answer:
        raise _error(response, answer["error"])
    if not response.is_success:
        raise error_of_status(response)
    return answer


def _error(response: httpx2.Response, error: dict[str, Any]) -> ConnectorError:
    said = CODE_IN_FRONT.sub("", error["message"])
    details = (error.get("error_data") or {}).get("details")
    words = f"WhatsApp {error['code']}: {said}" + (f" ({details})" if details else "")
    error_type, _ = ERRORS.get(error["code"], (None, ""))
    if error_type is None:
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _read_number(response: httpx2.Response) -> str:
    answer = _read(response)
    quality = answer.get("quality_rating", "unknown")
    return f"WhatsApp: {answer['verified_name']}, {answer['display_phone_number']}, {quality}"


def _statuses(body: Any, phone_number_id: str) -> Iterator[dict[str, Any]]:
    # One webhook serves all numbers of an app.
    for entry in body["entry"]:
        for change in entry["changes"]:
            value = change["value"]
            if value.get("metadata", {}).get("phone_number_id") == phone_number_id:
                yield from value.get("statuses", ())


def _report(status: dict[str, Any]) -> DeliveryReport | None:
    state = FINAL.get(status["status"])
    if state is None:
        return None
    words, error_class = f"WhatsApp: {status['status']}", None
    if state == "undelivered":
        code = next((error.get("code") for error in status.get("errors", ())), None)
        error_type, meaning = UNKNOWN_REASON if code is None else ERRORS.get(code, UNKNOWN_REASON)
        error_class = error_type.error_class
        words = f"WhatsApp {status['status'] if code is None else code}: {meaning}"
    ours = status.get("biz_opaque_callback_data")
    return DeliveryReport(status["id"], state, error_class, words, ours)
