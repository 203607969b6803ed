"""A person who signs in, and what is needed to create or change one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from watchword.core.digests import digest_of_token
from watchword.core.email import EmailAddress
from watchword.core.moments import milliseconds
from watchword.core.pagination import Page
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.core.revisions import revision_of

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

    @property
    def masked(self) -> str:
        """Return it as logs, pages and messages to others may show it; a user name as it is."""
        if self.type == "phone":
            return PhoneNumber(self.value).masked
        return EmailAddress(self.value).masked if self.type == "email" else self.value

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
    def password_mark(self) -> str | None:
        """Return what names the present password, and opens nothing; another one has another."""
        return digest_of_token(self.password_digest) if self.password_digest else None

    @property
    def has_identities(self) -> bool:
        """Tell whether a social account is linked."""
        return bool(self.identities)

    @property
    def phone(self) -> PhoneNumber | None:
        """Return the phone number, ready to send to or to show."""
        return PhoneNumber(self.primary_phone) if self.primary_phone else None

    @property
    def counted_under(self) -> tuple[str, ...]:
        """Return every name that this person's failures and messages are counted under."""
        names = (self.id, self.username, self.primary_email, self.primary_phone)
        return tuple(name for name in names if name)

    def row(self) -> dict[str, Any]:
        """Return the contract's description of this person, as the API and events carry it."""
        return {
            "id": self.id,
            "username": self.username,
            "primaryEmail": self.primary_email,
            "primaryPhone": self.primary_phone,
            "name": self.name,
            "avatar": self.avatar,
            "customData": dict(self.custom_data),
            "identities": dict(self.identities),
            "lastSignInAt": self.last_sign_in_at and milliseconds(self.last_sign_in_at),
            "createdAt": milliseconds(self.created_at),
            "updatedAt": milliseconds(self.updated_at),
            "profile": dict(self.profile),
            "applicationId": self.application_id,
            # Clients that are their own metadata document are not built.
            "cimdClientId": None,
            "isSuspended": self.is_suspended,
            "hasPassword": self.has_password,
        }

    def masked(self) -> dict[str, Any]:
        """Return what the audit log may keep: masked identifiers, and of documents their keys."""
        return {
            "username": self.username,
            "primaryEmail": self.primary_email and EmailAddress(self.primary_email).masked,
            "primaryPhone": self.phone and self.phone.masked,
            "name": self.name,
            "avatar": self.avatar,
            "customData": sorted(self.custom_data),
            "profile": sorted(self.profile),
            "identities": sorted(self.identities),
            "isSuspended": self.is_suspended,
            "hasPassword": self.has_password,
        }

    @property
    def shown(self) -> dict[str, Any]:
        """Return what an administrator sees of this person."""
        moments = (self.email_verified_at, self.phone_verified_at, self.last_sign_in_at)
        return {**self.masked(), "moments": moments, "updatedAt": self.updated_at}

    @property
    def revision(self) -> str:
        """Return what names this state of them; as the number is masked, it does not tell it."""
        return revision_of(self.shown)

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
    identities: Mapping[str, Any] = field(default_factory=dict)
    """By target: `userId`, who the person is at the provider, and `details`."""
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
    identities: Mapping[str, Any] | Keep = KEEP
    mfa: Mapping[str, Any] | Keep = KEEP
    is_suspended: bool | Keep = KEEP


SearchField = Literal["id", "primary_email", "primary_phone", "username", "name"]
SEARCH_FIELDS: tuple[SearchField, ...] = get_args(SearchField)
MOST_VALUES = 100


@dataclass(frozen=True, kw_only=True, repr=False)
class Condition:
    """That one of *fields* is one of *values*, or fits the one pattern that they are."""

    fields: tuple[SearchField, ...] = SEARCH_FIELDS
    values: tuple[str, ...]
    is_pattern: bool = False

    @classmethod
    def fitting(cls, pattern: str, fields: tuple[SearchField, ...] = SEARCH_FIELDS) -> "Condition":
        """Read a pattern of SQL's `LIKE`: `%` stands for any text, `_` for any character."""
        if not re.search(r"[%_\\]", pattern):
            return cls(fields=fields, values=(pattern,))
        # A backslash that quotes nothing is an error to one database and nothing to the other.
        trailing = len(pattern) - len(pattern.rstrip("\\"))
        whole = pattern + "\\" * (trailing % 2)
        return cls(fields=fields, values=(whole,), is_pattern=True)

    @property
    def named(self) -> "Condition | None":
        """Return what of this an index can answer: whole identifiers, by whose field they are."""
        fields = tuple(field for field in self.fields if field in INDEXED)
        values = self.values
        if self.is_pattern:
            inside = self.values[0].strip("%")
            values = (inside,) if WHOLE.fullmatch(inside) else ()
        return Condition(fields=fields, values=values) if fields and values else None


INDEXED: frozenset[SearchField] = frozenset({"id", "primary_email", "primary_phone", "username"})
# A whole number or address, as it stands between the `%` of those who always write them.
WHOLE = re.compile(r"[0-9]{7,15}|[^\s@%\\]+@[^\s@%_\\]+\.[^\s@%_\\]+")


@dataclass(frozen=True, kw_only=True)
class UserSearch:
    """Which users to list: those for whom one condition holds, or all of them do."""

    conditions: tuple[Condition, ...]
    needs_all: bool = False
    is_case_sensitive: bool = False

    def is_indexed(self, condition: Condition) -> bool:
        """Tell whether an index answers *condition* in full."""
        if condition.is_pattern or not INDEXED.issuperset(condition.fields):
            return False
        # Ids and addresses are stored in small letters; user names as their owners write them.
        return self.is_case_sensitive or "username" not in condition.fields

    @classmethod
    def containing(cls, text: str) -> "UserSearch":
        """Return a search for *text*, every character of it for itself, anywhere in a user."""
        literal = re.sub(r"([\\%_])", r"\\\1", _typed_in_full(text) or text)
        return cls(conditions=(Condition.fitting(f"%{literal}%"),))


def digits_of(text: str) -> str:
    """Return the stored form of what is a whole number on the wire; other texts as they are."""
    try:
        return PhoneNumber.from_digits(text).digits
    except InvalidPhoneNumber:
        return text


def _typed_in_full(text: str) -> str | None:
    try:
        return PhoneNumber.parse(text).digits if text.startswith("+") else None
    except InvalidPhoneNumber:
        return None


@dataclass(frozen=True)
class UserPage(Page[User]):
    """One page of users, and how far was looked for them."""

    looked_through: int | None = None
    """How many of the newest users were looked at, where that is not all of them."""
