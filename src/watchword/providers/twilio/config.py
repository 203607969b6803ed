"""What Twilio has to be told; the contract's five keys, and ours."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import TextTemplatesConfig


class TwilioConfig(TextTemplatesConfig):
    """An account, a sender and the texts; a config saved elsewhere pastes in unchanged."""

    account_sid: Annotated[
        str,
        Setting(
            label={"en": "Account SID", "ko": "Account SID"},
            help={
                "en": "On the first page of the Twilio console.",
                "ko": "Twilio 콘솔 첫 화면에 있습니다.",
            },
            placeholder="AC0123456789abcdef0123456789abcdef",
            hint=looks_like(
                r"AC[0-9a-f]{32}",
                {
                    "en": "AC and 32 digits or letters a to f",
                    "ko": "AC 뒤에 숫자나 a~f 글자 32개",
                },
            ),
        ),
    ] = Field(alias="accountSID")
    auth_token: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Auth Token", "ko": "Auth Token"},
            help={
                "en": "Beside the Account SID. It also proves that delivery reports are Twilio's. "
                "It may be left out where an API key sends, for the price of those reports.",
                "ko": "Account SID 옆에 있습니다. 전송 결과가 Twilio에서 온 것인지도 이 값으로 "
                "확인합니다. API 키로 보낸다면 비워도 되지만, 그러면 전송 결과를 받지 못합니다.",
            },
            hint=looks_like(
                r"[0-9a-f]{32}",
                {"en": "32 digits or letters a to f", "ko": "숫자나 a~f 글자 32개"},
            ),
        ),
    ] = Field(default=None, alias="authToken")
    messaging_service_sid: Annotated[
        str | None,
        Setting(
            label={"en": "From: Messaging Service SID", "ko": "발신: Messaging Service SID"},
            help={
                "en": "Twilio picks the sender from this service. Or fill in a sender below.",
                "ko": "이 서비스에 등록한 번호 중에서 Twilio가 발신번호를 고릅니다. 아래에 "
                "발신번호를 직접 적어도 됩니다.",
            },
            placeholder="MG0123456789abcdef0123456789abcdef",
            hint=looks_like(
                r"MG[0-9a-f]{32}",
                {
                    "en": "MG and 32 digits or letters a to f",
                    "ko": "MG 뒤에 숫자나 a~f 글자 32개",
                },
            ),
        ),
    ] = Field(default=None, alias="fromMessagingServiceSID")
    sender: Annotated[
        str | None,
        Setting(
            label={"en": "From: number or name", "ko": "발신: 번호 또는 이름"},
            help={
                "en": "A number of yours with +, a short code, or a name of up to 11 characters.",
                "ko": "+로 시작하는 보유 번호, 단축 번호, 또는 11자 이하의 이름입니다.",
            },
            placeholder="+15005550006",
            hint=looks_like(
                r"\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 &+_-]{1,11}",
                {
                    "en": "+ and a number, a short code, or up to 11 letters and digits",
                    "ko": "+와 번호, 단축 번호, 또는 11자 이하의 영문자와 숫자",
                },
            ),
        ),
    ] = Field(default=None, alias="from")
    disable_risk_check: Annotated[
        bool,
        Setting(
            label={"en": "Disable risk check", "ko": "위험 검사 끄기"},
            help={
                "en": "The risk check holds back texts that look like SMS pumping.",
                "ko": "위험 검사는 SMS 펌핑으로 보이는 문자를 막습니다.",
            },
        ),
    ] = Field(default=False, alias="disableRiskCheck")
    api_key_sid: Annotated[
        str | None,
        Setting(
            label={"en": "API key SID", "ko": "API 키 SID"},
            help={
                "en": "Sends with an API key in place of the Auth Token.",
                "ko": "Auth Token 대신 API 키로 보냅니다.",
            },
            placeholder="SK0123456789abcdef0123456789abcdef",
            hint=looks_like(
                r"SK[0-9a-f]{32}",
                {
                    "en": "SK and 32 digits or letters a to f",
                    "ko": "SK 뒤에 숫자나 a~f 글자 32개",
                },
            ),
        ),
    ] = Field(default=None, alias="apiKeySID")
    api_key_secret: Annotated[
        SecretStr | None,
        Setting(label={"en": "API key secret", "ko": "API 키 시크릿"}),
    ] = Field(default=None, alias="apiKeySecret")
    webhook_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Webhook shared key", "ko": "웹훅 공유 키"},
            help={
                "en": "Only if your account signs callbacks with HMAC-SHA256.",
                "ko": "계정이 콜백을 HMAC-SHA256으로 서명하는 경우에만 적습니다.",
            },
        ),
    ] = Field(default=None, alias="webhookSecret")
    region: Annotated[
        Literal["us1", "ie1", "au1"],
        Setting(
            label={"en": "Region", "ko": "리전"},
            help={
                "en": "Senders and keys belong to one region.",
                "ko": "발신번호와 키는 한 리전에 속합니다.",
            },
            titles={
                "us1": {"en": "United States", "ko": "미국"},
                "ie1": {"en": "Ireland", "ko": "아일랜드"},
                "au1": {"en": "Australia", "ko": "오스트레일리아"},
            },
        ),
    ] = "us1"
    edge: Annotated[
        str | None,
        Setting(
            label={"en": "Edge", "ko": "에지"},
            help={
                "en": "Where your requests enter Twilio's network; the region's own if empty.",
                "ko": "요청이 Twilio 네트워크로 들어가는 지점입니다. 비우면 리전 기본값을 씁니다.",
            },
            placeholder="tokyo",
        ),
        # It becomes part of a host name, so unlike a SID it is refused where it is not one. With
        # that, and the regions being a closed list, every host is below twilio.com: neither
        # setting can send the account's secrets elsewhere.
        Field(pattern=r"^[a-z][a-z0-9-]{0,30}$"),
    ] = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.messaging_service_sid is None and self.sender is None:
            raise rule_broken(
                "fromMessagingServiceSID",
                {
                    "en": "Enter a Messaging Service SID, or a number or name to send from.",
                    "ko": "Messaging Service SID나 발신번호 또는 이름을 입력하세요.",
                },
            )
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            raise rule_broken(
                "apiKeySecret" if self.api_key_sid else "apiKeySID",
                {
                    "en": "The SID and the secret of an API key go together. "
                    "Fill in both, or neither.",
                    "ko": "API 키의 SID와 시크릿은 함께 적어야 합니다. "
                    "둘 다 적거나 둘 다 비워 두세요.",
                },
            )
        if self.auth_token is None and self.api_key_sid is None:
            raise rule_broken("authToken", "Needs an Auth Token or an API key", phrase="required")
        return self

    @property
    def credentials(self) -> tuple[str, SecretStr]:
        """Return who sends: the API key if there is one, else the account itself."""
        if self.api_key_sid is not None and self.api_key_secret is not None:
            return self.api_key_sid, self.api_key_secret
        # One of the two is there, or `_is_complete` would have refused.
        return self.account_sid, self.auth_token or SecretStr("")
