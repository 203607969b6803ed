"""What the emulated sign-in providers share: a strict OAuth 2 server with a few made-up people.

The page at the authorization endpoint asks who one is, with a button for each person and one to
turn back. Everything that a provider compares is compared here: client, redirect URI, PKCE, and
that a code is used once. Each emulator has besides

* `PUT /emulator/people` with `{"<login>": {…}}` for other people;
* `PUT /emulator/lies` with claims that the next answers falsify; `DELETE` tells the truth again.
"""

import hmac
import secrets
from abc import abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused

# Known to everyone: they open nothing but this emulator.
CLIENT_ID = "emulated-client"
CLIENT_SECRET = "emulated-client-secret"  # noqa: S105

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Emulated {name}</title>
<h1>Emulated {name}</h1>
<form method="post" action="?{query}">{buttons}
<p><button name="denied" value="yes">Turn back</button></form>
"""
BUTTON = '<p><button name="person" value="{login}">Continue as {login}</button>'


@cache
def signing_key(provider: str) -> RSAKey:  # noqa: ARG001  # each has a key of its own
    """Return the one key that a provider has in this process: to find another takes a while."""
    return RSAKey.generate_key(2048, {"kid": "emulated", "use": "sig"})


@dataclass(frozen=True)
class Grant:
    """What one code stands for."""

    login: str
    asked: Mapping[str, str]


@dataclass(kw_only=True)
class OAuthEmulator(Emulator):
    """One emulated provider of sign-ins."""

    name: str
    people: dict[str, dict[str, Any]]
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    lies: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)

    @property
    @abstractmethod
    def paths(self) -> tuple[str, str]:
        """Return the paths of authorization and token endpoint."""

    @abstractmethod
    def provider_routes(self) -> Sequence[Route]:
        """Return the routes that only this provider has."""

    @abstractmethod
    def refused_code(self, why: str) -> Response:
        """Return the answer to a code that is not taken."""

    def routes(self) -> Sequence[Route]:
        """Return the provider's routes, and those of this emulator."""
        authorize, token = self.paths
        return [
            Route(authorize, self.show, methods=["GET"]),
            Route(authorize, self.choose, methods=["POST"]),
            Route(token, self.exchange, methods=["POST"]),
            *self.provider_routes(),
            Route("/emulator/people", self.set_people, methods=["PUT"]),
            Route("/emulator/lies", self.set_lies, methods=["PUT", "DELETE"]),
        ]

    async def show(self, request: Request) -> Response:
        """Ask who it is, if the request is one that the provider takes."""
        self.check(request.query_params)
        query = escape(urlencode(list(request.query_params.multi_items())), quote=True)
        buttons = "".join(BUTTON.format(login=escape(login, quote=True)) for login in self.people)
        return HTMLResponse(PAGE.format(name=escape(self.name), query=query, buttons=buttons))

    async def choose(self, request: Request) -> Response:
        """Send the person back, with a code or with the news that they turned back."""
        asked = self.check(request.query_params)
        form = dict(parse_qsl((await request.body()).decode()))
        if "denied" in form:
            answer = {"error": "access_denied", "error_description": "the person said no"}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = Grant(form["person"], asked)
            answer = {"code": code}
        answer |= {"state": asked["state"], **self.more_of_answer()}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    def more_of_answer(self) -> dict[str, str]:
        """Return what else comes back with the person."""
        return {}

    def check(self, given: Mapping[str, str]) -> dict[str, str]:
        """Refuse an authorization request that the provider would refuse."""
        asked = dict(given)
        problems = [
            asked.get("client_id") != self.client_id and "client_id",
            asked.get("response_type") != "code" and "response_type",
            urlsplit(asked.get("redirect_uri", "")).scheme not in {"http", "https"}
            and "redirect_uri",
            not asked.get("state") and "state",
            asked.get("code_challenge_method") != "S256" and "code_challenge_method",
            len(asked.get("code_challenge", "")) != 43 and "code_challenge",
        ]
        wrong = [problem for problem in problems if problem]
        if wrong:
            raise Refused(HTMLResponse(f"<h1>Wrong: {', '.join(map(str, wrong))}", 400))
        return asked

    async def exchange(self, request: Request) -> Response:
        """Turn a code into a token, once."""
        form = dict(parse_qsl((await request.body()).decode()))
        if not self.knows(form):
            return self.refused_client()
        grant = self.codes.pop(form.get("code", ""), None)
        if grant is None:
            return self.refused_code("no such code")
        if form.get("grant_type") != "authorization_code":
            return self.refused_code("grant_type")
        if form.get("redirect_uri") != grant.asked["redirect_uri"]:
            return self.refused_code("redirect_uri")
        if _challenge(form.get("code_verifier", "")) != grant.asked["code_challenge"]:
            return self.refused_code("code_verifier")
        token = secrets.token_urlsafe(16)
        self.tokens[token] = grant
        self.accepted.append({"id": token, "to": grant.login, "fields": form})
        return JSONResponse(self.token_answer(token, grant))

    def knows(self, form: Mapping[str, str]) -> bool:
        """Tell whether it is the client who asks."""
        is_client = form.get("client_id") == self.client_id
        return is_client and hmac.compare_digest(
            form.get("client_secret", "").encode(), self.client_secret.encode()
        )

    def refused_client(self) -> Response:
        """Return the answer to somebody else."""
        return JSONResponse({"error": "invalid_client"}, 401)

    def token_answer(self, token: str, grant: Grant) -> dict[str, Any]:  # noqa: ARG002
        """Return what a code is exchanged for."""
        return {"access_token": token, "token_type": "bearer", "expires_in": 3600}

    def person_of(self, request: Request) -> dict[str, Any] | None:
        """Return whose token a request carries; None for a token that is none."""
        token = request.headers.get("authorization", "").partition(" ")[2]
        grant = self.tokens.get(token)
        return None if grant is None else {**self.people[grant.login], **self.lies}

    async def set_people(self, request: Request) -> Response:
        """Know these people from now on."""
        self.people = await request.json()
        return Response(status_code=204)

    async def set_lies(self, request: Request) -> Response:
        """Falsify these claims from now on, or tell the truth again."""
        self.lies = await request.json() if request.method == "PUT" else {}
        return Response(status_code=204)

    async def clear(self, request: Request) -> Response:
        """Forget codes, tokens and lies."""
        self.codes.clear()
        self.tokens.clear()
        self.lies.clear()
        return await super().clear(request)


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
