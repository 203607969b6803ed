"""Verification records: proofs in progress, and what a code is bound to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from watchword.connector_kit.models import UsageType
from watchword.core.email import EmailAddress
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.users.models import Identifier, IdentifierType

__all__ = ["Identifier", "IdentifierType", "RecordState", "RecordType", "VerificationRecord"]

PROOF_LIFETIME = timedelta(hours=1)
"""As long as an interaction: a proof may be needed on its last page."""


class RecordType(StrEnum):
    """How something was proved, in the contract's words; a flow has at most one of each."""

    PHONE_CODE = "PhoneVerificationCode"
    EMAIL_CODE = "EmailVerificationCode"
    PASSWORD = "Password"  # noqa: S105  # a word of the contract
    NEW_PASSWORD_IDENTITY = "NewPasswordIdentity"  # noqa: S105
    MFA_PHONE_CODE = "MfaPhoneVerificationCode"
    MFA_EMAIL_CODE = "MfaEmailVerificationCode"
    SOCIAL = "Social"
    """Kept by the room `social`, which knows what ties a provider's answer to a visit."""


RecordState = Literal["pending", "verified", "consumed"]


def recipient_of(identifier: Identifier) -> Recipient:
    """Return where a code for a phone or e-mail identifier goes; raises InvalidEmailAddress."""
    if identifier.type == "phone":
        return PhoneNumber(identifier.value)
    return EmailAddress.parse(identifier.value)


def identifier_of(to: Recipient) -> Identifier:
    """Return the identifier that whoever reads a code sent there has proved."""
    if isinstance(to, PhoneNumber):
        return Identifier.of_phone(to)
    return Identifier("email", to.address)


@dataclass(frozen=True, kw_only=True, repr=False)
class VerificationRecord:
    """What a person has proved, or is about to prove, in one flow."""

    id: str
    flow_id: str
    type: RecordType
    identifier: Identifier
    template_type: UsageType | None
    state: RecordState
    code_digest: str | None
    tries: int
    message_id: str | None
    details: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "VerificationRecord":
        """Read a row of `verification_records`."""
        template_type = row["template_type"]
        return cls(
            id=row["id"],
            flow_id=row["flow_id"],
            type=RecordType(row["type"]),
            identifier=Identifier(row["identifier_type"], row["identifier"]),
            template_type=UsageType(template_type) if template_type else None,
            state=row["state"],
            code_digest=row["code_digest"],
            tries=row["tries"],
            message_id=row["message_id"],
            details=row["details"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
        )

    @property
    def is_verified(self) -> bool:
        """Tell whether the proof was given and not yet used up."""
        return self.state == "verified"

    def digest_parts(self, tenant_id: str, code: str) -> tuple[str, ...]:
        """Return what the digest of this record's code is made of."""
        return (
            tenant_id,
            self.flow_id,
            self.type,
            self.template_type or "",
            self.identifier.type,
            self.identifier.value,
            code,
        )

    def __repr__(self) -> str:
        return f"VerificationRecord({self.id}, {self.type}, {self.state})"
