"""API resources, their scopes, and the rules of both."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from watchword.core.ids import new_id
from watchword.core.moments import milliseconds, moment_of
from watchword.resources.errors import (
    InvalidScopeName,
    ScopeNameTaken,
    ScopeNameWithSpace,
    ScopeNotFound,
    TooManyScopes,
)

MANAGEMENT_API_ID = "management-api"
MANAGEMENT_SCOPE = "all"

DEFAULT_TTL = timedelta(hours=1)
SHORTEST_TTL = timedelta(minutes=1)
# A token's key stays published for as long; see `PUBLISHED_AFTER` of the signing keys.
LONGEST_TTL = timedelta(days=7)
MOST_SCOPES = 500

INDICATOR_CHARACTERS = re.compile(r"[\x21-\x7e]{1,2048}")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.")
SCOPE_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")  # RFC 6749, 3.3
RESERVED = "urn:logto:"  # of organizations, whose tokens an API must not be taken for
RESERVED_SCOPES = frozenset({"openid", "offline_access"})


@dataclass(frozen=True, kw_only=True)
class ResourceScope:
    """One thing that a token may allow at an API."""

    id: str
    name: str
    created_at: datetime
    description: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the form it is stored in."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "createdAt": milliseconds(self.created_at),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read the stored form back."""
        return cls(
            id=document["id"],
            name=document["name"],
            description=document["description"],
            created_at=moment_of(document["createdAt"]),
        )


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One API that access tokens are made for."""

    id: str
    name: str
    indicator: str
    """The `resource` of a request and the `aud` of a token (RFC 8707)."""
    created_at: datetime
    is_default: bool = False
    access_token_ttl: timedelta = DEFAULT_TTL
    scopes: tuple[ResourceScope, ...] = ()
    version: int = 1

    @property
    def is_built_in(self) -> bool:
        """Tell whether it is the Management API, which nobody changes."""
        return self.id == MANAGEMENT_API_ID

    def scope(self, id: str) -> ResourceScope:
        """Return one of its scopes; raises ScopeNotFound."""
        for scope in self.scopes:
            if scope.id == id:
                return scope
        raise ScopeNotFound(id[:64])

    def with_scope(self, scope: ResourceScope) -> Self:
        """Return it with one more scope; raises what speaks against that."""
        if len(self.scopes) >= MOST_SCOPES:
            raise TooManyScopes(count=MOST_SCOPES)
        return replace(self, scopes=(*self.scopes, self._with_free_name(scope)))

    def with_changed_scope(self, scope: ResourceScope) -> Self:
        """Return it with *scope* in the place of the one with its id."""
        self._with_free_name(scope)
        return replace(
            self, scopes=tuple(scope if other.id == scope.id else other for other in self.scopes)
        )

    def without_scope(self, id: str) -> Self:
        """Return it without one of its scopes; raises ScopeNotFound."""
        gone = self.scope(id)
        return replace(self, scopes=tuple(scope for scope in self.scopes if scope is not gone))

    def with_scopes(self, named: Mapping[str, str | None], now: datetime) -> Self:
        """Return it with exactly these scopes, by name; those it has already keep their ids.

        Raises what speaks against a name.
        """
        had = {scope.name: scope for scope in self.scopes}
        bare = replace(self, scopes=())
        for name, description in named.items():
            known = had.get(name) or ResourceScope(id=new_id(), name=name, created_at=now)
            bare = bare.with_scope(replace(known, description=description))
        # In the order they have, so that the same scopes are no change.
        order = {name: place for place, name in enumerate(had)}
        scopes = sorted(bare.scopes, key=lambda scope: order.get(scope.name, len(order)))
        return replace(bare, scopes=tuple(scopes))

    def names_of(self, ids: Collection[str]) -> frozenset[str]:
        """Return the names of those of its scopes that are among *ids*."""
        return frozenset(scope.name for scope in self.scopes if scope.id in ids)

    def document(self) -> dict[str, Any]:
        """Return what its history keeps; a resource and its scopes are one document."""
        return {
            "id": self.id,
            "name": self.name,
            "indicator": self.indicator,
            "isDefault": self.is_default,
            "accessTokenTtl": int(self.access_token_ttl.total_seconds()),
            "scopes": [scope.document() for scope in self.scopes],
        }

    def _with_free_name(self, scope: ResourceScope) -> ResourceScope:
        check_scope_name(scope.name)
        if any(other.name == scope.name and other.id != scope.id for other in self.scopes):
            raise ScopeNameTaken(scope.name)
        return scope


def management_api(indicator: str, created_at: datetime) -> Resource:
    """Return the built-in resource that stands for the Management API of a tenant."""
    return Resource(
        id=MANAGEMENT_API_ID,
        name="Management API",
        indicator=indicator,
        created_at=created_at,
        scopes=(
            ResourceScope(
                id=f"{MANAGEMENT_API_ID}-{MANAGEMENT_SCOPE}",
                name=MANAGEMENT_SCOPE,
                description="Everything that the Management API can do.",
                created_at=created_at,
            ),
        ),
    )


def is_indicator(text: str) -> bool:
    """Tell whether a resource may be named so: an absolute URI without a fragment (RFC 8707, 2)."""
    if not INDICATOR_CHARACTERS.fullmatch(text) or "#" in text or not SCHEME.match(text):
        return False
    if text.lower().startswith(RESERVED):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.netloc) or parts.scheme not in {"http", "https"}


def check_scope_name(name: str) -> None:
    """Raise ScopeNameWithSpace or InvalidScopeName unless a scope may have this name."""
    if any(character.isspace() for character in name):
        raise ScopeNameWithSpace
    if not SCOPE_NAME.fullmatch(name) or name in RESERVED_SCOPES:
        raise InvalidScopeName


def among(asked: Iterable[str], allowed: Collection[str]) -> tuple[str, ...]:
    """Return those of *asked* that are allowed, in their order."""
    return tuple(name for name in asked if name in allowed)
