"""The OpenID Foundation's Basic OP modules, by their names, as far as a test of ours can play them.

The suite itself needs Java and MongoDB. What its modules look at with human eyes (display, logo,
policy) is not repeated here.
"""

import base64
from datetime import timedelta
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.web.experience.conftest import ORIGIN, Site
from tests.web.oidc.conftest import CALLBACK, Shop, open_shop
from watchword.users.models import User

SCOPES = {
    "profile": {"name", "given_name", "updated_at"},
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
    "address": {"address"},
}


async def claims_of(shop: Shop, tokens: dict[str, Any]) -> dict[str, Any]:
    """Check the ID token as a client does and return its claims."""
    published = (await shop.client.get("/oidc/jwks")).json()
    keys = KeySet.import_key_set(published)
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256", "RS256"]).claims
    now = shop.site.clock.now().timestamp()
    assert claims["iss"] == f"{ORIGIN}/oidc"
    assert claims["aud"] == shop.application.id
    assert claims["iat"] <= now < claims["exp"]
    return claims


@pytest.fixture(params=["SPA", "Traditional"])
async def client(request: pytest.FixtureRequest, site: Site, alice: User) -> Shop:
    """Return a public and a confidential client with Alice's browser."""
    shop = await open_shop(site, request.param)
    await shop.sign_in(alice)
    return shop


async def test_oidcc_server(client: Shop, alice: User) -> None:
    tokens = await client.tokens(nonce="n")
    claims = await claims_of(client, tokens)
    assert (claims["sub"], claims["nonce"]) == (alice.id, "n")


async def test_oidcc_response_type_missing(signed_in: Shop) -> None:
    answer = await signed_in.authorize(response_type=None)
    assert signed_in.returned(answer)["error"] == "invalid_request"


async def test_oidcc_idtoken_signature(site: Site, alice: User) -> None:
    for algorithm in ("ES256", "RS256"):
        shop = await open_shop(site, custom_client_metadata={"idTokenSignedResponseAlg": algorithm})
        await shop.sign_in(alice)
        tokens = await shop.tokens()
        head = tokens["id_token"].partition(".")[0]
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        assert header["alg"] == algorithm
        assert header["kid"]
        await claims_of(shop, tokens)


@pytest.mark.parametrize("way", ["get", "post-header", "post-body"])
async def test_oidcc_userinfo(signed_in: Shop, alice: User, way: str) -> None:
    token = (await signed_in.tokens())["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    method, form = "GET" if way == "get" else "POST", None
    if way == "post-body":
        bearer, form = {}, {"access_token": token}
    answer = await signed_in.client.request(method, "/oidc/me", headers=bearer, data=form)
    assert answer.json() == {"sub": alice.id}


async def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(signed_in: Shop) -> None:
    claims = await claims_of(signed_in, await signed_in.tokens())
    assert "nonce" not in claims


@pytest.mark.parametrize("scope", [*SCOPES, "all"])
async def test_oidcc_scope(signed_in: Shop, scope: str) -> None:
    asked = list(SCOPES) if scope == "all" else [scope]
    tokens = await signed_in.tokens(scope=" ".join(["openid", *asked]))
    in_token = await claims_of(signed_in, tokens)
    at_userinfo = (await signed_in.me(tokens["access_token"])).json()
    for name, expected in SCOPES.items():
        for claims in (in_token, at_userinfo):
            assert (expected <= set(claims)) is (name in asked)
    assert None not in at_userinfo.values()


async def test_oidcc_ensure_other_scope_order_succeeds(signed_in: Shop) -> None:
    tokens = await signed_in.tokens(scope="phone email openid profile")
    assert "phone_number" in await claims_of(signed_in, tokens)


@pytest.mark.parametrize("display", ["page", "popup"])
async def test_oidcc_display(signed_in: Shop, display: str) -> None:
    await claims_of(signed_in, await signed_in.tokens(display=display))


async def test_oidcc_prompt_login(signed_in: Shop) -> None:
    answer = await signed_in.authorize(prompt="login")
    assert answer.headers["location"].startswith("/sign-in?")


async def test_oidcc_prompt_none_not_logged_in(shop: Shop) -> None:
    assert shop.returned(await shop.authorize(prompt="none"))["error"] == "login_required"


async def test_oidcc_prompt_none_logged_in(signed_in: Shop) -> None:
    first = await claims_of(signed_in, await signed_in.tokens())
    second = await claims_of(signed_in, await signed_in.tokens(prompt="none"))
    for name in ("sub", "auth_time", "iss", "aud"):
        assert first[name] == second[name]


async def test_oidcc_max_age_1(signed_in: Shop) -> None:
    signed_in.site.clock.advance(timedelta(seconds=2))
    answer = await signed_in.authorize(max_age="1")
    assert answer.headers["location"].startswith("/sign-in?")


async def test_oidcc_max_age_10000(signed_in: Shop) -> None:
    first = await claims_of(signed_in, await signed_in.tokens())
    second = await claims_of(signed_in, await signed_in.tokens(max_age="10000"))
    assert first["auth_time"] == second["auth_time"]


async def test_oidcc_ensure_request_with_unknown_parameter_succeeds(signed_in: Shop) -> None:
    await claims_of(signed_in, await signed_in.tokens(extra="foobar"))


async def test_oidcc_id_token_hint(signed_in: Shop) -> None:
    hint = (await signed_in.tokens())["id_token"]
    signed_in.site.clock.advance(timedelta(hours=2))
    await claims_of(signed_in, await signed_in.tokens(id_token_hint=hint, prompt="none"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("login_hint", "alice@mail.example"),
        ("ui_locales", "se ko"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("claims", '{"userinfo": {"name": {"essential": true}}}'),
    ],
)
async def test_oidcc_optional_parameters(signed_in: Shop, name: str, value: str) -> None:
    tokens = await signed_in.tokens(scope="openid profile", **{name: value})
    assert (await signed_in.me(tokens["access_token"])).json()["name"] == "Alice"


@pytest.mark.parametrize("seconds", [0, 30])
async def test_oidcc_codereuse(client: Shop, seconds: int) -> None:
    code = await client.code()
    tokens = (await client.exchange(code)).json()
    client.site.clock.advance(timedelta(seconds=seconds))

    answer = await client.exchange(code)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert (await client.me(tokens["access_token"])).status_code == 401


async def test_oidcc_ensure_registered_redirect_uri(signed_in: Shop) -> None:
    answer = await signed_in.authorize(redirect_uri=f"{CALLBACK}/other")
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_oidcc_ensure_post_request_succeeds(signed_in: Shop) -> None:
    asked = {
        "client_id": signed_in.application.id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    answer = await signed_in.client.post("/oidc/auth", data=asked, follow_redirects=False)
    answer = await signed_in.client.get(answer.headers["location"])
    assert "code" in signed_in.returned(answer)


async def test_oidcc_server_client_secret_post(site: Site, alice: User) -> None:
    shop = await open_shop(site, "Traditional")
    await shop.sign_in(alice)
    await claims_of(shop, await shop.tokens())


async def test_oidcc_server_client_secret_basic(site: Site, alice: User) -> None:
    shop = await open_shop(site, "Traditional")
    await shop.sign_in(alice)
    secret, shop.secret = shop.secret, None
    assert secret is not None
    answer = await shop.client.post(
        "/oidc/token",
        data={
            "grant_type": "authorization_code",
            "code": await shop.code(),
            "redirect_uri": CALLBACK,
            "code_verifier": "v" * 43,
        },
        auth=(shop.application.id, secret),
    )
    await claims_of(shop, answer.json())


@pytest.mark.parametrize(
    ("name", "error"),
    [("request_uri", "request_uri_not_supported"), ("request", "request_not_supported")],
)
async def test_oidcc_request_objects_are_refused_by_name(
    signed_in: Shop, name: str, error: str
) -> None:
    answer = await signed_in.authorize(**{name: "https://shop.example/request"})
    assert signed_in.returned(answer)["error"] == error


async def test_oidcc_refresh_token(client: Shop, site: Site) -> None:
    tokens = await client.tokens(scope="openid offline_access", prompt="consent")
    site.clock.advance(timedelta(minutes=1))
    answer = await client.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    first, second = await claims_of(client, tokens), await claims_of(client, answer.json())
    for name in ("iss", "sub", "aud", "auth_time"):
        assert first[name] == second[name]
    assert second["iat"] > first["iat"]

    other = await open_shop(site)
    other.client = client.client
    refused = await other.token(
        grant_type="refresh_token", refresh_token=answer.json()["refresh_token"]
    )
    assert refused.json()["error"] == "invalid_grant"


async def test_oidcc_ensure_request_with_valid_pkce_succeeds(signed_in: Shop) -> None:
    await claims_of(signed_in, await signed_in.tokens())
    answer = await signed_in.exchange(await signed_in.code(), code_verifier="w" * 43)
    assert answer.json()["error"] == "invalid_grant"
