"""NAVER. https://developers.naver.com/docs/login/api/api.md"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import httpx2

from watchword.connector_kit.errors import (
    AccessTokenRefused,
    AuthorizationCodeRefused,
    ConnectorError,
    UnreadableAnswer,
)
from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.oauth import Endpoints, OAuthConnector
from watchword.connector_kit.social import Authorization, ClientConfig, SocialIdentity

SUCCESS = "00"


class NaverConfig(ClientConfig):
    """An application of NAVER Developers that uses NAVER Login."""


class NaverConnector(OAuthConnector[NaverConfig]):
    """Nothing that NAVER says of an address or a number is proof: people type them in there."""

    metadata = ConnectorMetadata(
        id="naver-universal",
        target="naver",
        type=ConnectorType.SOCIAL,
        name={"en": "NAVER", "ko": "네이버"},
        description={
            "en": "Sign in with a NAVER account.",
            "ko": "네이버 계정으로 로그인합니다.",
        },
    )
    config_type = NaverConfig
    # "no valid data in session" is what NAVER says of a code that is used or made up.
    token_errors: ClassVar[Mapping[str, type[ConnectorError]]] = {
        "invalid_request": AuthorizationCodeRefused
    }

    async def endpoints(self) -> Endpoints:
        """Return NAVER's addresses."""
        return Endpoints(
            authorization=self.at("https://nid.naver.com/oauth2.0/authorize"),
            token=self.at("https://nid.naver.com/oauth2.0/token"),
            user_info=self.at("https://openapi.naver.com/v1/nid/me"),
        )

    def token_request(
        self, endpoints: Endpoints, authorization: Authorization, code: str
    ) -> httpx2.Request:
        """Return what turns the code into a token; NAVER wants the state once more."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "code": code,
            "state": authorization.state,
            "redirect_uri": authorization.redirect_uri,
            "code_verifier": authorization.code_verifier,
        }
        return httpx2.Request("POST", endpoints.token, data=form)

    def read_answer(self, response: httpx2.Response) -> Any:
        """Return who it is; NAVER has result codes of its own."""
        answer = super().read_answer(response)
        if answer["resultcode"] != SUCCESS:
            words = f"{answer['resultcode']}: {answer.get('message', '')}"
            raise AccessTokenRefused(words)
        if not isinstance(answer["response"], Mapping):
            raise UnreadableAnswer("NAVER does not say who this is")
        return answer["response"]

    def read_identity(self, claims: Mapping[str, Any], answers: Sequence[Any]) -> SocialIdentity:  # noqa: ARG002
        """Say who it is by what the person agreed to share."""
        profile = answers[0]
        return SocialIdentity.read(
            profile,
            id=profile["id"],
            name=profile.get("name") or profile.get("nickname"),
            avatar=profile.get("profile_image"),
            email=profile.get("email"),
            phone=profile.get("mobile_e164"),
        )
