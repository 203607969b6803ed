"""Kakao. https://developers.kakao.com/docs/latest/en/kakaologin/rest-api"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, SecretStr

from watchword.connector_kit.config import Setting, looks_like
from watchword.connector_kit.errors import ConnectorError, IdTokenRefused, InvalidCredentials
from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.oauth import Endpoints
from watchword.connector_kit.openid import OpenIdConnector
from watchword.connector_kit.social import PublicClientConfig, SocialIdentity


class KakaoConfig(PublicClientConfig):
    """An application of Kakao Developers with Kakao Login switched on."""

    client_id: Annotated[
        str,
        Setting(
            label={"en": "REST API key", "ko": "REST API 키"},
            hint=looks_like(
                r"[0-9a-f]{32}",
                {"en": "usually 32 hexadecimal digits", "ko": "보통 16진수 32자리입니다"},
            ),
        ),
    ] = Field(alias="clientId")
    client_secret: Annotated[
        SecretStr | None,
        Setting(
            label={"en": "Client secret", "ko": "클라이언트 시크릿"},
            help={
                "en": "Switched on as a rule. Leave it empty only if you switched it off at Kakao.",
                "ko": "보통 켜져 있습니다. Kakao Developers에서 껐을 때만 비워 둡니다.",
            },
        ),
    ] = Field(default=None, alias="clientSecret")
    is_phone_proof: Annotated[
        bool,
        Setting(
            label={"en": "The number is proof", "ko": "휴대폰 번호를 확인된 것으로 인정"},
            help={
                "en": "Kakao sends the number of the Kakao account, and no word on when it was "
                "checked. Switched on, it counts as proved; switched off, people prove it here.",
                "ko": "카카오는 카카오계정의 휴대폰 번호를 보내지만 언제 확인했는지는 알려 주지 "
                "않습니다. 켜면 확인된 번호로 보고, 끄면 여기에서 번호를 인증합니다.",
            },
        ),
    ] = Field(default=False, alias="phoneIsProof")


class KakaoConnector(OpenIdConnector[KakaoConfig]):
    """Who it is comes from Kakao's own API; an ID token, where there is one, must agree."""

    metadata = ConnectorMetadata(
        id="kakao-universal",
        target="kakao",
        type=ConnectorType.SOCIAL,
        name={"en": "Kakao", "ko": "카카오"},
        description={
            "en": "Sign in with a Kakao account, which may bring a phone number.",
            "ko": "카카오계정으로 로그인합니다. 휴대폰 번호도 받을 수 있습니다.",
        },
    )
    config_type = KakaoConfig
    needs_id_token = False
    token_errors: ClassVar[Mapping[str, type[ConnectorError]]] = {
        "misconfigured": InvalidCredentials
    }

    @property
    def scope(self) -> str:
        """Return nothing: what people share is decided at Kakao, and a scope would replace that."""
        return ""

    async def endpoints(self) -> Endpoints:
        """Return Kakao's addresses."""
        return Endpoints(
            authorization=self.at("https://kauth.kakao.com/oauth/authorize"),
            token=self.at("https://kauth.kakao.com/oauth/token"),
            user_info=self.at("https://kapi.kakao.com/v2/user/me"),
            keys=self.at("https://kauth.kakao.com/.well-known/jwks.json"),
            issuers=("https://kauth.kakao.com",),
        )

    def read_identity(self, claims: Mapping[str, Any], answers: Sequence[Any]) -> SocialIdentity:
        """Say who it is by what the person agreed to share."""
        answer = answers[0]
        if claims and claims["sub"] != str(answer["id"]):
            raise IdTokenRefused("the user API tells of somebody else")
        account = answer.get("kakao_account") or {}
        profile = account.get("profile") or {}
        picture = profile.get("profile_image_url")
        is_checked = account.get("is_email_valid") is True and (
            account.get("is_email_verified") is True
        )
        return SocialIdentity.read(
            answer,
            id=answer["id"],
            name=profile.get("nickname"),
            avatar=None if profile.get("is_default_image") else picture,
            email=account.get("email"),
            email_verified=is_checked,
            phone=account.get("phone_number"),
            phone_verified=self.config.is_phone_proof,
        )
