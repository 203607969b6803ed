"""One person's whole sign-in, each step timed."""

import asyncio
import base64
import hashlib
import secrets
import time
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from joserfc import jwt
from joserfc.jwk import KeySet

from bench.connection import Answer, Connection
from bench.provider import Provider
from bench.seed import REDIRECT_URI

EXPERIENCE = "/api/experience"
CODE = f"{EXPERIENCE}/verification/verification-code"
Body = Mapping[str, object] | str | None
"""An object is sent as JSON, a text as a form."""

PROVIDER_SECONDS = 10
REDIRECTS = 6


class SignInFailed(Exception):
    """A step did not answer as the contract says."""


class Person:
    """A browser of its own, behind an address of its own, on a connection that others used."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.cookies: dict[str, str] = {}
        self.steps: dict[str, float] = defaultdict(float)
        # A /24 for each, so that limits per address and subnet count as they would in the world.
        self.address = f"{20 + (number >> 16) % 100}.{number >> 8 & 255}.{number & 255}.7"

    async def ask(  # a line of the story: step, request, answer
        self, step: str, method: str, target: str, status: int, body: Body = None
    ) -> Answer:
        """Make one request as a browser would; raises SignInFailed."""
        headers = {"x-forwarded-for": self.address}
        if self.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = b""
        if isinstance(body, str):
            headers["content-type"] = "application/x-www-form-urlencoded"
            sent = body.encode()
        elif body is not None:
            headers["content-type"] = "application/json"
            sent = orjson.dumps(body)
        started = time.perf_counter()
        answer = await self.connection.request(method, target, headers, sent)
        self.steps[step] += time.perf_counter() - started
        if answer.status != status:
            raise SignInFailed(f"{step}: {answer.status} {answer.body[:300]!r}")
        for name, value in answer.headers:
            if name == "set-cookie":
                self._keep(value)
        return answer

    def _keep(self, cookie: str) -> None:
        pair, *attributes = cookie.split("; ")
        name, _, value = pair.partition("=")
        if not value or any(attribute.lower() == "max-age=0" for attribute in attributes):
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


class SignIn:
    """Signs people in at one server, as one application."""

    event = "SignIn"
    identified = 204
    scope = "openid phone"

    def __init__(self, origin: str, client_id: str, provider: Provider, keys: KeySet) -> None:
        self.origin = origin
        self.client_id = client_id
        self.provider = provider
        self.keys = keys

    async def __call__(self, person: Person, phone: str) -> None:
        """Sign in with *phone* and check the ID token; raises SignInFailed."""
        await self.tokens(person, phone)

    async def tokens(self, person: Person, phone: str) -> dict[str, object]:
        """Sign in with *phone*, check the ID token and return all that was given."""
        verifier, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(8)
        await self._authorize(person, verifier, nonce)
        await self.prove(person, phone)
        submitted = await person.ask("submit", "POST", f"{EXPERIENCE}/submit", 200)
        granted = await self._return(person, str(submitted.json()["redirectTo"]))
        given = await self._exchange(person, granted, verifier)
        self._check(str(given["id_token"]), phone, nonce)
        return given

    async def prove(self, person: Person, phone: str) -> None:
        """Start the event, type the code, and be identified by it."""
        start = {"interactionEvent": self.event}
        await person.ask("start", "PUT", EXPERIENCE, 204, start)
        identifier = {"type": "phone", "value": phone}
        texted = self.provider.expect(phone)
        wish = {"interactionEvent": self.event, "identifier": identifier}
        sent = await person.ask("send", "POST", CODE, 200, wish)
        record = {"verificationId": sent.json()["verificationId"]}
        code = await asyncio.wait_for(texted, PROVIDER_SECONDS)
        typed = {"identifier": identifier, "code": code, **record}
        await person.ask("verify", "POST", f"{CODE}/verify", 200, typed)
        path = f"{EXPERIENCE}/identification"
        await person.ask("identify", "POST", path, self.identified, record)

    async def begin(self, person: Person) -> None:
        """Go as far as the sign-in page."""
        await self._authorize(person, secrets.token_urlsafe(32), "page")

    async def _authorize(self, person: Person, verifier: str, nonce: str) -> None:
        digest = hashlib.sha256(verifier.encode()).digest()
        query = urlencode(
            {
                "client_id": self.client_id,
                "redirect_uri": REDIRECT_URI,
                "response_type": "code",
                "scope": self.scope,
                **({"prompt": "consent"} if "offline_access" in self.scope else {}),
                "state": "bench",
                "nonce": nonce,
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        )
        await person.ask("authorize", "GET", f"/oidc/auth?{query}", 303)

    async def _return(self, person: Person, location: str) -> str:
        for _ in range(REDIRECTS):
            if location.startswith(REDIRECT_URI):
                return parse_qs(urlsplit(location).query)["code"][0]
            target = location.removeprefix(self.origin)
            answer = await person.ask("return", "GET", target, 303)
            location = answer.header("location") or ""
        raise SignInFailed(f"return: no way back to the application, at {location}")

    async def _exchange(self, person: Person, code: str, verifier: str) -> dict[str, object]:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "code": code,
            "code_verifier": verifier,
        }
        answer = await person.ask("token", "POST", "/oidc/token", 200, urlencode(form))
        return answer.json()

    def _check(self, token: str, phone: str, nonce: str) -> None:
        claims = jwt.decode(token, self.keys, algorithms=["ES256", "RS256"]).claims
        expected = {
            "iss": f"{self.origin}/oidc",
            "aud": self.client_id,
            "nonce": nonce,
            "phone_number": f"+{phone}",
        }
        found = {name: claims.get(name) for name in expected}
        if found != expected:
            raise SignInFailed(f"claims: {found}")


async def signing_keys(origin: str) -> KeySet:
    """Return the keys that ID tokens are checked with."""
    connection = Connection(origin)
    answer = await connection.request("GET", "/oidc/jwks", {})
    connection.close()
    return KeySet.import_key_set(orjson.loads(answer.body))
