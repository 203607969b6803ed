"""What Tencent Cloud SMS has to be told; the contract's six keys, and ours."""

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator

from watchword.connector_kit.config import ConnectorConfig, Setting, looks_like
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    ProviderTemplate,
    require_usage_types,
)


class TencentTemplate(ProviderTemplate):
    """A template at Tencent Cloud, whose variables have places and no names."""

    overseas_template_code: str | None = Field(
        default=None, alias="overseasTemplateCode", min_length=1
    )
    """The one for numbers outside mainland China, where the other is refused."""

    def code_for(self, *, mainland: bool) -> str:
        """Return the template's id for a number in or outside mainland China."""
        return self.template_code if mainland else self.overseas_template_code or self.template_code


def starting_templates() -> list[dict[str, Any]]:
    """Return a gap to fill for each usage type."""
    return [{"usageType": usage.value, "templateCode": "<template-code>"} for usage in UsageType]


class TencentConfig(ConnectorConfig):
    """A key, an application, signs and templates; a config saved elsewhere pastes in unchanged."""

    access_key_id: Annotated[
        str,
        Setting(
            label={"en": "SecretId", "ko": "SecretId"},
            help={
                "en": "Of a sub-user that may send texts and nothing else.",
                "ko": "문자 발송 권한만 있는 하위 사용자의 키를 쓰십시오.",
            },
            placeholder="AKIDExampleSecretId",
            hint=looks_like(
                r"(AKID|IKID)[0-9A-Za-z]+",
                {"en": "AKID and more letters or digits", "ko": "AKID로 시작하는 영문자와 숫자"},
            ),
        ),
    ] = Field(alias="accessKeyId")
    access_key_secret: Annotated[
        SecretStr,
        Setting(
            label={"en": "SecretKey", "ko": "SecretKey"},
            help={
                "en": "Shown once, when the key is made.",
                "ko": "키를 만들 때 한 번만 표시됩니다.",
            },
        ),
    ] = Field(alias="accessKeySecret")
    sdk_app_id: Annotated[
        str,
        Setting(
            label={"en": "SDK App ID", "ko": "SDK AppID"},
            help={
                "en": "Of the application in the SMS console.",
                "ko": "SMS 콘솔의 애플리케이션에 표시됩니다.",
            },
            placeholder="1400006666",
            hint=looks_like(
                r"1\d{9}", {"en": "ten digits, such as 1400006666", "ko": "숫자 10자리"}
            ),
        ),
    ] = Field(alias="sdkAppId")
    sign_name: Annotated[
        str,
        Setting(
            label={"en": "Sign name", "ko": "서명(签名)"},
            help={
                "en": "The text between 【 and 】, not the sign's id.",
                "ko": "【】 안에 들어가는 이름입니다. 서명 ID가 아닙니다.",
            },
        ),
    ] = Field(alias="signName")
    overseas_sign_name: Annotated[
        str | None,
        Setting(
            label={"en": "Sign name outside the mainland", "ko": "중국 본토 밖의 서명"},
            help={
                "en": "Tencent Cloud keeps signs for the mainland and for other places apart. The "
                "sign above is used where this is empty.",
                "ko": "Tencent Cloud는 중국 본토용 서명과 그 밖의 지역용 서명을 따로 관리합니다. "
                "비워 두면 위의 서명을 씁니다.",
            },
        ),
    ] = Field(default=None, alias="overseasSignName")
    # Closed lists, and both sites' hosts below tencentcloudapi.com: no secret can be led elsewhere.
    region: Annotated[
        Literal["ap-guangzhou", "ap-beijing", "ap-nanjing", "ap-singapore"],
        Setting(
            label={"en": "Region", "ko": "리전"},
            help={
                "en": "Singapore for accounts of the international site.",
                "ko": "국제 사이트 계정은 싱가포르를 고릅니다.",
            },
            titles={
                "ap-guangzhou": {"en": "Guangzhou", "ko": "광저우"},
                "ap-beijing": {"en": "Beijing", "ko": "베이징"},
                "ap-nanjing": {"en": "Nanjing", "ko": "난징"},
                "ap-singapore": {"en": "Singapore", "ko": "싱가포르"},
            },
            default={"en": "ap-guangzhou"},
        ),
    ]
    site: Annotated[
        Literal["china", "international"],
        Setting(
            label={"en": "Site", "ko": "사이트"},
            help={
                "en": "Where the account was opened.",
                "ko": "계정을 만든 사이트입니다.",
            },
            titles={
                "china": {"en": "cloud.tencent.com", "ko": "cloud.tencent.com"},
                "international": {"en": "tencentcloud.com", "ko": "tencentcloud.com"},
            },
        ),
    ] = "china"
    templates: Annotated[
        tuple[TencentTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "The id of an approved template for each usage type, and the variables it "
                "takes, in its order.",
                "ko": "용도마다 승인된 템플릿 ID와, 템플릿에 들어갈 변수를 순서대로 적습니다.",
            },
            default={"en": starting_templates()},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_required(cls, templates: tuple[TencentTemplate, ...]) -> tuple[TencentTemplate, ...]:
        require_usage_types(templates)
        return templates

    def sign_for(self, *, mainland: bool) -> str:
        """Return the sign for a number in or outside mainland China."""
        return self.sign_name if mainland else self.overseas_sign_name or self.sign_name
