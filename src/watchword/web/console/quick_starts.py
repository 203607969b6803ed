"""Quick starts: code to copy, with one application's own values and never its secret."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from string import Template

from watchword.applications.models import Application, ApplicationType
from watchword.web.scope import TenantScope

SCOPES = "openid profile phone offline_access"


@dataclass(frozen=True)
class QuickStart:
    """One stack's way to sign people in."""

    name: str
    title: str
    code: str


VALUES = """\
issuer                  $issuer
discovery               $issuer/.well-known/openid-configuration
authorization_endpoint  $issuer/auth
token_endpoint          $issuer/token
userinfo_endpoint       $issuer/me
jwks_uri                $issuer/jwks
client_id               $client_id
redirect_uri            $redirect_uri
scope                   $scopes
code_challenge_method   S256
"""

AUTHLIB = """\
# pip install authlib httpx starlette itsdangerous
import os

from authlib.integrations.starlette_client import OAuth

oauth = OAuth()
oauth.register(
    "watchword",
    server_metadata_url=$discovery_q,
    client_id=$client_id_q,
    client_secret=os.environ.get("WATCHWORD_CLIENT_SECRET"),
    client_kwargs={"scope": $scopes_q, "code_challenge_method": "S256"},
)


async def sign_in(request):
    return await oauth.watchword.authorize_redirect(request, $redirect_uri_q)


async def callback(request):
    token = await oauth.watchword.authorize_access_token(request)
    request.session["user"] = dict(token["userinfo"])
"""

NODE = """\
// npm install openid-client
import * as client from "openid-client";

const config = await client.discovery(
  new URL($issuer_q),
  $client_id_q,
  process.env.WATCHWORD_CLIENT_SECRET,$local_node
);

// To sign in: keep verifier and state in the session, then redirect to `address`.
const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: $redirect_uri_q,
  scope: $scopes_q,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  prompt: "consent",
});

// At the redirect URI, with `currentUrl` a URL of the request:
const tokens = await client.authorizationCodeGrant(config, currentUrl, {
  pkceCodeVerifier: verifier,
  expectedState: state,
});
console.log(tokens.claims());
"""

BROWSER = """\
// npm install oidc-client-ts
import { UserManager } from "oidc-client-ts";

const users = new UserManager({
  authority: $issuer_q,
  client_id: $client_id_q,
  redirect_uri: $redirect_uri_q,
  post_logout_redirect_uri: $after_q,
  scope: $scopes_q,
});

// To sign in:
await users.signinRedirect();

// On the page of the redirect URI:
const user = await users.signinCallback();
console.log(user.profile.sub, user.profile.phone_number);
"""

LOGTO_BROWSER = """\
// npm install @logto/browser
import LogtoClient from "@logto/browser";

const client = new LogtoClient({
  endpoint: $origin_q,
  appId: $client_id_q,
  scopes: ["phone"],
});

// To sign in:
await client.signIn($redirect_uri_q);

// On the page of the redirect URI:
await client.handleSignInCallback(window.location.href);
console.log(await client.getIdTokenClaims());
"""

LOGTO_EXPRESS = """\
// npm install @logto/express express-session cookie-parser
import { handleAuthRoutes, withLogto } from "@logto/express";

const config = {
  endpoint: $origin_q,
  appId: $client_id_q,
  appSecret: process.env.WATCHWORD_CLIENT_SECRET,
  baseUrl: $base_q,
  scopes: ["phone"],
};

// Its redirect URI is /logto/sign-in-callback below baseUrl: register that.
app.use(handleAuthRoutes(config));
app.get("/", withLogto(config), (request, response) => {
  response.json(request.user);
});
"""

MACHINE_VALUES = """\
issuer          $issuer
token_endpoint  $issuer/token
client_id       $client_id
grant_type      client_credentials
resource        $api
"""

MACHINE_CURL = """\
curl $issuer/token \\
  --user "$client_id:$$WATCHWORD_CLIENT_SECRET" \\
  --data grant_type=client_credentials \\
  --data-urlencode resource=$api
"""

MACHINE_PYTHON = """\
# pip install authlib httpx
import os

from authlib.integrations.httpx_client import OAuth2Client

client = OAuth2Client($client_id_q, os.environ["WATCHWORD_CLIENT_SECRET"])
token = client.fetch_token($token_q, grant_type="client_credentials", resource=$api_q)
print(token["access_token"])
"""

FOR_PEOPLE = (
    ("values", "OpenID Connect", VALUES),
    ("authlib", "Python · Authlib", AUTHLIB),
    ("node", "Node · openid-client", NODE),
    ("browser", "Browser · oidc-client-ts", BROWSER),
)
FOR_MACHINES = (
    ("values", "OAuth 2.0", MACHINE_VALUES),
    ("curl", "curl", MACHINE_CURL),
    ("authlib", "Python · Authlib", MACHINE_PYTHON),
)
QUOTED: Callable[[str], str] = json.dumps


def quick_starts_of(scope: TenantScope, application: Application) -> list[QuickStart]:
    """Return the stacks that suit the application's type, filled with its values."""
    redirect_uri = next(iter(application.redirect_uris), "https://app.example.com/callback")
    after = next(iter(application.post_logout_redirect_uris), redirect_uri)
    plain = {
        "issuer": scope.issuer,
        "origin": scope.origin,
        "discovery": f"{scope.issuer}/.well-known/openid-configuration",
        "token": f"{scope.issuer}/token",
        "client_id": application.id,
        "redirect_uri": redirect_uri,
        "after": after,
        "base": "/".join(redirect_uri.split("/")[:3]),
        "scopes": SCOPES,
        "api": f"{scope.origin}/api",
    }
    values = {**plain, **{f"{name}_q": QUOTED(text) for name, text in plain.items()}}
    is_plain_http = scope.issuer.startswith("http://")
    # The library wants to be told that a server without TLS is meant.
    values["local_node"] = (
        "\n  undefined,\n  { execute: [client.allowInsecureRequests] }," if is_plain_http else ""
    )
    return [
        QuickStart(name, title, Template(code).substitute(values))
        for name, title, code in _stacks(application.type)
    ]


def _stacks(kind: ApplicationType) -> list[tuple[str, str, str]]:
    if kind is ApplicationType.MACHINE_TO_MACHINE:
        return list(FOR_MACHINES)
    on_a_server = kind is ApplicationType.TRADITIONAL
    unfit = {"browser"} if on_a_server else {"authlib", "node"}
    if kind is ApplicationType.NATIVE:
        unfit = {"authlib", "browser", "logto"}
    logto = ("logto", "Logto SDK", LOGTO_EXPRESS if on_a_server else LOGTO_BROWSER)
    return [stack for stack in (*FOR_PEOPLE, logto) if stack[0] not in unfit]
