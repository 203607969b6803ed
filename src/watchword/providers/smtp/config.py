"""What a mail server has to be told, and how it is reached."""

import re
import ssl
from functools import lru_cache
from typing import Annotated, Literal, Self

import httpx2
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import Setting, rule_broken
from watchword.connector_kit.mail import EmailTemplatesConfig, Mailbox
from watchword.connector_kit.session import (
    Address,
    HostName,
    PortNumber,
    asks_for_host,
    asks_for_port,
)
from watchword.core.email import InvalidEmailAddress

PORT_OF_TLS = 465
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,76}")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,900}")
# What the connector itself says of each e-mail, or what would send it elsewhere.
OUR_HEADER = re.compile(
    r"auto-submitted|b?cc|content-.*|date|from|message-id|mime-version|received|reply-to|resent-.*"
    r"|return-path|sender|subject|to",
    re.IGNORECASE,
)

Security = Literal["tls", "starttls", "plain"]


class TlsOptions(BaseModel):
    """How the server proves itself, where it is not known to everyone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ca: str | None = None
    """PEM of the authority to believe, instead of the public ones."""
    servername: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,253}$")
    """The name in the certificate, where it is not the host's."""

    @field_validator("ca")
    @classmethod
    def _is_a_certificate(cls, ca: str | None) -> str | None:
        if ca is not None:
            try:
                ssl.create_default_context(cadata=ca)
            except (ssl.SSLError, ValueError):
                message = "ca is no certificate in PEM form"
                raise PydanticCustomError("rule", message, {"phrase": "invalid"}) from None
        return ca


# Reading the certificate store takes a while, and two connectors seldom differ here.
@lru_cache(maxsize=16)
def tls_context(tls: TlsOptions | None) -> ssl.SSLContext:
    """Return what a connection is secured with: the server's certificate is always checked."""
    if tls is not None and tls.ca:
        return ssl.create_default_context(cadata=tls.ca)
    return httpx2.create_ssl_context()


class SmtpConfig(EmailTemplatesConfig):
    """A mail server, an account there, a sender, and the wording."""

    host: Annotated[
        HostName,
        asks_for_host(
            {
                "en": "Name or address of the mail server.",
                "ko": "메일 서버의 이름이나 주소입니다.",
            },
            "smtp.example.com",
        ),
    ]
    port: Annotated[
        PortNumber,
        asks_for_port(
            {
                "en": "587 begins in the clear and changes to TLS at once (STARTTLS); 465 begins "
                "with TLS.",
                "ko": "587은 연결 직후 TLS로 바꾸고(STARTTLS), 465는 처음부터 TLS를 씁니다.",
            }
        ),
    ] = 587
    secure: Annotated[
        bool,
        Setting(
            label={"en": "TLS from the first byte", "ko": "처음부터 TLS"},
            help={
                "en": "On port 465 it always is. Off means STARTTLS, which the server must then "
                "offer.",
                "ko": "465 포트는 늘 켜진 것으로 봅니다. 끄면 STARTTLS를 쓰며, 서버가 STARTTLS를 "
                "지원해야 합니다.",
            },
            decides_destination=True,
        ),
    ] = False
    ignore_tls: Annotated[
        bool,
        Setting(
            label={"en": "No encryption", "ko": "암호화하지 않음"},
            help={
                "en": "Codes and the password then cross the network in the clear: the operator "
                "has to list the server's network.",
                "ko": "인증번호와 비밀번호가 암호화되지 않은 채 전송되므로, 서버 운영자가 메일 "
                "서버의 네트워크를 허용 목록에 넣어야 합니다.",
            },
            decides_destination=True,
        ),
    ] = Field(default=False, alias="ignoreTLS")
    user: Annotated[
        str | None,
        Setting(
            label={"en": "User name", "ko": "사용자 이름"},
            help={
                "en": "Leave it empty if the server asks for none.",
                "ko": "서버가 로그인을 요구하지 않으면 비워 둡니다.",
            },
        ),
        Field(max_length=320),
    ] = Field(default=None, alias="auth.user")
    password: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Password", "ko": "비밀번호"},
            help={
                "en": "Many providers want an app password or an API key here.",
                "ko": "앱 비밀번호나 API 키를 요구하는 사업자가 많습니다.",
            },
        ),
    ] = Field(default=None, alias="auth.pass")
    from_email: Annotated[
        str,
        Setting(
            label={"en": "From", "ko": "보내는 사람"},
            help={
                "en": "An address that the server may send from, with a name if you like.",
                "ko": "서버에서 발신을 허용한 주소입니다. 이름을 붙여도 됩니다.",
            },
            placeholder="Acme <no-reply@acme.example>",
        ),
    ] = Field(alias="fromEmail")
    reply_to: Annotated[
        str | None,
        Setting(
            label={"en": "Reply to", "ko": "회신 주소"},
            help={
                "en": "Where answers go. Empty: to the sender.",
                "ko": "답장을 받을 주소입니다. 비워 두면 보내는 사람에게 갑니다.",
            },
            placeholder="help@acme.example",
        ),
    ] = Field(default=None, alias="replyTo")
    auth_type: Annotated[
        Literal["login", "oauth2"],
        Setting(
            label={"en": "Log in with", "ko": "로그인 방식"},
            help={
                "en": "OAuth 2 (XOAUTH2) is for Google and Microsoft accounts without app "
                "passwords.",
                "ko": "OAuth 2(XOAUTH2)는 앱 비밀번호를 쓸 수 없는 Google·Microsoft 계정에 "
                "사용합니다.",
            },
            titles={
                "login": {"en": "User name and password", "ko": "사용자 이름과 비밀번호"},
                "oauth2": {"en": "OAuth 2", "ko": "OAuth 2"},
            },
        ),
    ] = Field(default="login", alias="auth.type")
    client_id: Annotated[
        str | None,
        Setting(label={"en": "OAuth client ID", "ko": "OAuth 클라이언트 ID"}),
    ] = Field(default=None, alias="auth.clientId")
    client_secret: Annotated[
        SecretStr | None,
        Setting(label={"en": "OAuth client secret", "ko": "OAuth 클라이언트 시크릿"}),
    ] = Field(default=None, alias="auth.clientSecret")
    refresh_token: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "OAuth refresh token", "ko": "OAuth 리프레시 토큰"},
            help={
                "en": "Of the account that sends, with the right to send over SMTP.",
                "ko": "보내는 계정에서 발급받은, SMTP 발신 권한이 있는 토큰입니다.",
            },
        ),
    ] = Field(default=None, alias="auth.refreshToken")
    access_url: Annotated[
        str | None,
        Setting(
            label={"en": "OAuth token URL", "ko": "OAuth 토큰 URL"},
            help={
                "en": "Where a refresh token becomes an access token.",
                "ko": "리프레시 토큰으로 액세스 토큰을 받는 주소입니다.",
            },
            placeholder="https://oauth2.googleapis.com/token",
            decides_destination=True,
        ),
        # The length apart: in the pattern it would take eight megabytes.
        Field(pattern=r"^https?://[^\s]+$", max_length=2_008),
    ] = Field(default=None, alias="auth.accessUrl")
    custom_headers: Annotated[
        dict[str, str] | None,
        Setting(
            label={"en": "Headers", "ko": "헤더"},
            help={
                "en": 'More headers of every e-mail, such as {"X-Entity-Ref-ID": "watchword"}.',
                "ko": '모든 이메일에 넣을 헤더입니다. 예: {"X-Entity-Ref-ID": "watchword"}',
            },
        ),
    ] = Field(default=None, alias="customHeaders")
    tls: Annotated[
        TlsOptions | None,
        Setting(
            label={"en": "Certificate", "ko": "인증서"},
            help={
                "en": 'Only for a server of your own: {"ca": "-----BEGIN CERTIFICATE-----…", '
                '"servername": "mail.internal"}.',
                "ko": '자체 서버에만 씁니다. 예: {"ca": "-----BEGIN CERTIFICATE-----…", '
                '"servername": "mail.internal"}',
            },
            decides_destination=True,
        ),
    ] = None

    @property
    def security(self) -> Security:
        """Return how the connection is secured."""
        if self.secure or self.port == PORT_OF_TLS:
            return "tls"
        return "plain" if self.ignore_tls else "starttls"

    @property
    def address(self) -> Address:
        """Return where the server listens; what turns to TLS before anything is said counts as
        encrypted."""
        return Address(self.host, self.port, self.security != "plain")

    @field_validator("from_email", "reply_to")
    @classmethod
    def _is_a_mailbox(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                Mailbox.parse(text)
            except InvalidEmailAddress:
                message = "This is no e-mail address"
                raise PydanticCustomError("rule", message, {"phrase": "invalid"}) from None
        return text

    @field_validator("custom_headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, str] | None) -> dict[str, str] | None:
        for name, value in (headers or {}).items():
            is_ours = OUR_HEADER.fullmatch(name) is not None
            if is_ours or not (HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value)):
                message = "A header is a name and one line of plain characters, and none of ours"
                raise PydanticCustomError("rule", message, {"phrase": "invalid"})
        return headers

    @model_validator(mode="after")
    def _has_a_whole_account(self) -> Self:
        needed: tuple[str, ...] = ()
        if self.auth_type == "oauth2":
            needed = ("user", "client_id", "refresh_token", "access_url")
        elif self.user is not None or self.password is not None:
            needed = ("user", "password")
        for name in needed:
            if getattr(self, name) is None:
                key = type(self).model_fields[name].alias or name
                raise rule_broken(key, f"This log-in needs {key}", "required")
        return self
