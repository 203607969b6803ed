"""Claims: what tokens and userinfo say of a person, by scope."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from watchword.core.moments import milliseconds
from watchword.users.models import User

# The contract's profile document, by the standard's claim names (OpenID Connect Core, 5.1).
PROFILE_FIELDS = {
    "family_name": "familyName",
    "given_name": "givenName",
    "middle_name": "middleName",
    "nickname": "nickname",
    "preferred_username": "preferredUsername",
    "profile": "profile",
    "website": "website",
    "gender": "gender",
    "birthdate": "birthdate",
    "zoneinfo": "zoneinfo",
    "locale": "locale",
}

# The contract's names of two scopes, whose claims `organizations.py` makes.
ORGANIZATIONS = "urn:logto:scope:organizations"
ORGANIZATION_ROLES = "urn:logto:scope:organization_roles"

ADDRESS_FIELDS = {"streetAddress": "street_address", "postalCode": "postal_code"}


def _profile(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "picture": user.avatar,
        "username": user.username,
        # The contract counts milliseconds here, unlike the standard's own moments.
        "created_at": milliseconds(user.created_at),
        "updated_at": milliseconds(user.updated_at),
        **{claim: user.profile.get(field) for claim, field in PROFILE_FIELDS.items()},
    }


def _email(user: User) -> dict[str, Any]:
    if user.primary_email is None:
        return {}
    return {
        "email": user.primary_email,
        "email_verified": user.email_verified_at is not None,
    }


def _phone(user: User) -> dict[str, Any]:
    if user.primary_phone is None:
        return {}
    # E.164, and verified only after its holder proved it: an administrator may have typed it.
    return {
        "phone_number": f"+{user.primary_phone}",
        "phone_number_verified": user.phone_verified_at is not None,
    }


def _address(user: User) -> dict[str, Any]:
    address = user.profile.get("address")
    if not isinstance(address, dict):
        return {}
    return {"address": {ADDRESS_FIELDS.get(name, name): value for name, value in address.items()}}


OF_SCOPE: dict[str, Callable[[User], dict[str, Any]]] = {
    "profile": _profile,
    "email": _email,
    "phone": _phone,
    "address": _address,
}

# These may be large or private, and are asked for at userinfo only, as in the contract.
OF_SCOPE_AT_USERINFO: dict[str, Callable[[User], dict[str, Any]]] = {
    **OF_SCOPE,
    "custom_data": lambda user: {"custom_data": dict(user.custom_data)},
    "identities": lambda user: {"identities": dict(user.identities)},
}

CLAIMS = (
    "sub",
    "name",
    "picture",
    "username",
    "created_at",
    "updated_at",
    *PROFILE_FIELDS,
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "address",
    "custom_data",
    "identities",
    "organizations",
    "organization_data",
    "organization_roles",
    "auth_time",
    "amr",
    "acr",
    "sid",
    "at_hash",
    "nonce",
)


# What covers a claim that is asked for by its own name; the rest is part of every token, or of
# the protocol.
SCOPE_OF_CLAIM = {
    **dict.fromkeys(
        ("name", "picture", "username", "created_at", "updated_at", *PROFILE_FIELDS), "profile"
    ),
    **dict.fromkeys(("email", "email_verified"), "email"),
    **dict.fromkeys(("phone_number", "phone_number_verified"), "phone"),
    **{name: name for name in ("address", "custom_data", "identities")},
    **dict.fromkeys(("organizations", "organization_data"), ORGANIZATIONS),
    "organization_roles": ORGANIZATION_ROLES,
}


def scopes_of(claims: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that *claims* belong to."""
    return tuple(
        dict.fromkeys(SCOPE_OF_CLAIM[claim] for claim in claims if claim in SCOPE_OF_CLAIM)
    )


def id_token_claims(
    user: User, scope: Iterable[str], names: Collection[str] = ()
) -> dict[str, Any]:
    """Return the claims an ID token makes of *user*: those of the scope, and those of *names*."""
    return _claims(user, scope, OF_SCOPE, names)


def userinfo_claims(
    user: User, scope: Iterable[str], names: Collection[str] = ()
) -> dict[str, Any]:
    """Return the claims the userinfo endpoint makes of *user*, by scope and by *names*."""
    return _claims(user, scope, OF_SCOPE_AT_USERINFO, names)


def _claims(
    user: User,
    scope: Iterable[str],
    of_scope: dict[str, Callable[[User], dict[str, Any]]],
    names: Collection[str],
) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": user.id}
    for name in scope:
        if name in of_scope:
            claims.update(of_scope[name](user))
    for name in scopes_of(names):
        if name not in OF_SCOPE_AT_USERINFO:
            continue
        known = OF_SCOPE_AT_USERINFO[name](user)
        claims.update({claim: known[claim] for claim in names if claim in known})
    # OpenID Connect Core, 5.3.2: what is not known is left out, never null.
    return {name: value for name, value in claims.items() if value is not None}
