"""A strict stand-in for Google's sign-in: everything it says is in a signed ID token."""

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

ISSUER = "https://accounts.google.com"
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {
        "sub": "100000000000000000001",
        "name": "Ada Example",
        "email": "ada.example@gmail.com",
        "email_verified": True,
    },
    "work": {
        "sub": "100000000000000000002",
        "name": "Grace Example",
        "email": "grace@example.com",
        "email_verified": True,
        "hd": "example.com",
    },
    "elsewhere": {
        "sub": "100000000000000000003",
        "name": "Mallory Example",
        "email": "mallory@example.net",
        "email_verified": True,
    },
}


@dataclass(kw_only=True)
class GoogleEmulator(OAuthEmulator):
    """One emulated Google."""

    key: RSAKey = field(default_factory=partial(signing_key, "google"))

    @property
    def paths(self) -> tuple[str, str]:
        """Return the paths of authorization and token endpoint."""
        return "/o/oauth2/v2/auth", "/token"

    def provider_routes(self) -> Sequence[Route]:
        """Return the route of the keys."""
        return [Route("/oauth2/v3/certs", self.keys, methods=["GET"])]

    async def keys(self, request: Request) -> Response:  # noqa: ARG002
        """Publish what ID tokens are signed with."""
        public = {**self.key.as_dict(private=False), "alg": "RS256"}
        return JSONResponse({"keys": [public]})

    def more_of_answer(self) -> dict[str, str]:
        """Return the issuer, as RFC 9207 has it."""
        return {"iss": str(self.lies.get("callback_iss", ISSUER))}

    def refused_code(self, why: str) -> Response:
        """Return the answer to a code that is not taken."""
        return JSONResponse({"error": "invalid_grant", "error_description": why}, 400)

    def token_answer(self, token: str, grant: Grant) -> dict[str, Any]:
        """Return the tokens."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "azp": self.client_id,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 3600,
            "nonce": grant.asked.get("nonce"),
            **self.people[grant.login],
            **{name: lie for name, lie in self.lies.items() if name != "callback_iss"},
        }
        header = {"alg": "RS256", "kid": "emulated", "typ": "JWT"}
        signed = jwt.encode(header, claims, self.key, algorithms=["RS256"])
        return {**super().token_answer(token, grant), "id_token": signed}


def emulator() -> Starlette:
    """Return an emulated Google that knows its three people."""
    return GoogleEmulator(name="Google", people=dict(PEOPLE)).app
