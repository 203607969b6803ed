"""NAVER Cloud SENS, SMS API v2. https://api.ncloud-docs.com/docs/sens-sms-send"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from watchword.connector_kit.answers import error_of_status, retry_after
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import (
    ConnectorError,
    ProviderRejected,
    ProviderThrottled,
    TemplateRejected,
)
from watchword.connector_kit.korean import LONG, SHORT, count_bytes, size_of, unsupported
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.connector_kit.numbers import at_home, parts_of
from watchword.connector_kit.segments import Segments
from watchword.providers.naver_sens.config import NaverSensConfig
from watchword.providers.naver_sens.errors import ERRORS
from watchword.providers.naver_sens.signing import signature_of

HOSTS = {
    "public": "https://sens.apigw.ntruss.com",
    "government": "https://sens.apigw.gov-ntruss.com",
}
KOREA = "82"
TAKEN = ("202", "success")

# No request has this id: SENS looks for it once it has accepted the keys.
NOBODYS_REQUEST = "?requestId=credential-check"


class NaverSensConnector(HttpSmsConnector[NaverSensConfig]):
    """Texts through an SMS service of NAVER Cloud SENS."""

    metadata = ConnectorMetadata(
        id="naver-sens-sms",
        target="naver-sens",
        name={"en": "NAVER Cloud SENS", "ko": "네이버 클라우드 SENS"},
        description={
            "en": "Texts to phones in Korea through NAVER Cloud, from a registered number.",
            "ko": "네이버 클라우드 플랫폼에 등록한 발신번호로 국내 휴대폰에 문자를 보냅니다.",
        },
        features=("credential_check",),
        at_home_in=("KR",),
    )
    config_type = NaverSensConfig

    @property
    def base_url(self) -> str:
        """Return the gateway of the chosen cloud."""
        return HOSTS[self.config.cloud]

    @classmethod
    def cost_of(cls, text: str) -> Segments:
        """Return what a text costs: carriers in Korea count bytes."""
        return count_bytes(text)

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message, an SMS or an LMS by its length."""
        country, rest = parts_of(message.to)
        text = self.text_of(message)
        body = {
            "type": _type_of(text),
            "contentType": "COMM",
            "countryCode": country,
            "from": self.config.sender,
            "content": text,
            "messages": [{"to": at_home(message.to) if country == KOREA else rest}],
        }
        return self._signed("POST", body=body)

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the request's id, or why there is none."""
        answer = _read(response)
        said = (answer["statusCode"], answer["statusName"])
        words = f"NAVER SENS {said[0]}: {said[1]}"
        if said != TAKEN:
            raise ProviderRejected(words)
        return Receipt(provider_message_id=str(answer["requestId"]), words=words)

    async def check_credentials(self) -> str:
        """Ask for a message that there is not: only somebody with the right keys hears so."""
        return await self.exchange(self._signed("GET", NOBODYS_REQUEST), _read_check)

    def _signed(
        self, method: str, query: str = "", body: Mapping[str, Any] | None = None
    ) -> httpx2.Request:
        config = self.config
        access_key = config.access_key.get_secret_value()
        timestamp = str(int(self.context.clock.now().timestamp() * 1000))
        target = f"/sms/v2/services/{quote(config.service_id, safe=':')}/messages{query}"
        # Signed is the provider's own path: what an operator's gateway puts before it, it takes
        # off again.
        signature = signature_of(
            method, target, timestamp, access_key, config.secret_key.get_secret_value()
        )
        headers = {
            "x-ncp-apigw-timestamp": timestamp,
            "x-ncp-iam-access-key": access_key,
            "x-ncp-apigw-signature-v2": signature,
        }
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return self.request(method, target, headers=headers, json=body)


def _type_of(text: str) -> str:
    # SENS itself cuts what is too long and drops what has an odd letter, and tells nobody: a text
    # without its code would count as sent.
    odd, size = unsupported(text), size_of(text)
    if odd is not None:
        raise TemplateRejected(f"NAVER SENS can't send {odd}: EUC-KR lacks it")
    if size > LONG:
        raise TemplateRejected(f"NAVER SENS would cut the text: {size} bytes, {LONG} at most")
    return "SMS" if size <= SHORT else "LMS"


def _read(response: httpx2.Response) -> dict[str, Any]:
    answer: dict[str, Any] = response.json()
    if not response.is_success:
        raise _error(response, answer)
    return answer


def _error(response: httpx2.Response, answer: Mapping[str, Any]) -> ConnectorError:
    gateway = answer.get("error")
    if not isinstance(gateway, Mapping):
        return error_of_status(response, _words_of_service(response, answer))
    code = str(gateway["errorCode"])
    details = gateway.get("details") or gateway.get("message") or ""
    words = f"NAVER SENS {code}: {gateway.get('message', '')} ({details})"
    error_type = ERRORS.get(code)
    if error_type is None:
        return error_of_status(response, words)
    if issubclass(error_type, ProviderThrottled):
        return error_type(words, retry_after=retry_after(response))
    return error_type(words)


def _words_of_service(response: httpx2.Response, answer: Mapping[str, Any]) -> str:
    status = answer.get("status", response.status_code)
    said = [answer.get("errorMessage"), *(answer.get("errors") or [])]
    return f"NAVER SENS {status}: {'; '.join(str(part) for part in said if part)}"


def _read_check(response: httpx2.Response) -> str:
    answer: Any = response.json()
    # The gateway refuses wrong keys with an `error`; behind it the service says in other words
    # that there is no such request.
    is_service = isinstance(answer, Mapping) and "error" not in answer
    if not response.is_success and not (is_service and response.status_code in {400, 404}):
        raise _error(response, answer)
    return "NAVER SENS accepts the keys"
