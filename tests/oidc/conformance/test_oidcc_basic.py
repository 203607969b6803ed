"""Plan `oidcc-basic-certification-test-plan`: each module is a test of its name.

As in the plan, a module runs with `response_type=code` and `client_secret_basic`. Where the suite
uploads a screenshot for a person to look at, the test looks at the page.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.oidc.conformance.conftest import Register
from tests.oidc.conformance.relying_party import (
    CALLBACK,
    ISSUER,
    Outcome,
    RelyingParty,
    unsigned,
)
from watchword.applications.errors import InvalidApplication
from watchword.users.models import User

SCOPES: dict[str, set[str]] = {
    "profile": {
        *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username"),
        *("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale"),
        "updated_at",
    },
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
}


async def test_oidcc_server(suite: RelyingParty, alice: User) -> None:
    outcome = await suite.flow()

    assert outcome.authorization.had_to_sign_in
    assert outcome.claims["sub"] == alice.id


async def test_oidcc_response_type_missing(suite: RelyingParty) -> None:
    returned = (await suite.visit(response_type=None)).answer

    assert returned["error"] in {"invalid_request", "unsupported_response_type"}
    assert "code" not in returned


async def test_oidcc_idtoken_signature(suite: RelyingParty, register: Register) -> None:
    await suite.flow()

    metadata = {"requirePkce": False, "idTokenSignedResponseAlg": "RS256"}
    other = await register(custom_client_metadata=metadata)
    authorization = await other.authorize()
    tokens = await other.exchange(authorization)
    await other.validate_id_token(tokens, authorization.asked, algorithm="RS256")


async def test_oidcc_idtoken_unsigned(suite: RelyingParty, register: Register) -> None:
    # The suite skips what discovery does not list. Nobody can register for it either.
    assert "none" not in (await suite.discover())["id_token_signing_alg_values_supported"]
    with pytest.raises(InvalidApplication):
        await register(custom_client_metadata={"idTokenSignedResponseAlg": "none"})


async def test_oidcc_userinfo_get(suite: RelyingParty) -> None:
    await check_userinfo(suite, "get")


async def test_oidcc_userinfo_post_header(suite: RelyingParty) -> None:
    await check_userinfo(suite, "post-header")


async def test_oidcc_userinfo_post_body(suite: RelyingParty) -> None:
    await check_userinfo(suite, "post-body")


async def check_userinfo(suite: RelyingParty, way: str) -> None:
    """Sign in, and read userinfo in this way."""
    outcome = await suite.flow()
    shown = await suite.userinfo(outcome.tokens["access_token"], way)
    assert shown["sub"] == outcome.claims["sub"]


async def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(
    suite: RelyingParty,
) -> None:
    assert "nonce" not in (await suite.flow(nonce=None)).claims


async def test_oidcc_scope_profile(suite: RelyingParty) -> None:
    await check_scope(suite, "profile")


async def test_oidcc_scope_email(suite: RelyingParty) -> None:
    await check_scope(suite, "email")


async def test_oidcc_scope_address(suite: RelyingParty) -> None:
    await check_scope(suite, "address")


async def test_oidcc_scope_phone(suite: RelyingParty) -> None:
    await check_scope(suite, "phone")


async def test_oidcc_scope_all(suite: RelyingParty) -> None:
    await check_scope(suite, *SCOPES)


async def check_scope(suite: RelyingParty, *scopes: str) -> None:
    """Ask for *scopes*: their claims come at userinfo, and those of other scopes do not."""
    assert set(scopes) <= set((await suite.discover())["scopes_supported"])
    outcome = await suite.flow(scope=" ".join(["openid", *scopes]))
    shown = set(await suite.userinfo(outcome.tokens["access_token"]))
    for scope, claims in SCOPES.items():
        assert claims & shown == (claims if scope in scopes else set())


async def test_oidcc_ensure_other_scope_order_succeeds(suite: RelyingParty) -> None:
    outcome = await suite.flow(scope="email openid")
    assert "email" in await suite.userinfo(outcome.tokens["access_token"])


async def test_oidcc_display_page(suite: RelyingParty) -> None:
    await suite.flow(display="page")


async def test_oidcc_display_popup(suite: RelyingParty) -> None:
    await suite.flow(display="popup")


async def test_oidcc_prompt_login(suite: RelyingParty) -> None:
    first = await suite.flow()
    suite.clock.advance(timedelta(seconds=1))
    second = await suite.flow(prompt="login")

    assert second.authorization.had_to_sign_in
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] > first.claims["auth_time"]


async def test_oidcc_prompt_none_not_logged_in(suite: RelyingParty) -> None:
    authorization = await suite.visit(prompt="none")

    assert authorization.answer["error"] == "login_required"
    assert authorization.pages == ()


async def test_oidcc_prompt_none_logged_in(suite: RelyingParty) -> None:
    await check_same_authentication(suite, prompt="none")


async def test_oidcc_max_age_1(suite: RelyingParty) -> None:
    first = await suite.flow()
    suite.clock.advance(timedelta(seconds=2))
    second = await suite.flow(max_age="1")

    assert second.authorization.had_to_sign_in
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert suite.clock.now().timestamp() - second.claims["auth_time"] <= 2


async def test_oidcc_max_age_10000(suite: RelyingParty) -> None:
    await check_same_authentication(suite, max_age="10000")


async def check_same_authentication(suite: RelyingParty, **values: str) -> Outcome:
    """Go through a second flow with *values*: the person stays who they were, and sees no page."""
    first = await suite.flow()
    suite.clock.advance(timedelta(seconds=1))
    second = await suite.flow(**values)
    assert second.authorization.pages == ()
    for name in ("sub", "auth_time"):
        assert second.claims[name] == first.claims[name]
    return second


async def test_oidcc_ensure_request_with_unknown_parameter_succeeds(suite: RelyingParty) -> None:
    await suite.flow(extra="foobar")


async def test_oidcc_id_token_hint(suite: RelyingParty) -> None:
    hint = (await suite.flow()).tokens["id_token"]
    await check_same_authentication(suite, prompt="none", id_token_hint=hint)


async def test_oidcc_login_hint(suite: RelyingParty) -> None:
    await suite.flow(login_hint="alice@example.com")


async def test_oidcc_ui_locales(suite: RelyingParty) -> None:
    await suite.flow(ui_locales="se")


async def test_oidcc_claims_locales(suite: RelyingParty) -> None:
    await suite.flow(claims_locales="se")


async def test_oidcc_ensure_request_with_acr_values_succeeds(suite: RelyingParty) -> None:
    supported = (await suite.discover())["acr_values_supported"]

    outcome = await suite.flow(acr_values=" ".join(supported))

    assert outcome.claims["acr"] in supported


async def test_oidcc_codereuse(suite: RelyingParty) -> None:
    authorization = (await suite.flow()).authorization

    suite.validate_token_error(await suite.redeem(authorization), "invalid_grant")


async def test_oidcc_codereuse_30seconds(suite: RelyingParty) -> None:
    outcome = await suite.flow()
    suite.clock.advance(timedelta(seconds=30))

    suite.validate_token_error(await suite.redeem(outcome.authorization), "invalid_grant")

    # What the first use gave is gone with it (RFC 6749, 4.1.2).
    assert (await suite.call_userinfo(outcome.tokens["access_token"])).status_code == 401


async def test_oidcc_ensure_registered_redirect_uri(suite: RelyingParty) -> None:
    asked = suite.request(redirect_uri=f"{CALLBACK}/not/registered")
    endpoint = (await suite.discover())["authorization_endpoint"]

    page = await suite.browser.get(endpoint, params=asked, headers={"accept": "text/html"})

    assert page.status_code == 400
    assert "location" not in page.headers
    assert page.headers["content-type"].startswith("text/html")


async def test_oidcc_ensure_post_request_succeeds(suite: RelyingParty) -> None:
    authorization = await suite.visit("POST")

    tokens = await suite.exchange(authorization)
    await suite.validate_id_token(tokens, authorization.asked)


async def test_oidcc_server_client_secret_post(suite: RelyingParty) -> None:
    suite.authenticates_by = "client_secret_post"
    supported = (await suite.discover())["token_endpoint_auth_methods_supported"]
    assert suite.authenticates_by in supported

    await suite.flow()


async def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    suite: RelyingParty,
) -> None:
    returned = (await suite.visit(request_uri="https://suite.example.com/request.jwt")).answer

    assert returned["error"] == "request_uri_not_supported"
    assert (await suite.discover())["request_uri_parameter_supported"] is False


async def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    suite: RelyingParty,
) -> None:
    returned = (await suite.visit(request=request_object(suite))).answer

    assert returned["error"] == "request_not_supported"
    assert (await suite.discover())["request_parameter_supported"] is False


async def test_oidcc_claims_essential(suite: RelyingParty) -> None:
    assert (await suite.discover())["claims_parameter_supported"] is True
    wish = orjson.dumps({"userinfo": {"name": {"essential": True}}}).decode()

    outcome = await suite.flow(claims=wish)

    shown = await suite.userinfo(outcome.tokens["access_token"])
    assert shown["name"] == "Alice Example"
    assert set(shown) == {"sub", "name"}
    assert "name" not in outcome.claims


async def test_oidcc_ensure_request_object_with_redirect_uri(suite: RelyingParty) -> None:
    # The URI in the object would win where objects are taken; where they are not, the one
    # beside it decides alone, and a wrong one is an error that stays here.
    asked = suite.request(
        request=request_object(suite), redirect_uri="https://evil.example.com/callback"
    )
    answer = await suite.send(asked)
    assert answer.status_code == 400
    assert "location" not in answer.headers

    returned = (await suite.visit(request=request_object(suite))).answer
    assert returned["error"] == "request_not_supported"


def request_object(suite: RelyingParty) -> str:
    """Return an authorization request as an unsigned JWT."""
    return unsigned({"aud": ISSUER, "iss": suite.client.id, **suite.request()})


async def test_oidcc_refresh_token(suite: RelyingParty, register: Register) -> None:
    offline = {"scope": "openid offline_access", "prompt": "consent"}
    assert "refresh_token" in (await suite.discover())["grant_types_supported"]
    first = await suite.flow(**offline)
    suite.clock.advance(timedelta(seconds=1))

    answer = await refresh(suite, first.tokens["refresh_token"])
    tokens = suite.validate_token_response(answer)

    # A refreshed ID token keeps who and when, and has no nonce (OpenID Connect Core, 12.2).
    claims = await suite.validate_id_token(tokens, {})
    for name in ("iss", "sub", "aud", "auth_time"):
        assert claims[name] == first.claims[name]
    assert claims["iat"] > first.claims["iat"]
    assert tokens["access_token"] != first.tokens["access_token"]
    await suite.userinfo(tokens["access_token"])

    second = await register()
    others = (await second.flow(**offline)).tokens["refresh_token"]
    suite.validate_token_error(await refresh(suite, others), "invalid_grant")


async def refresh(suite: RelyingParty, token: str) -> Any:
    """Show a refresh token."""
    return await suite.token_request(grant_type="refresh_token", refresh_token=token)


async def test_oidcc_ensure_request_with_valid_pkce_succeeds(suite: RelyingParty) -> None:
    verifier = "a-verifier-of-at-least-forty-three-characters"
    digest = hashlib.sha256(verifier.encode()).digest()
    authorization = await suite.authorize(
        code_challenge=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        code_challenge_method="S256",
    )

    tokens = await suite.exchange(authorization, code_verifier=verifier)

    await suite.validate_id_token(tokens, authorization.asked)
