"""What an authorization asks for, what answers it, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from urllib.parse import urlencode

from watchword.oidc.authentication_context import wants_two
from watchword.oidc.claims import ORGANIZATION_ROLES, ORGANIZATIONS, scopes_of

ResponseMode = Literal["query", "fragment", "form_post"]
FirstScreen = Literal[
    "sign-in", "register", "reset-password", "identifier-sign-in", "identifier-register"
]

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
SESSIONS = "urn:logto:scope:sessions"
"""Lets an application of the person show and end their sessions; the contract's name."""
SCOPES = (
    OPENID,
    OFFLINE_ACCESS,
    "profile",
    "email",
    "phone",
    "address",
    "custom_data",
    "identities",
    ORGANIZATIONS,
    ORGANIZATION_ROLES,
    SESSIONS,
)

ACCESS_TOKEN_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """A checked authorization request; goes through JSON unchanged (`to_dict`, `from_dict`)."""

    client_id: str
    redirect_uri: str
    requested_at: float
    """Seconds since 1970: a consent given later than this was given for this request."""
    has_redirect_uri: bool = True
    """Whether the client named the URI; then it must name it again at the token endpoint."""
    scope: tuple[str, ...] = ()
    state: str | None = None
    nonce: str | None = None
    response_mode: ResponseMode = "query"
    code_challenge: str | None = None
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    """Authentication context classes, the dearest first."""
    is_acr_essential: bool = False
    """Whether an answer of another class is none."""
    resources: tuple[str, ...] = ()
    resource_scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What may be given of each resource's scopes; a resource without any is not in it."""
    hinted_subject: str | None = None
    """Who has to be signed in for a code to be given; nobody else gets one."""
    userinfo_claims: tuple[str, ...] = ()
    id_token_claims: tuple[str, ...] = ()
    login_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    first_screen: FirstScreen = "sign-in"
    direct_target: str | None = None
    """The social provider that the person goes to without seeing the first page."""
    identifiers: tuple[str, ...] = ()
    """What the pages ask for, where the application chose; empty leaves it to the settings."""
    organization_id: str | None = None
    """The organization whose look the pages have; nobody is made a member by it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the form that is stored with the interaction."""
        # Not `asdict`: it walks every value to copy it, at each of a sign-in's steps.
        return {**vars(self)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read the stored form back."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
        }
        return cls(**values)

    @property
    def wants_two_factors(self) -> bool:
        """Tell whether the application wants a second proof from whoever can give one."""
        return wants_two(self.acr_values, is_essential=self.is_acr_essential)

    def accepts(self, acr: str | None) -> bool:
        """Tell whether a sign-in of this class answers the request."""
        return not self.is_acr_essential or acr in self.acr_values

    @property
    def scope_to_consent(self) -> tuple[str, ...]:
        """Return the scope with what single claims of it are asked for besides.

        A scope of a resource stands as `<indicator>#<name>`: no indicator has a `#`.
        """
        claims = (*self.userinfo_claims, *self.id_token_claims)
        of_resources = (
            f"{indicator}#{name}"
            for indicator, names in self.resource_scopes.items()
            for name in names
        )
        return tuple(dict.fromkeys((*self.scope, *scopes_of(claims), *of_resources)))

    @property
    def first_page(self) -> str:
        """Return the path and query of the page the person starts at."""
        query = {"app_id": self.client_id}
        if self.organization_id:
            query["organization_id"] = self.organization_id
        if self.login_hint:
            query["login_hint"] = self.login_hint
        if self.ui_locales:
            query["ui_locales"] = " ".join(self.ui_locales)
        if self.direct_target:
            query["fallback"] = self.first_screen
            return f"/direct/social/{self.direct_target}?{urlencode(query)}"
        return f"/{self.first_screen}?{urlencode(query)}"

    @property
    def consent_page(self) -> str:
        """Return the path and query of the page that asks for consent."""
        return f"/consent?{urlencode({'app_id': self.client_id})}"


@dataclass(frozen=True)
class AuthorizationResponse:
    """What goes back to the client through the browser: a code or an error."""

    redirect_uri: str
    mode: ResponseMode
    parameters: Mapping[str, str] = field(repr=False)

    @property
    def redirect_to(self) -> str:
        """Return where to send the browser; with `form_post` the parameters go in a body."""
        if self.mode == "form_post":
            return self.redirect_uri
        query = urlencode(self.parameters)
        if self.mode == "fragment":
            return f"{self.redirect_uri}#{query}"
        separator = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{separator}{query}"


@dataclass(frozen=True)
class Session:
    """A browser's signed-in state."""

    id_digest: str = field(repr=False)
    user_id: str
    amr: tuple[str, ...]
    acr: str | None
    authenticated_at: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class NewSession:
    """A session just made, with the token for its cookie."""

    session: Session
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What one authorization gave, as its stored tokens carry it."""

    id: str
    client_id: str
    user_id: str
    session_digest: str | None = field(repr=False)
    scope: tuple[str, ...]
    details: Mapping[str, Any] = field(repr=False)
    """nonce, redirect_uri, code_challenge, auth_time, amr, acr, resources, resource_scopes, …"""
    created_at: datetime
    expires_at: datetime

    @property
    def is_offline(self) -> bool:
        """Tell whether it outlives the session it came from."""
        return OFFLINE_ACCESS in self.scope


@dataclass(frozen=True, kw_only=True)
class UserGrant:
    """What one authorization of a person gave, as they may see it."""

    id: str
    application_id: str
    session_digest: str | None = field(repr=False)
    scope: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
