"""Authorization codes: given to the browser once, exchanged by the client once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from watchword.applications.service import ApplicationService
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.core.ids import new_id, new_token
from watchword.oidc.authentication_context import acr_of
from watchword.oidc.consents import ConsentService
from watchword.oidc.errors import LoginRequired, UnmetAuthenticationRequirements
from watchword.oidc.models import AuthorizationRequest, AuthorizationResponse, Grant
from watchword.oidc.repository import TokenRepository
from watchword.storage import Database

CODE_LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class AuthorizationCodes:
    """Issue the codes of one tenant."""

    repository: TokenRepository
    applications: ApplicationService
    consents: ConsentService
    clock: Clock
    issuer: str

    def within(self, transaction: Database) -> Self:
        """Return the same service, working inside *transaction*."""
        return replace(
            self,
            repository=self.repository.within(transaction),
            consents=self.consents.within(transaction),
        )

    async def issue(
        self,
        request: AuthorizationRequest,
        *,
        user_id: str,
        amr: tuple[str, ...],
        auth_time: datetime,
        session_digest: str | None,
        acr: str | None = None,
    ) -> AuthorizationResponse:
        """Answer *request* with a fresh code; raises ConsentRequired for a third party's client.

        Where the request names another person than *user_id*, the answer is an error instead.
        Its `redirect_to` is where to send the browser, unless its mode is `form_post`.
        """
        if request.hinted_subject not in {None, user_id}:
            return self._wrong_person(request)
        acr = acr or acr_of(amr)
        if not request.accepts(acr):
            return self._not_proved_enough(request)
        application = await self.applications.get(request.client_id)
        await self.consents.require(request, application, user_id)
        code = new_token()
        now = self.clock.now()
        grant = Grant(
            id=new_id(),
            client_id=request.client_id,
            user_id=user_id,
            session_digest=session_digest,
            scope=request.scope,
            details={
                "nonce": request.nonce,
                "redirect_uri": request.redirect_uri,
                "has_redirect_uri": request.has_redirect_uri,
                "code_challenge": request.code_challenge,
                "resources": request.resources,
                "resource_scopes": request.resource_scopes,
                "auth_time": int(auth_time.timestamp()),
                "amr": amr,
                "acr": acr,
                **_claims_of(request),
            },
            created_at=now,
            expires_at=now + CODE_LIFETIME,
        )
        await self.repository.insert_code(digest_of_token(code), grant)
        return self.respond(request, {"code": code})

    def _wrong_person(self, request: AuthorizationRequest) -> AuthorizationResponse:
        # OpenID Connect Core, 3.1.2.1: the client named a person, and somebody else signed in.
        error = LoginRequired("somebody else signed in than the one that was asked for")
        return self.respond(
            request, {"error": error.error, "error_description": error.detail or ""}
        )

    def _not_proved_enough(self, request: AuthorizationRequest) -> AuthorizationResponse:
        # OpenID Connect Core, 5.5.1.1: the client insisted, and the person has nothing to prove.
        error = UnmetAuthenticationRequirements("the person has no second factor")
        return self.respond(
            request, {"error": error.error, "error_description": error.detail or ""}
        )

    def respond(
        self, request: AuthorizationRequest, parameters: dict[str, str]
    ) -> AuthorizationResponse:
        """Return *parameters* for the client, with `state` and `iss` (RFC 9207)."""
        state = {} if request.state is None else {"state": request.state}
        return AuthorizationResponse(
            request.redirect_uri,
            request.response_mode,
            {**parameters, **state, "iss": self.issuer},
        )


def _claims_of(request: AuthorizationRequest) -> dict[str, tuple[str, ...]]:
    asked = {
        "userinfo_claims": request.userinfo_claims,
        "id_token_claims": request.id_token_claims,
    }
    return {name: claims for name, claims in asked.items() if claims}
