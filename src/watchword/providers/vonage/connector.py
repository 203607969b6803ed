"""Vonage SMS API. https://developer.vonage.com/en/api/sms"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import httpx2
import orjson
from pydantic import SecretStr

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector, basic_auth
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidRecipient,
    ProviderRejected,
    ProviderThrottled,
    ReportRefused,
)
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportRequest,
    SmsMessage,
)
from watchword.connector_kit.segments import count_segments
from watchword.providers.vonage.config import VonageConfig
from watchword.providers.vonage.errors import ERRORS, REPORT_ERRORS, UNKNOWN_REASON
from watchword.providers.vonage.signing import is_signed, is_token_for, signature_of

# Milliseconds that Vonage tries for.
SHORTEST_TTL = 20_000
LONGEST_TTL = 604_800_000
LONGEST_CALLBACK = 100

# The others are stations on the way, or say nothing.
FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "delivered": "delivered",
    "expired": "undelivered",
    "failed": "undelivered",
    "rejected": "undelivered",
}

ABOUT_THE_NUMBER = re.compile(r"\bto\W{1,2}(param|address)", re.IGNORECASE)


class VonageConnector(HttpSmsConnector[VonageConfig]):
    """Texts through a Vonage account."""

    metadata = ConnectorMetadata(
        id="vonage-sms",
        target="vonage-sms",
        name={"en": "Vonage SMS Service", "ko": "Vonage SMS 서비스"},
        description={
            "en": "Texts to nearly every country through the Vonage (Nexmo) SMS API.",
            "ko": "Vonage(구 Nexmo) SMS API로 거의 모든 나라에 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        messages_per_second=30,
    )
    config_type = VonageConfig
    base_url = "https://rest.nexmo.com"
    has_reports = True
    # Signing is off until Vonage's support switches it on, so the address carries a token. Where
    # the account has a signature secret, a signature is wanted all the same.
    signs_reports = False

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one text, which Vonage drops once its code is worth nothing."""
        text = self.text_of(message)
        form = {
            "from": self.config.sender,
            "to": message.to.digits,
            "text": text,
            "ttl": _ttl(message.time_left),
            "client-ref": message.id,
        }
        if count_segments(text).encoding == "UCS-2":
            form["type"] = "unicode"
        callback = self._callback(message)
        if callback is not None:
            form["callback"] = callback
        return self._authenticated("POST", "/sms/json", form)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the id of the first part; a failure comes with HTTP 200 too, in any part."""
        if not response.is_success:
            raise error_of_status(response)
        parts = response.json()["messages"]
        failed = [part for part in parts if str(part["status"]) != "0"]
        if failed:
            raise _error(failed[0], response, is_partial=len(failed) < len(parts))
        first = parts[0]
        return Receipt(
            provider_message_id=str(first["message-id"]),
            words=f"Vonage 0: accepted, balance {first.get('remaining-balance', '?')}",
            segments=len(parts),
        )

    async def check_credentials(self) -> str | None:
        """Return the balance, which costs nothing; a signature alone can't ask for it."""
        if self.config.api_secret is None:
            return None
        return await self.exchange(
            self.request("GET", "/account/get-balance", headers=self._basic()), _read_balance
        )

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, from any of the three kinds of callback."""
        fields = _fields_of(request)
        if self.config.signature_secret is not None:
            self._check_signature(request, fields, self.config.signature_secret)
        state = FINAL.get(fields.get("status", ""))
        if state is None or not fields.get("messageId"):
            return []
        words, error_class = f"Vonage: {fields['status']}", None
        if state == "undelivered":
            code = fields.get("err-code", "")
            error_type, meaning = REPORT_ERRORS.get(code, UNKNOWN_REASON)
            error_class = error_type.error_class
            words = f"Vonage {code[:16] or fields['status']}: {meaning}"
        return [
            DeliveryReport(
                fields["messageId"],
                state,
                error_class,
                words,
                message_id=fields.get("client-ref") or None,
            )
        ]

    def _callback(self, message: SmsMessage) -> str | None:
        if message.receipt_url is None or not self.context.public_receipts:
            return None
        # Vonage takes short addresses only; the message is named by `client-ref` anyway.
        address = message.receipt_url.partition("?")[0]
        return address if len(address) <= LONGEST_CALLBACK else None

    def _authenticated(self, method: str, path: str, form: dict[str, str]) -> httpx2.Request:
        config = self.config
        api_key = config.api_key.get_secret_value()
        if config.authentication == "secret":
            return self.request(
                method,
                path,
                data={**form, "api_key": api_key, "api_secret": _plain(config.api_secret)},
            )
        if config.authentication == "signature":
            timestamp = str(int(self.context.clock.now().timestamp()))
            signed = {**form, "api_key": api_key, "timestamp": timestamp}
            signature = signature_of(
                signed.items(), _plain(config.signature_secret), config.signature_method
            )
            return self.request(method, path, data={**signed, "sig": signature})
        return self.request(method, path, headers=self._basic(), data=form)

    def _basic(self) -> dict[str, str]:
        return basic_auth(self.config.api_key.get_secret_value(), _plain(self.config.api_secret))

    def _check_signature(
        self, request: ReportRequest, fields: Mapping[str, str], secret: SecretStr
    ) -> None:
        shared, now = secret.get_secret_value(), self.context.clock.now()
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            is_genuine = is_token_for(token, request.body, shared, now)
        else:
            is_genuine = is_signed(fields, shared, self.config.signature_method, now)
        if not is_genuine:
            raise ReportRefused("the signature is not Vonage's, or too old")


def _plain(secret: SecretStr | None) -> str:
    # None never gets here: `VonageConfig` refuses what its authentication lacks.
    return secret.get_secret_value() if secret is not None else ""


def _ttl(time_left: timedelta) -> str:
    milliseconds = int(time_left.total_seconds()) * 1000
    return str(min(max(milliseconds, SHORTEST_TTL), LONGEST_TTL))


def _error(
    part: Mapping[str, Any], response: httpx2.Response, *, is_partial: bool
) -> ConnectorError:
    status, said = str(part["status"]), str(part.get("error-text", ""))
    words = f"Vonage {status}: {said}"
    error_type = ERRORS.get(status, ProviderRejected)
    if status == "3" and ABOUT_THE_NUMBER.search(said):
        error_type = InvalidRecipient
    if is_partial and error_type.acts == "nobody":
        # Some parts are on their way, and the whole must not be sent again.
        return ProviderRejected(f"{words} (of one part; others were accepted)")
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _read_balance(response: httpx2.Response) -> str:
    if not response.is_success:
        label = response.json().get("error-code-label", "") if response.content else ""
        raise error_of_status(response, f"Vonage {response.status_code}: {label}")
    return f"Vonage: balance {response.json()['value']}"


def _fields_of(request: ReportRequest) -> dict[str, str]:
    if request.method == "GET":
        return dict(request.query)
    if not request.headers.get("content-type", "").startswith("application/json"):
        return dict(request.form)
    try:
        fields = orjson.loads(request.body)
    except ValueError:
        raise ReportRefused("not JSON") from None
    if not isinstance(fields, dict):
        raise ReportRefused("not a report")
    return {
        str(name): value if isinstance(value, str) else str(value) for name, value in fields.items()
    }
