"""A try to prove who one is at a provider."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Self

from watchword.connector_kit.social import SocialIdentity

SocialState = Literal["pending", "spent", "verified"]


@dataclass(frozen=True, kw_only=True, repr=False)
class SocialVerification:
    """One try: pending until the provider's answer comes, spent by it, verified if it was good."""

    id: str
    flow_id: str
    connector_instance_id: str
    target: str
    redirect_uri: str
    is_agreed: bool
    """Whether the person had ticked the terms before they left."""
    secrets: str | None
    """Sealed: state, nonce and code verifier; None once they were used."""
    state: SocialState
    social_id: str | None
    identity: SocialIdentity | None
    created_at: datetime
    expires_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row of `social_verifications`."""
        stored = row["identity"]
        identity = None if stored is None else SocialIdentity(**stored)
        return cls(**{**row, "identity": identity})

    def values(self) -> dict[str, Any]:
        """Return the row."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "identity": asdict(self.identity) if self.identity else None}

    @property
    def is_verified(self) -> bool:
        """Tell whether the provider has said who this is."""
        return self.state == "verified"

    def proved(self) -> SocialIdentity:
        """Return who it is; only for a verified one."""
        assert self.identity is not None
        return self.identity

    def __repr__(self) -> str:
        return f"SocialVerification({self.id}, {self.target}, {self.state})"
