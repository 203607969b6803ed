"""A service of the tenant's own, which gets each message as JSON and renders it itself."""

import hmac
from datetime import datetime
from typing import Annotated

import httpx2
import orjson
from pydantic import Field, SecretStr

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.config import ConnectorConfig, Setting, looks_like
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage

LONGEST_ID = 255


class WebhookConfig(ConnectorConfig):
    """Where the service is and how it knows us; the contract's two keys, and ours."""

    endpoint: Annotated[
        str,
        Setting(
            label={"en": "Endpoint", "ko": "엔드포인트"},
            help={
                "en": "Gets a POST with JSON for every message.",
                "ko": "메시지마다 JSON을 담은 POST 요청을 받습니다.",
            },
            placeholder="https://sms.example.com/send",
            hint=looks_like(
                r"https?://[^\s]+",
                {"en": "an address with https://", "ko": "https://로 시작하는 주소"},
            ),
            decides_destination=True,
        ),
    ]
    authorization: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Authorization header", "ko": "Authorization 헤더"},
            help={
                "en": "Sent as it is, so that your service knows who calls.",
                "ko": "요청한 쪽을 확인할 수 있도록 적은 그대로 보냅니다.",
            },
            placeholder="Bearer …",
        ),
    ] = None
    signing_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Signing secret", "ko": "서명 비밀 키"},
            help={
                "en": "Signs each request with HMAC-SHA256; the guide says how to check it.",
                "ko": "요청마다 HMAC-SHA256으로 서명합니다. 확인하는 방법은 가이드에 있습니다.",
            },
        ),
    ] = Field(default=None, alias="signingSecret")
    sends_ip: Annotated[
        bool,
        Setting(
            label={"en": "Send the person's IP address", "ko": "사용자 IP 주소 보내기"},
            help={
                "en": "Your service may use it to spot abuse. It is personal data.",
                "ko": "악용을 찾아내는 데 쓸 수 있습니다. 개인정보에 해당합니다.",
            },
        ),
    ] = Field(default=True, alias="sendIp")


class WebhookConnector(HttpSmsConnector[WebhookConfig]):
    """Texts through the tenant's own service."""

    metadata = ConnectorMetadata(
        id="http-sms",
        target="http-sms",
        name={"en": "HTTP SMS", "ko": "HTTP SMS"},
        description={
            "en": "Hands messages to a service of your own, which writes the texts and sends them.",
            "ko": "직접 운영하는 서비스에 메시지를 넘깁니다. 문구와 전송은 그 서비스가 맡습니다.",
        },
        features=("own_texts",),
    )
    config_type = WebhookConfig

    @property
    def base_url(self) -> str:
        """Return the service's address."""
        return self.config.endpoint

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Hand over number, usage type and variables; the message's id makes repeats harmless."""
        body = {"to": message.to.digits, "type": message.usage, "payload": message.payload}
        if self.config.sends_ip and message.client_ip:
            body["ip"] = message.client_ip
        content = orjson.dumps(body)
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.id}
        if self.config.authorization is not None:
            headers["Authorization"] = self.config.authorization.get_secret_value()
        if self.config.signing_secret is not None:
            secret = self.config.signing_secret.get_secret_value()
            headers |= signed(content, secret, self.context.clock.now())
        return self.request("POST", "", headers=headers, content=content)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Take any 2xx as sent, and note the service's own id if there is one."""
        if not response.is_success:
            raise error_of_status(response)
        return Receipt(provider_message_id=_message_id(response), words=_words(response))


def signed(content: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers that prove the body and its time: HMAC of `<timestamp>.<body>`."""
    at = str(int(now.timestamp()))
    digest = hmac.digest(secret.encode(), f"{at}.".encode() + content, "sha256")
    return {"X-Timestamp": at, "X-Signature-256": f"sha256={digest.hex()}"}


def _message_id(response: httpx2.Response) -> str | None:
    # The contract asks nothing of the body, so whatever else it is, is fine.
    try:
        answer = response.json()
    except ValueError:
        return None
    found = answer.get("messageId") if isinstance(answer, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST_ID else None


def _words(response: httpx2.Response) -> str:
    return f"HTTP {response.status_code}: {response.text}".rstrip(": ")
