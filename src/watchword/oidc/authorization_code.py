"""The authorization_code grant (RFC 6749, 4.1.3; PKCE, RFC 7636)."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from watchword.applications.models import Application
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.oidc.errors import InvalidGrant
from watchword.oidc.models import Grant
from watchword.oidc.parameters import Parameters
from watchword.oidc.repository import TokenRepository
from watchword.oidc.tokens import TokenIssuer, TokenResponse

CODE_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, kw_only=True)
class AuthorizationCodeGrant:
    """Exchanges a code for tokens, once."""

    repository: TokenRepository
    tokens: TokenIssuer
    clock: Clock

    async def exchange(self, application: Application, parameters: Parameters) -> TokenResponse:
        """Return the tokens of a code; a second use revokes what the first one gave.

        RFC 6749, 4.1.3; RFC 7636, 4.6. Raises InvalidGrant.
        """
        code = digest_of_token(parameters.get("code"))
        redirect_uri = parameters.find("redirect_uri")
        verifier = parameters.find("code_verifier")
        # One statement finds and spends the code, before anything about it is looked at: a code
        # shown with a wrong verifier has leaked, and is not tried again.
        grant = await self.repository.consume("code", code, application.id, self.clock.now())
        if grant is None:
            reused = await self.repository.find_spent("code", code, application.id)
            if reused is not None:
                await self.repository.revoke_grant(code, reused.id)
            raise InvalidGrant("grant request is invalid", reused.user_id if reused else None)
        _check_redirect_uri(grant, redirect_uri)
        _check_verifier(grant, verifier)
        user = await self.tokens.user_of(grant)
        refresh_token = await self.tokens.first_refresh_token(application, grant, code)
        return await self.tokens.answer(
            application,
            user,
            grant,
            code,
            parameters=parameters,
            refresh_token=refresh_token,
            nonce=grant.details["nonce"],
        )


def _check_redirect_uri(grant: Grant, given: str | None) -> None:
    if given is None and not grant.details["has_redirect_uri"]:
        return
    if given != grant.details["redirect_uri"]:
        raise InvalidGrant(
            "redirect_uri is not the one of the authorization request", grant.user_id
        )


def _check_verifier(grant: Grant, verifier: str | None) -> None:
    challenge = grant.details["code_challenge"]
    if challenge is None and verifier is None:
        return
    # A verifier without a challenge is a downgrade: someone took the challenge out (RFC 9700, 2.1).
    if challenge is None or verifier is None or not CODE_VERIFIER.fullmatch(verifier):
        raise InvalidGrant("PKCE verification failed", grant.user_id)
    digest = hashlib.sha256(verifier.encode()).digest()
    computed = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not hmac.compare_digest(computed, challenge):
        raise InvalidGrant("PKCE verification failed", grant.user_id)
