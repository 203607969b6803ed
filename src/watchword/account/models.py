"""What people may see and change of their own account, and who asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from watchword.account.errors import FieldNotEditable, ThirdPartyForbidden
from watchword.applications.models import Application
from watchword.audit.models import Actor
from watchword.core.errors import DomainError
from watchword.sign_in_settings.sections import (
    Flag,
    OptionalWebAddress,
    Section,
    SignUpProfileField,
)
from watchword.users.models import User

Control = Literal["Off", "ReadOnly", "Edit"]
"""Neither shown nor changed, shown, or both."""

FieldName = Literal[
    "name",
    "avatar",
    "profile",
    "email",
    "phone",
    "password",
    "username",
    "social",
    "customData",
    "mfa",
    "passkey",
    "session",
    "trustedDevice",
]
FIELDS: tuple[FieldName, ...] = get_args(FieldName)

LONGEST_CSS = 64 * 1024
MOST_ORIGINS = 100


def _known(value: Any) -> Any:
    # As everywhere in the contract, a key that nobody knows is passed over.
    return (
        {name: value[name] for name in FIELDS if name in value}
        if isinstance(value, Mapping)
        else value
    )


FieldControls = Annotated[dict[FieldName, Control], BeforeValidator(_known)]
"""What people may do with each field; one that is not named is off."""


def _origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("this is not an origin") from None
    is_local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1"}
    if not parts.hostname or not (parts.scheme == "https" or is_local):
        raise ValueError("an origin begins with https://")
    shown = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
    if value.rstrip("/").lower() != shown:
        raise ValueError("an origin has no path and no user name")
    return shown


Origin = Annotated[str, Field(max_length=2048), AfterValidator(_origin)]


class AccountCenterSettings(Section):
    """The document `account_center`; the defaults are a new tenant's: everything is off."""

    enabled: Flag = False
    fields: FieldControls = Field(default_factory=dict)
    webauthn_related_origins: Annotated[
        tuple[Origin, ...],
        Field(max_length=MOST_ORIGINS),
        AfterValidator(lambda origins: tuple(dict.fromkeys(origins))),
    ] = ()
    delete_account_url: OptionalWebAddress = None
    custom_css: Annotated[str, Field(max_length=LONGEST_CSS)] | None = None
    profile_fields: Annotated[tuple[SignUpProfileField, ...], Field(max_length=100)] | None = None

    def changed(self, patch: Mapping[str, Any]) -> "AccountCenterSettings":
        """Return the settings with *patch* in place; fields it does not name stay as they are.

        Raises pydantic's ValidationError.
        """
        given = AccountCenterSettings.model_validate(patch)
        changes = {name: getattr(given, name) for name in given.model_fields_set}
        if "fields" in changes:
            changes["fields"] = {**self.fields, **given.fields}
        return self.model_copy(update=changes)

    def shows(self, field: FieldName) -> bool:
        """Tell whether people see this of their account."""
        return self.fields.get(field, "Off") != "Off"

    def lets_edit(self, field: FieldName) -> bool:
        """Tell whether people change this of their account."""
        return self.fields.get(field, "Off") == "Edit"

    def require_shown(self, field: FieldName) -> None:
        """Let a question pass; raises FieldNotEditable, which the contract says here, too."""
        if not self.shows(field):
            raise FieldNotEditable

    def require_editable(self, field: FieldName) -> None:
        """Let a change pass; raises FieldNotEditable."""
        if not self.lets_edit(field):
            raise FieldNotEditable

    def document(self) -> dict[str, Any]:
        """Return the document as it is stored and as the wire spells it."""
        return self.model_dump(by_alias=True, mode="json")

    def row(self, tenant_id: str) -> dict[str, Any]:
        """Return the contract's whole row."""
        return {"tenantId": tenant_id, "id": "default", **self.document()}


@dataclass(frozen=True, kw_only=True, repr=False)
class Asker:
    """A signed-in person who asks for something of their own account, and by what right."""

    user: User
    application: Application | None
    """Whose token it is; None on our own pages, where the person asks directly."""
    scope: frozenset[str]
    session_digest: str | None
    """The session they ask in: it goes on where others end."""
    grant_id: str | None = None
    """The grant their token is of, likewise."""
    proof_id: str | None = None
    """The record that is to show that it is they who ask."""

    @property
    def actor(self) -> Actor:
        """Return who acts, for the audit log."""
        return Actor("user", self.user.id)

    def with_user(self, user: User) -> "Asker":
        """Return the same person as they are now."""
        return replace(self, user=user)

    def require_scope(self, name: str, refusal: type[DomainError]) -> None:
        """Let an application pass that has this scope; raises *refusal*."""
        if self.application is not None and name not in self.scope:
            raise refusal

    def may_see(self, name: str) -> bool:
        """Tell whether this scope was given."""
        return self.application is None or name in self.scope

    def require_first_party(self) -> None:
        """Let everyone pass but third parties' applications; raises ThirdPartyForbidden."""
        if self.application is not None and self.application.is_third_party:
            raise ThirdPartyForbidden


def can_prove_themselves(user: User) -> bool:
    """Tell whether there is a way for this person to prove that it is they who ask."""
    return bool(user.has_password or user.primary_phone or user.primary_email)
