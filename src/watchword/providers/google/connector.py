"""Google. https://developers.google.com/identity/openid-connect/openid-connect"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from watchword.connector_kit.config import Setting, looks_like
from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.oauth import Endpoints
from watchword.connector_kit.openid import OpenIdConnector, with_openid
from watchword.connector_kit.social import Authorization, ClientConfig, SocialIdentity

ISSUERS = ("https://accounts.google.com", "accounts.google.com")
OWN_MAIL = ("@gmail.com", "@googlemail.com")


class GoogleConfig(ClientConfig):
    """An OAuth client of the type "Web application"."""

    client_id: Annotated[
        str,
        Setting(
            label={"en": "Client ID", "ko": "클라이언트 ID"},
            placeholder="000000000000-example.apps.googleusercontent.com",
            hint=looks_like(
                r".+\.apps\.googleusercontent\.com",
                {
                    "en": "usually ends with .apps.googleusercontent.com",
                    "ko": "보통 .apps.googleusercontent.com으로 끝납니다",
                },
            ),
        ),
    ] = Field(alias="clientId")
    scope: Annotated[str, Setting(label={"en": "Scope", "ko": "범위(scope)"})] = (
        "openid profile email"
    )
    prompts: Annotated[
        tuple[Literal["none", "consent", "select_account"], ...],
        Setting(
            label={"en": "Prompts", "ko": "프롬프트"},
            help={
                "en": 'A JSON list. ["select_account"] lets people choose among their accounts.',
                "ko": 'JSON 목록입니다. ["select_account"]는 계정을 고르는 화면을 보여 줍니다.',
            },
            default={"en": ["select_account"]},
        ),
    ] = ()


class GoogleConnector(OpenIdConnector[GoogleConfig]):
    """Everything is in the ID token; only Google's own word on its own mail is proof."""

    metadata = ConnectorMetadata(
        id="google-universal",
        target="google",
        type=ConnectorType.SOCIAL,
        name={"en": "Google", "ko": "Google"},
        description={
            "en": "Sign in with a Google account.",
            "ko": "Google 계정으로 로그인합니다.",
        },
    )
    config_type = GoogleConfig

    @property
    def scope(self) -> str:
        """Return what to ask for."""
        return with_openid(self.config.scope)

    async def endpoints(self) -> Endpoints:
        """Return Google's addresses."""
        return Endpoints(
            authorization=self.at("https://accounts.google.com/o/oauth2/v2/auth"),
            token=self.at("https://oauth2.googleapis.com/token"),
            keys=self.at("https://www.googleapis.com/oauth2/v3/certs"),
            issuers=ISSUERS,
        )

    def authorization_parameters(self, authorization: Authorization) -> Mapping[str, str]:
        """Return the nonce, and what Google shows first."""
        prompts = {"prompt": " ".join(self.config.prompts)} if self.config.prompts else {}
        return {**prompts, **super().authorization_parameters(authorization)}

    def read_identity(self, claims: Mapping[str, Any], answers: Sequence[Any]) -> SocialIdentity:
        """Say who it is.

        An address at somebody else's domain was checked once, and may have another owner by now:
        Google vouches for Gmail and for the domains that it hosts (`hd`).
        https://developers.google.com/identity/gsi/web/guides/verify-google-id-token
        """
        identity = super().read_identity(claims, answers)
        is_googles = bool(claims.get("hd")) or (identity.email or "").endswith(OWN_MAIL)
        return replace(identity, email_verified=identity.email_verified and is_googles)
