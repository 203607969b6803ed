"""Applications and the rules of their registration."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Self, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from watchword.applications.errors import (
    InvalidApplication,
    InvalidOrigin,
    InvalidRedirectUri,
    InvalidThirdPartyType,
    NoSecretsForPublicApplication,
    SecretNameTaken,
    SecretNotFound,
    TooManySecrets,
)
from watchword.core.moments import milliseconds, moment_of

DEMO_APP_ID = "demo-app"
INVITATIONS_APP_ID = "invitations"
ACCOUNT_APP_ID = "account-center"
FIRST_SECRET = "Default secret"  # noqa: S105  # the contract's name of it
MOST_SECRETS = 10

APPLICATION_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
URI_CHARACTERS = re.compile(r"[\x21-\x7e]{1,2048}")  # RFC 3986 has neither blanks nor more
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+")
# Schemes that a browser runs or reads itself: a code sent there would reach a page, not an app.
DANGEROUS_SCHEMES = frozenset(
    {"about", "blob", "data", "file", "filesystem", "javascript", "mailto", "vbscript", "ws", "wss"}
)
LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})

MAX_ID_TOKEN_TTL = timedelta(days=7)


Model = TypeVar("Model", bound=BaseModel)


class ApplicationType(StrEnum):
    """What an application is, and so whether it can keep a secret."""

    SPA = "SPA"
    NATIVE = "Native"
    TRADITIONAL = "Traditional"
    MACHINE_TO_MACHINE = "MachineToMachine"

    @property
    def is_public(self) -> bool:
        """Tell whether its code is in the hands of its users, so that no secret can be kept."""
        return self in {ApplicationType.SPA, ApplicationType.NATIVE}


class _Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


class ClientMetadata(_Wire):
    """What an administrator may set beside the redirect URIs; the contract's keys on the wire."""

    cors_allowed_origins: tuple[str, ...] = ()
    id_token_ttl: int = Field(3600, ge=60, le=int(MAX_ID_TOKEN_TTL.total_seconds()))
    refresh_token_ttl_in_days: int = Field(14, ge=1, le=90)
    rotate_refresh_token: bool = True
    always_issue_refresh_token: bool = False
    require_pkce: bool = True
    id_token_signed_response_alg: Literal["ES256", "RS256"] = "ES256"  # noqa: S105  # a name


@dataclass(frozen=True, kw_only=True)
class ApplicationSecret:
    """One of the secrets that an application may prove itself with."""

    id: str
    """Empty for the one it was registered with."""
    name: str
    created_at: datetime
    expires_at: datetime | None = None
    sealed: str = field(repr=False)
    """Only `ApplicationService` opens it."""

    def is_live(self, now: datetime) -> bool:
        """Tell whether it still proves anything."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class NewApplication:
    """A registration as it is asked for; `build` checks it."""

    name: str
    type: str
    description: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    is_third_party: bool = False
    is_management: bool = False
    custom_client_metadata: Mapping[str, Any] = field(default_factory=dict)
    custom_data: Mapping[str, Any] = field(default_factory=dict)

    def build(
        self, id: str, created_at: datetime, secrets: tuple[ApplicationSecret, ...] = ()
    ) -> "Application":
        """Return the application; raises the error that says what to mend."""
        try:
            kind = ApplicationType(self.type)
        except ValueError:
            raise InvalidApplication(field="type") from None
        return Application(
            id=id,
            name=self.name,
            description=self.description,
            type=kind,
            secrets=secrets,
            is_third_party=self.is_third_party,
            is_management=self.is_management,
            redirect_uris=tuple(self.redirect_uris),
            post_logout_redirect_uris=tuple(self.post_logout_redirect_uris),
            metadata=_validated(ClientMetadata, self.custom_client_metadata),
            custom_data=self.custom_data,
            version=1,
            created_at=created_at,
        ).checked()


@dataclass(frozen=True, kw_only=True)
class Application:
    """One OpenID Connect client of a tenant."""

    id: str
    name: str
    type: ApplicationType
    created_at: datetime
    description: str | None = None
    secrets: tuple[ApplicationSecret, ...] = ()
    is_third_party: bool = False
    is_management: bool = False
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    metadata: ClientMetadata = field(default_factory=ClientMetadata)
    custom_data: Mapping[str, Any] = field(default_factory=dict)
    resource_scopes: tuple[str, ...] = ()
    """Ids of the scopes of API resources that it may be given."""
    version: int = 1

    @property
    def is_public(self) -> bool:
        """Tell whether it authenticates with nothing but its id."""
        return self.type.is_public

    @property
    def requires_pkce(self) -> bool:
        """Tell whether every authorization needs a code challenge."""
        return self.is_public or self.metadata.require_pkce

    @property
    def id_token_ttl(self) -> timedelta:
        """Return how long its ID tokens are good."""
        return timedelta(seconds=self.metadata.id_token_ttl)

    @property
    def refresh_token_ttl(self) -> timedelta:
        """Return how long one sign-in can be refreshed, whatever the rotations."""
        return timedelta(days=self.metadata.refresh_token_ttl_in_days)

    @property
    def rotates_refresh_tokens(self) -> bool:
        """Tell whether each refresh spends the token; a public client's always does."""
        return self.is_public or self.metadata.rotate_refresh_token

    @property
    def origins(self) -> frozenset[str]:
        """Return the web origins whose scripts may call the token endpoint for it."""
        own = (origin_of(uri) for uri in self.redirect_uris)
        return frozenset({*filter(None, own), *self.metadata.cors_allowed_origins})

    def accepts_redirect_uri(self, uri: str) -> bool:
        """Compare exactly; a native application may choose its loopback port (RFC 8252, 7.3)."""
        if uri in self.redirect_uris:
            return True
        if self.type is not ApplicationType.NATIVE or not URI_CHARACTERS.fullmatch(uri):
            return False
        loopback = _without_loopback_port(uri)
        return loopback is not None and any(
            loopback == _without_loopback_port(registered) for registered in self.redirect_uris
        )

    def secret_named(self, name: str) -> ApplicationSecret:
        """Return one of its secrets; raises SecretNotFound."""
        for secret in self.secrets:
            if secret.name == name:
                return secret
        raise SecretNotFound(name[:200])

    def with_secret(self, secret: ApplicationSecret) -> Self:
        """Return it with one more secret; raises what speaks against that."""
        if self.is_public:
            raise NoSecretsForPublicApplication
        if len(self.secrets) >= MOST_SECRETS:
            raise TooManySecrets(count=MOST_SECRETS)
        return replace(self, secrets=(*self.secrets, self._with_free_name(secret)))

    def without_secret(self, name: str) -> Self:
        """Return it without one of its secrets; raises SecretNotFound."""
        gone = self.secret_named(name)
        return replace(self, secrets=tuple(kept for kept in self.secrets if kept is not gone))

    def with_renamed_secret(self, name: str, new_name: str) -> Self:
        """Return it with another name on one of its secrets; what it opens stays."""
        renamed = replace(self.secret_named(name), name=new_name)
        if name != new_name:
            self._with_free_name(renamed)
        return replace(self, secrets=tuple(renamed if s.name == name else s for s in self.secrets))

    def _with_free_name(self, secret: ApplicationSecret) -> ApplicationSecret:
        if not 1 <= len(secret.name) <= 256 or not secret.name.isprintable():
            raise InvalidApplication(field="secrets.name")
        if any(other.name == secret.name for other in self.secrets):
            raise SecretNameTaken(secret.name)
        return secret

    def changed(self, patch: Mapping[str, Any]) -> Self:
        """Return the application with the contract's PATCH body applied; raises like `build`."""
        current = self.document()
        merged = {**current, **patch}
        for part in ("oidcClientMetadata", "customClientMetadata"):
            given = patch.get(part, {})
            merged[part] = {**current[part], **given} if isinstance(given, Mapping) else given
        changes = _validated(_Changeable, merged)
        return replace(
            self,
            name=changes.name,
            description=changes.description,
            is_third_party=changes.is_third_party,
            is_management=changes.is_management,
            redirect_uris=changes.oidc_client_metadata.redirect_uris,
            post_logout_redirect_uris=changes.oidc_client_metadata.post_logout_redirect_uris,
            metadata=changes.custom_client_metadata,
            custom_data=changes.custom_data,
            resource_scopes=changes.resource_scopes,
        ).checked()

    def checked(self) -> Self:
        """Return the application itself; raises if a registered value can't be used."""
        if not 1 <= len(self.name.strip()) <= 256 or not self.name.isprintable():
            raise InvalidApplication(field="name")
        if len(self.description or "") > 2048 or "\0" in (self.description or ""):
            raise InvalidApplication(field="description")
        if self.is_management and self.type is not ApplicationType.MACHINE_TO_MACHINE:
            raise InvalidApplication(field="isManagement")
        if self.is_third_party and self.type is ApplicationType.MACHINE_TO_MACHINE:
            raise InvalidThirdPartyType
        for uri in (*self.redirect_uris, *self.post_logout_redirect_uris):
            check_redirect_uri(uri, self.type)
        for origin in self.metadata.cors_allowed_origins:
            if origin_of(origin) != origin:
                raise InvalidOrigin(origin=origin[:200])
        return self

    def document(self) -> dict[str, Any]:
        """Return the contract's form, and ours beside it; secrets by name only."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "type": self.type.value,
            "isThirdParty": self.is_third_party,
            "isManagement": self.is_management,
            "oidcClientMetadata": {
                "redirectUris": list(self.redirect_uris),
                "postLogoutRedirectUris": list(self.post_logout_redirect_uris),
            },
            "customClientMetadata": self.metadata.model_dump(by_alias=True, mode="json"),
            "customData": dict(self.custom_data),
            "resourceScopes": list(self.resource_scopes),
            "secrets": [details_of(secret) for secret in self.secrets],
        }


@dataclass(frozen=True, kw_only=True)
class ApplicationFilter:
    """Which applications a list is to have; what is not named does not matter."""

    types: frozenset[str] = frozenset()
    """Of the contract's types, those too that no application here can have."""
    is_third_party: bool | None = None
    search: str | None = None
    """A pattern for id, name or description, with `%` and `_` as in SQL; its case is ignored."""


EVERY = ApplicationFilter()


@dataclass(frozen=True)
class CreatedApplication:
    """A new application and its secret, which is shown this once; public ones have none."""

    application: Application
    secret: str | None = field(repr=False)


@dataclass(frozen=True)
class CreatedSecret:
    """A secret that was added to an application, and its value, which is shown this once."""

    application: Application
    secret: ApplicationSecret
    value: str = field(repr=False)


def details_of(secret: ApplicationSecret) -> dict[str, Any]:
    """Return what is written down of a secret beside its value; moments in milliseconds."""
    return {
        "id": secret.id,
        "name": secret.name,
        "createdAt": milliseconds(secret.created_at),
        "expiresAt": None if secret.expires_at is None else milliseconds(secret.expires_at),
    }


def secret_of(details: Mapping[str, Any], sealed: str) -> ApplicationSecret:
    """Return the secret that `details_of` described."""
    expires_at = details["expiresAt"]
    return ApplicationSecret(
        id=details["id"],
        name=details["name"],
        created_at=moment_of(details["createdAt"]),
        expires_at=None if expires_at is None else moment_of(expires_at),
        sealed=sealed,
    )


def demo_application(origin: str, created_at: datetime) -> Application:
    """Return the built-in application behind `/demo-app` of the tenant at *origin*."""
    return Application(
        id=DEMO_APP_ID,
        name="Demo application",
        type=ApplicationType.SPA,
        created_at=created_at,
        redirect_uris=(f"{origin}/demo-app",),
        post_logout_redirect_uris=(f"{origin}/demo-app",),
    )


def invitations_application(origin: str, created_at: datetime) -> Application:
    """Return the built-in application that people sign in to before they join an organization."""
    return Application(
        id=INVITATIONS_APP_ID,
        name="Invitations",
        type=ApplicationType.SPA,
        created_at=created_at,
        redirect_uris=(f"{origin}/i/back",),
    )


def account_application(origin: str, created_at: datetime) -> Application:
    """Return the built-in application behind `/account` of the tenant at *origin*."""
    return Application(
        id=ACCOUNT_APP_ID,
        name="Account center",
        type=ApplicationType.SPA,
        created_at=created_at,
        redirect_uris=(f"{origin}/account/signed-in",),
        post_logout_redirect_uris=(f"{origin}/account",),
    )


BUILT_IN: Mapping[str, Callable[[str, datetime], Application]] = {
    DEMO_APP_ID: demo_application,
    INVITATIONS_APP_ID: invitations_application,
    ACCOUNT_APP_ID: account_application,
}


def origin_of(uri: str) -> str | None:
    """Return the web origin of a URI, or None where it has none."""
    parts = _split(uri)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.netloc}"


def check_redirect_uri(uri: Any, kind: ApplicationType) -> None:
    """Raise InvalidRedirectUri unless *uri* may be registered for this type of application."""
    parts = _split(uri) if isinstance(uri, str) and URI_CHARACTERS.fullmatch(uri) else None
    if parts is None or "#" in uri or "@" in parts.netloc:
        raise InvalidRedirectUri(uri=str(uri)[:200])
    if parts.scheme in {"http", "https"}:
        is_good = bool(parts.hostname) and "*" not in parts.netloc
    else:
        # RFC 8252, 7.1: an app claims a scheme of its own.
        is_good = (
            kind is ApplicationType.NATIVE
            and PRIVATE_SCHEME.fullmatch(parts.scheme) is not None
            and parts.scheme not in DANGEROUS_SCHEMES
        )
    if not is_good:
        raise InvalidRedirectUri(uri=uri[:200])


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _without_loopback_port(uri: str) -> SplitResult | None:
    parts = _split(uri)
    if parts is None or parts.scheme != "http" or parts.hostname not in LOOPBACK_ADDRESSES:
        return None
    if "@" in parts.netloc or "#" in uri:
        return None
    return parts._replace(netloc=parts.hostname)


class _Uris(_Wire):
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]


class _Changeable(_Wire):
    name: str
    description: str | None
    is_third_party: bool
    is_management: bool
    oidc_client_metadata: _Uris
    custom_client_metadata: ClientMetadata
    custom_data: dict[str, Any]
    resource_scopes: tuple[str, ...]


def _validated(kind: type[Model], values: Mapping[str, Any]) -> Model:
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InvalidApplication(
            field=".".join(str(part) for part in error.errors()[0]["loc"])
        ) from None
