"""Kavenegar's REST API. https://kavenegar.com/rest.html"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import ConnectorError, ProviderRejected, ReportRefused
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportRequest,
    SmsMessage,
)
from watchword.connector_kit.numbers import at_home, parts_of
from watchword.connector_kit.templates import choose_for, fill, variables_of
from watchword.providers.kavenegar.config import TOKENS, KavenegarConfig, LookupTemplate
from watchword.providers.kavenegar.errors import DELIVERED, ERRORS, FAILURES

IRAN = "98"
OK = 200


class KavenegarConnector(HttpSmsConnector[KavenegarConfig]):
    """Verification templates and texts through a Kavenegar account."""

    metadata = ConnectorMetadata(
        id="kavenegar-sms",
        target="kavenegar",
        name={"en": "Kavenegar", "ko": "Kavenegar(카베네가르)"},
        description={
            "en": "Verification templates and texts to phones in Iran.",
            "ko": "이란의 휴대폰으로 인증 템플릿과 문자를 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        at_home_in=("IR",),
    )
    config_type = KavenegarConfig
    base_url = "https://api.kavenegar.com"
    has_reports = True

    def text_of(self, message: SmsMessage) -> str | None:
        """Return the text that goes out; None where Kavenegar fills a template."""
        template = choose_for(self.config.templates, message)
        if isinstance(template, LookupTemplate):
            return None
        return fill(template.content, variables_of(message))

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for a look-up of a verification template, or for a text."""
        template = choose_for(self.config.templates, message)
        form = {"receptor": _receptor(message)}
        if isinstance(template, LookupTemplate):
            # A token has no white space, and is refused with it.
            values = ["".join(value.split()) for value in template.values(message)]
            tokens = dict(zip(TOKENS, values, strict=False))
            form |= {"template": template.template_code, "type": "sms", **tokens}
            return self._call("verify/lookup", form)
        form["message"] = fill(template.content, variables_of(message))
        if self.config.sender is not None:
            form["sender"] = self.config.sender
        return self._call("sms/send", form)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, or why there is none."""
        entries = _read(response)
        entry = entries[0] if isinstance(entries, list) else entries
        status = int(entry["status"])
        if status in FAILURES:
            error_type, meaning = FAILURES[status]
            raise error_type(f"Kavenegar status {status}: {meaning}")
        words = f"Kavenegar status {status}: {entry.get('statustext', '')}"
        return Receipt(provider_message_id=str(entry["messageid"]), words=words)

    async def check_credentials(self) -> str:
        """Return the credit, which is asked for at no cost."""
        return await self.exchange(self._call("account/info", {}), _read_credit)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final state, if it is one, of the message that a callback names.

        The token in the address stands for the signature.
        """
        fields = dict([*request.query, *request.form])
        message_id, said = fields.get("messageid", ""), fields.get("status", "")
        if not message_id or not said.isascii() or not said.isdigit() or len(said) > 4:
            raise ReportRefused("no message and status")
        status = int(said)
        if status == DELIVERED:
            return [DeliveryReport(message_id, "delivered", None, f"Kavenegar status {status}")]
        if status not in FAILURES:
            return []
        error_type, meaning = FAILURES[status]
        words = f"Kavenegar status {status}: {meaning}"
        return [DeliveryReport(message_id, "undelivered", error_type.error_class, words)]

    def _call(self, method: str, form: Mapping[str, str]) -> httpx2.Request:
        # The key is a part of the address, so no address may get into words or logs.
        key = quote(self.config.api_key.get_secret_value(), safe="")
        return self.request("POST", f"/v1/{key}/{method}.json", data=form)


def _receptor(message: SmsMessage) -> str:
    country, _ = parts_of(message.to)
    return at_home(message.to) if country == IRAN else f"00{message.to.digits}"


def _read(response: httpx2.Response) -> Any:
    # What counts is the number in the body: it may come with any HTTP status.
    answer = response.json()
    said = answer["return"]
    status = int(said["status"])
    if status == OK and response.is_success:
        return answer["entries"]
    raise _error(response, status, str(said.get("message", "")))


def _error(response: httpx2.Response, status: int, message: str) -> ConnectorError:
    words = f"Kavenegar {status}: {message}"
    if status in ERRORS:
        return ERRORS[status](words)
    return ProviderRejected(words) if response.is_success else error_of_status(response, words)


def _read_credit(response: httpx2.Response) -> str:
    account = _read(response)
    return f"Kavenegar: credit {account['remaincredit']}"
