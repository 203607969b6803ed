"""A provider of which the kit knows the protocol alone: the administrator says the rest."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field

from watchword.connector_kit.config import Setting
from watchword.connector_kit.oauth import AssertionAlgorithm, ClientAuthentication, OAuthConnector
from watchword.connector_kit.social import ClientConfig


class StandardClientConfig(ClientConfig):
    """What is asked of every such provider, under the contract's keys."""

    client_authentication: Annotated[
        ClientAuthentication,
        Setting(label={"en": "Token endpoint authentication", "ko": "토큰 엔드포인트 인증 방식"}),
    ] = Field(default="client_secret_post", alias="tokenEndpointAuthMethod")
    assertion_algorithm: Annotated[
        AssertionAlgorithm,
        Setting(
            label={"en": "Algorithm of the client assertion", "ko": "클라이언트 JWT 서명 알고리즘"},
            help={
                "en": "Only for client_secret_jwt.",
                "ko": "client_secret_jwt일 때만 쓰입니다.",
            },
        ),
    ] = Field(default="HS256", alias="clientSecretJwtSigningAlgorithm")
    scope: Annotated[str, Setting(label={"en": "Scope", "ko": "범위(scope)"})] = ""
    custom: Annotated[
        dict[str, str],
        Setting(
            label={"en": "More parameters", "ko": "추가 매개변수"},
            help={
                "en": "A JSON object of names and values that this provider wants besides.",
                "ko": "공급자가 따로 요구하는 매개변수의 이름과 값을 JSON 객체로 입력합니다.",
            },
        ),
    ] = Field(default_factory=dict, alias="customConfig")


StandardSettings = TypeVar("StandardSettings", bound=StandardClientConfig)


class StandardOAuthConnector(OAuthConnector[StandardSettings]):
    """Asks as the administrator says."""

    @property
    def client_authentication(self) -> ClientAuthentication:
        """Return how the token endpoint learns who is asking."""
        return self.config.client_authentication

    @property
    def assertion_algorithm(self) -> AssertionAlgorithm:
        """Return what signs the client's assertion."""
        return self.config.assertion_algorithm

    @property
    def scope(self) -> str:
        """Return what to ask for."""
        return self.config.scope

    @property
    def more_parameters(self) -> Mapping[str, str]:
        """Return what the administrator added."""
        return self.config.custom
