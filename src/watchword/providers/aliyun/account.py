"""What both services have to be told: the access key and the sign."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from watchword.connector_kit.config import ConnectorConfig, Setting, looks_like


class AliyunAccount(ConnectorConfig):
    """An access key and a sign, under the contract's keys, and how requests are signed."""

    access_key_id: Annotated[
        str,
        Setting(
            label={"en": "Access Key ID", "ko": "Access Key ID"},
            help={
                "en": "Of a RAM user that may send texts and nothing else.",
                "ko": "문자 발송 권한만 있는 RAM 사용자의 키를 쓰십시오.",
            },
            placeholder="LTAI5tExampleKeyId",
            hint=looks_like(
                r"(LTAI|STS\.)[0-9A-Za-z]+",
                {"en": "LTAI and more letters or digits", "ko": "LTAI로 시작하는 영문자와 숫자"},
            ),
        ),
    ] = Field(alias="accessKeyId")
    access_key_secret: Annotated[
        SecretStr,
        Setting(
            label={"en": "Access Key Secret", "ko": "Access Key Secret"},
            help={
                "en": "Shown once, when the key is made.",
                "ko": "키를 만들 때 한 번만 표시됩니다.",
            },
        ),
    ] = Field(alias="accessKeySecret")
    sign_name: Annotated[
        str,
        Setting(
            label={"en": "Sign name", "ko": "서명(签名)"},
            help={
                "en": "The text between 【 and 】, without them.",
                "ko": "【】 안에 들어가는 이름입니다. 괄호는 빼고 적습니다.",
            },
        ),
    ] = Field(alias="signName")
    signature_version: Annotated[
        Literal["V3", "V1"],
        Setting(
            label={"en": "Request signature", "ko": "요청 서명 방식"},
            help={
                "en": "V3 unless a gateway of yours forwards requests under another host name.",
                "ko": "호스트 이름을 바꾸어 전달하는 자체 게이트웨이가 있을 때만 V1을 고릅니다.",
            },
            titles={
                "V3": {"en": "V3 (HMAC-SHA256)", "ko": "V3 (HMAC-SHA256)"},
                "V1": {"en": "V1 (HMAC-SHA1)", "ko": "V1 (HMAC-SHA1)"},
            },
        ),
    ] = Field(default="V3", alias="signatureVersion")
