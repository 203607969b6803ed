"""A provider that says who somebody is by what came along with them."""

from collections.abc import Mapping

from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.social import (
    Authorization,
    ClientConfig,
    SocialConnector,
    SocialIdentity,
)


class MockSocialConnector(SocialConnector[ClientConfig]):
    """Believes whatever it is told."""

    metadata = ConnectorMetadata(
        id="mock-social-connector",
        target="mock-social",
        type=ConnectorType.SOCIAL,
        name={
            "en": "Mock Social",
            "zh-CN": "Mock 社交登录",
            "ko": "Mock Social",
            "tr-TR": "Mock Social",
        },
        description={"en": "Believes everything.", "ko": "무엇이든 믿습니다."},
    )
    config_type = ClientConfig

    async def begin(self, authorization: Authorization) -> str:
        return f"https://mock.example/?state={authorization.state}"

    async def finish(
        self, authorization: Authorization, answer: Mapping[str, str]
    ) -> SocialIdentity:
        return SocialIdentity.read(answer, id=answer["userId"])
