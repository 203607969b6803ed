"""A stock OpenID Connect library, over real HTTP, knows only the issuer and its client id."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.journeys.provider import running_provider
from tests.journeys.server import PHONE_SIGN_IN, REDIRECT_URI, Installation

pytestmark = pytest.mark.slow

PHONE = "447700900123"
API = "/api/experience"


def test_authlib_signs_a_person_in_and_out(database_url: str, tmp_path: Path) -> None:
    installation = Installation(database_url, tmp_path)
    with running_provider() as provider:
        client_id = installation.seed(
            connector="http-sms",
            config={"endpoint": provider.url},
            signIn=PHONE_SIGN_IN,
            redirectUri=REDIRECT_URI,
        )
        with installation.server() as server, requests.Session() as browser:
            issuer = f"{installation.origin}/oidc"
            metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
            library = OAuth2Session(
                client_id,
                redirect_uri=REDIRECT_URI,
                scope="openid phone offline_access",
                code_challenge_method="S256",
                token_endpoint=metadata["token_endpoint"],
                token_endpoint_auth_method="none",
            )
            verifier = "a-verifier-of-at-least-forty-three-characters"
            address, state = library.create_authorization_url(
                metadata["authorization_endpoint"],
                code_verifier=verifier,
                nonce="a nonce",
                prompt="consent",
            )

            def call(method: str, path: str, **body: object) -> requests.Response:
                answer = browser.request(method, f"{server.address}{path}", json=body, timeout=20)
                assert answer.status_code < 300, answer.text
                return answer

            assert browser.get(address, allow_redirects=False, timeout=10).status_code == 303
            identifier = {"type": "phone", "value": PHONE}
            send = f"{API}/verification/verification-code"
            call("PUT", API, interactionEvent="Register")
            record = call("POST", send, identifier=identifier, interactionEvent="Register").json()
            code = provider.next_code(PHONE)
            call("POST", f"{send}/verify", identifier=identifier, code=code, **record)
            call("POST", f"{API}/identification", **record)
            back = call("POST", f"{API}/submit").json()["redirectTo"]
            answer = browser.get(back, allow_redirects=False, timeout=10)
            callback = answer.headers["location"]
            assert callback.startswith(REDIRECT_URI)

            token = library.fetch_token(
                authorization_response=callback, state=state, code_verifier=verifier
            )

            keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
            decoded = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": issuer},
                    "aud": {"essential": True, "value": client_id},
                },
                params={
                    "nonce": "a nonce",
                    "client_id": client_id,
                    "access_token": token["access_token"],
                },
            )
            claims.validate()
            assert claims["phone_number"] == f"+{PHONE}"
            assert claims["phone_number_verified"] is True
            shown = library.get(metadata["userinfo_endpoint"]).json()
            assert (shown["sub"], shown["phone_number"]) == (claims["sub"], f"+{PHONE}")

            refreshed = library.refresh_token(metadata["token_endpoint"])
            assert refreshed["refresh_token"] != token["refresh_token"]
            goodbye = browser.get(
                metadata["end_session_endpoint"],
                params={
                    "id_token_hint": token["id_token"],
                    "post_logout_redirect_uri": REDIRECT_URI,
                    "state": "bye",
                },
                allow_redirects=False,
                timeout=10,
            )
            left = parse_qs(urlsplit(goodbye.headers["location"]).query)
            assert left == {"state": ["bye"]}
            library.close()
