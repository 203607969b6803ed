"""A person who signs in, and what is needed to create or change one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from watchword.core.phone import PhoneNumber

IdentifierType = Literal["phone", "email", "username"]

USERNAME = re.compile(r"[A-Z_a-z][0-9A-Z_a-z]{0,127}")
"""The contract's user names: they begin with no digit, so none looks like a phone number."""

EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True, repr=False)
class Identifier:
    """What a person types to say who they are, in its normal form: a phone is digits only."""

    type: IdentifierType
    value: str

    @classmethod
    def of_phone(cls, phone: PhoneNumber) -> "Identifier":
        """Return the identifier of a phone number."""
        return cls("phone", phone.digits)

    @classmethod
    def of(cls, type_: IdentifierType, text: str) -> "Identifier":
        """Bring *text* from the wire to its normal form; raises InvalidPhoneNumber."""
        if type_ == "phone":
            return cls.of_phone(PhoneNumber.from_digits(text))
        return cls(type_, text.strip().lower() if type_ == "email" else text)

    def __repr__(self) -> str:
        return f"Identifier({self.type})"


@dataclass(frozen=True, kw_only=True, repr=False)
class User:
    """One person of a tenant."""

    id: str
    username: str | None
    primary_email: str | None
    primary_phone: str | None
    """Digits only, country code first: the contract's form."""
    email_verified_at: datetime | None
    phone_verified_at: datetime | None
    password_digest: str | None
    name: str | None
    avatar: str | None
    profile: Mapping[str, Any]
    custom_data: Mapping[str, Any]
    identities: Mapping[str, Any]
    mfa: Mapping[str, Any]
    application_id: str | None
    is_suspended: bool
    last_sign_in_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def has_password(self) -> bool:
        """Tell whether this person can sign in with a password."""
        return self.password_digest is not None

    @property
    def has_identities(self) -> bool:
        """Tell whether a social account is linked."""
        return bool(self.identities)

    @property
    def phone(self) -> PhoneNumber | None:
        """Return the phone number, ready to send to or to show."""
        return PhoneNumber(self.primary_phone) if self.primary_phone else None

    def __repr__(self) -> str:
        return f"User({self.id})"


@dataclass(frozen=True, kw_only=True, repr=False)
class NewUser:
    """What a new person starts with; the password comes as its digest."""

    username: str | None = None
    primary_email: str | None = None
    is_email_verified: bool = False
    primary_phone: PhoneNumber | None = None
    is_phone_verified: bool = False
    password_digest: str | None = None
    name: str | None = None
    avatar: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    custom_data: Mapping[str, Any] = field(default_factory=dict)
    application_id: str | None = None
    is_signed_in: bool = False
    """Whether creating this person also signs them in."""


class Keep:
    """The value of what a change leaves alone; None removes."""

    def __repr__(self) -> str:
        return "KEEP"


KEEP = Keep()


@dataclass(frozen=True, kw_only=True, repr=False)
class UserChange:
    """What to change of a person; whatever is KEEP stays."""

    username: str | Keep | None = KEEP
    primary_email: str | Keep | None = KEEP
    is_email_verified: bool = False
    primary_phone: PhoneNumber | Keep | None = KEEP
    is_phone_verified: bool = False
    password_digest: str | Keep | None = KEEP
    name: str | Keep | None = KEEP
    avatar: str | Keep | None = KEEP
    profile: Mapping[str, Any] | Keep = KEEP
    custom_data: Mapping[str, Any] | Keep = KEEP
    is_suspended: bool | Keep = KEEP
