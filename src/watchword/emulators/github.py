"""A strict stand-in for GitHub's OAuth apps: errors have status 200, and callers a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.oauth_kit import Grant, OAuthEmulator

PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {
        "id": 1001,
        "login": "ada-example",
        "name": "Ada Example",
        "avatar_url": "https://avatars.example.com/u/1001",
        # Of the public profile: anybody may write anything there.
        "email": "public@example.org",
        "emails": [
            {"email": "old@example.org", "primary": False, "verified": True},
            {"email": "ada@example.com", "primary": True, "verified": True},
        ],
    },
    "unverified": {
        "id": 1002,
        "login": "mallory-example",
        "name": None,
        "avatar_url": "https://avatars.example.com/u/1002",
        "email": None,
        "emails": [{"email": "ada@example.com", "primary": True, "verified": False}],
    },
}


@dataclass(kw_only=True)
class GitHubEmulator(OAuthEmulator):
    """One emulated GitHub."""

    @property
    def paths(self) -> tuple[str, str]:
        """Return the paths of authorization and token endpoint."""
        return "/login/oauth/authorize", "/login/oauth/access_token"

    def provider_routes(self) -> Sequence[Route]:
        """Return the routes of the API."""
        return [
            Route("/user", self.user, methods=["GET"]),
            Route("/user/emails", self.emails, methods=["GET"]),
        ]

    async def user(self, request: Request) -> Response:
        """Tell the public profile."""
        person = self._asked(request)
        if isinstance(person, Response):
            return person
        return JSONResponse({name: value for name, value in person.items() if name != "emails"})

    async def emails(self, request: Request) -> Response:
        """Tell the addresses, to whom the person allowed it."""
        person = self._asked(request)
        if isinstance(person, Response):
            return person
        grant = self.tokens[request.headers["authorization"].partition(" ")[2]]
        if "user:email" not in grant.asked.get("scope", "").split():
            return JSONResponse({"message": "Not Found"}, 404)
        return JSONResponse(person["emails"])

    def _asked(self, request: Request) -> dict[str, Any] | Response:
        if not request.headers.get("user-agent"):
            return JSONResponse({"message": "Request forbidden by administrative rules."}, 403)
        return self.person_of(request) or JSONResponse({"message": "Bad credentials"}, 401)

    def refused_client(self) -> Response:
        """Return the answer to somebody else."""
        return JSONResponse({"error": "incorrect_client_credentials"})

    def refused_code(self, why: str) -> Response:
        """Return the answer to a code that is not taken."""
        word = "redirect_uri_mismatch" if why == "redirect_uri" else "bad_verification_code"
        return JSONResponse({"error": word, "error_description": why})

    def token_answer(self, token: str, grant: Grant) -> dict[str, Any]:
        """Return the token."""
        scope = grant.asked.get("scope", "").replace(" ", ",")
        return {"access_token": token, "token_type": "bearer", "scope": scope}


def emulator() -> Starlette:
    """Return an emulated GitHub that knows its two people."""
    return GitHubEmulator(name="GitHub", people=dict(PEOPLE)).app
