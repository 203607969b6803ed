"""Where the service is and how it wants to be asked; the contract's two keys, and ours."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self

import orjson
from pydantic import Field, JsonValue, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.config import Setting, looks_like, rule_broken
from watchword.connector_kit.templates import (
    TEMPLATES_LABEL,
    VARIABLES,
    TextTemplate,
    TextTemplatesConfig,
    roots_of,
)
from watchword.providers.http_sms.answers import is_pattern, status_ranges

# What a header may name: all of it ours, so that nobody else can write into one.
HEADER_VARIABLES = frozenset({"to", "id", "type", "secret", "timestamp"})
BODY_VARIABLES = VARIABLES | HEADER_VARIABLES | {"text", "ip"}

# RFC 9110, 5.6.2.
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# The connection's own, and ours.
RESERVED_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
    | {"proxy-authorization", "idempotency-key"}
)
DEEPEST = 20


def strings_of(value: JsonValue, depth: int = 0) -> Iterator[str]:
    """Yield all strings in a JSON value; raises a validator's error where it is too deep."""
    if depth > DEEPEST:
        raise PydanticCustomError("rule", "The body is nested too deeply", {})
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_of(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner, depth + 1)


def require_known(texts: Iterable[str], known: frozenset[str]) -> None:
    """Raise a validator's error that names the variables that there are not."""
    unknown = sorted({name for text in texts for name in roots_of(text) if name not in known})
    if unknown:
        raise PydanticCustomError(
            "rule",
            "There is no variable {unknown} here; there are {variables}",
            {
                "unknown": ", ".join(unknown),
                "variables": ", ".join(sorted(known)),
                "phrase": "unknown_variable",
            },
        )


class WebhookConfig(TextTemplatesConfig):
    """Two settings do for a service of one's own; the others speak to gateways as they are."""

    endpoint: Annotated[
        str,
        Setting(
            label={"en": "Endpoint", "ko": "엔드포인트"},
            help={
                "en": "Gets a request for every message.",
                "ko": "메시지마다 요청을 받는 주소입니다.",
            },
            placeholder="https://sms.example.com/send",
            hint=looks_like(
                r"https?://[^\s]+",
                {"en": "an address with https://", "ko": "https://로 시작하는 주소"},
            ),
            decides_destination=True,
        ),
    ]
    authorization: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Authorization header", "ko": "Authorization 헤더"},
            help={
                "en": "Sent as it is, so that your service knows who calls. A service of your own "
                "needs nothing below this.",
                "ko": "요청한 쪽을 확인할 수 있도록 적은 그대로 보냅니다. 직접 운영하는 서비스라면 "
                "아래는 모두 그대로 두어도 됩니다.",
            },
            placeholder="Bearer …",
        ),
    ] = None
    signing_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Signing secret", "ko": "서명 비밀 키"},
            help={
                "en": "Signs each request with HMAC-SHA256; the guide says how to check it.",
                "ko": "요청마다 HMAC-SHA256으로 서명합니다. 확인하는 방법은 가이드에 있습니다.",
            },
        ),
    ] = Field(default=None, alias="signingSecret")
    sends_ip: Annotated[
        bool,
        Setting(
            label={"en": "Send the person's IP address", "ko": "사용자 IP 주소 보내기"},
            help={
                "en": "Your service may use it to spot abuse. It is personal data.",
                "ko": "악용을 찾아내는 데 쓸 수 있습니다. 개인정보에 해당합니다.",
            },
        ),
    ] = Field(default=True, alias="sendIp")
    number_format: Annotated[
        Literal["digits", "e164"],
        Setting(
            label={"en": "Number format", "ko": "번호 형식"},
            help={
                "en": "How the recipient's number is written.",
                "ko": "받는 번호를 적는 형식입니다.",
            },
            titles={
                "digits": {"en": "447700900123", "ko": "821012345678"},
                "e164": {"en": "+447700900123", "ko": "+821012345678"},
            },
        ),
    ] = Field(default="digits", alias="numberFormat")
    method: Annotated[
        Literal["POST", "PUT", "PATCH", "GET"],
        Setting(
            label={"en": "Method", "ko": "메서드"},
            help={
                "en": "GET goes with fields in the address.",
                "ko": "GET은 주소에 값을 담는 형식에만 씁니다.",
            },
        ),
    ] = "POST"
    body_format: Annotated[
        Literal["payload", "json", "form", "query"],
        Setting(
            label={"en": "Body format", "ko": "본문 형식"},
            help={
                "en": "The standard payload, or the body below in one of three forms.",
                "ko": "표준 형식으로 보내거나, 아래에 적은 본문을 세 형식 중 하나로 보냅니다.",
            },
            titles={
                "payload": {"en": "Standard payload", "ko": "표준 형식"},
                "json": {"en": "JSON", "ko": "JSON"},
                "form": {"en": "Form", "ko": "폼"},
                "query": {"en": "Fields of the address", "ko": "주소의 쿼리"},
            },
        ),
    ] = Field(default="payload", alias="bodyFormat")
    body: Annotated[
        dict[str, JsonValue],
        Setting(
            label={"en": "Body", "ko": "본문"},
            help={
                "en": "A JSON object. {{to}}, {{text}}, {{code}}, {{type}}, {{id}} and {{secret}} "
                "are filled in; the guide lists all.",
                "ko": "JSON 객체로 적습니다. {{to}}, {{text}}, {{code}}, {{type}}, {{id}}, "
                "{{secret}} 등이 실제 값으로 바뀝니다. 전체 목록은 가이드에 있습니다.",
            },
        ),
    ] = Field(default_factory=dict)
    headers: Annotated[
        dict[str, str],
        Setting(
            label={"en": "Headers", "ko": "헤더"},
            help={
                "en": "A JSON object of further headers. {{to}}, {{type}}, {{id}}, {{timestamp}} "
                "and {{secret}} are filled in.",
                "ko": "추가로 보낼 헤더를 JSON 객체로 적습니다. {{to}}, {{type}}, {{id}}, "
                "{{timestamp}}, {{secret}}이 실제 값으로 바뀝니다.",
            },
        ),
    ] = Field(default_factory=dict)
    secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Secret for body and headers", "ko": "본문과 헤더에 넣을 비밀 값"},
            help={
                "en": "Takes the place of {{secret}}, for gateways that want a key there.",
                "ko": "{{secret}} 자리에 들어갑니다. 본문이나 헤더에 키를 요구하는 게이트웨이에 "
                "씁니다.",
            },
        ),
    ] = None
    authorization_name: Annotated[
        str,
        Setting(
            label={"en": "Name of the authorization header", "ko": "Authorization 헤더의 이름"},
            help={
                "en": "For gateways that look for it elsewhere, such as X-API-Key.",
                "ko": "X-API-Key처럼 다른 이름을 쓰는 게이트웨이일 때만 바꿉니다.",
            },
        ),
    ] = Field(default="Authorization", alias="authorizationName")
    username: Annotated[
        str | None,
        Setting(
            label={"en": "User name", "ko": "사용자 이름"},
            help={
                "en": "For HTTP Basic authentication, in place of the authorization header.",
                "ko": "Authorization 헤더 대신 HTTP Basic 인증을 쓸 때 적습니다.",
            },
        ),
    ] = None
    password: Annotated[
        SecretStr | None,
        Setting(label={"en": "Password", "ko": "비밀번호"}),
    ] = None
    success_status: Annotated[
        str | None,
        Setting(
            label={"en": "Status of success", "ko": "성공 상태 코드"},
            help={
                "en": "Status codes and ranges; any from 200 to 299 if empty.",
                "ko": "상태 코드나 범위를 적습니다. 비우면 200~299를 모두 성공으로 봅니다.",
            },
            placeholder="200, 202",
        ),
    ] = Field(default=None, alias="successStatus")
    success_test: Annotated[
        Literal["none", "equals", "contains", "matches"],
        Setting(
            label={"en": "Test of the answer", "ko": "응답 검사"},
            help={
                "en": "For gateways that answer 200 to failures too.",
                "ko": "실패해도 200으로 답하는 게이트웨이에 씁니다.",
            },
            titles={
                "none": {"en": "None: the status says it", "ko": "하지 않음(상태 코드로 판단)"},
                "equals": {"en": "Equals", "ko": "값이 같음"},
                "contains": {"en": "Contains", "ko": "값을 포함함"},
                "matches": {"en": "Matches a regular expression", "ko": "정규식에 맞음"},
            },
        ),
    ] = Field(default="none", alias="successTest")
    success_path: Annotated[
        str | None,
        Setting(
            label={"en": "Path to test", "ko": "검사할 경로"},
            help={
                "en": "Where in the JSON of the answer; the whole answer if empty.",
                "ko": "응답 JSON에서 검사할 위치입니다. 비우면 응답 전체를 검사합니다.",
            },
            placeholder="messages[0].status",
        ),
    ] = Field(default=None, alias="successPath")
    success_value: Annotated[
        str | None,
        Setting(
            label={"en": "Value of success", "ko": "성공 값"},
            help={
                "en": "What the answer has to equal, contain or match.",
                "ko": "응답과 같거나, 응답에 포함되거나, 응답이 맞아야 하는 값입니다.",
            },
            placeholder="ok",
        ),
    ] = Field(default=None, alias="successValue")
    message_id_path: Annotated[
        str,
        Setting(
            label={"en": "Path of the message id", "ko": "메시지 id 경로"},
            help={
                "en": "Where in the JSON of the answer the message's id is, for the log.",
                "ko": "응답 JSON에서 메시지 id가 있는 위치입니다. 메시지 기록에 표시합니다.",
            },
        ),
    ] = Field(default="messageId", alias="messageIdPath")
    templates: Annotated[
        tuple[TextTemplate, ...],
        Setting(
            label=TEMPLATES_LABEL,
            help={
                "en": "The texts that {{text}} stands for in the body; the usual ones if empty. "
                "With texts here, the standard payload brings the filled one as text.",
                "ko": "본문의 {{text}} 자리에 들어갈 문구입니다. 비우면 기본 문구를 씁니다. 문구를 "
                "적으면 표준 형식에도 완성된 문구를 text로 함께 보냅니다.",
            },
        ),
    ] = ()

    @field_validator("body")
    @classmethod
    def _names_known_variables(cls, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        require_known(strings_of(body), BODY_VARIABLES)
        try:
            orjson.dumps(body)
        except TypeError:
            # A number of more than 64 bits, or half a surrogate pair.
            raise PydanticCustomError("rule", "The body can't be written as JSON", {}) from None
        return body

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            _require_header(name)
            if name.lower() == "authorization":
                # What stands here is shown to whoever opens the form.
                raise PydanticCustomError("rule", "This header has a setting that is sealed", {})
        require_known(headers.values(), HEADER_VARIABLES)
        return headers

    @field_validator("authorization_name")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        _require_header(name)
        return name

    @field_validator("success_status")
    @classmethod
    def _are_statuses(cls, statuses: str | None) -> str | None:
        if statuses is not None and status_ranges(statuses) is None:
            raise PydanticCustomError("rule", "Status codes look like 200, 202-204", {})
        return statuses

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.body_format != "payload" and not self.body:
            raise rule_broken("body", "This body format needs a body", phrase="required")
        if self.body_format == "payload" and self.body:
            raise rule_broken(
                "bodyFormat",
                {
                    "en": "Choose how the body is sent: JSON, form or fields of the address.",
                    "ko": "본문을 보낼 형식(JSON, 폼, 주소의 쿼리)을 고르세요.",
                },
            )
        if self.method == "GET" and self.body_format != "query":
            raise rule_broken(
                "bodyFormat",
                {
                    "en": "GET sends no body. Choose fields of the address, or another method.",
                    "ko": "GET은 본문을 보내지 않습니다. "
                    "주소의 쿼리를 고르거나 다른 메서드를 고르세요.",
                },
            )
        if self.body_format in {"form", "query"} and not _is_flat(self.body):
            raise rule_broken(
                "body",
                {
                    "en": "A form has one value for each name, no objects or lists.",
                    "ko": "폼과 쿼리에는 이름마다 값 하나만 적을 수 있습니다.",
                },
            )
        return self

    @model_validator(mode="after")
    def _proves_itself_in_one_way(self) -> Self:
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            raise rule_broken(missing, "User name and password go together", phrase="required")
        is_taken = self.authorization_name.lower() == "authorization"
        if self.username is not None and self.authorization is not None and is_taken:
            raise rule_broken(
                "username",
                {
                    "en": "Use either the authorization header or user name and password.",
                    "ko": "Authorization 헤더와 사용자 이름·비밀번호 중 하나만 적으세요.",
                },
            )
        return self

    @model_validator(mode="after")
    def _has_what_it_names(self) -> Self:
        if self.secret is None and self._names("secret"):
            raise rule_broken(
                "secret", "The body or a header names a secret that is not there", phrase="required"
            )
        return self

    @model_validator(mode="after")
    def _can_be_tested(self) -> Self:
        if self.success_test == "none":
            return self
        if self.success_value is None:
            raise rule_broken("successValue", "This test needs a value", phrase="required")
        if self.success_test == "matches" and not is_pattern(self.success_value):
            raise rule_broken(
                "successValue",
                {
                    "en": "This is no regular expression, or one that is too large.",
                    "ko": "정규식이 아니거나 너무 큽니다.",
                },
            )
        return self

    @property
    def has_own_text(self) -> bool:
        """Tell whether a text of ours goes out."""
        return bool(self.templates) or self._names("text")

    def _names(self, variable: str) -> bool:
        texts = [*strings_of(self.body), *self.headers.values()]
        return any(variable in roots_of(text) for text in texts)


def _require_header(name: str) -> None:
    if not HEADER_NAME.fullmatch(name) or name.lower() in RESERVED_HEADERS:
        raise PydanticCustomError("rule", "There is no such header to set", {})


def _is_flat(body: dict[str, JsonValue]) -> bool:
    return not any(isinstance(value, dict | list) for value in body.values())
