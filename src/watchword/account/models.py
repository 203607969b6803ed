"""The account centre's settings of a tenant: which fields people may see and change themselves."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from watchword.sign_in_settings.models import Flag, OptionalWebAddress, Section, SignUpProfileField

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

    def document(self) -> dict[str, Any]:
        """Return the document as it is stored and as the wire spells it."""
        return self.model_dump(by_alias=True, mode="json")

    def row(self, tenant_id: str) -> dict[str, Any]:
        """Return the contract's whole row."""
        return {"tenantId": tenant_id, "id": "default", **self.document()}
