"""The settings of a provider that speaks OpenID Connect, under the contract's keys."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from watchword.connector_kit.config import ConfigWarning, Setting, rule_broken
from watchword.connector_kit.oauth import WebPage
from watchword.connector_kit.openid import ALGORITHMS
from watchword.connector_kit.standard_oauth import StandardClientConfig

SCOPE = "openid profile email"
Word = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
OneOrMore = Word | tuple[Word, ...]
Seconds = Annotated[float, Field(ge=0, le=86400)]

# The names of OpenID Connect Core, 3.1.2.1, by the contract's. The answer comes in the address
# always: a form that another site posts would come without the person's cookie.
REQUEST_PARAMETERS = {
    "display": "display",
    "prompt": "prompt",
    "maxAge": "max_age",
    "uiLocales": "ui_locales",
    "idTokenHint": "id_token_hint",
    "loginHint": "login_hint",
    "acrValues": "acr_values",
}


class IdTokenVerification(BaseModel):
    """What an ID token is checked against."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    jwks_uri: Word | None = Field(default=None, alias="jwksUri")
    issuer: OneOrMore = ()
    audience: OneOrMore = ()
    algorithms: tuple[str, ...] = tuple(ALGORITHMS)
    clock_tolerance: Seconds = Field(default=60, alias="clockTolerance")
    oldest: Seconds | None = Field(default=None, alias="maxTokenAge")

    @property
    def issuers(self) -> tuple[str, ...]:
        """Return whose tokens are taken."""
        return _several(self.issuer)

    @property
    def audiences(self) -> tuple[str, ...]:
        """Return for whom the tokens may be."""
        return _several(self.audience)

    @property
    def max_age(self) -> timedelta | None:
        """Return how old a token may be; None where its own end is enough."""
        return None if self.oldest is None else timedelta(seconds=self.oldest)


class OidcConfig(StandardClientConfig):
    """Either an issuer that publishes everything, or each address by itself."""

    first = (
        "issuer",
        "clientId",
        "clientSecret",
        "scope",
        "authorizationEndpoint",
        "tokenEndpoint",
        "userInfoEndpoint",
        "tokenEndpointAuthMethod",
        "clientSecretJwtSigningAlgorithm",
        "acceptStringTypedBooleanClaims",
        "idTokenVerificationConfig",
        "authRequestOptionalConfig",
    )

    scope: Annotated[str, Setting(label={"en": "Scope", "ko": "범위(scope)"})] = SCOPE

    issuer: Annotated[
        WebPage | None,
        Setting(
            label={"en": "Issuer", "ko": "발급자(Issuer)"},
            help={
                "en": "The provider's own name, such as https://id.example.com. With it, the "
                "addresses below are read from the provider and can stay empty.",
                "ko": "공급자의 이름입니다. 예: https://id.example.com. 입력하면 아래 주소는 "
                "공급자가 공개한 문서에서 읽으므로 비워 두어도 됩니다.",
            },
            placeholder="https://id.example.com",
            decides_destination=True,
        ),
    ] = None
    authorization_endpoint: Annotated[
        WebPage | None,
        Setting(label={"en": "Authorization endpoint", "ko": "인가 엔드포인트"}),
    ] = Field(default=None, alias="authorizationEndpoint")
    exchange_endpoint: Annotated[
        Word | None,
        Setting(label={"en": "Token endpoint", "ko": "토큰 엔드포인트"}, decides_destination=True),
    ] = Field(default=None, alias="tokenEndpoint")
    user_info_endpoint: Annotated[
        Word | None,
        Setting(
            label={"en": "Userinfo endpoint", "ko": "사용자 정보 엔드포인트"},
            help={
                "en": "Only where the ID token does not hold the name, e-mail address or number.",
                "ko": "ID 토큰에 이름, 이메일, 휴대폰 번호가 없을 때만 입력합니다.",
            },
        ),
    ] = Field(default=None, alias="userInfoEndpoint")
    verification: Annotated[
        IdTokenVerification,
        Setting(
            label={"en": "ID token verification", "ko": "ID 토큰 검증"},
            help={
                "en": "A JSON object: jwksUri and issuer; audience, algorithms, clockTolerance and "
                "maxTokenAge (both in seconds) if need be. With an issuer above it can stay empty.",
                "ko": "JSON 객체로 입력합니다. jwksUri와 issuer를 적고, 필요하면 audience, "
                "algorithms, clockTolerance, maxTokenAge(초 단위)를 더합니다. 위에 발급자를 "
                "입력했다면 비워 두어도 됩니다.",
            },
        ),
    ] = Field(default=IdTokenVerification(), alias="idTokenVerificationConfig")
    request_options: Annotated[
        dict[str, str],
        Setting(
            label={"en": "Options of the authentication request", "ko": "인증 요청 옵션"},
            help={
                "en": "A JSON object: display, prompt, maxAge, uiLocales, idTokenHint, loginHint, "
                "acrValues.",
                "ko": "JSON 객체로 입력합니다. display, prompt, maxAge, uiLocales, idTokenHint, "
                "loginHint, acrValues를 쓸 수 있습니다.",
            },
        ),
    ] = Field(default_factory=dict, alias="authRequestOptionalConfig")
    takes_text_for_yes: Annotated[
        bool,
        Setting(
            label={"en": 'Take "true" for true', "ko": "“true” 문자열을 참으로 인정"},
            help={
                "en": "For providers that write email_verified as a text.",
                "ko": "email_verified를 문자열로 보내는 공급자에 씁니다.",
            },
        ),
    ] = Field(default=False, alias="acceptStringTypedBooleanClaims")

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.issuer is None:
            needed: Mapping[str, Any] = {
                "authorizationEndpoint": self.authorization_endpoint,
                "tokenEndpoint": self.exchange_endpoint,
                "idTokenVerificationConfig": self.verification.jwks_uri,
            }
            missing = next((key for key, value in needed.items() if not value), None)
            if missing:
                raise rule_broken(
                    missing,
                    {
                        "en": "Enter this, or the issuer above.",
                        "ko": "이 항목이나 위의 발급자를 입력합니다.",
                    },
                )
        unknown = set(self.verification.algorithms) - ALGORITHMS.keys()
        if unknown:
            raise rule_broken(
                "idTokenVerificationConfig",
                {
                    "en": f"Only these algorithms are taken: {', '.join(ALGORITHMS)}.",
                    "ko": f"다음 알고리즘만 쓸 수 있습니다: {', '.join(ALGORITHMS)}.",
                },
            )
        return self

    def warnings(self) -> list[ConfigWarning]:
        """Return what looks unusual: a provider whose tokens name nobody who made them."""
        found = super().warnings()
        if self.issuer is None and not self.verification.issuers:
            shape = {
                "en": "Without an issuer, a token of anybody who signs with the same keys passes.",
                "ko": "issuer가 없으면 같은 키로 서명한 다른 발급자의 토큰도 통과합니다.",
            }
            found.append(ConfigWarning("idTokenVerificationConfig", shape))
        return found

    @property
    def issuers(self) -> tuple[str, ...]:
        """Return whose tokens and answers are taken."""
        return self.verification.issuers or ((self.issuer,) if self.issuer else ())


def _several(value: OneOrMore) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
