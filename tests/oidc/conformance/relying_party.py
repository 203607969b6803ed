"""What the suite plays: a relying party, and the browser of the person who signs in."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import orjson
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.fakes import FakeClock
from tests.interactions.world import OUTBOX
from watchword.applications.models import Application

ORIGIN = "https://auth.example.com"
ISSUER = f"{ORIGIN}/oidc"
CALLBACK = "https://suite.example.com/test/a/watchword/callback"
LOGGED_OUT = "https://suite.example.com/test/a/watchword/post_logout_redirect"
PHONE = "447700900123"

VISIBLE = re.compile(r"[\x20-\x7e]+")  # RFC 6749, appendix A: codes, tokens, state
EXPERIENCE = "/api/experience"
CODE = f"{EXPERIENCE}/verification/verification-code"

STRINGS = {
    *("sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username"),
    *("profile", "picture", "website", "email", "gender", "birthdate", "zoneinfo", "locale"),
    "phone_number",
}
ADDRESS = {"formatted", "street_address", "locality", "region", "postal_code", "country"}


@dataclass(frozen=True)
class Authorization:
    """What was asked for, and what came back to the redirect URI."""

    asked: dict[str, str]
    answer: dict[str, str]
    pages: tuple[str, ...]
    """Paths of the pages that the person saw on the way."""

    @property
    def had_to_sign_in(self) -> bool:
        """Tell whether the person was asked who they are."""
        return "/sign-in" in self.pages


@dataclass(frozen=True)
class Outcome:
    """A whole flow: its authorization, tokens, and the ID token's checked claims."""

    authorization: Authorization
    tokens: dict[str, Any]
    claims: dict[str, Any]


@dataclass
class RelyingParty:
    """One client, with one browser; every flow's answer is checked as the suite checks it."""

    browser: httpx2.AsyncClient
    backchannel: httpx2.AsyncClient
    clock: FakeClock
    client: Application
    secret: str
    authenticates_by: str = "client_secret_basic"
    metadata: dict[str, Any] = field(default_factory=dict)

    async def discover(self) -> dict[str, Any]:
        """Read the provider's configuration, once."""
        if not self.metadata:
            address = f"{ISSUER}/.well-known/openid-configuration"
            self.metadata = (await self.backchannel.get(address)).json()
        return self.metadata

    async def flow(self, **changes: str | None) -> Outcome:
        """Go from the authorization request to userinfo, and check everything on the way."""
        authorization = await self.authorize(**changes)
        tokens = await self.exchange(authorization)
        claims = await self.validate_id_token(tokens, authorization.asked)
        shown = await self.userinfo(tokens["access_token"])
        assert shown["sub"] == claims["sub"]
        return Outcome(authorization, tokens, claims)

    # --- the front channel

    async def authorize(self, **changes: str | None) -> Authorization:
        """Walk a successful authorization; the person does what the pages ask for."""
        authorization = await self.visit("GET", **changes)
        answer = authorization.answer
        assert "error" not in answer, answer
        assert answer["iss"] == ISSUER
        assert set(answer) <= {"code", "state", "iss"}
        assert VISIBLE.fullmatch(answer["code"])
        return authorization

    async def visit(self, method: str = "GET", /, **changes: str | None) -> Authorization:
        """Walk an authorization to its end, whatever that is; `state` must come back as sent."""
        asked = self.request(**changes)
        answer = await self.send(asked, method)
        pages: list[str] = []
        while not self.location(answer).startswith(CALLBACK):
            pages.append(urlsplit(self.location(answer)).path)
            answer = await self._step(answer, pages[-1])
        query = urlsplit(self.location(answer)).query
        received = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
        assert received.get("state") == asked.get("state")
        return Authorization(asked, received, tuple(pages))

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return an authorization request; None leaves a parameter out."""
        given = {
            "client_id": self.client.id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    async def send(self, asked: dict[str, str], method: str = "GET") -> httpx2.Response:
        """Send the browser to the authorization endpoint."""
        endpoint = (await self.discover())["authorization_endpoint"]
        if method == "POST":
            return await self.browser.post(endpoint, data=asked)
        return await self.browser.get(endpoint, params=asked)

    @staticmethod
    def location(answer: httpx2.Response) -> str:
        """Return where the browser is sent; a page of its own is the end of a flow."""
        assert answer.is_redirect, f"{answer.status_code} {answer.text[:300]}"
        return answer.headers["location"]

    async def _step(self, answer: httpx2.Response, path: str) -> httpx2.Response:
        if path == "/sign-in":
            return await self.browser.get(await self._sign_in())
        return await self.browser.get(self.location(answer))

    async def _sign_in(self) -> str:
        identifier = {"type": "phone", "value": PHONE}
        await self._call("PUT", EXPERIENCE, interactionEvent="SignIn")
        sent = await self._call("POST", CODE, identifier=identifier, interactionEvent="SignIn")
        code = str(OUTBOX[-1].variables["code"])
        await self._call("POST", f"{CODE}/verify", identifier=identifier, code=code, **sent)
        await self._call("POST", f"{EXPERIENCE}/identification", **sent)
        submitted = await self._call("POST", f"{EXPERIENCE}/submit")
        return str(submitted["redirectTo"])

    async def _call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.browser.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json()) if answer.content else {}

    # --- the back channel

    async def token_request(self, **form: str) -> httpx2.Response:
        """Call the token endpoint as the client."""
        endpoint = (await self.discover())["token_endpoint"]
        if self.authenticates_by == "client_secret_post":
            form |= {"client_id": self.client.id, "client_secret": self.secret}
            return await self.backchannel.post(endpoint, data=form)
        return await self.backchannel.post(endpoint, data=form, auth=(self.client.id, self.secret))

    async def redeem(self, authorization: Authorization, **form: str) -> httpx2.Response:
        """Show the code at the token endpoint."""
        return await self.token_request(
            grant_type="authorization_code",
            code=authorization.answer["code"],
            redirect_uri=CALLBACK,
            **form,
        )

    async def exchange(self, authorization: Authorization, **form: str) -> dict[str, Any]:
        """Exchange a code and check the answer."""
        return self.validate_token_response(await self.redeem(authorization, **form))

    @staticmethod
    def validate_token_response(answer: httpx2.Response) -> dict[str, Any]:
        """Check a token response (RFC 6749, 5.1) and return it."""
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        assert "no-store" in answer.headers["cache-control"]
        tokens: dict[str, Any] = answer.json()
        assert tokens["token_type"].lower() == "bearer"
        assert isinstance(tokens["expires_in"], int)
        assert tokens["expires_in"] > 0
        for name in {"access_token", "id_token", "refresh_token"} & set(tokens):
            assert VISIBLE.fullmatch(tokens[name])
        return tokens

    @staticmethod
    def validate_token_error(answer: httpx2.Response, error: str) -> None:
        """Check an error response of the token endpoint (RFC 6749, 5.2)."""
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        assert answer.json()["error"] == error
        description = answer.json()["error_description"]
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", description)

    async def validate_id_token(
        self, tokens: dict[str, Any], asked: dict[str, str], *, algorithm: str = "ES256"
    ) -> dict[str, Any]:
        """Check an ID token (OpenID Connect Core, 3.1.3.7) and return its claims."""
        metadata = await self.discover()
        published = KeySet.import_key_set((await self.backchannel.get(metadata["jwks_uri"])).json())
        header = header_of(tokens["id_token"])
        assert header["alg"] == algorithm
        assert header["alg"] in metadata["id_token_signing_alg_values_supported"]
        assert published.get_by_kid(header["kid"]) is not None
        claims = jwt.decode(tokens["id_token"], published, algorithms=[algorithm]).claims
        now = self.clock.now().timestamp()
        assert claims["iss"] == metadata["issuer"]
        assert claims["aud"] == self.client.id
        assert claims.get("azp", self.client.id) == self.client.id
        assert now - 300 <= claims["iat"] <= now < claims["exp"]
        assert claims["auth_time"] <= claims["iat"]
        assert 0 < len(claims["sub"].encode("ascii")) <= 255
        assert claims.get("nonce") == asked.get("nonce")
        digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
        assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return dict(claims)

    async def userinfo(self, token: str, way: str = "get") -> dict[str, Any]:
        """Read userinfo and check the types of the standard claims (OpenID Connect Core, 5.1)."""
        answer = await self.call_userinfo(token, way)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        shown: dict[str, Any] = answer.json()
        assert shown["sub"]
        for name, value in shown.items():
            if name in STRINGS:
                assert isinstance(value, str), name
            elif name in {"email_verified", "phone_number_verified"}:
                assert isinstance(value, bool), name
        assert isinstance(shown.get("updated_at", 0), int)
        for name, value in shown.get("address", {}).items():
            assert name in ADDRESS
            assert isinstance(value, str)
        return shown

    async def call_userinfo(self, token: str, way: str = "get") -> httpx2.Response:
        """Call the userinfo endpoint in one of the three ways that RFC 6750 has."""
        endpoint = (await self.discover())["userinfo_endpoint"]
        header = {"authorization": f"Bearer {token}"}
        if way == "post-body":
            return await self.backchannel.post(endpoint, data={"access_token": token})
        method = "POST" if way == "post-header" else "GET"
        return await self.backchannel.request(method, endpoint, headers=header)


def header_of(token: str) -> dict[str, Any]:
    """Return a JWT's header."""
    return dict(orjson.loads(decoded(token.partition(".")[0])))


def decoded(part: str) -> bytes:
    """Undo a JWT's base64url."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(document: Any) -> str:
    """Do a JWT's base64url."""
    return base64.urlsafe_b64encode(orjson.dumps(document)).rstrip(b"=").decode()


def unsigned(claims: dict[str, Any]) -> str:
    """Return a JWT with `alg: none`."""
    return f"{encoded({'alg': 'none'})}.{encoded(claims)}."
