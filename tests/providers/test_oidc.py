"""Any provider that speaks OpenID Connect."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.providers.id_tokens import EC, RSA, STRANGER, Key, id_token, key_set, provider
from watchword.connector_kit.errors import (
    AuthorizationCodeRefused,
    AuthorizationMixedUp,
    IdTokenRefused,
    InvalidConfig,
    InvalidCredentials,
)
from watchword.connector_kit.openid import BETWEEN_LOOKS, KEPT
from watchword.connector_kit.social import SocialIdentity
from watchword.connector_kit.testing import AUTHORIZATION, SocialConnectorContract, context
from watchword.core.clock import Clock
from watchword.providers.oidc.config import OidcConfig
from watchword.providers.oidc.connector import OidcConnector

ISSUER = "https://id.example.com"
CLIENT = {"clientId": "client-1", "clientSecret": "the-client-secret-the-client-secret"}
# As Logto's console saves it.
EXPLICIT: dict[str, Any] = {
    **CLIENT,
    "authorizationEndpoint": f"{ISSUER}/authorize?tenant=a",
    "tokenEndpoint": f"{ISSUER}/token",
    "scope": "openid email",
    "idTokenVerificationConfig": {"jwksUri": f"{ISSUER}/keys", "issuer": ISSUER},
    "authRequestOptionalConfig": {"prompt": "login", "responseMode": "form_post"},
    "customConfig": {"resource": "https://api.example.com", "state": "not ours"},
}
PUBLISHED = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "client-1", "sub": "person-1"}


def made(answer: Any = None, config: Mapping[str, Any] = EXPLICIT, **others: Any) -> OidcConnector:
    return OidcConnector(OidcConfig.parse(config), context(answer, **others))


async def signed_in(
    token: str, config: Mapping[str, Any] = EXPLICIT, **more: Any
) -> SocialIdentity:
    answer = {"code": "code-1", "state": AUTHORIZATION.state, **more.pop("answer", {})}
    return await made(provider(token, **more), config).finish(AUTHORIZATION, answer)


class TestOidc(SocialConnectorContract):
    @pytest.fixture
    def connector(self) -> OidcConnector:
        return made()


class TestOidcByIssuer(SocialConnectorContract):
    @pytest.fixture
    def connector(self) -> OidcConnector:
        return made(config={**CLIENT, "issuer": ISSUER})

    def published(self) -> Mapping[str, Any]:
        return PUBLISHED


async def test_a_config_of_logtos_asks_what_it_says() -> None:
    asked = parse_qs(urlsplit(await made().begin(AUTHORIZATION)).query)

    assert asked["tenant"] == ["a"]
    assert asked["prompt"] == ["login"]
    assert asked["resource"] == ["https://api.example.com"]
    assert asked["nonce"] == [AUTHORIZATION.nonce]
    # What ties the answer to the browser can't be replaced by a setting.
    assert asked["state"] == [AUTHORIZATION.state]
    # A form posted by another site would come without the person's cookie.
    assert "response_mode" not in asked


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
async def test_a_signed_token_says_who_it_is(key: Any, algorithm: str) -> None:
    token = id_token(
        key,
        algorithm,
        **CLAIMS,
        name="Ada",
        picture="https://example.com/a.png",
        email="Ada@Example.com",
        email_verified=True,
        phone_number="+82 10-1234-5678",
        phone_number_verified=False,
    )

    identity = await signed_in(token)

    assert identity.id == "person-1"
    assert identity.name == "Ada"
    assert (identity.email, identity.email_verified) == ("ada@example.com", True)
    assert (identity.phone, identity.phone_verified) == ("821012345678", False)
    assert identity.details()["rawData"]["sub"] == "person-1"


LATER, EARLIER = 10**10, 1


def half_of(access_token: str, algorithm: str = "sha256") -> str:
    """Return what an ID token says of its access token (OpenID Connect Core, 3.1.3.6)."""
    digest = hashlib.new(algorithm, access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize(("algorithm", "hashed"), [("RS256", "sha256"), ("RS512", "sha512")])
async def test_a_token_that_names_its_access_token_is_believed(algorithm: str, hashed: str) -> None:
    token = id_token(RSA, algorithm, **CLAIMS, at_hash=half_of("access", hashed))

    assert (await signed_in(token)).id == "person-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "client-2"},
        {"aud": ["client-2"]},
        {"aud": ["client-1", "client-2"]},
        {"aud": ["client-1", "client-2"], "azp": "client-2"},
        {"azp": "client-2"},
        {"exp": EARLIER},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": LATER},
        {"iat": None},
        {"nbf": LATER},
        {"nonce": "another"},
        {"nonce": None},
        {"at_hash": "another"},
        {"at_hash": ""},
        # The whole digest, and that of nothing: neither is the half of this token's.
        {"at_hash": "PxbPKb7_OSKQ5QNH-4kYErORKwSVIVRGYMPFcMzLRwY"},
        {"at_hash": half_of("")},
    ],
    ids=str,
)
async def test_a_token_of_another_place_time_or_visit_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(IdTokenRefused):
        await signed_in(id_token(**{**CLAIMS, **claims}))


async def test_several_audiences_are_fine_where_the_party_is_this_client() -> None:
    token = id_token(**{**CLAIMS, "aud": ["client-1", "client-2"]}, azp="client-1")

    assert (await signed_in(token)).id == "person-1"


async def test_a_strangers_signature_is_refused() -> None:
    with pytest.raises(IdTokenRefused):
        await signed_in(id_token(STRANGER, **CLAIMS))


# The published key, used as if it were a secret, is the oldest trick there is.
@pytest.mark.parametrize(
    "secret",
    [CLIENT["clientSecret"].encode(), RSA.as_pem(private=False)],
    ids=["secret", "published"],
)
async def test_a_signature_with_a_shared_secret_is_refused(secret: bytes) -> None:
    payload = id_token(**CLAIMS).split(".")[1]
    header = urlsafe_b64encode(b'{"alg":"HS256","kid":"rsa"}').rstrip(b"=").decode()
    signature = hmac.digest(secret, f"{header}.{payload}".encode(), "sha256")
    shown = urlsafe_b64encode(signature).rstrip(b"=").decode()

    with pytest.raises(IdTokenRefused):
        await signed_in(f"{header}.{payload}.{shown}")


async def test_a_token_without_a_signature_is_refused() -> None:
    payload = id_token(**CLAIMS).split(".")[1]
    for algorithm in ("none", "None", "NONE"):
        header = urlsafe_b64encode(f'{{"alg":"{algorithm}"}}'.encode()).rstrip(b"=").decode()
        with pytest.raises(IdTokenRefused):
            await signed_in(f"{header}.{payload}.")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.b", "é.é.é"])
async def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(IdTokenRefused):
        await signed_in(token or "x")


async def test_only_the_algorithms_that_are_allowed_count() -> None:
    rules = {**EXPLICIT["idTokenVerificationConfig"], "algorithms": ["ES256"]}
    config = {**EXPLICIT, "idTokenVerificationConfig": rules}

    assert (await signed_in(id_token(EC, "ES256", **CLAIMS), config)).id == "person-1"
    with pytest.raises(IdTokenRefused):
        await signed_in(id_token(**CLAIMS), config)


async def test_a_token_may_be_too_old_although_it_is_good_for_long() -> None:
    rules = {**EXPLICIT["idTokenVerificationConfig"], "maxTokenAge": 60, "clockTolerance": 5}
    config = {**EXPLICIT, "idTokenVerificationConfig": rules}
    issued = int(Clock().now().timestamp()) - 100

    with pytest.raises(IdTokenRefused) as refused:
        await signed_in(id_token(**CLAIMS, iat=issued), config)
    assert refused.value.words == refused.value.detail == "too old"


async def test_a_text_is_no_yes_unless_the_provider_is_known_for_it() -> None:
    token = id_token(**CLAIMS, email="ada@example.com", email_verified="true")
    lenient = {**EXPLICIT, "acceptStringTypedBooleanClaims": True}

    assert not (await signed_in(token)).email_verified
    assert (await signed_in(token, lenient)).email_verified


async def test_userinfo_adds_what_the_token_lacks_but_never_another_person() -> None:
    config = {**EXPLICIT, "userInfoEndpoint": f"{ISSUER}/me"}
    told = {"sub": "person-1", "email": "ada@example.com", "email_verified": True}

    identity = await signed_in(id_token(**CLAIMS), config, told=told)

    assert identity.email_verified
    with pytest.raises(IdTokenRefused):
        await signed_in(id_token(**CLAIMS), config, told={**told, "sub": "person-2"})


async def test_an_answer_that_names_another_issuer_is_believed_in_nothing() -> None:
    asked: list[httpx2.Request] = []
    with pytest.raises(AuthorizationMixedUp):
        await signed_in(id_token(**CLAIMS), asked=asked, answer={"iss": "https://evil.example"})
    assert asked == []
    assert (await signed_in(id_token(**CLAIMS), answer={"iss": ISSUER})).id == "person-1"


async def test_a_provider_that_always_names_itself_must_do_so() -> None:
    document = {**PUBLISHED, "authorization_response_iss_parameter_supported": True}
    answer = provider(id_token(**CLAIMS), told=document)
    connector = made(answer, {**CLIENT, "issuer": ISSUER})

    with pytest.raises(AuthorizationMixedUp):
        await connector.finish(AUTHORIZATION, {"code": "code-1"})
    told = await connector.finish(AUTHORIZATION, {"code": "code-1", "iss": ISSUER})
    assert told.id == "person-1"


async def test_a_document_that_names_another_issuer_is_refused() -> None:
    answer = provider("x", told={**PUBLISHED, "issuer": "https://evil.example"})
    with pytest.raises(InvalidConfig):
        await made(answer, {**CLIENT, "issuer": ISSUER}).begin(AUTHORIZATION)


class Counting(Clock):
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = Clock().now()

    def now(self) -> Any:
        return self.moment


async def test_new_keys_of_the_provider_are_found_and_old_ones_asked_for_once() -> None:
    published: list[Key] = [EC]
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if request.method == "POST":
            return httpx2.Response(200, json={"access_token": "a", "id_token": token})
        return httpx2.Response(200, json=key_set(*published))

    clock = Counting()
    connector = made(answer, clock=clock)
    token = id_token(EC, "ES256", **CLAIMS)
    for _ in range(3):
        await connector.finish(AUTHORIZATION, {"code": "code-1"})
    assert asked.count("/keys") == 1

    token = id_token(RSA, **CLAIMS)
    with pytest.raises(IdTokenRefused):
        await connector.finish(AUTHORIZATION, {"code": "code-1"})
    assert asked.count("/keys") == 1, "made-up key ids must not make us ask each time"
    published.append(RSA)
    clock.moment += BETWEEN_LOOKS
    await connector.finish(AUTHORIZATION, {"code": "code-1"})
    assert asked.count("/keys") == 2
    assert KEPT > BETWEEN_LOOKS


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("client_secret_post", {"client_id", "client_secret"}),
        ("client_secret_basic", set()),
        ("client_secret_jwt", {"client_id", "client_assertion", "client_assertion_type"}),
    ],
)
async def test_each_way_of_authentication_shows_what_it_must(
    method: str, expected: set[str]
) -> None:
    connector = made(config={**EXPLICIT, "tokenEndpointAuthMethod": method, "clientId": "a b"})
    request = connector.token_request(await connector.endpoints(), AUTHORIZATION, "code-1")
    sent = parse_qs(request.content.decode())

    about = {name for name in sent if name.startswith("client")}
    assert about == expected
    assert ("Authorization" in request.headers) is (method == "client_secret_basic")
    if method == "client_secret_jwt":
        key = OctKey.import_key(CLIENT["clientSecret"])
        claims = jwt.decode(sent["client_assertion"][0], key).claims
        assert claims["aud"] == EXPLICIT["tokenEndpoint"]
        assert claims["sub"] == claims["iss"] == "a b"


@pytest.mark.parametrize(
    ("error", "expected"),
    [("invalid_grant", AuthorizationCodeRefused), ("invalid_client", InvalidCredentials)],
)
async def test_the_words_of_the_standard_are_sorted(error: str, expected: type[Exception]) -> None:
    connector = made(lambda _: httpx2.Response(400, json={"error": error}))
    with pytest.raises(expected):
        await connector.finish(AUTHORIZATION, {"code": "code-1"})


@pytest.mark.parametrize(
    ("change", "at_fault"),
    [
        ({"authorizationEndpoint": "javascript:alert(1)"}, "authorizationEndpoint"),
        ({"authorizationEndpoint": "http://id.example.com/authorize"}, "authorizationEndpoint"),
        ({"authorizationEndpoint": ""}, "authorizationEndpoint"),
        ({"tokenEndpoint": ""}, "tokenEndpoint"),
        ({"idTokenVerificationConfig": {}}, "idTokenVerificationConfig"),
        (
            {"idTokenVerificationConfig": {"jwksUri": "https://a.example", "algorithms": ["none"]}},
            "idTokenVerificationConfig",
        ),
        ({"issuer": "ftp://id.example.com"}, "issuer"),
    ],
    ids=str,
)
def test_a_setting_that_will_not_do_is_named(change: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        OidcConfig.parse({**EXPLICIT, **change})
    assert at_fault in refused.value.fields


def test_a_provider_on_this_machine_may_do_without_tls() -> None:
    local = {**EXPLICIT, "authorizationEndpoint": "http://localhost:9000/authorize"}

    assert OidcConfig.parse(local).authorization_endpoint == local["authorizationEndpoint"]


def test_keys_without_an_issuer_are_worth_a_warning() -> None:
    rules = {"jwksUri": f"{ISSUER}/keys"}

    warned = OidcConfig.parse({**EXPLICIT, "idTokenVerificationConfig": rules}).warnings()

    assert [warning.key for warning in warned] == ["idTokenVerificationConfig"]
    assert OidcConfig.parse(EXPLICIT).warnings() == []


def test_a_secret_does_not_follow_to_another_token_endpoint() -> None:
    elsewhere = {**EXPLICIT, "tokenEndpoint": "https://evil.example/token"}

    assert OidcConfig.sends_elsewhere(EXPLICIT, elsewhere)
    assert OidcConfig.sends_elsewhere(EXPLICIT, {**EXPLICIT, "issuer": "https://evil.example"})
    assert not OidcConfig.sends_elsewhere(EXPLICIT, {**EXPLICIT, "scope": "openid"})
