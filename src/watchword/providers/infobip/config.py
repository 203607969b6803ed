"""What Infobip has to be told."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import TextTemplatesConfig

GENERIC = "https://api.infobip.com"


class InfobipConfig(TextTemplatesConfig):
    """An account's own host and key, a sender, and the texts."""

    host: Annotated[
        str,
        Setting(
            label={"en": "Base URL", "ko": "기본 URL"},
            help={
                "en": "The account's own address, on the first page of the Infobip portal.",
                "ko": "Infobip 포털 첫 화면에 있는 계정 전용 주소입니다.",
            },
            placeholder="xxxxx.api.infobip.com",
            hint=looks_like(
                r"(https://)?[a-z0-9-]+\.api(-[a-z]+)?\.infobip\.com/?|(https://)?api\.infobip\.com/?",
                {
                    "en": "a name that ends in .api.infobip.com",
                    "ko": ".api.infobip.com으로 끝나는 이름",
                },
            ),
            decides_destination=True,
        ),
    ] = Field(default=GENERIC, alias="baseUrl")
    api_key: Annotated[
        SecretStr,
        Setting(
            label={"en": "API key", "ko": "API 키"},
            help={
                "en": "Infobip portal > Developer Tools > API Keys, with the scope "
                "sms:message:send.",
                "ko": "Infobip 포털 > Developer Tools > API Keys에서 sms:message:send 범위로 "
                "만듭니다.",
            },
        ),
    ] = Field(alias="apiKey")
    sender: Annotated[
        str | None,
        Setting(
            label={"en": "Sender", "ko": "발신"},
            help={
                "en": "A number of yours, a short code, or a name of up to 11 characters. Empty: "
                "the account's default sender.",
                "ko": "보유 번호, 단축 번호, 또는 11자 이하의 이름입니다. 비우면 계정의 기본 "
                "발신자를 씁니다.",
            },
            placeholder="InfoSMS",
            hint=looks_like(
                r"\+?\d{3,15}|[A-Za-z0-9 ]{1,11}",
                {
                    "en": "a number, a short code, or up to 11 letters and digits",
                    "ko": "번호, 단축 번호, 또는 11자 이하의 영문자와 숫자",
                },
            ),
        ),
    ] = None

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, host: str) -> str:
        if not _names_a_host(address_of(host)):
            raise rule_broken(
                "baseUrl",
                {
                    "en": "Enter https:// and a host name, nothing more.",
                    "ko": "https://와 호스트 이름만 입력하세요.",
                },
            )
        return host


def address_of(host: str) -> str:
    """Return the address of a host, which the portal shows without its https://."""
    return (host if "://" in host else f"https://{host}").rstrip("/")


def _names_a_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    is_bare = not parts.path and not any(mark in address for mark in "?#@")
    return parts.scheme == "https" and bool(parts.hostname) and port != 0 and is_bare
