"""OAuth 2 from the other side: send a person to a provider, and read what comes back."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from watchword.connector_kit.answers import Answer, error_of_status, read_by
from watchword.connector_kit.connector import basic_auth
from watchword.connector_kit.errors import (
    AccessTokenRefused,
    AuthorizationCodeRefused,
    AuthorizationDenied,
    AuthorizationFailed,
    AuthorizationMixedUp,
    ConnectorError,
    InvalidConfig,
    InvalidCredentials,
    ProviderRejected,
    ProviderTimeout,
    UnreadableAnswer,
)
from watchword.connector_kit.scrubbing import scrub
from watchword.connector_kit.social import (
    Authorization,
    PublicClientConfig,
    SocialConnector,
    SocialIdentity,
)
from watchword.core.ids import new_id

ALTOGETHER = timedelta(seconds=15)
"""How long a person waits for all the questions that a sign-in puts to the provider."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

ClientSettings = TypeVar("ClientSettings", bound=PublicClientConfig)
ClientAuthentication = Literal["client_secret_post", "client_secret_basic", "client_secret_jwt"]
AssertionAlgorithm = Literal["HS256", "HS384", "HS512"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Tokens:
    """What the provider gave for its code; used at once and never kept."""

    access_token: str
    id_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where the provider is asked, and whose answers are believed."""

    authorization: str
    token: str
    user_info: str | None = None
    keys: str | None = None
    issuers: tuple[str, ...] = ()
    """The names that the provider calls itself by; empty where it has none."""
    names_itself: bool = False
    """True where every answer of the provider carries its name (RFC 9207)."""


class OAuthConnector(SocialConnector[ClientSettings]):
    """A provider that speaks OAuth 2; what is to be written is pure, the kit does the asking."""

    token_errors: ClassVar[Mapping[str, type[ConnectorError]]] = {}
    """By the provider's word, where it is not one of RFC 6749's."""
    denials: ClassVar[frozenset[str]] = frozenset({"access_denied"})
    """What it says when the person turned back."""

    @property
    def client_id(self) -> str:
        """Return who this server is at the provider."""
        return self.config.client_id

    @property
    def client_secret(self) -> str:
        """Return what proves it; empty where the provider gave none."""
        secret = self.config.client_secret
        return secret.get_secret_value() if secret is not None else ""

    @property
    def scope(self) -> str:
        """Return what to ask for; empty where the provider decides that by itself."""
        return ""

    @property
    def client_authentication(self) -> ClientAuthentication:
        """Return how the token endpoint learns who is asking (OpenID Connect Core, 9)."""
        return "client_secret_post"

    @property
    def assertion_algorithm(self) -> AssertionAlgorithm:
        """Return what signs the client's assertion, where it authenticates by one."""
        return "HS256"

    @property
    def more_parameters(self) -> Mapping[str, str]:
        """Return what the provider wants besides, in both requests."""
        return {}

    @abstractmethod
    async def endpoints(self) -> Endpoints:
        """Return where to ask; only a provider that publishes it is asked for it."""

    @abstractmethod
    def read_identity(self, claims: Mapping[str, Any], answers: Sequence[Any]) -> SocialIdentity:
        """Say who it is, by the claims of the ID token and the answers to `identity_requests`."""

    def identity_requests(self, endpoints: Endpoints, tokens: Tokens) -> list[httpx2.Request]:
        """Return what to ask with the access token, in order."""
        if endpoints.user_info is None:
            return []
        return [self.asking(endpoints.user_info, tokens)]

    def authorization_request(self, endpoints: Endpoints, authorization: Authorization) -> str:
        """Return the address that the browser goes to (RFC 6749, 4.1.1; RFC 7636, 4.3)."""
        parameters = {
            **self.more_parameters,
            **self.authorization_parameters(authorization),
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": authorization.redirect_uri,
            "state": authorization.state,
            "code_challenge": authorization.code_challenge,
            "code_challenge_method": "S256",
        }
        if self.scope:
            parameters["scope"] = self.scope
        return with_query(endpoints.authorization, parameters)

    def authorization_parameters(self, authorization: Authorization) -> Mapping[str, str]:  # noqa: ARG002
        """Return what this provider takes besides what every provider is sent."""
        return {}

    def token_request(
        self, endpoints: Endpoints, authorization: Authorization, code: str
    ) -> httpx2.Request:
        """Return what turns the code into tokens (RFC 6749, 4.1.3)."""
        form = {
            **self.more_parameters,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": authorization.redirect_uri,
            "code_verifier": authorization.code_verifier,
        }
        headers = {"Accept": "application/json"}
        if self.client_authentication == "client_secret_basic":
            # RFC 6749, 2.3.1: each part is form-encoded before they are joined.
            user, password = (quote(part, safe="") for part in self._client)
            headers |= basic_auth(user, password)
        elif self.client_authentication == "client_secret_jwt":
            form |= {"client_id": self.client_id, **self._assertion(endpoints.token)}
        else:
            form |= {"client_id": self.client_id}
            if self.client_secret:
                form["client_secret"] = self.client_secret
        return httpx2.Request("POST", endpoints.token, data=form, headers=headers)

    def read_tokens(self, response: httpx2.Response) -> Tokens:
        """Return the tokens; raises what the provider's error stands for."""
        answer = self.token_answer(response)
        if "error" in answer:
            raise self._token_error(answer)
        if not response.is_success:
            raise error_of_status(response)
        id_token = answer.get("id_token")
        return Tokens(
            access_token=_given(answer["access_token"]),
            id_token=None if id_token is None else _given(id_token),
        )

    def token_answer(self, response: httpx2.Response) -> Mapping[str, Any]:
        """Return the fields of the token endpoint's answer."""
        return _mapping(response.json())

    def asking(self, url: str, tokens: Tokens) -> httpx2.Request:
        """Return a question that the access token may ask."""
        headers = {
            "Authorization": f"Bearer {tokens.access_token}",
            "Accept": "application/json",
            # Some providers answer nobody who does not say who is calling.
            "User-Agent": "Watchword",
        }
        return httpx2.Request("GET", url, headers=headers)

    async def begin(self, authorization: Authorization) -> str:
        """Return the provider's address that the person's browser goes to."""
        return self.authorization_request(await self.endpoints(), authorization)

    async def finish(
        self, authorization: Authorization, answer: Mapping[str, str]
    ) -> SocialIdentity:
        """Return who the person is, by what the provider sent along with them."""
        try:
            async with asyncio.timeout(ALTOGETHER.total_seconds()):
                return await self._finish(authorization, answer)
        except ConnectorError as error:
            # What was raised while reading, and not by `ask`, was said by us.
            error.replace_words(self._scrub(error.words))
            raise
        except TimeoutError:
            raise ProviderTimeout(f"no answer within {ALTOGETHER.seconds} seconds") from None

    async def _finish(
        self, authorization: Authorization, answer: Mapping[str, str]
    ) -> SocialIdentity:
        endpoints = await self.endpoints()
        code = self.read_code(endpoints, answer)
        kept = [authorization.code_verifier, code]
        asked = self._sendable(lambda: self.token_request(endpoints, authorization, code))
        tokens = await self.ask(asked, self.read_tokens, *kept)
        kept += filter(None, (tokens.access_token, tokens.id_token))
        claims = await self.claims_of(endpoints, authorization, tokens)
        answers = [
            await self.ask(request, self.read_answer, *kept)
            for request in self.identity_requests(endpoints, tokens)
        ]
        try:
            return self.read_identity(claims, answers)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise UnreadableAnswer("the provider does not say who this is") from None

    def read_code(self, endpoints: Endpoints, answer: Mapping[str, str]) -> str:
        """Return the code that came with the browser; raises what came in its place."""
        issuer = answer.get("iss")
        is_named = endpoints.issuers and (issuer is not None or endpoints.names_itself)
        # RFC 9207, 2.4: compared before anything of the answer is believed.
        if is_named and issuer not in endpoints.issuers:
            raise AuthorizationMixedUp("the answer names another issuer")
        error = answer.get("error")
        if error is not None:
            described = answer.get("error_description", "")
            words = self._scrub(f"{error}: {described}".strip(": "))
            failed = AuthorizationDenied() if error in self.denials else AuthorizationFailed()
            failed.replace_words(words)
            raise failed
        code = answer.get("code", "")
        if not code:
            raise AuthorizationFailed("the answer has no code")
        return code

    async def claims_of(
        self,
        endpoints: Endpoints,  # noqa: ARG002
        authorization: Authorization,  # noqa: ARG002
        tokens: Tokens,  # noqa: ARG002
    ) -> Mapping[str, Any]:
        """Return the checked claims of the ID token; none where the provider gives no such."""
        return {}

    def read_answer(self, response: httpx2.Response) -> Any:
        """Return the answer to an identity request; raises what a refusal stands for."""
        if response.status_code == 401:
            raise AccessTokenRefused(f"HTTP 401: {response.text}")
        if not response.is_success:
            raise error_of_status(response)
        return response.json()

    async def ask(
        self,
        request: httpx2.Request,
        read: Callable[[httpx2.Response], Answer],
        *kept: str,
    ) -> Answer:
        """Send one request and read its answer; what is raised carries no secret and not *kept*."""
        try:
            return read_by(read, await self.context.client.send(request))
        except ConnectorError as error:
            error.replace_words(self._scrub(error.words, *kept))
            raise

    def at(self, url: str) -> str:
        """Return *url*, or the same path where the operator redirects this connector."""
        override = self.context.base_url_override
        if override is None:
            return url
        parts = urlsplit(url)
        return override.rstrip("/") + urlunsplit(("", "", parts.path, parts.query, ""))

    def _token_error(self, answer: Mapping[str, Any]) -> ConnectorError:
        word = str(answer["error"])
        words = f"{word}: {answer.get('error_description', '')}".strip(": ")
        known = {**TOKEN_ERRORS, **self.token_errors}
        return known.get(word, ProviderRejected)(words)

    def _assertion(self, audience: str) -> dict[str, str]:
        """Return the client's assertion (RFC 7523, 2.2) under the client secret."""
        now = int(self.context.clock.now().timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": audience,
            "jti": new_id(),
            "iat": now,
            "exp": now + 60,
        }
        algorithm = self.assertion_algorithm
        key = OctKey.import_key(self.client_secret)
        return {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": algorithm}, claims, key, algorithms=[algorithm]),
        }

    @property
    def _client(self) -> tuple[str, str]:
        return self.client_id, self.client_secret

    def _sendable(self, make: Callable[[], httpx2.Request]) -> httpx2.Request:
        try:
            return make()
        except (httpx2.InvalidURL, UnicodeEncodeError):
            raise InvalidConfig("a setting has characters that can't be sent") from None

    def _scrub(self, words: str, *kept: str) -> str:
        return scrub(words, None, [*self.config.secret_values(), *kept])


# RFC 6749, 5.2.
TOKEN_ERRORS: Mapping[str, type[ConnectorError]] = {
    "invalid_grant": AuthorizationCodeRefused,
    "invalid_client": InvalidCredentials,
    "unauthorized_client": InvalidCredentials,
}


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Return *url* with *parameters* in place of those of the same names."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in parameters]
    query = urlencode([*kept, *parameters.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _web_page(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    # RFC 6749, 3.1: what passes there signs people in. On this machine nobody listens.
    is_safe = host and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
    if not is_safe or parts.fragment:
        raise PydanticCustomError("address", "This must be an address that begins with https://")
    return value


WebPage = Annotated[str, AfterValidator(_web_page)]
"""An address that browsers are sent to."""


def _given(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a token is a text")
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("an object is expected")
    return value
