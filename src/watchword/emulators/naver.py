"""A strict stand-in for NAVER Login: it wants the state twice, and errors have status 200."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watchword.emulators.oauth_kit import OAuthEmulator

PEOPLE: dict[str, dict[str, Any]] = {
    "sujin": {
        "id": "3001-example",
        "nickname": "수진",
        "name": "김수진",
        "profile_image": "https://images.example.com/3001.png",
        "email": "sujin@example.com",
        "mobile": "010-1234-5678",
        "mobile_e164": "+821012345678",
    },
}


@dataclass(kw_only=True)
class NaverEmulator(OAuthEmulator):
    """One emulated NAVER."""

    @property
    def paths(self) -> tuple[str, str]:
        """Return the paths of authorization and token endpoint."""
        return "/oauth2.0/authorize", "/oauth2.0/token"

    def provider_routes(self) -> Sequence[Route]:
        """Return the route of the profile."""
        return [Route("/v1/nid/me", self.me, methods=["GET"])]

    async def exchange(self, request: Request) -> Response:
        """Turn a code into a token, for whoever says the state."""
        form = dict(parse_qsl((await request.body()).decode()))
        grant = self.codes.get(form.get("code", ""))
        if grant is not None and form.get("state") != grant.asked["state"]:
            return self.refused_code("state")
        return await super().exchange(request)

    async def me(self, request: Request) -> Response:
        """Tell what the person agreed to share."""
        person = self.person_of(request)
        if person is None:
            return JSONResponse({"resultcode": "024", "message": "Authentication failed"}, 401)
        return JSONResponse({"resultcode": "00", "message": "success", "response": person})

    def refused_client(self) -> Response:
        """Return the answer to somebody else."""
        described = "wrong client id / client secret pair"
        return JSONResponse({"error": "invalid_client", "error_description": described})

    def refused_code(self, why: str) -> Response:  # noqa: ARG002
        """Return the answer to a code that is not taken."""
        described = "no valid data in session"
        return JSONResponse({"error": "invalid_request", "error_description": described})


def emulator() -> Starlette:
    """Return an emulated NAVER that knows one person."""
    return NaverEmulator(name="NAVER", people=dict(PEOPLE)).app
