"""What Amazon SNS has to be told."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import (
    TEMPLATES_HELP,
    TEMPLATES_LABEL,
    TextTemplate,
    TextTemplatesConfig,
)
from watchword.connector_kit.wording import DEFAULTS, default_templates


class SnsTemplate(TextTemplate):
    """A text, and for India the id under which its wording is registered."""

    dlt_template_id: str | None = Field(default=None, alias="dltTemplateId", min_length=1)


class AwsSnsConfig(TextTemplatesConfig):
    """A key that may publish, a region, and how messages go out."""

    access_key_id: Annotated[
        str,
        Setting(
            label={"en": "Access key ID", "ko": "액세스 키 ID"},
            help={
                "en": "Of an IAM user that may call sns:Publish.",
                "ko": "sns:Publish 권한이 있는 IAM 사용자의 값입니다.",
            },
            placeholder="AKIAIOSFODNN7EXAMPLE",
            hint=looks_like(
                r"A[KS]IA[0-9A-Z]{16}",
                {
                    "en": "AKIA or ASIA and 16 capital letters or digits",
                    "ko": "AKIA 또는 ASIA 뒤에 대문자나 숫자 16개",
                },
            ),
        ),
    ] = Field(alias="accessKeyId")
    access_key_secret: Annotated[
        SecretStr,
        Setting(
            label={"en": "Secret access key", "ko": "시크릿 액세스 키"},
            help={
                "en": "Shown once, when the access key is made.",
                "ko": "액세스 키를 만들 때 한 번만 표시됩니다.",
            },
            hint=looks_like(r"\S{40}", {"en": "40 characters", "ko": "40자"}),
        ),
    ] = Field(alias="accessKeySecret")
    session_token: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Session token", "ko": "세션 토큰"},
            help={
                "en": "Only with temporary keys (ASIA…), which stop working after some hours.",
                "ko": "몇 시간 뒤에 만료되는 임시 키(ASIA…)를 쓸 때만 적습니다.",
            },
        ),
    ] = Field(default=None, alias="sessionToken")
    region: Annotated[
        str,
        Setting(
            label={"en": "Region", "ko": "리전"},
            help={
                "en": "Senders, spend limit and sandbox belong to one region.",
                "ko": "발신자, 지출 한도, 샌드박스는 리전마다 따로입니다.",
            },
            placeholder="ap-northeast-2",
        ),
        # It becomes part of a host name, so unlike a key it is refused where it is not one: with
        # that every host is below amazonaws.com.
        Field(pattern=r"^[a-z]{2,4}(-[a-z]{1,12}){1,3}-[0-9]{1,2}$"),
    ] = "us-east-1"
    sender_id: Annotated[
        str | None,
        Setting(
            label={"en": "Sender ID", "ko": "발신자 ID"},
            help={
                "en": "A name that people see in countries that show one.",
                "ko": "발신자 이름을 표시하는 나라에서 보이는 이름입니다.",
            },
            placeholder="Acme",
            hint=looks_like(
                r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}",
                {
                    "en": "1 to 11 letters and digits, at least one letter",
                    "ko": "영문자와 숫자 1~11자, 영문자 하나 이상",
                },
            ),
        ),
    ] = Field(default=None, alias="senderId")
    origination_number: Annotated[
        str | None,
        Setting(
            label={"en": "Origination number", "ko": "발신번호"},
            help={
                "en": "A number of your account with +, where a country needs one.",
                "ko": "발신번호가 필요한 나라에 쓸, +로 시작하는 보유 번호입니다.",
            },
            placeholder="+12065550100",
            hint=looks_like(
                r"\+[1-9]\d{6,14}|\d{3,8}",
                {"en": "+ and a number, or a short code", "ko": "+와 번호, 또는 단축 번호"},
            ),
        ),
    ] = Field(default=None, alias="originationNumber")
    sms_type: Annotated[
        Literal["Transactional", "Promotional"],
        Setting(
            label={"en": "Message type", "ko": "메시지 유형"},
            help={
                "en": "Codes are transactional: promotional texts may come late or not at all.",
                "ko": "인증번호는 '거래'로 보냅니다. '홍보'는 늦거나 도착하지 않을 수 있습니다.",
            },
            titles={
                "Transactional": {"en": "Transactional", "ko": "거래(Transactional)"},
                "Promotional": {"en": "Promotional", "ko": "홍보(Promotional)"},
            },
        ),
    ] = Field(default="Transactional", alias="smsType")
    max_price: Annotated[
        float | None,
        Setting(
            label={"en": "Highest price in USD", "ko": "최고 단가(USD)"},
            help={
                "en": "A message that would cost more is not sent.",
                "ko": "이보다 비싼 메시지는 보내지 않습니다.",
            },
            placeholder="0.10",
        ),
        Field(gt=0, le=100, allow_inf_nan=False),
    ] = Field(default=None, alias="maxPrice")
    entity_id: Annotated[
        str | None,
        Setting(
            label={"en": "India: entity ID", "ko": "인도: 엔티티 ID"},
            help={
                "en": "Of your company in India's DLT register; used for numbers in India only.",
                "ko": "인도 DLT에 등록한 회사의 ID입니다. 인도 번호에만 씁니다.",
            },
        ),
    ] = Field(default=None, alias="entityId")
    dlt_template_id: Annotated[
        str | None,
        Setting(
            label={"en": "India: template ID", "ko": "인도: 템플릿 ID"},
            help={
                "en": "Of the wording in the DLT register, for templates that name none.",
                "ko": "DLT에 등록한 문구의 ID입니다. 템플릿에 따로 적지 않으면 이 값을 씁니다.",
            },
        ),
    ] = Field(default=None, alias="dltTemplateId")
    templates: Annotated[
        tuple[SnsTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help=TEMPLATES_HELP,
            default={language: default_templates(language) for language in DEFAULTS},
        ),
    ]

    @model_validator(mode="after")
    def _names_the_entity(self) -> Self:
        registered = self.dlt_template_id or any(t.dlt_template_id for t in self.templates)
        if registered and self.entity_id is None:
            raise rule_broken(
                "entityId",
                {
                    "en": "A template ID for India needs the entity ID.",
                    "ko": "인도 템플릿 ID를 쓰려면 엔티티 ID도 적으세요.",
                },
            )
        return self
