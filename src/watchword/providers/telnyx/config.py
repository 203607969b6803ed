"""What Telnyx has to be told."""

import re
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import TextTemplatesConfig

NUMBER_OR_SHORT_CODE = re.compile(r"\+?\d+")


class TelnyxConfig(TextTemplatesConfig):
    """A key, a sender or a profile with senders, and the texts."""

    api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API key", "ko": "API 키"},
            help={
                "en": "Mission Control Portal > API Keys. Telnyx shows it once.",
                "ko": "Mission Control Portal > API Keys에서 만듭니다. 한 번만 보여 줍니다.",
            },
            hint=looks_like(r"KEY\S+", {"en": "begins with KEY", "ko": "KEY로 시작하는 값"}),
        ),
    ] = Field(alias="apiKey")
    sender: Annotated[
        str | None,
        Setting(
            label={"en": "From", "ko": "발신"},
            help={
                "en": "A number of yours with +, a short code, or a name of up to 11 characters. "
                "Leave it empty to let the messaging profile choose.",
                "ko": "+로 시작하는 보유 번호, 단축 번호, 또는 11자 이하의 이름입니다. 비우면 "
                "메시징 프로필에서 고릅니다.",
            },
            placeholder="+13125550001",
            hint=looks_like(
                r"\+[1-9]\d{6,14}|\d{3,8}|[A-Za-z0-9 ]{1,11}",
                {
                    "en": "+ and a number, a short code, or up to 11 letters and digits",
                    "ko": "+와 번호, 단축 번호, 또는 11자 이하의 영문자와 숫자",
                },
            ),
        ),
    ] = Field(default=None, alias="from")
    messaging_profile_id: Annotated[
        str | None,
        Setting(
            label={"en": "Messaging profile ID", "ko": "메시징 프로필 ID"},
            help={
                "en": "Needed for a number pool and for a name as sender.",
                "ko": "번호 풀을 쓰거나 이름으로 발신할 때 필요합니다.",
            },
            placeholder="400174af-0a13-4e28-b4f5-000000000000",
            hint=looks_like(
                r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                {"en": "a UUID", "ko": "UUID 형식의 값"},
            ),
        ),
    ] = Field(default=None, alias="messagingProfileId")
    # Not `publicKey`: what ends so is kept as a secret, and this one is none.
    public_key: Annotated[
        str | None,
        Setting(
            label={"en": "Public key", "ko": "공개 키"},
            help={
                "en": "Needed for delivery reports: it proves that they are Telnyx's. "
                "Mission Control Portal > Account Settings > Keys & Credentials > Public Key.",
                "ko": "전송 결과를 받을 때 필요합니다. Telnyx에서 온 것인지 이 값으로 확인합니다. "
                "Mission Control Portal > Account Settings > Keys & Credentials > Public Key에 "
                "있습니다.",
            },
            hint=looks_like(
                r"[A-Za-z0-9+/]{43}=",
                {"en": "44 characters, = at the end", "ko": "=로 끝나는 44자"},
            ),
        ),
    ] = Field(default=None, alias="publicKeyBase64")

    @model_validator(mode="after")
    def _has_a_sender(self) -> Self:
        if self.messaging_profile_id is not None:
            return self
        if self.sender is None:
            raise rule_broken(
                "from",
                {
                    "en": "Enter a sender or a messaging profile.",
                    "ko": "발신번호나 메시징 프로필을 입력하세요.",
                },
            )
        if not NUMBER_OR_SHORT_CODE.fullmatch(self.sender):
            raise rule_broken(
                "messagingProfileId",
                {
                    "en": "A name as sender needs a messaging profile too.",
                    "ko": "이름으로 발신하려면 메시징 프로필도 입력해야 합니다.",
                },
            )
        return self
