"""What SMS Aero has to be told: the contract's four keys, and ours."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from watchword.connector_kit.config import Setting, looks_like
from watchword.connector_kit.templates import TextTemplatesConfig


class SmsAeroConfig(TextTemplatesConfig):
    """An account, a sender and the texts; a config saved elsewhere pastes in unchanged."""

    email: Annotated[
        str,
        Setting(
            label={"en": "Email", "ko": "이메일"},
            help={
                "en": "The address that you sign in to SMS Aero with.",
                "ko": "SMS Aero에 로그인할 때 쓰는 이메일 주소입니다.",
            },
            placeholder="you@example.com",
            hint=looks_like(
                r"[^@\s:]+@[^@\s:]+\.[^@\s:]+",
                {"en": "an email address", "ko": "이메일 주소"},
            ),
        ),
    ]
    api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API Key", "ko": "API 키"},
            help={
                "en": "On smsaero.ru/cabinet/settings/apikey.",
                "ko": "smsaero.ru/cabinet/settings/apikey에 있습니다.",
            },
            hint=looks_like(
                r"\S{16,32}",
                {"en": "16 to 32 characters", "ko": "16~32자"},
            ),
        ),
    ] = Field(alias="apiKey")
    sender_name: Annotated[
        str,
        Setting(
            label={"en": "Sender Name", "ko": "발신자 이름"},
            help={
                "en": "A sender that SMS Aero approved for this account, spelled the same.",
                "ko": "이 계정에 승인된 발신자 이름을 철자 그대로 적습니다.",
            },
            placeholder="SMS Aero",
        ),
    ] = Field(alias="senderName")
    gateway: Annotated[
        Literal["gate.smsaero.ru", "gate.smsaero.org", "gate.smsaero.net"],
        Setting(
            label={"en": "Gateway", "ko": "게이트웨이"},
            help={
                "en": "Three ways to the same service, for when one of them is out of reach.",
                "ko": "같은 서비스로 가는 세 경로입니다. 연결되지 않는 경로가 있으면 바꿉니다.",
            },
        ),
        # A closed list of SMS Aero's own hosts: no choice leads a key elsewhere.
    ] = "gate.smsaero.ru"
