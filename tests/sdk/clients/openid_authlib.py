"""Signs a person in and out with Authlib, as a web application with a secret."""

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from conversation import ASKED, finish, visit
from joserfc import jwt
from joserfc.jwk import KeySet

metadata = requests.get(f"{ASKED['issuer']}/.well-known/openid-configuration", timeout=10).json()
session = OAuth2Session(
    ASKED["clientId"],
    ASKED["clientSecret"],
    redirect_uri=ASKED["redirectUri"],
    scope="openid phone offline_access",
    code_challenge_method="S256",
    token_endpoint=metadata["token_endpoint"],
)
verifier = "a-verifier-of-at-least-forty-three-characters"
address, state = session.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce="a nonce", prompt="consent"
)
token = session.fetch_token(
    authorization_response=visit(address), state=state, code_verifier=verifier
)

keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
decoded = jwt.decode(token["id_token"], keys, algorithms=["ES256", "RS256"])
claims = CodeIDToken(
    decoded.claims,
    decoded.header,
    options={
        "iss": {"essential": True, "value": ASKED["issuer"]},
        "aud": {"essential": True, "value": ASKED["clientId"]},
    },
    params={
        "nonce": "a nonce",
        "client_id": ASKED["clientId"],
        "access_token": token["access_token"],
    },
)
claims.validate()
userinfo = session.get(metadata["userinfo_endpoint"]).json()

# A dictionary of Authlib's own, which the next request changes in place.
first, id_token = token["refresh_token"], token["id_token"]
second = session.refresh_token(metadata["token_endpoint"])
introspected = session.introspect_token(
    metadata["introspection_endpoint"], second["access_token"]
).json()
logged_out = visit(
    f"{metadata['end_session_endpoint']}?"
    + requests.compat.urlencode(
        {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": ASKED["postLogoutRedirectUri"],
            "state": "bye",
        }
    )
)
session.revoke_token(metadata["revocation_endpoint"], second["refresh_token"]).raise_for_status()
try:
    session.refresh_token(metadata["token_endpoint"], second["refresh_token"])
    after_revocation = None
except OAuthError as error:
    after_revocation = error.error

finish(
    claims=dict(claims),
    userinfo=userinfo,
    refreshTokens=[first, second["refresh_token"]],
    introspected=introspected,
    afterRevocation=after_revocation,
    loggedOut=logged_out,
)
