"""A service of the tenant's own, or any gateway that can be asked over HTTP."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2
import orjson
from pydantic import JsonValue

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector, basic_auth
from watchword.connector_kit.errors import (
    AccountSuspended,
    ConnectorError,
    InsufficientBalance,
    InvalidCredentials,
    InvalidRecipient,
    ProviderThrottled,
    ProviderUnavailable,
    QuotaExhausted,
    RecipientOptedOut,
    RecipientThrottled,
    RecipientUnreachable,
    RegionUnsupported,
    SenderRejected,
    TemplateRejected,
    UnreadableAnswer,
)
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.connector_kit.templates import TextTemplate, fill, render, variables_of
from watchword.connector_kit.wording import default_templates
from watchword.providers.http_sms.answers import is_listed, passes, value_at, written
from watchword.providers.http_sms.config import BODY_VARIABLES, WebhookConfig

LONGEST_ID = 255

# What a service may answer as `error`, so that the right one hears of it.
REASONS: dict[str, type[ConnectorError]] = {
    reason.error_class: reason
    for reason in (
        InvalidRecipient,
        RecipientOptedOut,
        RecipientUnreachable,
        RecipientThrottled,
        RegionUnsupported,
        InvalidCredentials,
        AccountSuspended,
        InsufficientBalance,
        QuotaExhausted,
        SenderRejected,
        TemplateRejected,
        ProviderThrottled,
        ProviderUnavailable,
    )
}


class WebhookConnector(HttpSmsConnector[WebhookConfig]):
    """Texts through the tenant's own service, or a gateway that is not in the list."""

    metadata = ConnectorMetadata(
        id="http-sms",
        target="http-sms",
        name={"en": "HTTP SMS", "ko": "HTTP SMS"},
        description={
            "en": "Hands messages to a service of your own, or to any gateway with an HTTP API.",
            "ko": "직접 운영하는 서비스나 HTTP API가 있는 게이트웨이에 메시지를 넘깁니다.",
        },
        features=("own_texts",),
    )
    config_type = WebhookConfig

    @property
    def base_url(self) -> str:
        """Return the service's address."""
        return self.config.endpoint

    def text_of(self, message: SmsMessage) -> str | None:
        """Return the text that goes out; None where the service writes it."""
        if not self.config.has_own_text:
            return None
        if self.config.templates:
            return self.config.text_for(message)
        language = (message.language or "en").partition("-")[0].lower()
        defaults = [TextTemplate.model_validate(item) for item in default_templates(language)]
        return render(defaults, message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask as the settings say; the message's id makes repeats harmless."""
        config, now = self.config, self.context.clock.now()
        variables = self._variables(message, now)
        request = self._unproven(message, variables)
        # One by one, so that a name in other letters replaces and does not repeat.
        own = {name: fill(value, variables) for name, value in config.headers.items()}
        request.headers.update({**own, **self._proof()})
        if config.signing_secret is not None:
            # A request without a body is as good as its address.
            subject = request.url.query if config.body_format == "query" else request.content
            request.headers.update(signed(subject, config.signing_secret.get_secret_value(), now))
        return request

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Take what passes the test as sent, and note the service's own id if there is one."""
        config = self.config
        if not is_listed(response.status_code, config.success_status):
            raise _refusal(response)
        if config.success_test != "none":
            self._test(response)
        return Receipt(
            provider_message_id=_message_id(response, config.message_id_path),
            words=_words(response),
        )

    def _variables(self, message: SmsMessage, now: datetime) -> dict[str, Any]:
        config = self.config
        is_e164 = config.number_format == "e164"
        return {
            # In a request a name without a value is blank, and not its own name.
            **dict.fromkeys(BODY_VARIABLES, ""),
            **variables_of(message),
            "to": message.to.e164 if is_e164 else message.to.digits,
            "type": message.usage.value,
            "id": message.id,
            "text": self.text_of(message) or "",
            "ip": (message.client_ip or "") if config.sends_ip else "",
            "secret": config.secret.get_secret_value() if config.secret else "",
            "timestamp": str(int(now.timestamp())),
        }

    def _unproven(self, message: SmsMessage, variables: Mapping[str, Any]) -> httpx2.Request:
        config, headers = self.config, {"Idempotency-Key": message.id}
        if config.body_format == "query":
            request = self.request(config.method, "", headers=headers)
            request.url = request.url.copy_merge_params(_form(config.body, variables))
            return request
        if config.body_format == "form":
            form = _form(config.body, variables)
            return self.request(config.method, "", headers=headers, data=form)
        body: Any = (
            filled(config.body, variables)
            if config.body_format == "json"
            else self._payload(message, variables)
        )
        headers["Content-Type"] = "application/json"
        return self.request(config.method, "", headers=headers, content=orjson.dumps(body))

    def _payload(self, message: SmsMessage, variables: Mapping[str, Any]) -> dict[str, Any]:
        payload = {"to": variables["to"], "type": message.usage, "payload": message.payload}
        if variables["ip"]:
            payload["ip"] = variables["ip"]
        if variables["text"]:
            payload["text"] = variables["text"]
        return payload

    def _proof(self) -> dict[str, str]:
        config = self.config
        proof: dict[str, str] = {}
        if config.username is not None and config.password is not None:
            proof = basic_auth(config.username, config.password)
        if config.authorization is not None:
            proof[config.authorization_name] = config.authorization.get_secret_value()
        return proof

    def _test(self, response: httpx2.Response) -> None:
        config = self.config
        text = response.text
        if config.success_path is not None:
            found = value_at(response.json(), config.success_path)
            if found is None:
                # Neither a yes nor a no: who knows what is between us and the gateway.
                raise _reason(response) or UnreadableAnswer(_words(response))
            text = written(found)
        if not passes(config.success_test, text, config.success_value or ""):
            raise _refusal(response)


def filled(value: JsonValue, variables: Mapping[str, Any]) -> JsonValue:
    """Return a JSON value with its strings filled in, each of them once."""
    if isinstance(value, str):
        return fill(value, variables)
    if isinstance(value, dict):
        return {name: filled(inner, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, variables) for inner in value]
    return value


def signed(subject: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers that prove a body and its time: HMAC of `<timestamp>.<body>`."""
    at = str(int(now.timestamp()))
    digest = hmac.digest(secret.encode(), f"{at}.".encode() + subject, "sha256")
    return {"X-Timestamp": at, "X-Signature-256": f"sha256={digest.hex()}"}


def _form(body: Mapping[str, JsonValue], variables: Mapping[str, Any]) -> dict[str, str]:
    return {name: fill(written(value), variables) for name, value in body.items()}


def _refusal(response: httpx2.Response) -> ConnectorError:
    return _reason(response) or error_of_status(response, _words(response))


def _reason(response: httpx2.Response) -> ConnectorError | None:
    # Behind a 5xx something is broken, and what was sent or not is not the service's to say.
    name = _json_at(response, "error") if response.status_code < 500 else None
    reason = REASONS.get(name) if isinstance(name, str) else None
    if reason is None:
        return None
    if issubclass(reason, ProviderThrottled):
        return reason(_words(response), retry_after=retry_after(response))
    return reason(_words(response))


def _message_id(response: httpx2.Response, path: str) -> str | None:
    found = _json_at(response, path)
    is_id = isinstance(found, str | int) and not isinstance(found, bool)
    text = str(found) if is_id else ""
    return text if 0 < len(text) <= LONGEST_ID else None


def _json_at(response: httpx2.Response, path: str) -> Any:
    # The contract asks nothing of the body, so whatever else it is, is fine.
    try:
        return value_at(response.json(), path)
    except ValueError:
        return None


def _words(response: httpx2.Response) -> str:
    return f"HTTP {response.status_code}: {response.text}".rstrip(": ")
