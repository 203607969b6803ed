"""SOLAPI's message API v4. https://docs.solapi.com/api-reference/messages"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

import httpx2

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderRejected,
    ProviderThrottled,
    ReportRefused,
    UnreadableAnswer,
)
from watchword.connector_kit.korean import count_bytes
from watchword.connector_kit.models import (
    ConnectorMetadata,
    DeliveryReport,
    Receipt,
    ReportReply,
    ReportRequest,
    SmsMessage,
)
from watchword.connector_kit.numbers import at_home, parts_of
from watchword.connector_kit.segments import Segments
from watchword.connector_kit.templates import choose_for, fill, variables_of
from watchword.providers.solapi.config import ALIMTALK_COUNTRY, SolapiConfig, SolapiTemplate
from watchword.providers.solapi.errors import MESSAGE_ERRORS, REQUEST_ERRORS
from watchword.providers.solapi.signing import authorization, iso_date

SEND_PATH = "/messages/v4/send-many/detail"
BALANCE_PATH = "/cash/v1/balance"

DELIVERED = "4000"
ON_THE_WAY = frozenset({"2000", "3000"})
FAILED = ("1", "2", "3")
# Kakao could not deliver, and a text goes out in its place; that one's own report counts.
REPLACED = "31"

# What we put into a message's custom fields, and find again in its report.
OUR_ID = "messageId"


class SolapiConnector(HttpSmsConnector[SolapiConfig]):
    """Texts and Alimtalk through a SOLAPI account."""

    metadata = ConnectorMetadata(
        id="solapi-sms",
        target="solapi",
        name={"en": "SOLAPI (CoolSMS)", "ko": "SOLAPI(쿨에스엠에스)"},
        description={
            "en": "Texts and Kakao Alimtalk to phones in Korea, from a registered number.",
            "ko": "사전등록한 발신번호로 국내 휴대폰에 문자와 카카오 알림톡을 보냅니다.",
        },
        features=("delivery_reports", "credential_check"),
        at_home_in=("KR",),
    )
    config_type = SolapiConfig
    base_url = "https://api.solapi.com"
    has_reports = True
    # A webhook may have a secret, but how it signs is documented nowhere.
    signs_reports = False

    @classmethod
    def cost_of(cls, text: str) -> Segments:
        """Return what a text costs: carriers in Korea count bytes."""
        return count_bytes(text)

    def text_of(self, message: SmsMessage) -> str | None:
        """Return the text that goes out; None where it is an Alimtalk template."""
        template = choose_for(self.config.templates, message)
        return None if _is_alimtalk(template, message) else _text(template, message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message; SOLAPI makes it SMS or LMS by its length."""
        body = {
            "messages": [self._message(message)],
            "allowDuplicates": False,
            "showMessageList": True,
        }
        return self._signed("POST", SEND_PATH, body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the message's id, or why there is none."""
        answer = _read(response)
        for failed in answer.get("failedMessageList") or []:
            raise _error_of_message(failed)
        group = answer["groupInfo"]
        if group["count"]["registeredSuccess"] < 1:
            raise UnreadableAnswer(f"SOLAPI took nothing and says no reason: {group['count']}")
        taken = answer["messageList"][0]
        return Receipt(
            provider_message_id=str(taken["messageId"]),
            words=f"SOLAPI {taken['statusCode']}: {taken['statusMessage']}{_kind(group)}",
        )

    async def check_credentials(self) -> str:
        """Return the balance, which is asked for at no cost."""
        return await self.exchange(self._signed("GET", BALANCE_PATH), _read_balance)

    def read_report(self, request: ReportRequest) -> list[DeliveryReport]:
        """Return the final states in a webhook's list; reports of groups say nothing of messages.

        The token in the address stands for the signature.
        """
        try:
            events = json.loads(request.body)
        except ValueError:
            raise ReportRefused("no JSON") from None
        if not isinstance(events, list):
            raise ReportRefused("no list of reports")
        reports = (_report(event.get("data") or {}) for event in events)
        return [report for report in reports if report is not None]

    def answer_report(self, request: ReportRequest) -> ReportReply:  # noqa: ARG002
        """Return 200, as SOLAPI's own example does; whether 204 is good enough is not said."""
        return ReportReply(200)

    def _message(self, message: SmsMessage) -> dict[str, Any]:
        country, rest = parts_of(message.to)
        template = choose_for(self.config.templates, message)
        fields = {
            "to": at_home(message.to) if country == ALIMTALK_COUNTRY else rest,
            "country": country,
            "from": self.config.sender,
            "autoTypeDetect": True,
            "customFields": {OUR_ID: message.id},
        }
        if not _is_alimtalk(template, message):
            return {**fields, "text": _text(template, message)}
        options = {
            "pfId": self.config.channel_id,
            "templateId": template.template_code,
            "variables": template.alimtalk_variables(message),
            "disableSms": False,
        }
        return {**fields, "kakaoOptions": options}

    def _signed(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> httpx2.Request:
        signed = authorization(
            self.config.api_key.get_secret_value(),
            self.config.api_secret.get_secret_value(),
            iso_date(self.context.clock.now()),
            secrets.token_hex(16),
        )
        return self.request(method, path, headers={"Authorization": signed}, json=body)


def _is_alimtalk(template: SolapiTemplate, message: SmsMessage) -> bool:
    return template.template_code is not None and parts_of(message.to)[0] == ALIMTALK_COUNTRY


def _text(template: SolapiTemplate, message: SmsMessage) -> str:
    return fill(template.content, variables_of(message))


def _read(response: httpx2.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if not response.is_success:
        raise _error_of_request(response, answer)
    return answer


def _error_of_request(response: httpx2.Response, answer: Mapping[str, Any]) -> ConnectorError:
    code = answer.get("errorCode")
    words = f"SOLAPI {code or response.status_code}: {answer.get('errorMessage', response.text)}"
    error_type = REQUEST_ERRORS.get(str(code))
    if error_type is None:
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _error_of_message(failed: Mapping[str, Any]) -> ConnectorError:
    code = str(failed["statusCode"])
    words = f"SOLAPI {code}: {failed.get('statusMessage', '')}"
    return MESSAGE_ERRORS.get(code, ProviderRejected)(words)


def _kind(group: Mapping[str, Any]) -> str:
    charged = group.get("countForCharge") or {}
    return "".join(f", {kind.upper()}" for kind, countries in charged.items() if countries)


def _read_balance(response: httpx2.Response) -> str:
    answer = _read(response)
    return f"SOLAPI: balance {answer['balance']}, points {answer['point']}"


def _report(data: Mapping[str, Any]) -> DeliveryReport | None:
    code, provider_id = str(data.get("statusCode", "")), data.get("messageId")
    is_final = code == DELIVERED or code.startswith(FAILED)
    if not provider_id or not is_final or code in ON_THE_WAY or code.startswith(REPLACED):
        return None
    words = f"SOLAPI {code[:16]}: {data.get('statusMessage') or ''}".rstrip(": ")
    ours = (data.get("customFields") or {}).get(OUR_ID)
    ours = ours if isinstance(ours, str) else None
    if code == DELIVERED:
        return DeliveryReport(str(provider_id), "delivered", None, words, ours)
    error_class = MESSAGE_ERRORS.get(code, ProviderRejected).error_class
    return DeliveryReport(str(provider_id), "undelivered", error_class, words, ours)
