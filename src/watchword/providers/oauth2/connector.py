"""Any provider that speaks OAuth 2.0 and tells who somebody is. RFC 6749"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import httpx2

from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.oauth import Endpoints
from watchword.connector_kit.social import SocialIdentity
from watchword.connector_kit.standard_oauth import StandardOAuthConnector
from watchword.providers.oauth2.config import OAuth2Config, at_path


class OAuth2Connector(StandardOAuthConnector[OAuth2Config]):
    """Asks where the administrator says, and reads by their map."""

    metadata = ConnectorMetadata(
        id="oauth2",
        target="oauth2",
        type=ConnectorType.SOCIAL,
        name={"en": "OAuth 2.0", "ko": "OAuth 2.0"},
        description={
            "en": "Any provider that speaks OAuth 2.0 and has an address that tells who signed in.",
            "ko": "OAuth 2.0을 지원하고 사용자 정보를 알려 주는 모든 공급자와 연결합니다.",
        },
        is_standard=True,
    )
    config_type = OAuth2Config

    async def endpoints(self) -> Endpoints:
        """Return the addresses that were entered."""
        return Endpoints(
            authorization=self.config.authorization_endpoint,
            token=self.config.exchange_endpoint,
            user_info=self.config.user_info_endpoint,
        )

    def token_answer(self, response: httpx2.Response) -> Mapping[str, Any]:
        """Return the fields of the answer, in whichever form it came."""
        is_json = "json" in response.headers.get("content-type", "")
        if self.config.answer_format == "json" or is_json:
            return super().token_answer(response)
        return dict(parse_qsl(response.text))

    def read_identity(self, claims: Mapping[str, Any], answers: Sequence[Any]) -> SocialIdentity:  # noqa: ARG002
        """Say who it is by the map."""
        answer, places = answers[0], self.config.profile_map
        return SocialIdentity.read(
            answer,
            id=at_path(answer, places.id),
            name=at_path(answer, places.name),
            avatar=at_path(answer, places.avatar),
            email=at_path(answer, places.email),
            email_verified=at_path(answer, places.email_verified) is True,
            phone=at_path(answer, places.phone),
            phone_verified=at_path(answer, places.phone_verified) is True,
        )
