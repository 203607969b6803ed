"""A signed-in person proves at a provider that a social account is theirs, to have it linked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from watchword.account.errors import ProofNotFound
from watchword.account.models import Asker
from watchword.account.step_up import RECORD_LIFETIME, REFUSED, api_flow, is_flow_of
from watchword.audit.service import AuditService
from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.social.models import SocialVerification
from watchword.social.service import Departure, SocialService
from watchword.storage.database import StorageUnavailable
from watchword.verification.models import RecordType


def ends_at(proof: SocialVerification) -> datetime:
    """Return when a proof at a provider counts no more: as early as any other proof here."""
    return proof.created_at + RECORD_LIFETIME


@dataclass(frozen=True, kw_only=True)
class SocialProofs:
    """Makes and judges proofs that a social account is the person's who asks."""

    social: SocialService
    audit: AuditService
    clock: Clock

    async def begin(
        self,
        asker: Asker,
        connector_id: str,
        *,
        redirect_uri: str,
        state: str | None = None,
        flow: str | None = None,
    ) -> Departure:
        """Return the provider's address to go to.

        Raises ConnectorNotFound, NotSocial, InsufficientInfo and ConnectorError.
        """
        asker.require_first_party()
        saved = await self.social.connector(connector_id)
        return await self.social.begin(
            flow or api_flow(asker.user.id), saved, redirect_uri=redirect_uri, state=state
        )

    async def finish(
        self, asker: Asker, proof_id: str, answer: Mapping[str, str]
    ) -> SocialVerification:
        """Believe the provider's answer, once; what is refused is remembered."""
        asker.require_first_party()
        begun = await self._get(asker, proof_id)
        saved = await self.social.connector(begun.connector_instance_id)
        try:
            return await self.social.finish(begun.flow_id, saved, answer, begun.id)
        except StorageUnavailable:
            raise
        except DomainError as error:
            await self._note(asker, begun, error)
            raise

    async def get_proved(self, asker: Asker, proof_id: str) -> SocialVerification:
        """Return what the provider said of this person; raises ProofNotFound."""
        proof = await self._get(asker, proof_id)
        if not proof.is_verified:
            raise ProofNotFound
        return proof

    async def _get(self, asker: Asker, proof_id: str) -> SocialVerification:
        found = await self.social.find_by_id(proof_id)
        if found is None or not is_flow_of(asker.user, found.flow_id):
            raise ProofNotFound
        if self.clock.now() >= ends_at(found):
            raise ProofNotFound
        return found

    async def _note(self, asker: Asker, begun: SocialVerification, error: DomainError) -> None:
        await self.audit.record(
            REFUSED,
            asker.actor,
            subject=f"user:{asker.user.id}",
            payload={"target": begun.target},
            application_id=asker.application.id if asker.application else None,
            method=RecordType.SOCIAL,
            error=error,
        )
