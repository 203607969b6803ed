"""An interaction, and what is kept in it between requests."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from watchword.connector_kit.models import UsageType
from watchword.factors.models import Pending
from watchword.interactions.errors import VerificationIdRequired
from watchword.interactions.work import Work
from watchword.oidc.models import AuthorizationRequest, AuthorizationResponse, NewSession
from watchword.users.models import IdentifierType
from watchword.verification.errors import RecordNotFound
from watchword.verification.models import RecordType, VerificationRecord


class InteractionEvent(StrEnum):
    """Why the person is here."""

    SIGN_IN = "SignIn"
    REGISTER = "Register"
    FORGOT_PASSWORD = "ForgotPassword"  # noqa: S105  # the name of an event

    @property
    def usage(self) -> UsageType:
        """Return the usage type of the codes this event sends."""
        return UsageType(self.value)


# How a person proved who they are, as RFC 8176 names it.
AMR: Mapping[RecordType, tuple[str, ...]] = {
    RecordType.PHONE_CODE: ("sms", "otp"),
    RecordType.EMAIL_CODE: ("otp",),
    RecordType.PASSWORD: ("pwd",),
    RecordType.NEW_PASSWORD_IDENTITY: ("pwd",),
    # Not in the RFC's list, which knows no other server's word; others who say it say "fed".
    RecordType.SOCIAL: ("fed",),
}


@dataclass(frozen=True, repr=False)
class PendingProfile:
    """What the person gave and proved, until it is written to their account."""

    username: str | None = None
    email: str | None = None
    phone: str | None = None
    password_digest: str | None = None
    name: str | None = None
    avatar: str | None = None
    social: Mapping[str, Any] | None = None
    """Social accounts to link, by target, as the account will hold them."""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is waiting."""
        return self == PendingProfile()

    @property
    def contacts(self) -> frozenset[IdentifierType]:
        """Return where codes can go that could not before."""
        given: dict[IdentifierType, str | None] = {"phone": self.phone, "email": self.email}
        return frozenset(name for name, value in given.items() if value is not None)


@dataclass(frozen=True, repr=False)
class InteractionState:
    """What an interaction remembers besides its verification records."""

    started_at: datetime | None = None
    """Records made before this moment belong to an earlier start and count no more."""
    client_ip: str | None = None
    profile: PendingProfile = field(default_factory=PendingProfile)
    amr: tuple[str, ...] = ()
    verified_phone: str | None = None
    """The number proved in this visit, where the account did not know that it is verified."""
    verified_email: str | None = None
    """The address, likewise."""
    second: Pending = field(default_factory=Pending)
    """Second factors that were proved or set up in this visit."""

    owes_proof: bool = False
    """Whether the number was not used for so long that it is no proof by itself."""
    work: Work = field(default_factory=Work)
    """What the browser computed before codes were sent, where the tenant asks for it."""

    def to_row(self) -> dict[str, Any]:
        """Return the stored form."""
        second, work = self.second.to_row(), self.work.to_row()
        return {
            **({"second": second} if second else {}),
            **({"work": work} if work else {}),
            **({"owes_proof": True} if self.owes_proof else {}),
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "client_ip": self.client_ip,
            "profile": {k: v for k, v in asdict(self.profile).items() if v is not None},
            "amr": list(self.amr),
            "verified_phone": self.verified_phone,
            "verified_email": self.verified_email,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        started_at = row.get("started_at")
        return cls(
            started_at=datetime.fromisoformat(started_at) if started_at else None,
            client_ip=row.get("client_ip"),
            profile=PendingProfile(**row.get("profile", {})),
            amr=tuple(row.get("amr", ())),
            verified_phone=row.get("verified_phone"),
            verified_email=row.get("verified_email"),
            second=Pending.from_row(row.get("second", {})),
            work=Work.from_row(row.get("work")),
            owes_proof=row.get("owes_proof", False),
        )


@dataclass(frozen=True)
class InteractionResult:
    """Who signed in and how; there once the interaction was submitted."""

    user_id: str
    amr: tuple[str, ...]
    authenticated_at: datetime
    acr: str | None = None
    """Where it is more than the methods tell."""

    def to_row(self) -> dict[str, Any]:
        """Return the stored form."""
        return {
            "user_id": self.user_id,
            "amr": list(self.amr),
            "authenticated_at": self.authenticated_at.isoformat(),
            "acr": self.acr,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read the stored form."""
        return cls(
            user_id=row["user_id"],
            amr=tuple(row["amr"]),
            authenticated_at=datetime.fromisoformat(row["authenticated_at"]),
            acr=row.get("acr"),
        )


@dataclass(frozen=True, repr=False)
class Interaction:
    """One visit: the authorization request, the event, and what was proved so far."""

    token: str
    """The bearer in the browser's cookie; the row knows only its digest."""
    id_digest: str
    application_id: str
    request: AuthorizationRequest
    event: InteractionEvent | None
    user_id: str | None
    state: InteractionState
    result: InteractionResult | None
    records: Mapping[RecordType, VerificationRecord]
    record_ids: Mapping[RecordType, str]
    """Of every record there is, those of an earlier start included: what a new one replaces."""
    version: int
    expires_at: datetime

    @property
    def is_identified(self) -> bool:
        """Tell whether it is known who the person is."""
        return self.user_id is not None

    @property
    def second(self) -> Pending:
        """Return what was proved and set up by the person who is identified now."""
        kept = self.state.second
        return kept if kept.user_id == self.user_id else Pending(user_id=self.user_id)

    def with_second(self, second: Pending) -> "Interaction":
        """Return the interaction with *second* in place of what it had."""
        return replace(self, state=replace(self.state, second=second))

    def get_record(self, verification_id: str | None) -> VerificationRecord:
        """Return the record of this id; raises VerificationIdRequired, RecordNotFound."""
        if verification_id is None:
            raise VerificationIdRequired
        record = self.find_record(verification_id)
        if record is None:
            raise RecordNotFound
        return record

    def find_record(self, verification_id: str) -> VerificationRecord | None:
        """Return the record of this id, whatever its type, or None."""
        return next((r for r in self.records.values() if r.id == verification_id), None)

    def with_profile(self, **values: Any) -> "Interaction":
        """Return the interaction with more of the pending profile."""
        profile = replace(self.state.profile, **values)
        return replace(self, state=replace(self.state, profile=profile))


@dataclass(frozen=True, kw_only=True, repr=False)
class Finished:
    """What goes back to the application, and the session that the browser now holds."""

    response: AuthorizationResponse | None
    """None where a third party's application needs the person's consent first."""
    session: NewSession
    request: AuthorizationRequest


class Identification(StrEnum):
    """What identifying came to."""

    IDENTIFIED = "identified"
    CREATED = "created"
