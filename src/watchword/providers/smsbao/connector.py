"""SMSBao (短信宝). https://www.smsbao.com/openapi/56"""

import re
from collections.abc import Mapping

import httpx2

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import HttpSmsConnector
from watchword.connector_kit.errors import UnreadableAnswer
from watchword.connector_kit.models import ConnectorMetadata, Receipt, SmsMessage
from watchword.providers.smsbao.config import SmsBaoConfig
from watchword.providers.smsbao.errors import ERRORS, UNKNOWN

ACCEPTED = "0"
CODE = re.compile(r"-?[0-9]{1,4}", re.ASCII)
MAINLAND = "86"


class SmsBaoConnector(HttpSmsConnector[SmsBaoConfig]):
    """Texts through an SMSBao account; it gives a message no id, so nothing is reported."""

    metadata = ConnectorMetadata(
        id="smsbao-sms",
        target="smsbao-sms",
        name={"en": "SMSBao SMS Service", "ko": "SMSBao SMS 서비스"},
        description={
            "en": "Texts to mainland China, and abroad, through SMSBao (短信宝).",
            "ko": "SMSBao(短信宝)로 중국 본토와 해외에 문자를 보냅니다.",
        },
        features=("credential_check",),
        at_home_in=("CN",),
    )
    config_type = SmsBaoConfig
    base_url = "https://api.smsbao.com"

    def text_of(self, message: SmsMessage) -> str:
        """Return the text that goes out."""
        return self.config.text_for(message)

    def build_request(self, message: SmsMessage) -> httpx2.Request:
        """Ask for one message; key and code stand in the address, as SMSBao wants it."""
        digits, text = message.to.digits, self.text_of(message)
        if not digits.startswith(MAINLAND):
            return self._ask("/wsms", {"m": message.to.e164, "c": text})
        channel = {} if self.config.goods_id is None else {"g": self.config.goods_id}
        return self._ask("/sms", {**channel, "m": digits.removeprefix(MAINLAND), "c": text})

    def read_response(self, response: httpx2.Response) -> Receipt:
        """Read the number that is the whole answer."""
        _lines(response)
        return Receipt(words=f"SMSBao: {ACCEPTED}")

    async def check_credentials(self) -> str:
        """Return how many messages were sent and how many are left, which costs nothing."""
        return await self.exchange(self._ask("/query", {}), _read_balance)

    def _ask(self, path: str, params: Mapping[str, str]) -> httpx2.Request:
        who = {"u": self.config.username, "p": self.config.proof}
        return self.request("GET", path, params={**who, **params})


def _lines(response: httpx2.Response) -> list[str]:
    text = response.text.strip()
    if not response.is_success:
        raise error_of_status(response, f"SMSBao {response.status_code}: {text}")
    code, *lines = text.splitlines() or [""]
    if code == ACCEPTED:
        return lines
    if not CODE.fullmatch(text):
        raise UnreadableAnswer(f"SMSBao: {text}")
    error_type, words = ERRORS.get(code, UNKNOWN)
    raise error_type(f"SMSBao {code}: {words}")


def _read_balance(response: httpx2.Response) -> str:
    [counts] = _lines(response)
    sent, left = map(int, counts.split(","))
    return f"SMSBao: {sent} sent, {left} left"
