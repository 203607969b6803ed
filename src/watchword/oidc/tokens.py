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
from watchword.oidc.errors import InvalidGrant
from watchword.oidc.jwt import ACCESS_TOKEN_TYPE, ID_TOKEN_TYPE, Signer
from watchword.oidc.models import ACCESS_TOKEN_LIFETIME, OPENID, Grant
from watchword.oidc.organizations import OrganizationAccess
from watchword.oidc.parameters import Parameters
from watchword.oidc.repository import TokenRepository
from watchword.oidc.resources import ResourceIndicators, Target
from watchword.oidc.trail import Trail
from watchword.resources.models import among
from watchword.users.models import User
from watchword.users.service import UserService

TokenResponse = dict[str, Any]

# Kept from the authorization to every refresh.
LASTING_DETAILS = (
    "auth_time",
    "amr",
    "acr",
    "resources",
    "resource_scopes",
    "userinfo_claims",
    "id_token_claims",
)


@dataclass(frozen=True, kw_only=True)
class TokenIssuer:
    """Makes the tokens of one tenant."""

    repository: TokenRepository
    users: UserService
    signer: Signer
    clock: Clock
    trail: Trail
    targets: ResourceIndicators
    organizations: OrganizationAccess

    async def user_of(self, grant: Grant) -> User:
        """Return whom a grant is for; raises InvalidGrant if they may not sign in any more."""
        user = await self.users.find(grant.user_id)
        if user is None or user.is_suspended:
            raise InvalidGrant("grant request is invalid", grant.user_id)
        return user

    async def answer(
        self,
        application: Application,
        user: User,
        grant: Grant,
        parent: str,
        *,
        parameters: Parameters,
        refresh_token: str | None,
        asked: tuple[str, ...] = (),
        nonce: str | None = None,
        organization_id: str | None = None,
    ) -> TokenResponse:
        """Return the tokens that stand on *parent*, a code or refresh token just spent.

        With *asked* they have that scope and no more; with *organization_id* the access token is
        for that organization.
        """
        target = await self.targets.for_person(
            application, grant, parameters, asked, organization_id
        )
        scope = among(grant.scope, asked) if asked else grant.scope
        if target is None:
            access_token = await self._userinfo_token(grant, parent, scope)
            answer = token_response(access_token, ACCESS_TOKEN_LIFETIME)
            answer["scope"] = " ".join(scope)
        else:
            answer = await self.resource_tokens(application, grant.user_id, target)
            # The contract's SDKs keep no token whose answer has no text here.
            answer.setdefault("scope", "")
            access_token = answer["access_token"]
        if OPENID in scope:
            answer["id_token"] = await self._id_token(
                application, user, grant, scope=scope, access_token=access_token, nonce=nonce
            )
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        given = scope if target is None else target.scope
        await self.trail.issued(application, parameters, given, user_id=user.id)
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
            details=_kept(grant, LASTING_DETAILS),
            expires_at=now + ttl if ttl is not None else grant.expires_at,
        )
        return token

    async def resource_tokens(
        self, application: Application, subject: str, target: Target
    ) -> TokenResponse:
        """Return an answer with a JWT access token for an API (RFC 9068)."""
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "sub": subject,
            "aud": target.indicator,
            "client_id": application.id,
            "iat": now,
            "exp": now + int(target.ttl.total_seconds()),
            "jti": new_id(),
            "scope": " ".join(target.scope),
        }
        if target.organization_id is not None:
            claims["organization_id"] = target.organization_id
        token = await self.signer.sign(claims, "ES256", ACCESS_TOKEN_TYPE)
        answer = token_response(token, target.ttl)
        if target.scope:
            answer["scope"] = " ".join(target.scope)
        return answer

    async def _userinfo_token(self, grant: Grant, parent: str, scope: tuple[str, ...]) -> str:
        token = new_token()
        await self._write(
            parent,
            token,
            "access",
            scope=scope,
            details=_kept(grant, ("userinfo_claims",)),
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
        names = details.get("id_token_claims", ())
        claims = id_token_claims(user, scope, names)
        claims |= await self.organizations.id_token_claims(user.id, scope, names)
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


def _kept(grant: Grant, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: grant.details[name] for name in names if name in grant.details}


def session_name(session_digest: str | None) -> str | None:
    """Return the `sid` of a session: names it, and opens nothing; None without a session."""
    return None if session_digest is None else digest_of_token(session_digest)[:22]


def token_response(access_token: str, ttl: timedelta) -> TokenResponse:
    """Return the part that every answer of the token endpoint has (RFC 6749, 5.1)."""
    return {
        "access_token": access_token,
        "expires_in": int(ttl.total_seconds()),
        "token_type": "Bearer",
    }


def _half_digest(token: str) -> str:
    # OpenID Connect Core, 3.1.3.6; both of our algorithms use SHA-256.
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
