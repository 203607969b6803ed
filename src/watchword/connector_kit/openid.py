"""OpenID Connect from the other side: a provider's own word, and its ID token, checked."""

import hashlib
import hmac
from abc import abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from joserfc.jws import extract_compact

from watchword.connector_kit.answers import error_of_status
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.errors import IdTokenRefused, InvalidConfig, UnreadableAnswer
from watchword.connector_kit.oauth import ClientSettings, Endpoints, OAuthConnector, Tokens
from watchword.connector_kit.social import Authorization, SocialIdentity

DISCOVERY = "/.well-known/openid-configuration"
KEPT = timedelta(hours=1)
"""How long a provider's keys and addresses are believed without asking again."""
BETWEEN_LOOKS = timedelta(seconds=30)
"""So that tokens with made-up key ids do not make us ask again and again."""
# What a public key checks: a secret that both sides know proves nothing to a third.
ALGORITHMS: Mapping[str, str] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}


class UnknownKey(IdTokenRefused):
    """No key of the provider fits the token; it may have new ones."""


@dataclass(frozen=True, kw_only=True)
class IdTokenRules:
    """What an ID token has to say to be believed (OpenID Connect Core, 3.1.3.7)."""

    client_id: str
    issuers: tuple[str, ...] = ()
    """Empty where the provider's keys alone say whose token it is."""
    audiences: tuple[str, ...] = ()
    """In place of the client's id, where an administrator says so."""
    algorithms: tuple[str, ...] = tuple(ALGORITHMS)
    tolerance: timedelta = timedelta(seconds=60)
    """How far the provider's clock and ours may differ."""
    oldest: timedelta | None = None
    """How long ago it may have been signed; None where its own end is enough."""
    nonce: str = ""
    access_token: str = ""
    """What came with it: a token that says which one it goes with must mean this one."""

    def check(self, claims: Mapping[str, Any], now: datetime) -> None:
        """Let the claims pass; raises IdTokenRefused with what is wrong."""
        moment, leeway = now.timestamp(), self.tolerance.total_seconds()
        if self.issuers and claims.get("iss") not in self.issuers:
            raise IdTokenRefused("another issuer's")
        self._check_audience(claims)
        if _number(claims, "exp") <= moment - leeway:
            raise IdTokenRefused("expired")
        issued = _number(claims, "iat")
        if issued > moment + leeway or _number(claims, "nbf", default=0) > moment + leeway:
            raise IdTokenRefused("from the future")
        if self.oldest is not None and issued < moment - leeway - self.oldest.total_seconds():
            raise IdTokenRefused("too old")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), self.nonce.encode()):
            raise IdTokenRefused("another sign-in's: the nonce differs")

    def check_access_token(self, claims: Mapping[str, Any], algorithm: str) -> None:
        """Let a token pass that goes with the access token (OpenID Connect Core, 3.1.3.8)."""
        said = claims.get("at_hash")
        if said is None:
            return
        # Its own algorithm says which hash; Ed25519 signs with SHA-512.
        hashed = hashlib.new(f"sha{algorithm[2:] if algorithm != 'EdDSA' else 512}")
        hashed.update(self.access_token.encode())
        half = hashed.digest()[: hashed.digest_size // 2]
        expected = urlsafe_b64encode(half).rstrip(b"=")
        if not hmac.compare_digest(str(said).encode(), expected):
            raise IdTokenRefused("for another access token")

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        named = claims.get("aud")
        audiences = set(named) if isinstance(named, list) else {named}
        if not audiences & {*(self.audiences or (self.client_id,))}:
            raise IdTokenRefused("for another client")
        # Core, 3.1.3.7, 4 and 5: with several audiences, the one that asked is named.
        party = claims.get("azp", None if len(audiences) > 1 else self.client_id)
        if party != self.client_id and party not in self.audiences:
            raise IdTokenRefused("for another client's use")


def verified_claims(
    token: str, keys: Sequence[Key], rules: IdTokenRules, now: datetime
) -> dict[str, Any]:
    """Return the claims of an ID token that one of *keys* signed and that the rules let pass.

    Raises IdTokenRefused, and UnknownKey where no key fits.
    """
    try:
        header = extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        raise IdTokenRefused("no signed token") from None
    algorithm = header.get("alg")
    # By what is allowed here, never by what the token would like.
    if algorithm not in rules.algorithms or algorithm not in ALGORITHMS:
        raise IdTokenRefused("signed in a way that is not taken")
    fitting = [key for key in keys if _fits(key, header.get("kid"), algorithm)]
    if not fitting:
        raise UnknownKey("no key of the provider fits")
    for key in fitting:
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError):
            continue
        rules.check(claims, now)
        rules.check_access_token(claims, algorithm)
        return claims
    raise IdTokenRefused("not signed by the provider")


def _fits(key: Key, kid: Any, algorithm: str) -> bool:
    said = key.as_dict(private=False)
    return (
        said.get("kty") == ALGORITHMS[algorithm]
        and said.get("use", "sig") == "sig"
        and said.get("alg", algorithm) == algorithm
        and (kid is None or said.get("kid") in {None, kid})
    )


def with_openid(scope: str) -> str:
    """Return the scope with `openid` in it: without, there would be no ID token."""
    asked = scope.replace("+", " ").split()
    return " ".join(asked if "openid" in asked else ["openid", *asked])


def _number(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdTokenRefused(f"without `{name}`")
    return float(value)


class OpenIdConnector(OAuthConnector[ClientSettings]):
    """A provider that speaks OpenID Connect; a subclass says where it is and what it believes."""

    needs_id_token: ClassVar[bool] = True
    """False for a provider that gives one only where its administrator switched that on."""

    def __init__(self, config: ClientSettings, context: ConnectorContext) -> None:
        super().__init__(config, context)
        self._keys: tuple[Key, ...] = ()
        self._keys_read_at: datetime | None = None
        self._published: Mapping[str, Any] = {}
        self._published_at: datetime | None = None

    @property
    def scope(self) -> str:
        """Return what to ask for; `openid` is among it."""
        return "openid profile email"

    def rules(self, endpoints: Endpoints, authorization: Authorization) -> IdTokenRules:
        """Return what the ID token of this sign-in has to say."""
        return IdTokenRules(
            client_id=self.client_id, issuers=endpoints.issuers, nonce=authorization.nonce
        )

    @abstractmethod
    async def endpoints(self) -> Endpoints:
        """Return where to ask; `published` reads it from the provider."""

    def authorization_parameters(self, authorization: Authorization) -> Mapping[str, str]:
        """Return the nonce that the ID token has to repeat."""
        return {"nonce": authorization.nonce}

    async def claims_of(
        self, endpoints: Endpoints, authorization: Authorization, tokens: Tokens
    ) -> Mapping[str, Any]:
        """Return the claims of the ID token; raises IdTokenRefused."""
        if tokens.id_token is None:
            if self.needs_id_token:
                raise IdTokenRefused("the provider gave no ID token")
            return {}
        rules = replace(self.rules(endpoints, authorization), access_token=tokens.access_token)
        now = self.context.clock.now()
        try:
            return verified_claims(tokens.id_token, await self._known_keys(endpoints), rules, now)
        except UnknownKey:
            keys = await self._known_keys(endpoints, at_most=BETWEEN_LOOKS)
            return verified_claims(tokens.id_token, keys, rules, now)

    def read_identity(self, claims: Mapping[str, Any], answers: Sequence[Any]) -> SocialIdentity:
        """Return who the claims name; an answer of the userinfo endpoint may add to them."""
        told = dict(answers[0]) if answers else {}
        if answers and told.get("sub") != claims["sub"]:
            # Core, 5.3.2: an answer about somebody else is no answer.
            raise IdTokenRefused("the userinfo endpoint tells of somebody else")
        raw = {**told, **claims}
        return SocialIdentity.read(
            raw,
            id=raw["sub"],
            name=raw.get("name"),
            avatar=raw.get("picture"),
            email=raw.get("email"),
            email_verified=self.is_said(raw.get("email_verified")),
            phone=raw.get("phone_number"),
            phone_verified=self.is_said(raw.get("phone_number_verified")),
        )

    def is_said(self, claim: Any) -> bool:
        """Tell whether a claim is the provider's plain yes."""
        return claim is True

    async def published(self, issuer: str) -> Mapping[str, Any]:
        """Return what the provider publishes of itself (OpenID Connect Discovery, 4)."""
        now = self.context.clock.now()
        if self._published_at is None or now - self._published_at >= KEPT:
            url = self.at(issuer.rstrip("/") + DISCOVERY)
            self._published = await self.ask(self._request(url), _document)
            self._published_at = now
        if self._published.get("issuer") != issuer:
            # Discovery, 4.3: else anybody's document would do.
            raise InvalidConfig("the provider's document names another issuer")
        return self._published

    async def _known_keys(self, endpoints: Endpoints, at_most: timedelta = KEPT) -> tuple[Key, ...]:
        now = self.context.clock.now()
        if self._keys_read_at is None or now - self._keys_read_at >= at_most:
            if endpoints.keys is None:
                raise InvalidConfig("the provider's keys have no address")
            self._keys = await self.ask(self._request(endpoints.keys), _keys)
            self._keys_read_at = now
        return self._keys

    def _request(self, url: str) -> httpx2.Request:
        return self._sendable(
            lambda: httpx2.Request("GET", url, headers={"Accept": "application/json"})
        )


def _document(response: httpx2.Response) -> Mapping[str, Any]:
    if not response.is_success:
        raise error_of_status(response)
    document = response.json()
    if not isinstance(document, Mapping):
        raise UnreadableAnswer("the provider's document is none")
    return document


def _keys(response: httpx2.Response) -> tuple[Key, ...]:
    listed = _document(response)["keys"]
    keys: list[Key] = []
    for item in listed:
        try:
            keys += KeySet.import_key_set({"keys": [item]}).keys
        except (JoseError, ValueError, TypeError, KeyError):
            # A kind of key that we do not know must not take the others away.
            continue
    return tuple(keys)
