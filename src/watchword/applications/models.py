"""Applications and the rules of their registration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Self, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from watchword.applications.errors import InvalidApplication, InvalidOrigin, InvalidRedirectUri

DEMO_APP_ID = "demo-app"

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

    def build(self, id: str, secret: str | None, created_at: datetime) -> "Application":
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
            secret=secret,
            is_third_party=self.is_third_party,
            is_management=self.is_management,
            redirect_uris=tuple(self.redirect_uris),
            post_logout_redirect_uris=tuple(self.post_logout_redirect_uris),
            metadata=_validated(ClientMetadata, self.custom_client_metadata),
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
    secret: str | None = field(default=None, repr=False)
    """Sealed; only `ApplicationService` opens it."""
    is_third_party: bool = False
    is_management: bool = False
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    metadata: ClientMetadata = field(default_factory=ClientMetadata)
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
            redirect_uris=changes.oidc_client_metadata.redirect_uris,
            post_logout_redirect_uris=changes.oidc_client_metadata.post_logout_redirect_uris,
            metadata=changes.custom_client_metadata,
        ).checked()

    def checked(self) -> Self:
        """Return the application itself; raises if a registered value can't be used."""
        if not 1 <= len(self.name.strip()) <= 256 or not self.name.isprintable():
            raise InvalidApplication(field="name")
        if len(self.description or "") > 2048 or "\0" in (self.description or ""):
            raise InvalidApplication(field="description")
        if self.is_management and self.type is not ApplicationType.MACHINE_TO_MACHINE:
            raise InvalidApplication(field="isManagement")
        for uri in (*self.redirect_uris, *self.post_logout_redirect_uris):
            check_redirect_uri(uri, self.type)
        for origin in self.metadata.cors_allowed_origins:
            if origin_of(origin) != origin:
                raise InvalidOrigin(origin=origin[:200])
        return self

    def document(self) -> dict[str, Any]:
        """Return the contract's form, without the secret."""
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
        }


@dataclass(frozen=True)
class CreatedApplication:
    """A new application and its secret, which is shown this once; public ones have none."""

    application: Application
    secret: str | None = field(repr=False)


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
    oidc_client_metadata: _Uris
    custom_client_metadata: ClientMetadata


def _validated(kind: type[Model], values: Mapping[str, Any]) -> Model:
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise InvalidApplication(
            field=".".join(str(part) for part in error.errors()[0]["loc"])
        ) from None
