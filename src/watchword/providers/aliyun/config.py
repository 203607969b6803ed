"""What Alibaba Cloud SMS has to be told; the contract's five keys, and ours."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from watchword.connector_kit.config import Setting
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import TEMPLATES_LABEL, require_usage_types
from watchword.providers.aliyun.account import AliyunAccount
from watchword.providers.aliyun.templates import AliyunTemplate


def starting_templates() -> list[dict[str, Any]]:
    """Return a gap to fill for each usage type."""
    return [{"usageType": usage.value, "templateCode": "<template-code>"} for usage in UsageType]


class AliyunSmsConfig(AliyunAccount):
    """An access key, signs and templates; a config saved elsewhere pastes in unchanged."""

    overseas_sign_name: Annotated[
        str | None,
        Setting(
            label={"en": "Sign name outside the mainland", "ko": "중국 본토 밖의 서명"},
            help={
                "en": "Alibaba Cloud keeps signs for the mainland and for other places apart. The "
                "sign above is used where this is empty.",
                "ko": "Alibaba Cloud는 중국 본토용 서명과 그 밖의 지역용 서명을 따로 관리합니다. "
                "비워 두면 위의 서명을 씁니다.",
            },
        ),
    ] = Field(default=None, alias="overseasSignName")
    region: Annotated[
        Literal[
            "cn-hangzhou",
            "cn-beijing",
            "cn-hongkong",
            "ap-southeast-1",
            "ap-southeast-5",
            "eu-central-1",
            "us-east-1",
        ],
        Setting(
            label={"en": "Endpoint", "ko": "엔드포인트"},
            help={
                "en": "Where requests go. A server outside mainland China may be refused at the "
                "mainland's endpoints.",
                "ko": "요청을 보낼 곳입니다. 중국 본토 밖의 서버는 본토 엔드포인트에서 거절될 수 "
                "있습니다.",
            },
            titles={
                "cn-hangzhou": {"en": "Mainland China", "ko": "중국 본토"},
                "cn-beijing": {"en": "Mainland China, Beijing", "ko": "중국 본토(베이징)"},
                "cn-hongkong": {"en": "Hong Kong", "ko": "홍콩"},
                "ap-southeast-1": {"en": "Singapore", "ko": "싱가포르"},
                "ap-southeast-5": {"en": "Indonesia", "ko": "인도네시아"},
                "eu-central-1": {"en": "Germany", "ko": "독일"},
                "us-east-1": {"en": "United States", "ko": "미국"},
            },
        ),
        # A closed list, and every host of it below aliyuncs.com: no secret can be led elsewhere.
    ] = "cn-hangzhou"
    strict_phone_region_number_check: Annotated[
        bool,
        Setting(
            label={
                "en": "Strict phone region number check",
                "ko": "휴대폰 번호 국가 코드 엄격 검사",
            },
            help={
                "en": "Has no effect here: the country of a number is always looked up, never "
                "guessed from its first digits.",
                "ko": "여기서는 아무 효과가 없습니다. 번호의 나라는 앞자리로 짐작하지 않고 항상 "
                "번호 체계에서 찾습니다.",
            },
        ),
    ] = Field(default=False, alias="strictPhoneRegionNumberCheck")
    templates: Annotated[
        tuple[AliyunTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "The code of an approved template for each usage type, or one for the "
                "mainland and one for elsewhere.",
                "ko": "용도마다 승인된 템플릿 코드를 적습니다. 중국 본토용과 그 밖의 지역용을 "
                "나누어 적을 수 있습니다.",
            },
            default={"en": starting_templates()},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_required(cls, templates: tuple[AliyunTemplate, ...]) -> tuple[AliyunTemplate, ...]:
        require_usage_types(templates)
        return templates

    def sign_for(self, *, mainland: bool) -> str:
        """Return the sign for a number in or outside mainland China."""
        return self.sign_name if mainland else self.overseas_sign_name or self.sign_name
