"""Sinch SMS. https://developers.sinch.com/docs/sms/api-reference/"""

import asyncio
import hmac
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

import httpx2
import orjson

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import ConnectorContext, HttpSmsConnector, basic_auth
from watchword.connector_kit.errors import (
    ConnectorError,
    InvalidCredentials,
    ProviderUnavailable,
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
from watchword.providers.sinch.config import SinchConfig
from watchword.providers.sinch.errors import (
    ERRORS,
    FIELDS,
    REPORT_ERRORS,
    REPORT_STATUSES,
    UNKNOWN_REASON,
)

AUTH_URL = "https://auth.sinch.com"
# A token is renewed a little early: it must still be good when it arrives.
MARGIN = timedelta(minutes=1)
LONGEST_LIFE = timedelta(days=3)
NAMED_FIELD = re.compile(r"""[\['"`](to|from|body)\b""")

# From Sinch's documentation; a dry run sends nothing there.
NOBODY = "15551231234"

# `UNKNOWN` is Sinch's last word too, and says nothing.
FINAL: dict[str, Literal["delivered", "undelivered"]] = {
    "DELIVERED": "delivered",
    "ABORTED": "undelivered",
    "CANCELLED": "undelivered",
    "FAILED": "undelivered",
    "EXPIRED": "undelivered",
    "REJECTED": "undelivered",
    "DELETED": "undelivered",
}


@dataclass(frozen=True)
class AccessToken:
    """What a project's key was exchanged for."""

    value: str = field(repr=False)
    until: datetime


class SinchConnector(HttpSmsConnector[SinchConfig]):
    """Texts through a Sinch service plan or project."""

    metadata = ConnectorMetadata(
        id="sinch-sms",
        target="sinch-sms",
        name={"en": "Sinch", "ko": "Sinch"},
        description={
            "en": "Texts through Sinch, from five regions.",
            "ko": "다섯 개 리전 가운데 하나를 골라 Sinch로 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
    )
    config_type = SinchConfig
    has_reports = True

    def __init__(self, config: SinchConfig, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._token: AccessToken | None = None
        self._fetching = asyncio.Lock()

    @property
    def base_url(self) -> str:
        """Return the API's host in the account's region."""
        prefix = "zt." if self.config.project_id else ""
        return f"https://{prefix}{self.config.region}.sms.api.sinch.com"

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    async def send(self, message: SmsMessage) -> Receipt:
        """Send the message, with a project after its key was exchanged for a token."""
        if self.config.project_id is None:
            return await super().send(message)
        is_new = await self._renew_token()
        try:
            return await super().send(message)
        except InvalidCredentials:
            self._token = None
            if is_new:
                raise
        # A kept token may be withdrawn. The message was refused with it, so it can be sent anew.
        await self._renew_token()
        return await super().send(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for a batch of one, which Sinch drops once its code is worth nothing."""
        until = self.context.clock.now() + min(message.time_left, LONGEST_LIFE)
        body = {
            "to": [message.to.digits],
            "body": self.text_of(message),
            "type": "mt_text",
            "expire_at": until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            # Comes back in each report, and finds a message whose answer was lost.
            "client_reference": message.id,
            "delivery_report": "none",
        }
        if self.config.sender is not None:
            body["from"] = self.config.sender
        if self.context.public_receipts and message.receipt_url:
            body |= {"delivery_report": "per_recipient_final", "callback_url": message.receipt_url}
        return self._to_account("/batches", json=body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the batch's id, or why there is none."""
        answer = _read(response)
        if not isinstance(answer["id"], str):
            raise UnreadableAnswer(f"HTTP {response.status_code}: {response.text}")
        return Receipt(answer["id"], words="Sinch: accepted")

    async def check_credentials(self) -> str:
        """Return what Sinch says to a dry run, which sends nothing and costs nothing."""
        if self.config.project_id is not None:
            await self._renew_token()
        body = {"to": [NOBODY], "body": "000000", "type": "mt_text"}
        if self.config.sender is not None:
            body["from"] = self.config.sender
        return await self.exchange(self._to_account("/batches/dry_run", json=body), _read_dry_run)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final states of the batch of one that a callback is about."""
        self._check_signature(request)
        event = orjson.loads(request.body)
        kind = event["type"]
        if kind == "recipient_delivery_report_sms":
            found = [_report(event, event)]
        elif kind == "delivery_report_sms":
            found = [_report(event, status) for status in event["statuses"]]
        else:
            # Somebody's answer to us.
            found = []
        return [report for report in found if report is not None]

    async def _renew_token(self) -> bool:
        """Fetch a token unless there is one that will do; tell whether it was fetched."""
        async with self._fetching:
            if self._token is not None and self.context.clock.now() < self._token.until:
                return False
            try:
                self._token = await self.exchange(self._token_request(), self._read_token)
            except ConnectorError as error:
                if error.is_outcome_known:
                    raise
                # Whatever became of the request for a token, no message was asked for yet.
                unavailable = ProviderUnavailable()
                unavailable.replace_words(error.words)
                raise unavailable from None
        return True

    def _token_request(self) -> httpx2.Request:
        config = self.config
        assert config.key_id is not None
        assert config.key_secret is not None
        return httpx2.Request(
            "POST",
            (self.context.base_url_override or AUTH_URL).rstrip("/") + "/oauth2/token",
            headers=basic_auth(config.key_id, config.key_secret),
            data={"grant_type": "client_credentials"},
        )

    def _read_token(self, response: httpx2.Response) -> AccessToken:
        if not response.is_success:
            answer = response.json()
            words = f"Sinch {answer['error']}: {answer.get('error_description', 'no token')}"
            raise error_of_status(response, words)
        answer = response.json()
        life = timedelta(seconds=int(answer["expires_in"]))
        return AccessToken(answer["access_token"], self.context.clock.now() + life - MARGIN)

    def _check_signature(self, request: ReportRequest) -> None:
        if self.config.callback_secret is None:
            # Then the token in the address has to do; it was looked at before.
            return
        nonce, timestamp, signature = (
            request.headers.get(f"x-sinch-webhook-signature{part}", "")
            for part in ("-nonce", "-timestamp", "")
        )
        secret = self.config.callback_secret.get_secret_value()
        expected = signature_of(request.body, nonce, timestamp, secret)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise ReportRefused("the signature is not Sinch's")

    def _to_account(self, path: str, *, json: dict[str, Any]) -> httpx2.Request:
        config = self.config
        if config.project_id is not None:
            account, token = config.project_id, self._token.value if self._token else ""
        else:
            assert config.service_plan_id is not None
            assert config.api_token is not None
            account, token = config.service_plan_id, config.api_token.get_secret_value()
        return self.request(
            "POST",
            f"/xms/v1/{quote(account, safe='')}{path}",
            headers={"Authorization": f"Bearer {token}"},
            json=json,
        )


def signature_of(body: bytes, nonce: str, timestamp: str, secret: str) -> str:
    """Return the header x-sinch-webhook-signature: an HMAC of `body.nonce.timestamp`."""
    signed = b".".join((body, nonce.encode(), timestamp.encode()))
    return b64encode(hmac.digest(secret.encode(), signed, "sha256")).decode()


def _read(response: httpx2.Response) -> dict[str, Any]:
    if not response.is_success:
        raise _error(response)
    answer: dict[str, Any] = response.json()
    return answer


def _error(response: httpx2.Response) -> ConnectorError:
    status = response.status_code
    if not response.content:
        # So it answers to a wrong token.
        return error_of_status(response, f"Sinch {status}: {response.reason_phrase}")
    answer = response.json()
    code = answer["code"]
    words = f"Sinch {code}: {answer['text']}"
    error_type = ERRORS.get(code)
    if error_type is None:
        return error_of_status(response, words)
    named = NAMED_FIELD.search(answer["text"]) if code.startswith("syntax_") else None
    return FIELDS[named[1]](words) if named else error_type(words)


def _read_dry_run(response: httpx2.Response) -> str:
    parts = _read(response)["number_of_messages"]
    return f"Sinch: a dry run would send {parts} part"


def _report(event: dict[str, Any], status: dict[str, Any]) -> DeliveryReport | None:
    # Older accounts get `Delivered` for `DELIVERED`.
    name = str(status["status"]).upper()
    state = FINAL.get(name)
    if state is None:
        return None
    words, error_class = f"Sinch: {name}", None
    if state == "undelivered":
        code = status.get("code")
        by_status = REPORT_STATUSES.get(name, UNKNOWN_REASON)
        error_type, meaning = REPORT_ERRORS.get(code, by_status) if code else by_status
        error_class = error_type.error_class
        words = f"Sinch {code if isinstance(code, int) else name}: {meaning}"
    ours = event.get("client_reference")
    return DeliveryReport(event["batch_id"], state, error_class, words, ours)
