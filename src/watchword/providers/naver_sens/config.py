"""What NAVER Cloud SENS has to be told."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from watchword.connector_kit.config import ConfigWarning, Setting, looks_like
from watchword.connector_kit.korean import warn_of_letters
from watchword.connector_kit.templates import TextTemplatesConfig


class NaverSensConfig(TextTemplatesConfig):
    """A pair of keys, an SMS service, a registered sender and the texts."""

    access_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "Access Key ID", "ko": "Access Key ID"},
            help={
                "en": "In the portal under My Page, Account management, Authentication keys.",
                "ko": "포털의 '마이페이지 > 계정 관리 > 인증키 관리'에 있습니다.",
            },
        ),
    ] = Field(alias="accessKey")
    secret_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "Secret Key", "ko": "Secret Key"},
            help={
                "en": "Beside the Access Key ID. It signs every request.",
                "ko": "Access Key ID 옆에 있습니다. 모든 요청을 이 값으로 서명합니다.",
            },
        ),
    ] = Field(alias="secretKey")
    service_id: Annotated[
        str,
        Setting(
            label={"en": "SMS service ID", "ko": "SMS 서비스 ID"},
            help={
                "en": "Of the SENS project that has SMS switched on.",
                "ko": "SMS를 사용하도록 만든 SENS 프로젝트의 서비스 ID입니다.",
            },
            placeholder="ncp:sms:kr:123456789012:example",
            hint=looks_like(
                r"ncp:sms:kr:\d+:.+",
                {
                    "en": "ncp:sms:kr:, digits, a colon and the project's name",
                    "ko": "ncp:sms:kr: 뒤에 숫자와 콜론, 프로젝트 이름",
                },
            ),
        ),
    ] = Field(alias="serviceId")
    sender: Annotated[
        str,
        Setting(
            label={"en": "Sender number", "ko": "발신번호"},
            help={
                "en": "A number that is registered with SENS, as it is dialled in Korea.",
                "ko": "SENS에 등록한 발신번호를 국내에서 거는 그대로 적습니다.",
            },
            placeholder="0212345678",
            hint=looks_like(
                r"0\d{8,10}|1\d{7}",
                {
                    "en": "a Korean number with its 0, or eight digits such as 15881234",
                    "ko": "0으로 시작하는 국내 번호, 또는 15881234와 같은 8자리 대표번호",
                },
            ),
        ),
    ] = Field(alias="from")
    cloud: Annotated[
        Literal["public", "government"],
        Setting(
            label={"en": "Cloud", "ko": "이용 환경"},
            help={
                "en": "Public institutions use a cloud of their own.",
                "ko": "공공기관용 클라우드는 주소가 다릅니다.",
            },
            titles={
                "public": {"en": "NAVER Cloud (ncloud.com)", "ko": "민간용(ncloud.com)"},
                "government": {
                    "en": "For public institutions (gov-ncloud.com)",
                    "ko": "공공기관용(gov-ncloud.com)",
                },
            },
        ),
    ] = "public"

    @field_validator("sender")
    @classmethod
    def _without_hyphens(cls, sender: str) -> str:
        return sender.replace("-", "").replace(" ", "")

    def warnings(self) -> list[ConfigWarning]:
        """Return what looks unusual, letters that Korean carriers refuse among it."""
        return [*super().warnings(), *warn_of_letters(self.templates)]
