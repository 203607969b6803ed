"""A strict stand-in for Kakao Login with OpenID Connect switched on."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.oauth_kit import Grant, OAuthEmulator, signing_key

ISSUER = "https://kauth.kakao.com"
CLIENT_ID = "0123456789abcdef0123456789abcdef"
PEOPLE: dict[str, dict[str, Any]] = {
    "minji": {
        "id": 2001,
        "kakao_account": {
            "profile": {
                "nickname": "민지",
                "profile_image_url": "https://images.example.com/2001.jpg",
                "is_default_image": False,
            },
            "email": "minji@example.com",
            "is_email_valid": True,
            "is_email_verified": True,
            "phone_number": "+82 10-1234-5678",
        },
    },
    "lapsed": {
        "id": 2002,
        "kakao_account": {
            "profile": {
                "nickname": "지훈",
                "profile_image_url": "https://images.example.com/default.jpg",
                "is_default_image": True,
            },
            "email": "minji@example.com",
            # The address was verified once, and belongs to another Kakao account by now.
            "is_email_valid": False,
            "is_email_verified": True,
        },
    },
}


@dataclass(kw_only=True)
class KakaoEmulator(OAuthEmulator):
    """One emulated Kakao."""

    key: RSAKey = field(default_factory=partial(signing_key, "kakao"))

    @property
    def paths(self) -> tuple[str, str]:
        """Return the paths of authorization and token endpoint."""
        return "/oauth/authorize", "/oauth/token"

    def provider_routes(self) -> Sequence[Route]:
        """Return the routes of the keys and of the user API."""
        return [
            Route("/.well-known/jwks.json", self.keys, methods=["GET"]),
            Route("/v2/user/me", self.me, methods=["GET", "POST"]),
        ]

    async def keys(self, request: Request) -> Response:  # noqa: ARG002
        """Publish what ID tokens are signed with."""
        public = {**self.key.as_dict(private=False), "alg": "RS256"}
        return JSONResponse({"keys": [public]})

    async def me(self, request: Request) -> Response:
        """Tell what the person agreed to share."""
        person = self.person_of(request)
        if person is None:
            return JSONResponse({"msg": "this access token does not exist", "code": -401}, 401)
        return JSONResponse({"connected_at": "2026-01-01T00:00:00Z", **person})

    def refused_client(self) -> Response:
        """Return the answer to somebody else."""
        described = "Bad client credentials"
        return JSONResponse(
            {"error": "invalid_client", "error_description": described, "error_code": "KOE010"}, 401
        )

    def refused_code(self, why: str) -> Response:
        """Return the answer to a code that is not taken."""
        described = f"authorization code not found: {why}"
        return JSONResponse(
            {"error": "invalid_grant", "error_description": described, "error_code": "KOE320"}, 400
        )

    def token_answer(self, token: str, grant: Grant) -> dict[str, Any]:
        """Return the tokens."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": self.client_id,
            "sub": str(self.people[grant.login]["id"]),
            "iat": now,
            "exp": now + 3600,
            "auth_time": now,
            "nonce": grant.asked.get("nonce"),
            **{name: self.lies[name] for name in ("sub", "nonce", "aud") if name in self.lies},
        }
        header = {"alg": "RS256", "kid": "emulated", "typ": "JWT"}
        signed = jwt.encode(header, claims, self.key, algorithms=["RS256"])
        return {**super().token_answer(token, grant), "id_token": signed}


def emulator() -> Starlette:
    """Return an emulated Kakao that knows its two people."""
    return KakaoEmulator(name="Kakao", people=dict(PEOPLE), client_id=CLIENT_ID).app
