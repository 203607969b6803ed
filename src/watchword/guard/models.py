"""What the guard goes by: limits, allowed countries, and the pools that share a lockout."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from watchword.core.phone import InvalidPhoneNumber, NumberType, PhoneNumber
from watchword.guard.errors import CountryNotAllowed, NumberTypeNotAllowed, TooManyAttempts
from watchword.sign_in_settings.models import CodePolicy, LockoutPolicy


def country_code(value: str) -> str:
    # ISO 3166, or the three digits of a non-geographic code.
    if not (len(value) == 2 and value.isascii() and value.isalpha()) and value != "001":
        raise ValueError("a country is two letters, such as KR")
    return value.upper()


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


class Limit(_Part):
    """At most so many in any window of so many seconds."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    seconds: Annotated[int, Field(ge=1, le=604_800)]

    @property
    def window(self) -> timedelta:
        """Return the length of the window."""
        return timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class ServerRules:
    """What the operator of the server allows; tenants may only narrow it."""

    allowed_countries: frozenset[str] | None = None
    """ISO 3166 codes; None allows every country."""
    refused_prefixes: tuple[str, ...] = ()
    """Digits that no number may begin with, country code first."""
    development_day: int | None = None
    """How many texts, and how many e-mails, a development tenant sends in a day; else None."""

    def allows(self, phone: PhoneNumber) -> bool:
        """Tell whether any tenant may write to a number."""
        if self.allowed_countries is not None and phone.region not in self.allowed_countries:
            return False
        return not phone.digits.startswith(self.refused_prefixes)


NO_RULES = ServerRules()


class Unanswered(_Part):
    """How many messages to a country may be left without their code, in a day."""

    at_least: Annotated[int, Field(ge=1, le=1_000_000)]
    """Let through in any case: codes that were just sent are not answered yet."""
    percent: Annotated[int, Field(ge=0, le=10_000)]
    """And so many for every hundred that were answered."""


Daily = Annotated[int, Field(ge=1, le=100_000_000)]
DAILY_MESSAGES = 100_000
"""Of a tenant that said nothing: more than most send, and what one bad night costs at most."""


class GuardPolicy(_Part):
    """The document `guard`: the defaults are the contract's, `strict()` is what we advise.

    The one limit of ours that holds from the start is the day's of a tenant.
    """

    per_number: Limit = Limit(count=10, seconds=600)
    per_address: Limit | None = None
    per_subnet: Limit | None = None
    """Per /24 of IPv4 and /64 of IPv6."""
    allowed_countries: tuple[Annotated[str, AfterValidator(country_code)], ...] | None = None
    """ISO 3166 codes; None allows every country."""
    refused_number_types: tuple[NumberType, ...] = ()
    per_block: Limit | None = None
    """Per thousand neighbouring numbers, which differ in their last three digits."""
    daily_messages: Daily | None = DAILY_MESSAGES
    """Parts of text messages that the tenant pays for in a day of UTC, of every kind."""
    daily_per_country: Daily | None = None
    countries_per_address: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many countries one address may write to in a day."""
    unanswered: Unanswered | None = None
    failures_per_address: Limit | None = None
    """Wrong codes and passwords, whomever they were for."""
    failures_per_subnet: Limit | None = None
    unused_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """After how many days without a sign-in a number alone opens its account no more."""
    test_sends: Limit = Limit(count=20, seconds=3600)
    """Per operator; each one is a real message that costs money."""
    longest_code_life_seconds: Annotated[int, Field(ge=60, le=3600)] | None = None
    most_code_tries: Annotated[int, Field(ge=1, le=100)] | None = None
    most_failures: Annotated[int, Field(ge=1, le=10_000)] | None = None

    @classmethod
    def strict(
        cls,
        allowed_countries: Iterable[str] | None = None,
        daily_messages: int | None = None,
        daily_per_country: int | None = None,
        unused_days: int | None = None,
    ) -> "GuardPolicy":
        """Return the strict preset; what is named here is the tenant's own choice."""
        return cls(
            per_number=Limit(count=5, seconds=600),
            per_address=Limit(count=20, seconds=3600),
            per_subnet=Limit(count=100, seconds=3600),
            per_block=Limit(count=30, seconds=3600),
            daily_messages=daily_messages or DAILY_MESSAGES,
            daily_per_country=daily_per_country or 20_000,
            countries_per_address=3,
            unused_days=unused_days,
            unanswered=Unanswered(at_least=100, percent=100),
            failures_per_address=Limit(count=30, seconds=3600),
            failures_per_subnet=Limit(count=150, seconds=3600),
            allowed_countries=None if allowed_countries is None else tuple(allowed_countries),
            refused_number_types=(
                NumberType.PREMIUM_RATE,
                NumberType.SHARED_COST,
                NumberType.TOLL_FREE,
                NumberType.VOIP,
                NumberType.OTHER,
                # Numbers the plan does not assign have no type.
                NumberType.UNKNOWN,
            ),
            longest_code_life_seconds=600,  # NIST SP 800-63B-4, 3.1.3.2
            most_code_tries=5,
            most_failures=100,  # NIST SP 800-63B-4, 3.2.2
        )

    @property
    def is_strict(self) -> bool:
        """Tell whether this is the strict preset, whatever the countries and the day's numbers."""
        return self == self.strict_as_chosen()

    def strict_as_chosen(self) -> "GuardPolicy":
        """Return the strict preset with what the tenant chose for itself."""
        return self.strict(
            self.allowed_countries, self.daily_messages, self.daily_per_country, self.unused_days
        )

    def changed(self, patch: Mapping[str, Any]) -> "GuardPolicy":
        """Return the policy with *patch* in place; raises pydantic's ValidationError."""
        given = GuardPolicy.model_validate(patch)
        return self.model_copy(
            update={name: getattr(given, name) for name in given.model_fields_set}
        )

    def document(self) -> dict[str, Any]:
        """Return the document as it is stored."""
        return self.model_dump(by_alias=True, mode="json")

    def check_number(self, phone: PhoneNumber) -> None:
        """Let a number pass the tenant's rules; raises CountryNotAllowed, NumberTypeNotAllowed."""
        if self.allowed_countries is not None and phone.region not in self.allowed_countries:
            raise CountryNotAllowed
        if self.refused_number_types and phone.number_type in self.refused_number_types:
            raise NumberTypeNotAllowed

    def tightened(self, policy: CodePolicy) -> CodePolicy:
        """Return the tenant's code policy within this policy's bounds."""
        seconds, tries = self.longest_code_life_seconds, self.most_code_tries
        return replace(
            policy,
            lifetime=min(policy.lifetime, timedelta(seconds=seconds))
            if seconds
            else policy.lifetime,
            max_tries=min(policy.max_tries, tries) if tries else policy.max_tries,
        )

    def tightened_lockout(self, policy: LockoutPolicy) -> LockoutPolicy:
        """Return the tenant's lockout within this policy's bounds."""
        most = self.most_failures
        return replace(policy, max_attempts=min(policy.max_attempts, most)) if most else policy


class LockoutPool(StrEnum):
    """Ways to prove who one is that count failures together."""

    SHARED = "shared"
    """Passwords and codes: guessing both must not double the guesses."""
    TOTP = "totp"
    BACKUP_CODE = "backup_code"


@dataclass(frozen=True)
class Attempt:
    """One attempt that was let through; counted as a failure until it succeeds."""

    is_last: bool
    """Whether its failing locks the identifier, which the failure itself must answer."""
    locked_for: timedelta

    def raise_if_last(self) -> None:
        """Answer a failed attempt that locked the identifier; raises TooManyAttempts."""
        if self.is_last:
            raise locked(self.locked_for)


def locked(remaining: timedelta) -> TooManyAttempts:
    """Return the error that says how many minutes to wait, rounded up."""
    return TooManyAttempts(count=max(1, -(-int(remaining.total_seconds()) // 60)))


def stamp(moment: datetime) -> str:
    """Return a moment as 16 digits of microseconds, which sort as text; see `guard_windows`."""
    return f"{round(moment.timestamp() * 1_000_000):016}"


def network_of(address: str, prefix_v4: int, prefix_v6: int) -> str:
    """Return the network that an address is in; what is not an address stands for itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    parsed = mapped or parsed
    prefix = prefix_v4 if parsed.version == 4 else prefix_v6
    return str(ipaddress.ip_network(f"{parsed}/{prefix}", strict=False))


MANY_DIGITS = re.compile(r"\d(?:[ ().-]*\d){4,}")
"""In a name: more than a year, however it is spaced."""
PHONE_LIKE = re.compile(r"[+(]?[\d ().-]{6,40}")


def spellings(identifier: str) -> set[str]:
    """Return every form that attempts of *identifier* may be counted under.

    A number may be typed with spaces and signs; attempts count it as its digits.
    """
    found = {normalized(identifier)}
    if PHONE_LIKE.fullmatch(identifier.strip()):
        found.add(normalized(re.sub(r"\D", "", identifier)))
    return found


def masked_identifier(identifier: str) -> str:
    """Return an identifier as the audit log may hold it: of a number, its end at most."""
    text = min(spellings(identifier), key=len)
    try:
        return PhoneNumber.from_digits(text).masked
    except InvalidPhoneNumber:
        pass
    name, at, domain = text.rpartition("@")
    if at:
        return f"{name[:1]}•••@{domain}"
    if any(character.isalpha() for character in text):
        return MANY_DIGITS.sub("•••", text)
    # No number as we know them, but perhaps a part of one that somebody has, or a code.
    digits = re.sub(r"\D", "", text)
    return f"•••{digits[-2:] if len(digits) > 4 else ''}" if digits else text


def normalized(identifier: str) -> str:
    """Return one spelling for all spellings of a phone, an e-mail address or a user name."""
    try:
        return PhoneNumber.from_digits(identifier.strip().removeprefix("+")).digits
    except InvalidPhoneNumber:
        return identifier.strip().lower()
