"""Any provider that speaks OpenID Connect. https://openid.net/specs/openid-connect-core-1_0.html"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connector_kit.oauth import Endpoints
from watchword.connector_kit.openid import IdTokenRules, OpenIdConnector, with_openid
from watchword.connector_kit.social import Authorization
from watchword.connector_kit.standard_oauth import StandardOAuthConnector
from watchword.providers.oidc.config import REQUEST_PARAMETERS, OidcConfig


class OidcConnector(StandardOAuthConnector[OidcConfig], OpenIdConnector[OidcConfig]):
    """Goes by what the provider publishes, or by what the administrator entered."""

    metadata = ConnectorMetadata(
        id="oidc",
        target="oidc",
        type=ConnectorType.SOCIAL,
        name={"en": "OpenID Connect", "ko": "OpenID Connect"},
        description={
            "en": "Any provider that speaks OpenID Connect: your company's, or another one.",
            "ko": "OpenID Connect를 지원하는 모든 공급자와 연결합니다. 사내 계정도 가능합니다.",
        },
        is_standard=True,
    )
    config_type = OidcConfig

    @property
    def scope(self) -> str:
        """Return what to ask for."""
        return with_openid(self.config.scope)

    def authorization_parameters(self, authorization: Authorization) -> Mapping[str, str]:
        """Return the nonce and the options of the authentication request."""
        options = {
            name: self.config.request_options[key]
            for key, name in REQUEST_PARAMETERS.items()
            if self.config.request_options.get(key)
        }
        return {**options, **super().authorization_parameters(authorization)}

    async def endpoints(self) -> Endpoints:
        """Return the addresses: entered ones win over those that the provider publishes."""
        config = self.config
        published: Mapping[str, Any] = {}
        if config.issuer is not None:
            published = await self.published(config.issuer)
        return Endpoints(
            authorization=config.authorization_endpoint or published["authorization_endpoint"],
            token=config.exchange_endpoint or published["token_endpoint"],
            user_info=config.user_info_endpoint or published.get("userinfo_endpoint"),
            keys=config.verification.jwks_uri or published["jwks_uri"],
            issuers=config.issuers,
            names_itself=(published.get("authorization_response_iss_parameter_supported") is True),
        )

    def rules(self, endpoints: Endpoints, authorization: Authorization) -> IdTokenRules:
        """Return what the ID token has to say, with the administrator's own rules."""
        said = self.config.verification
        return IdTokenRules(
            client_id=self.client_id,
            issuers=endpoints.issuers,
            audiences=said.audiences,
            algorithms=said.algorithms,
            tolerance=timedelta(seconds=said.clock_tolerance),
            oldest=said.max_age,
            nonce=authorization.nonce,
        )

    def is_said(self, claim: Any) -> bool:
        """Tell whether a claim is the provider's yes, in whichever form is taken for one."""
        return claim is True or (self.config.takes_text_for_yes and claim == "true")
