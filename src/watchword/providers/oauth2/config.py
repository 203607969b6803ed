"""The settings of a provider that speaks OAuth 2.0 alone, under the contract's keys."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from watchword.connector_kit.config import Setting
from watchword.connector_kit.oauth import WebPage
from watchword.connector_kit.standard_oauth import StandardClientConfig

Word = Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class ProfileMap(BaseModel):
    """Where in the provider's answer each thing stands; dots lead into objects."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    id: str = "id"
    name: str = "name"
    avatar: str = "avatar"
    email: str = "email"
    phone: str = "phone"
    email_verified: str | None = Field(default=None, alias="emailVerified")
    """Ours: where the provider says that it has checked the address."""
    phone_verified: str | None = Field(default=None, alias="phoneVerified")


class OAuth2Config(StandardClientConfig):
    """Each address by itself, and how to read who somebody is."""

    first = (
        "clientId",
        "clientSecret",
        "authorizationEndpoint",
        "tokenEndpoint",
        "userInfoEndpoint",
        "tokenEndpointAuthMethod",
        "clientSecretJwtSigningAlgorithm",
        "tokenEndpointResponseType",
        "scope",
        "profileMap",
    )

    authorization_endpoint: Annotated[
        WebPage,
        Setting(
            label={"en": "Authorization endpoint", "ko": "인가 엔드포인트"},
            placeholder="https://id.example.com/authorize",
        ),
    ] = Field(alias="authorizationEndpoint")
    exchange_endpoint: Annotated[
        Word,
        Setting(
            label={"en": "Token endpoint", "ko": "토큰 엔드포인트"},
            placeholder="https://id.example.com/token",
            decides_destination=True,
        ),
    ] = Field(alias="tokenEndpoint")
    user_info_endpoint: Annotated[
        Word,
        Setting(
            label={"en": "Userinfo endpoint", "ko": "사용자 정보 엔드포인트"},
            placeholder="https://id.example.com/me",
        ),
    ] = Field(alias="userInfoEndpoint")
    answer_format: Annotated[
        Literal["query-string", "json"],
        Setting(
            label={"en": "Format of the token answer", "ko": "토큰 응답 형식"},
            help={
                "en": "Most providers answer in JSON.",
                "ko": "대부분의 공급자는 JSON으로 응답합니다.",
            },
            default={"en": "json"},
        ),
    ] = Field(default="query-string", alias="tokenEndpointResponseType")
    profile_map: Annotated[
        ProfileMap,
        Setting(
            label={"en": "Profile map", "ko": "프로필 매핑"},
            help={
                "en": "A JSON object: where id, name, avatar, email and phone stand in the "
                "provider's answer, such as details.name; and emailVerified and phoneVerified, if "
                "the provider says that it has checked them.",
                "ko": "JSON 객체로 입력합니다. id, name, avatar, email, phone이 공급자의 응답 "
                "어디에 있는지 적습니다(예: details.name). 공급자가 확인 여부를 알려 준다면 "
                "emailVerified와 phoneVerified도 적습니다.",
            },
            default={
                "en": {
                    "id": "id",
                    "name": "name",
                    "avatar": "avatar",
                    "email": "email",
                    "phone": "phone",
                }
            },
        ),
    ] = Field(default=ProfileMap(), alias="profileMap")


def at_path(answer: Any, path: str | None) -> Any:
    """Return what stands at a path of keys joined by dots; None where nothing does."""
    for key in path.split(".") if path else ():
        if not isinstance(answer, Mapping):
            return None
        answer = answer.get(key)
    return answer if path else None
