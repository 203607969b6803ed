"""A person's browser, and an application that a stock library would be."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import KeySet

from tests import local
from tests.journeys.server import REDIRECT_URI

EXPERIENCE = "/api/experience"
CODE = f"{EXPERIENCE}/verification/verification-code"


@dataclass
class Browser:
    """Walks a sign-in step by step, keeping cookies; `address` is where the server listens."""

    address: str
    client_id: str
    host: str = ""
    client: httpx2.Client = field(init=False)
    verifier: str = ""
    nonce: str = ""

    def __post_init__(self) -> None:
        headers = {"host": self.host} if self.host else {}
        self.client = httpx2.Client(
            verify=local.NO_TLS, base_url=self.address, headers=headers, timeout=40
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.close()

    def authorize(self, **more: str) -> httpx2.Response:
        """Arrive from the application."""
        self.verifier, self.nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(8)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return self.client.get(
            "/oidc/auth",
            params={
                "client_id": self.client_id,
                "redirect_uri": REDIRECT_URI,
                "response_type": "code",
                "scope": "openid phone offline_access",
                "prompt": "consent",
                "state": "a state",
                "nonce": self.nonce,
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
                **more,
            },
        )

    def begin(self, event: str) -> None:
        """Arrive from the application and start an interaction."""
        assert self.authorize().status_code == 303
        started = self.client.put(EXPERIENCE, json={"interactionEvent": event})
        assert started.status_code == 204, started.text

    def send_code(self, phone: str, event: str) -> httpx2.Response:
        """Ask for a code."""
        return self.client.post(
            CODE,
            json={"interactionEvent": event, "identifier": {"type": "phone", "value": phone}},
        )

    def verify_code(self, phone: str, record: str, code: str) -> httpx2.Response:
        """Type a code."""
        return self.client.post(
            f"{CODE}/verify",
            json={
                "identifier": {"type": "phone", "value": phone},
                "verificationId": record,
                "code": code,
            },
        )

    def identify(self, record: str) -> httpx2.Response:
        """Say who it is."""
        return self.client.post(f"{EXPERIENCE}/identification", json={"verificationId": record})

    def submit(self) -> str:
        """Finish, follow the way back, and return where the application is called."""
        submitted = self.client.post(f"{EXPERIENCE}/submit")
        assert submitted.status_code == 200, submitted.text
        return self.follow(submitted.json()["redirectTo"])

    def follow(self, location: str) -> str:
        """Follow redirects within the server; return the first one that leaves it."""
        for _ in range(8):
            if location.startswith(REDIRECT_URI):
                return location
            answer = self.client.get(self._here(location))
            assert answer.is_redirect, f"{answer.status_code} {answer.text[:300]}"
            location = answer.headers["location"]
        raise AssertionError(f"still at {location}")

    def exchange(self, callback: str) -> httpx2.Response:
        """Give the authorization code back for tokens, as the application."""
        returned = parse_qs(urlsplit(callback).query)
        assert returned["state"] == ["a state"]
        return self.token(
            grant_type="authorization_code",
            redirect_uri=REDIRECT_URI,
            code=returned["code"][0],
            code_verifier=self.verifier,
        )

    def token(self, **form: str) -> httpx2.Response:
        """Call the token endpoint, without the browser's cookies."""
        return local.post(
            f"{self.address}/oidc/token",
            data={"client_id": self.client_id, **form},
            headers={"host": self.host} if self.host else {},
            timeout=60,
        )

    def claims(self, id_token: str) -> dict[str, Any]:
        """Check an ID token with the published keys and return its claims."""
        keys = KeySet.import_key_set(self.client.get("/oidc/jwks").json())
        return dict(jwt.decode(id_token, keys, algorithms=["ES256", "RS256"]).claims)

    def _here(self, location: str) -> str:
        # Behind a proxy the public host is not where this server listens.
        parts = urlsplit(location)
        return parts._replace(scheme="", netloc="").geturl()
