"""GatewayAPI's REST API. https://gatewayapi.com/docs/apis/rest/"""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import HttpSmsConnector, basic_auth
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderRejected,
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
from watchword.providers.gatewayapi.config import GatewayApiConfig
from watchword.providers.gatewayapi.errors import ERRORS, REPORT_ERRORS
from watchword.providers.gatewayapi.signing import claims_of

SHORTEST_VALIDITY = 60

# ACCEPTED ends the notifications too, but says nothing of a phone: then the message stays accepted.
FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "DELIVERED": "delivered",
    "EXPIRED": "undelivered",
    "DELETED": "undelivered",
    "UNDELIVERABLE": "undelivered",
    "REJECTED": "undelivered",
    "SKIPPED": "undelivered",
}


class GatewayApiConnector(HttpSmsConnector[GatewayApiConfig]):
    """Texts through a GatewayAPI account."""

    metadata = ConnectorMetadata(
        id="gatewayapi-sms",
        target="gatewayapi-sms",
        name={"en": "GatewayAPI SMS Service", "ko": "GatewayAPI SMS 서비스"},
        description={
            "en": "Texts through GatewayAPI, worldwide or inside the European Union alone.",
            "ko": "GatewayAPI로 문자를 보냅니다. 글로벌과 유럽 연합 전용 플랫폼이 있습니다.",
        },
        features=("delivery_reports", "credential_check"),
    )
    config_type = GatewayApiConfig
    has_reports = True
    signs_reports = True

    @property
    def base_url(self) -> str:
        """Return the platform that the administrator chose."""
        parts = urlsplit(self.config.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, which is dropped once its code is worth nothing."""
        text = self.text_of(message)
        body: dict[str, Any] = {
            "message": text,
            "sender": self.config.sender,
            "recipients": [{"msisdn": int(message.to.digits)}],
            "userref": message.id,
            "validity_period": max(SHORTEST_VALIDITY, int(message.time_left.total_seconds())),
        }
        if count_segments(text).encoding == "UCS-2":
            # Otherwise what is not in GSM 03.38 arrives as question marks.
            body["encoding"] = "UCS2"
        return self._ask("POST", "/rest/mtsms", body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, or why there is none."""
        [message_id] = _read(response)["ids"]
        if not isinstance(message_id, int):
            raise UnreadableAnswer(f"GatewayAPI: {response.text}")
        return Receipt(provider_message_id=str(message_id))

    async def check_credentials(self) -> str:
        """Return what credit the account has, which costs nothing."""
        return await self.exchange(self._ask("GET", "/rest/me"), _read_credit)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, that a notification's signature holds."""
        claims = self._claims(request)
        state = FINAL.get(str(claims.get("status")))
        if state is None or not isinstance(claims.get("id"), int):
            return []
        message_id, ours = str(claims["id"]), claims.get("userref")
        reference = ours if isinstance(ours, str) else None
        if state == "delivered":
            return [DeliveryReport(message_id, state, message_id=reference)]
        error_type, words = _reason(claims)
        return [
            DeliveryReport(message_id, state, error_type.error_class, words, message_id=reference)
        ]

    def _claims(self, request: ReportRequest) -> Mapping[str, Any]:
        token = self.config.webhook_token
        if token is None:
            raise ReportRefused("this connector has no webhook token to check it with")
        # The body says the same, and anyone may have written it.
        claims = claims_of(request.headers.get("x-gwapi-signature", ""), token.get_secret_value())
        if claims is None:
            raise ReportRefused("the signature is not GatewayAPI's")
        return claims

    def _ask(self, method: str, path: str, body: Any = None) -> httpx2.Request:
        # The token is the user, and there is no password.
        auth = basic_auth(self.config.api_token.get_secret_value(), "")
        return self.request(method, path, headers=auth, json=body)


def _read(response: httpx2.Response) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = response.json()
    if response.is_success:
        return answer
    raise _error(response, answer)


def _error(response: httpx2.Response, answer: Mapping[str, Any]) -> ConnectorError:
    code = answer.get("code")
    words = f"GatewayAPI {code or response.status_code}: {_said(answer)}"
    error_type = ERRORS.get(str(code).lower())
    return error_type(words) if error_type else error_of_status(response, words)


def _said(answer: Mapping[str, Any]) -> str:
    said = str(answer["message"])
    # Backwards, so that %1 is not found in %12.
    for number, value in reversed([*enumerate(answer.get("variables") or [], 1)]):
        said = said.replace(f"%{number}", str(value))
    return said


def _reason(claims: Mapping[str, Any]) -> tuple[type[ConnectorError], str]:
    code, status = claims.get("code"), claims["status"]
    error_type, meaning = REPORT_ERRORS.get(str(code).lower(), (ProviderRejected, ""))
    said = claims.get("error") or meaning or "no reason that we know"
    return error_type, f"GatewayAPI {code or ''} {status}: {said}".replace("  ", " ")


def _read_credit(response: httpx2.Response) -> str:
    account = _read(response)
    return f"GatewayAPI: {account['credit']} {account['currency']}"
