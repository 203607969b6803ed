"""The `claims` parameter: single claims, asked for by name (OpenID Connect Core, 5.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from watchword.oidc.authentication_context import ACR_VALUES
from watchword.oidc.claims import CLAIMS
from watchword.oidc.errors import InvalidRequest, UnmetAuthenticationRequirements
from watchword.oidc.parameters import Parameters


@dataclass(frozen=True)
class ClaimsRequest:
    """Which claims a client wants beside those of the scope, and where."""

    userinfo: tuple[str, ...] = ()
    id_token: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    """Authentication context classes that it names, the dearest first."""
    is_acr_essential: bool = False
    subject: str | None = None
    """Who has to be signed in, where the client names one person."""


def claims_request(parameters: Parameters) -> ClaimsRequest:
    """Return what the parameter asks for; claims that we do not know are left out.

    Raises InvalidRequest where it is malformed, and UnmetAuthenticationRequirements where it
    insists on an authentication that nobody can do here.
    """
    text = parameters.find("claims")
    if text is None:
        return ClaimsRequest()
    asked = _document(text)
    userinfo, id_token = (_member(asked, name) for name in ("userinfo", "id_token"))
    acr_values, is_essential = _context(id_token.get("acr"))
    return ClaimsRequest(
        userinfo=_known(userinfo),
        id_token=_known(id_token),
        acr_values=acr_values,
        is_acr_essential=is_essential,
        subject=_subject(id_token.get("sub") or userinfo.get("sub")),
    )


def _document(text: str) -> Mapping[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidRequest("claims is not JSON") from None
    if not isinstance(document, dict):
        raise InvalidRequest("claims is no JSON object")
    return document


def _member(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = {} if asked.get(name) is None else asked[name]
    if not isinstance(member, dict):
        raise InvalidRequest(f"claims.{name} is no JSON object")
    if any(not isinstance(wish, dict | None) for wish in member.values()):
        raise InvalidRequest(f"claims.{name} asks for a claim with neither an object nor null")
    return member


def _known(member: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in CLAIMS if name in member)


def _subject(wish: Mapping[str, Any] | None) -> str | None:
    value = (wish or {}).get("value")
    if value is not None and not isinstance(value, str):
        raise InvalidRequest("claims asks for a sub that is no text")
    return value


def _context(wish: Mapping[str, Any] | None) -> tuple[tuple[str, ...], bool]:
    """Return the classes that a client asks for, and whether it insists on one of them."""
    wish = wish or {}
    values = wish.get("values", [wish["value"]] if "value" in wish else None)
    if values is None:
        return (), False
    # OpenID Connect Core, 5.5.1.1: only an essential acr that can't be had is an error.
    is_essential = wish.get("essential") is True
    if not isinstance(values, list):
        if is_essential:
            raise InvalidRequest("claims asks for an acr whose values are no list")
        return (), False
    known = tuple(value for value in values if value in ACR_VALUES)
    if is_essential and not known:
        raise UnmetAuthenticationRequirements("no requested acr can be reached")
    return known, is_essential
