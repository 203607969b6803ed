"""What MessageBird has to be told."""

from typing import Annotated

from pydantic import Field, SecretStr

from watchword.connector_kit.config import Setting, looks_like
from watchword.connector_kit.templates import TextTemplatesConfig


class MessageBirdConfig(TextTemplatesConfig):
    """A key, a sender, and the texts."""

    access_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "Access key", "ko": "액세스 키"},
            help={
                "en": "A live key: a test key is accepted and sends nothing.",
                "ko": "실제 전송용(live) 키를 적습니다. 시험용(test) 키는 접수만 되고 보내지지 "
                "않습니다.",
            },
            hint=looks_like(
                r"[A-Za-z0-9]{25}", {"en": "25 letters and digits", "ko": "영문자와 숫자 25개"}
            ),
        ),
    ] = Field(alias="accessKey")
    originator: Annotated[
        str,
        Setting(
            label={"en": "Originator", "ko": "발신"},
            help={
                "en": "A number of yours, or a name of up to 11 letters and digits.",
                "ko": "보유 번호, 또는 11자 이하의 영문자와 숫자로 된 이름입니다.",
            },
            placeholder="Acme",
            hint=looks_like(
                r"\+?\d{3,17}|[A-Za-z0-9 ]{1,11}",
                {
                    "en": "a number, or up to 11 letters and digits",
                    "ko": "번호, 또는 11자 이하의 영문자와 숫자",
                },
            ),
        ),
    ]
    signing_key: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Signing key", "ko": "서명 키"},
            help={
                "en": "Needed for delivery reports: it proves that they are MessageBird's. It is "
                "not the access key.",
                "ko": "전송 결과를 받을 때 필요합니다. MessageBird에서 온 것인지 이 값으로 "
                "확인합니다. 액세스 키와 다른 값입니다.",
            },
        ),
    ] = Field(default=None, alias="signingKey")
