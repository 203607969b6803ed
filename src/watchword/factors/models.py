"""The factors of a person, what a visit adds to them, and when a tenant asks for one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self

from watchword.core.moments import iso_of
from watchword.sign_in_settings.sections import CODE_FACTORS, Mfa, MfaFactor
from watchword.users.models import IdentifierType, User

SavedType = Literal["Totp", "BackupCode"]

SUPPORTED: tuple[MfaFactor, ...] = (
    "Totp",
    "PhoneVerificationCode",
    "EmailVerificationCode",
    "BackupCode",
)
"""What people can prove themselves with here, the strongest first."""

IDENTIFIERS: dict[MfaFactor, IdentifierType] = {
    factor: identifier for identifier, factor in CODE_FACTORS.items()
}
"""Whose factor an identifier is, without being set up."""

MUST_AT_SIGN_IN = frozenset(
    {"Mandatory", "PromptAtSignInAndSignUpMandatory", "PromptOnlyAtSignInMandatory"}
)
# Those that would ask only when something looks unusual ask always: nothing is judged unusual yet.
MUST_AT_SIGN_UP = frozenset({"Mandatory", "PromptAtSignInAndSignUpMandatory"})
MAY_AT_SIGN_IN = frozenset({"UserControlled", "PromptOnlyAtSignIn", "PromptAtSignInAndSignUp"})
MAY_AT_SIGN_UP = frozenset({"UserControlled", "PromptAtSignInAndSignUp"})


@dataclass(frozen=True, kw_only=True, repr=False)
class SavedFactor:
    """An authenticator app, or a set of recovery codes."""

    id: str
    user_id: str
    type: SavedType
    secret: str | None
    """Sealed."""
    last_step: int | None
    salt: str | None
    codes_left: int
    created_at: datetime
    last_used_at: datetime | None

    def row(self) -> dict[str, Any]:
        """Return the contract's description: nothing that proves anything."""
        shown: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "createdAt": iso_of(self.created_at),
        }
        if self.last_used_at is not None:
            shown["lastUsedAt"] = iso_of(self.last_used_at)
        return {**shown, "remainCodes": self.codes_left} if self.type == "BackupCode" else shown

    def __repr__(self) -> str:
        return f"SavedFactor({self.type}, {self.id})"


@dataclass(frozen=True, repr=False)
class SavedFactors:
    """What one person has set up."""

    all: Sequence[SavedFactor] = ()

    @property
    def totp(self) -> SavedFactor | None:
        """Return the authenticator app."""
        return next((factor for factor in self.all if factor.type == "Totp"), None)

    @property
    def codes(self) -> SavedFactor | None:
        """Return the recovery codes, used up or not."""
        return next((factor for factor in self.all if factor.type == "BackupCode"), None)

    def find(self, factor_id: str) -> SavedFactor | None:
        """Return the factor with this id."""
        return next((factor for factor in self.all if factor.id == factor_id), None)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person said about second factors; part of their row."""

    enabled: bool = False
    """Whether codes to their number or address are a second step for them."""
    skipped: bool = False
    skip_on_sign_in: bool = False
    suggestion_skipped: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Read the column `users.mfa`."""
        return cls(
            enabled=stored.get("enabled") is True,
            skipped=stored.get("skipped") is True,
            skip_on_sign_in=stored.get("skipMfaOnSignIn") is True,
            suggestion_skipped=stored.get("additionalBindingSuggestionSkipped") is True,
        )

    def row(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "enabled": self.enabled,
            "skipped": self.skipped,
            "skipMfaOnSignIn": self.skip_on_sign_in,
            "additionalBindingSuggestionSkipped": self.suggestion_skipped,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class PendingTotp:
    """An authenticator app on its way; `step` is there once a code proved it."""

    id: str
    sealed: str
    step: int | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class PendingCodes:
    """New recovery codes on their way; sealed as long as they are to be shown."""

    id: str
    salt: str
    digests: tuple[str, ...]
    sealed: str | None
    is_bound: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class Pending:
    """What a visit has proved and set up; worth something for *user_id* alone."""

    user_id: str | None = None
    proved: tuple[MfaFactor, ...] = ()
    """With what the person had before this visit."""
    set_up: tuple[MfaFactor, ...] = ()
    """With what is new in this visit: proofs, but none of who the person is."""
    totp: PendingTotp | None = None
    is_totp_bound: bool = False
    codes: PendingCodes | None = None
    enabled: bool = False
    skipped: bool = False
    suggestion_skipped: bool = False

    @property
    def changes_person(self) -> bool:
        """Tell whether submitting writes something."""
        return (
            self.is_totp_bound
            or self.has_new_codes
            or self.enabled
            or self.skipped
            or self.suggestion_skipped
        )

    @property
    def has_new_codes(self) -> bool:
        """Tell whether recovery codes were accepted by the person."""
        return self.codes is not None and self.codes.is_bound

    def with_proof(self, factor: MfaFactor) -> "Pending":
        """Return the same with one more proof."""
        return replace(self, proved=tuple(dict.fromkeys((*self.proved, factor))))

    def with_new(self, factor: MfaFactor) -> "Pending":
        """Return the same with a factor more, for which a refusal of before is forgotten."""
        set_up = tuple(dict.fromkeys((*self.set_up, factor)))
        return replace(self, set_up=set_up, skipped=False)

    def choice(self, saved: Choice) -> Choice:
        """Return what the person will have said."""
        return replace(
            saved,
            enabled=(saved.enabled and not self.skipped) or self.enabled or self.is_totp_bound,
            skipped=(saved.skipped or self.skipped) and not (self.enabled or self.is_totp_bound),
            suggestion_skipped=saved.suggestion_skipped or self.suggestion_skipped,
        )

    def to_row(self) -> dict[str, Any]:
        """Return the stored form; empty for nothing."""
        row = asdict(self)
        return {name: value for name, value in row.items() if value}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        values: dict[str, Any] = {
            **row,
            "proved": tuple(row.get("proved", ())),
            "set_up": tuple(row.get("set_up", ())),
        }
        if totp := row.get("totp"):
            values["totp"] = PendingTotp(**totp)
        if codes := row.get("codes"):
            values["codes"] = PendingCodes(**{**codes, "digests": tuple(codes["digests"])})
        return cls(**values)


def first_factor(amr: tuple[str, ...]) -> MfaFactor | None:
    """Return the factor that the first proof used up: nobody proves one thing twice."""
    if "sms" in amr:
        return "PhoneVerificationCode"
    return "EmailVerificationCode" if amr == ("otp",) else None


@dataclass(frozen=True, kw_only=True, repr=False)
class Standing:
    """One person at one sign-in: what they have, what is asked of them, what they may add."""

    mfa: Mfa
    user: User
    saved: SavedFactors
    pending: Pending
    amr: tuple[str, ...]
    is_sign_up: bool
    is_forced: bool = False
    """Whether somebody else insists: an organization, or the application."""
    sendable: frozenset[IdentifierType] = frozenset()
    """What there is a connector for."""
    given: frozenset[IdentifierType] = frozenset()
    """What this visit proved and the account will have once it is submitted."""

    @property
    def offered(self) -> tuple[MfaFactor, ...]:
        """Return what the tenant offers, the strongest first."""
        return tuple(factor for factor in SUPPORTED if factor in self.mfa.factors)

    @property
    def held(self) -> tuple[MfaFactor, ...]:
        """Return what this person can prove, new ones of this visit among it."""
        return tuple(factor for factor in self.offered if self._has(factor))

    @property
    def main(self) -> tuple[MfaFactor, ...]:
        """Return the held ones that stand alone: all but recovery codes."""
        return tuple(factor for factor in self.held if factor != "BackupCode")

    @property
    def usable(self) -> tuple[MfaFactor, ...]:
        """Return what this person could prove now, and could before this visit."""
        used = first_factor(self.amr)
        return tuple(f for f in self.offered if self._had(f) and f != used)

    @property
    def choice(self) -> Choice:
        """Return what the person said, this visit included."""
        return self.pending.choice(Choice.of(self.user.mfa))

    @property
    def must(self) -> bool:
        """Tell whether there is no way around a factor."""
        return self.is_forced or self.mfa.policy in (
            MUST_AT_SIGN_UP if self.is_sign_up else MUST_AT_SIGN_IN
        )

    @property
    def is_active(self) -> bool:
        """Tell whether the person has a second step, by rule or by wish."""
        return bool(self.main) and (self.must or self.choice.enabled or "Totp" in self.main)

    def to_prove(self, *, is_asked: bool = False) -> tuple[MfaFactor, ...]:
        """Return what must be proved one of, empty where nothing (more) has to be.

        With *is_asked* the application wants it from whoever can.
        """
        # Not only what could be proved now: a last recovery code was used up by its proof.
        if self.is_sign_up or set(self.pending.proved) & set(self.offered):
            return ()
        if not any(self._had(factor) for factor in self.offered if factor != "BackupCode"):
            return ()
        saved = Choice.of(self.user.mfa)
        wants = saved.enabled or (self.saved.totp is not None and "Totp" in self.offered)
        if self.must or is_asked or (wants and not saved.skip_on_sign_in):
            return self.usable
        return ()

    @property
    def bindable(self) -> tuple[MfaFactor, ...]:
        """Return what this person can set up now."""
        return tuple(
            factor for factor in self.offered if factor != "BackupCode" and self._can_bind(factor)
        )

    @property
    def choices(self) -> tuple[MfaFactor, ...]:
        """Return what to choose from: what can be set up, and what only has to be said yes to."""
        return tuple(f for f in self.offered if f in {*self.bindable, *self.main})

    @property
    def is_missing(self) -> bool:
        """Tell whether a factor is asked for that is not there."""
        return self.must and not self.main

    @property
    def is_prompted(self) -> bool:
        """Tell whether the person is to be asked if they want one."""
        policies = MAY_AT_SIGN_UP if self.is_sign_up else MAY_AT_SIGN_IN
        if self.must or self.mfa.policy not in policies or self.choice.skipped:
            return False
        return not self.is_active and bool(self.choices)

    @property
    def is_suggested(self) -> bool:
        """Tell whether to offer an authenticator app beside codes that are sent.

        NIST SP 800-63B-4, 3.2.9: whoever relies on texts is offered something better.
        """
        return (
            self.is_active
            and "Totp" in self.bindable
            and set(self.main) <= set(IDENTIFIERS)
            and not self.choice.suggestion_skipped
        )

    @property
    def lacks_recovery_codes(self) -> bool:
        """Tell whether the person has a second step and no way around a lost device."""
        return self.is_active and "BackupCode" in self.offered and "BackupCode" not in self.held

    def _has(self, factor: MfaFactor) -> bool:
        if factor == "Totp" and self.pending.is_totp_bound:
            return True
        if IDENTIFIERS.get(factor) in self.given:
            return True
        return self._had(factor) or (factor == "BackupCode" and self.pending.has_new_codes)

    def _had(self, factor: MfaFactor) -> bool:
        if factor == "Totp":
            return self.saved.totp is not None
        if factor == "BackupCode":
            return self.saved.codes is not None and self.saved.codes.codes_left > 0
        return address_of(self.user, factor) is not None

    def _can_bind(self, factor: MfaFactor) -> bool:
        if self._has(factor):
            return False
        return factor == "Totp" or IDENTIFIERS.get(factor) in self.sendable


def address_of(user: User, factor: MfaFactor) -> str | None:
    """Return where a code as this factor goes."""
    if factor == "PhoneVerificationCode":
        return user.primary_phone
    return user.primary_email if factor == "EmailVerificationCode" else None


def label_of(user: User) -> str:
    """Return what an authenticator app calls an account: whoever finds the phone reads it."""
    phone = user.phone and user.phone.masked
    return user.username or user.primary_email or phone or user.id


def has_factors(mfa: Mfa) -> bool:
    """Tell whether the tenant asks anybody for anything."""
    return any(factor in SUPPORTED and factor != "BackupCode" for factor in mfa.factors)


def counts_twice(proved: Iterable[MfaFactor]) -> bool:
    """Tell whether one of these is a second proof; e-mail is none (NIST 800-63B-4, 3.1.3.1)."""
    return any(factor != "EmailVerificationCode" for factor in proved)
