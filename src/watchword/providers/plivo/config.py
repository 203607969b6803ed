"""What Plivo has to be told."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import TextTemplatesConfig


class PlivoConfig(TextTemplatesConfig):
    """An account, a sender or a pool of senders, and the texts."""

    auth_id: Annotated[
        str,
        Setting(
            label={"en": "Auth ID", "ko": "Auth ID"},
            help={
                "en": "On the first page of the Plivo console; a subaccount's does too.",
                "ko": "Plivo 콘솔 첫 화면에 있습니다. 하위 계정의 값도 쓸 수 있습니다.",
            },
            placeholder="MA0123456789ABCDEF01",
            hint=looks_like(
                r"(MA|SA)[A-Z0-9]{18}",
                {
                    "en": "MA or SA, and 18 capital letters or digits",
                    "ko": "MA나 SA 뒤에 대문자나 숫자 18개",
                },
            ),
        ),
    ] = Field(alias="authId")
    auth_token: Annotated[
        SecretStr,
        Setting(
            label={"en": "Auth Token", "ko": "Auth Token"},
            help={
                "en": "Beside the Auth ID. It also proves that delivery reports are Plivo's.",
                "ko": "Auth ID 옆에 있습니다. 전송 결과가 Plivo에서 온 것인지도 이 값으로 "
                "확인합니다.",
            },
        ),
    ] = Field(alias="authToken")
    sender: Annotated[
        str | None,
        Setting(
            label={"en": "Sender", "ko": "발신"},
            help={
                "en": "A number of yours, a short code, or a name where the country allows one. "
                "Or fill in a Powerpack.",
                "ko": "보유 번호, 단축 번호, 또는 나라에서 허용하는 이름입니다. 대신 Powerpack을 "
                "적어도 됩니다.",
            },
            placeholder="14155550100",
            hint=looks_like(
                r"\+?\d{3,15}|[A-Za-z0-9 ]{1,11}",
                {
                    "en": "a number, a short code, or up to 11 letters and digits",
                    "ko": "번호, 단축 번호, 또는 11자 이하의 영문자와 숫자",
                },
            ),
        ),
    ] = Field(default=None, alias="src")
    powerpack_uuid: Annotated[
        str | None,
        Setting(
            label={"en": "Powerpack UUID", "ko": "Powerpack UUID"},
            help={
                "en": "In place of a sender: Plivo picks one from this pool.",
                "ko": "발신번호 대신 적습니다. 이 묶음에서 Plivo가 발신번호를 고릅니다.",
            },
            hint=looks_like(
                r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                {"en": "a UUID", "ko": "UUID 형식의 값"},
            ),
        ),
    ] = Field(default=None, alias="powerpackUuid")

    @model_validator(mode="after")
    def _has_one_way_to_send(self) -> Self:
        if self.sender is None and self.powerpack_uuid is None:
            raise rule_broken(
                "src",
                {
                    "en": "Enter a sender or a Powerpack.",
                    "ko": "발신번호나 Powerpack을 입력하세요.",
                },
            )
        if self.sender is not None and self.powerpack_uuid is not None:
            raise rule_broken(
                "powerpackUuid",
                {
                    "en": "Fill in a sender or a Powerpack, not both.",
                    "ko": "발신번호와 Powerpack 가운데 하나만 입력하세요.",
                },
            )
        return self
