"""What message authentication has to be told; the contract's four keys, and ours."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, field_validator

from watchword.connector_kit.config import Setting, rule_broken
from watchword.connector_kit.models import UsageType
from watchword.connector_kit.templates import TEMPLATES_LABEL
from watchword.providers.aliyun.account import AliyunAccount
from watchword.providers.aliyun.templates import Filled, NamedTemplate

# The templates that Alibaba Cloud lends: 100001 to sign in or up, 100002 for a new number, 100003
# for a new password, 100004 to add a number, 100005 to confirm who one is.
LENT: Mapping[UsageType, str] = {
    UsageType.SIGN_IN: "100001",
    UsageType.REGISTER: "100001",
    UsageType.FORGOT_PASSWORD: "100003",
    UsageType.ORGANIZATION_INVITATION: "100001",
    UsageType.GENERIC: "100001",
    UsageType.USER_PERMISSION_VALIDATION: "100005",
    UsageType.BIND_NEW_IDENTIFIER: "100002",
    UsageType.MFA_VERIFICATION: "100001",
    UsageType.BIND_MFA: "100001",
}


class LentTemplate(NamedTemplate):
    """A template that Alibaba Cloud lends; each has a code and says how many minutes it works."""

    template_code: Filled = Field(alias="templateCode")
    parameters: tuple[str, ...] | dict[str, str] = Field(
        default_factory=lambda: {"code": "code", "min": "minutes"}
    )


def lent_templates() -> list[dict[str, Any]]:
    """Return a lent template for each usage type."""
    return [{"usageType": usage.value, "templateCode": code} for usage, code in LENT.items()]


class AliyunAuthenticationConfig(AliyunAccount):
    """An access key, a lent sign and lent templates."""

    scheme_name: Annotated[
        str | None,
        Setting(
            label={"en": "Scheme name", "ko": "인증 방안 이름(SchemeName)"},
            help={
                "en": "Only if you made one of your own; the default scheme is used where this is "
                "empty.",
                "ko": "직접 만든 방안이 있을 때만 적습니다. 비워 두면 기본 방안을 씁니다.",
            },
        ),
    ] = Field(default=None, alias="schemeName", max_length=20)
    templates: Annotated[
        tuple[LentTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "A lent template for each of the nine usage types.",
                "ko": "아홉 가지 용도마다 기본 제공 템플릿을 하나씩 지정합니다.",
            },
            default={"en": lent_templates()},
        ),
    ]

    @field_validator("templates")
    @classmethod
    def _has_all(cls, templates: tuple[LentTemplate, ...]) -> tuple[LentTemplate, ...]:
        present = {template.usage_type for template in templates}
        missing = [usage.value for usage in UsageType if usage not in present]
        if missing:
            names = ", ".join(missing)
            raise rule_broken(
                "templates",
                {
                    "en": f"Templates are missing for {names}.",
                    "ko": f"{names} 템플릿이 없습니다.",
                },
            )
        return templates
