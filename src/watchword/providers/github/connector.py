"""GitHub. https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import httpx2

from watchword.connector_kit.config import Setting
from watchword.connector_kit.errors import (
    AuthorizationCodeRefused,
    ConnectorError,
    InvalidCredentials,
    ProviderSettingsRefused,
)
from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.oauth import Endpoints, OAuthConnector, Tokens
from watchword.connector_kit.social import ClientConfig, SocialIdentity

EMAILS = "https://api.github.com/user/emails"
READS_EMAILS = frozenset({"user", "user:email"})


class GitHubConfig(ClientConfig):
    """An OAuth app."""

    scope: Annotated[
        str,
        Setting(
            label={"en": "Scope", "ko": "범위(scope)"},
            help={
                "en": "user:email lets us see which address GitHub has checked.",
                "ko": "user:email이 있어야 GitHub가 확인한 이메일을 알 수 있습니다.",
            },
        ),
    ] = "read:user user:email"


class GitHubConnector(OAuthConnector[GitHubConfig]):
    """The profile from one address, and from another which e-mail address GitHub has checked."""

    metadata = ConnectorMetadata(
        id="github-universal",
        target="github",
        type=ConnectorType.SOCIAL,
        name={"en": "GitHub", "ko": "GitHub"},
        description={
            "en": "Sign in with a GitHub account.",
            "ko": "GitHub 계정으로 로그인합니다.",
        },
    )
    config_type = GitHubConfig
    # https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
    token_errors: ClassVar[Mapping[str, type[ConnectorError]]] = {
        "bad_verification_code": AuthorizationCodeRefused,
        "incorrect_client_credentials": InvalidCredentials,
        "redirect_uri_mismatch": ProviderSettingsRefused,
    }

    @property
    def scope(self) -> str:
        """Return what to ask for."""
        return self.config.scope

    async def endpoints(self) -> Endpoints:
        """Return GitHub's addresses."""
        return Endpoints(
            authorization=self.at("https://github.com/login/oauth/authorize"),
            token=self.at("https://github.com/login/oauth/access_token"),
            user_info=self.at("https://api.github.com/user"),
        )

    def identity_requests(self, endpoints: Endpoints, tokens: Tokens) -> list[httpx2.Request]:
        """Return the questions for the profile and, where they may be read, for the addresses."""
        asked = super().identity_requests(endpoints, tokens)
        if READS_EMAILS & set(self.scope.replace(",", " ").split()):
            asked.append(self.asking(self.at(EMAILS), tokens))
        return asked

    def asking(self, url: str, tokens: Tokens) -> httpx2.Request:
        """Return a question as GitHub wants it: with the version of its API."""
        request = super().asking(url, tokens)
        request.headers["Accept"] = "application/vnd.github+json"
        request.headers["X-GitHub-Api-Version"] = "2022-11-28"
        return request

    def read_identity(self, claims: Mapping[str, Any], answers: Sequence[Any]) -> SocialIdentity:  # noqa: ARG002
        """Say who it is; the address of the profile is only what somebody typed there."""
        profile, *others = answers
        listed = others[0] if others else []
        primary = next((item for item in listed if item.get("primary") is True), None)
        return SocialIdentity.read(
            profile,
            id=profile["id"],
            name=profile.get("name") or profile.get("login"),
            avatar=profile.get("avatar_url"),
            email=primary["email"] if primary else profile.get("email"),
            email_verified=primary is not None and primary.get("verified") is True,
        )
