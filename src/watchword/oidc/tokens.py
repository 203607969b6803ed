"""What the token endpoint gives out: ID tokens, access tokens, refresh tokens."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watchword.applications.models import Application, ApplicationType
from watchword.core.clock import Clock
from watchword.core.digests import digest_of_token
from watchword.core.ids import new_id, new_token
from watchword.oidc.claims import id_token_claims
from watchword.oidc.errors import InvalidGrant, InvalidTarget
from watchword.oidc.jwt import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE, Signer
from watchword.oidc.models import ACCESS_TOKEN_LIFETIME, OPENID, Grant
from watchword.oidc.parameters import Parameters
from watchword.oidc.repository import TokenRepository
from watchword.users.models import User
from watchword.users.service import UserService

TokenResponse = dict[str, Any]

# Kept from the authorization to every refresh.
LASTING_DETAILS = ("auth_time", "amr", "acr", "resources")


@dataclass(frozen=True, kw_only=True)
class TokenIssuer:
    """Makes the tokens of one tenant."""

    repository: TokenRepository
    users: UserService
    signer: Signer
    clock: Clock

    async def user_of(self, grant: Grant) -> User:
        """Return whom a grant is for; raises InvalidGrant if they may not sign in any more."""
        user = await self.users.find(grant.user_id)
        if user is None or user.is_suspended:
            raise InvalidGrant("grant request is invalid")
        return user

    async def answer(
        self,
        application: Application,
        user: User,
        grant: Grant,
        parent: str,
        *,
        scope: tuple[str, ...],
        parameters: Parameters,
        refresh_token: str | None,
        nonce: str | None = None,
    ) -> TokenResponse:
        """Return the tokens that stand on *parent*, a code or refresh token just spent."""
        resource = resource_of(parameters, grant, scope)
        access_token = await self._access_token(application, grant, parent, scope, resource)
        answer: TokenResponse = {
            "access_token": access_token,
            "expires_in": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            "token_type": "Bearer",
        }
        if resource is None:
            answer["scope"] = " ".join(scope)
        if OPENID in scope:
            answer["id_token"] = await self._id_token(
                application, user, grant, scope=scope, access_token=access_token, nonce=nonce
            )
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        return answer

    async def first_refresh_token(
        self, application: Application, grant: Grant, parent: str
    ) -> str | None:
        """Return the refresh token of a new family, or None where none was asked for."""
        is_asked = grant.is_offline or (
            application.type is ApplicationType.TRADITIONAL
            and application.metadata.always_issue_refresh_token
        )
        if not is_asked:
            return None
        return await self.refresh_token(grant, parent, application.refresh_token_ttl)

    async def refresh_token(self, grant: Grant, parent: str, ttl: timedelta | None) -> str:
        """Write a refresh token; *ttl* begins a family, without it the family's end stays."""
        now = self.clock.now()
        token = new_token()
        await self._write(
            parent,
            token,
            "refresh",
            scope=grant.scope,
            details={name: grant.details[name] for name in LASTING_DETAILS},
            expires_at=now + ttl if ttl is not None else grant.expires_at,
        )
        return token

    async def resource_token(
        self, application: Application, subject: str, resource: str, scope: tuple[str, ...]
    ) -> str:
        """Return a JWT access token for a resource (RFC 9068)."""
        now = int(self.clock.now().timestamp())
        claims = {
            "sub": subject,
            "aud": resource,
            "client_id": application.id,
            "iat": now,
            "exp": now + int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            "jti": new_id(),
            "scope": " ".join(scope),
        }
        return await self.signer.sign(claims, "ES256", ACCESS_TOKEN_TYPE)

    async def _access_token(
        self,
        application: Application,
        grant: Grant,
        parent: str,
        scope: tuple[str, ...],
        resource: str | None,
    ) -> str:
        if resource is not None:
            return await self.resource_token(application, grant.user_id, resource, ())
        token = new_token()
        await self._write(
            parent,
            token,
            "access",
            scope=scope,
            details={},
            expires_at=self.clock.now() + ACCESS_TOKEN_LIFETIME,
        )
        return token

    async def _id_token(
        self,
        application: Application,
        user: User,
        grant: Grant,
        *,
        scope: tuple[str, ...],
        access_token: str,
        nonce: str | None,
    ) -> str:
        now = self.clock.now()
        details = grant.details
        protocol = {
            "aud": application.id,
            "iat": int(now.timestamp()),
            "exp": int((now + application.id_token_ttl).timestamp()),
            "auth_time": details["auth_time"],
            "amr": details["amr"] or None,
            "acr": details["acr"],
            "sid": session_name(grant.session_digest),
            "nonce": nonce,
            "at_hash": _half_digest(access_token),
        }
        claims = id_token_claims(user, scope)
        claims.update({name: value for name, value in protocol.items() if value is not None})
        algorithm = application.metadata.id_token_signed_response_alg
        return await self.signer.sign(claims, algorithm, ID_TOKEN_TYPE)

    async def _write(self, parent: str, token: str, kind: str, **values: Any) -> None:
        is_written = await self.repository.insert_child(
            parent, digest_of_token(token), kind, created_at=self.clock.now(), **values
        )
        if not is_written:
            # Someone used the code or the refresh token again while we were at work.
            raise InvalidGrant("the grant was revoked")


def session_name(session_digest: str | None) -> str | None:
    """Return the `sid` of a session: names it, and opens nothing."""
    return None if session_digest is None else digest_of_token(session_digest)[:22]


def resource_of(parameters: Parameters, grant: Grant, scope: tuple[str, ...]) -> str | None:
    """Return the resource a token is asked for, None for userinfo; raises InvalidTarget."""
    granted = grant.details["resources"]
    asked = parameters.find("resource")
    if asked is None:
        return granted[0] if len(granted) == 1 and OPENID not in scope else None
    if asked not in granted:
        raise InvalidTarget("resource was not part of the authorization request")
    return asked


def _half_digest(token: str) -> str:
    # OpenID Connect Core, 3.1.3.6; both of our algorithms use SHA-256.
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
