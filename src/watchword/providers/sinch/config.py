"""What Sinch has to be told: a service plan or a project, and the texts."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import TextTemplatesConfig


class SinchConfig(TextTemplatesConfig):
    """A service plan with its token, or a project with a key; and the texts."""

    service_plan_id: Annotated[
        str | None,
        Setting(
            label={"en": "Service plan ID", "ko": "서비스 플랜 ID"},
            help={
                "en": "Sinch Build dashboard > SMS > APIs. Or fill in a project below.",
                "ko": "Sinch Build 대시보드 > SMS > APIs에 있습니다. 아래에 프로젝트를 적어도 "
                "됩니다.",
            },
            hint=looks_like(
                r"[0-9a-f]{32}",
                {"en": "32 digits or letters a to f", "ko": "숫자나 a~f 글자 32개"},
            ),
        ),
    ] = Field(default=None, alias="servicePlanId")
    api_token: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "API token", "ko": "API 토큰"},
            help={
                "en": "Beside the service plan ID.",
                "ko": "서비스 플랜 ID 옆에 있습니다.",
            },
        ),
    ] = Field(default=None, alias="apiToken")
    project_id: Annotated[
        str | None,
        Setting(
            label={"en": "Project ID", "ko": "프로젝트 ID"},
            help={
                "en": "In place of a service plan: a project with an access key.",
                "ko": "서비스 플랜 대신 프로젝트와 액세스 키로 보냅니다.",
            },
            hint=looks_like(
                r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                {"en": "a UUID", "ko": "UUID 형식의 값"},
            ),
        ),
    ] = Field(default=None, alias="projectId")
    key_id: Annotated[
        str | None,
        Setting(label={"en": "Access key ID", "ko": "액세스 키 ID"}),
    ] = Field(default=None, alias="keyId")
    key_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Access key secret", "ko": "액세스 키 시크릿"},
            help={
                "en": "Sinch shows it once, when the key is created.",
                "ko": "키를 만들 때 한 번만 보여 줍니다.",
            },
        ),
    ] = Field(default=None, alias="keySecret")
    # A closed list: no setting can lead the token off Sinch's hosts.
    region: Annotated[
        Literal["us", "eu", "au", "br", "ca"],
        Setting(
            label={"en": "Region", "ko": "리전"},
            help={
                "en": "Where the service plan or project lives; elsewhere its token is worth "
                "nothing.",
                "ko": "서비스 플랜이나 프로젝트가 속한 리전입니다. 다른 리전에서는 토큰을 쓸 수 "
                "없습니다.",
            },
            titles={
                "us": {"en": "United States", "ko": "미국"},
                "eu": {"en": "Europe", "ko": "유럽"},
                "au": {"en": "Australia", "ko": "오스트레일리아"},
                "br": {"en": "Brazil", "ko": "브라질"},
                "ca": {"en": "Canada", "ko": "캐나다"},
            },
        ),
    ] = "us"
    sender: Annotated[
        str | None,
        Setting(
            label={"en": "Sender", "ko": "발신"},
            help={
                "en": "A number of yours, a short code, or a name of up to 11 characters. Empty: "
                "the account's default originator.",
                "ko": "보유 번호, 단축 번호, 또는 11자 이하의 이름입니다. 비우면 계정의 기본 "
                "발신자를 씁니다.",
            },
            placeholder="447418310508",
            hint=looks_like(
                r"\+?\d{3,15}|[A-Za-z0-9 ]{1,11}",
                {
                    "en": "a number, a short code, or up to 11 letters and digits",
                    "ko": "번호, 단축 번호, 또는 11자 이하의 영문자와 숫자",
                },
            ),
        ),
    ] = None
    callback_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Callback secret", "ko": "콜백 시크릿"},
            help={
                "en": "Only if Sinch signs your callbacks, which its support switches on. Then "
                "unsigned reports are refused.",
                "ko": "Sinch 지원팀에 요청해 콜백 서명을 켠 경우에만 적습니다. 적으면 서명이 없는 "
                "전송 결과는 거부합니다.",
            },
        ),
    ] = Field(default=None, alias="callbackSecret")

    @model_validator(mode="after")
    def _proves_who_we_are(self) -> Self:
        plan = {"servicePlanId": self.service_plan_id, "apiToken": self.api_token}
        project = {
            "projectId": self.project_id,
            "keyId": self.key_id,
            "keySecret": self.key_secret,
        }
        has_plan, has_project = any(plan.values()), any(project.values())
        if has_plan and has_project:
            raise rule_broken(
                "projectId",
                {
                    "en": "Fill in a service plan or a project, not both.",
                    "ko": "서비스 플랜과 프로젝트 가운데 하나만 입력하세요.",
                },
            )
        missing = [key for key, value in (project if has_project else plan).items() if not value]
        if missing:
            raise rule_broken(
                missing[0],
                {
                    "en": "Enter a service plan with its token, or a project with its key.",
                    "ko": "서비스 플랜과 토큰, 또는 프로젝트와 키를 입력하세요.",
                },
            )
        return self
