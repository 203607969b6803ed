"""What SMSBao has to be told: the contract's four keys, and ours."""

import hashlib
import re
from typing import Annotated
from urllib.parse import quote_plus

from pydantic import Field, SecretStr, field_validator

from watchword.connector_kit.config import ConfigWarning, Setting, looks_like
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    TextTemplate,
    TextTemplatesConfig,
)

SIGNED = re.compile(r"【[^【】]{3,10}】")
WORDING = "【Watchword】您的验证码是{{code}}，{{minutes}}分钟内有效，请勿泄露给他人。"
DEFAULTS = [{"usageType": usage.value, "content": WORDING} for usage in UsageType]


class SmsBaoConfig(TextTemplatesConfig):
    """An account and the texts; a config saved elsewhere pastes in unchanged."""

    username: Annotated[
        str,
        Setting(
            label={"en": "Username", "ko": "사용자 이름"},
            help={
                "en": "The name that you sign in to SMSBao with.",
                "ko": "SMSBao에 로그인할 때 쓰는 이름입니다.",
            },
        ),
    ]
    password_or_api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API Key or MD5 Password", "ko": "API 키 또는 비밀번호의 MD5"},
            help={
                "en": "The API key from SMSBao's console. The MD5 of the login password does too.",
                "ko": "SMSBao 콘솔의 API 키입니다. 로그인 비밀번호의 MD5 값도 쓸 수 있습니다.",
            },
            hint=looks_like(
                r"[0-9A-Fa-f]{32}",
                {"en": "32 digits or letters a to f", "ko": "숫자나 a~f 글자 32개"},
            ),
        ),
    ] = Field(alias="passwordOrApiKey")
    sends_md5: Annotated[
        bool,
        Setting(
            label={"en": "Send as MD5", "ko": "MD5로 보내기"},
            help={
                "en": "Only if you entered the login password itself: SMSBao wants its MD5.",
                "ko": "위에 로그인 비밀번호를 그대로 적었을 때만 켭니다. SMSBao는 그 MD5 값을 "
                "받습니다.",
            },
        ),
    ] = Field(default=False, alias="sendAsMd5")
    goods_id: Annotated[
        str | None,
        Setting(
            label={"en": "Product ID", "ko": "상품 ID"},
            help={
                "en": "Only if you bought a channel of your own.",
                "ko": "전용 채널을 구매했을 때만 적습니다.",
            },
        ),
    ] = Field(default=None, alias="goodsId")
    templates: Annotated[
        tuple[TextTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "Each text begins with your sign in 【】. Those registered at SMSBao arrive "
                "in seconds; others are looked at first.",
                "ko": "문구는 【】로 묶은 서명으로 시작합니다. SMSBao에 등록한 문구는 몇 초 만에 "
                "도착하고, 등록하지 않은 문구는 심사를 거칩니다.",
            },
            default={"en": DEFAULTS},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_required(cls, templates: tuple[TextTemplate, ...]) -> tuple[TextTemplate, ...]:
        # The contract asks for one text here, whichever it is; `warnings` says what is missing.
        return templates

    @property
    def proof(self) -> str:
        """Return what goes out for the key or the password."""
        secret = self.password_or_api_key.get_secret_value()
        if not self.sends_md5:
            return secret
        return hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()

    def secret_values(self) -> tuple[str, ...]:
        """Return the secret as it was typed, and as it stands in the address of a request."""
        proof = self.proof
        spellings = (proof, proof.lower(), proof.upper(), quote_plus(proof))
        return tuple(dict.fromkeys((*super().secret_values(), *spellings)))

    def warnings(self) -> list[ConfigWarning]:
        """Return what looks unusual: texts without a sign, or none for every purpose."""
        found = super().warnings()
        if not all(SIGNED.match(template.content) for template in self.templates):
            found.append(
                ConfigWarning(
                    "templates",
                    {
                        "en": "every text begins with a sign of 3 to 10 characters in 【】",
                        "ko": "모든 문구가 【】로 묶은 3~10자 서명으로 시작",
                    },
                )
            )
        if UsageType.GENERIC not in {template.usage_type for template in self.templates}:
            found.append(
                ConfigWarning(
                    "templates",
                    {
                        "en": "a Generic text stands in for what is missing",
                        "ko": "빠진 용도를 대신할 Generic 문구가 있음",
                    },
                )
            )
        return found
