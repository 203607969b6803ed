"""Send people to a provider, and find out who they are when they come back."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from watchword.connector_kit.config import localized
from watchword.connector_kit.models import ConnectorType
from watchword.connector_kit.social import Authorization, SocialConnector
from watchword.connectors.models import SavedConnector, ShownConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.ids import new_id, new_token
from watchword.core.sealing import Sealer
from watchword.social.errors import AnswerSpent, InsufficientInfo, NotSocial, StateMismatch
from watchword.social.models import SocialVerification
from watchword.social.repository import SocialRows
from watchword.verification.errors import RecordNotFound
from watchword.verification.models import PROOF_LIFETIME

ON_THE_WAY = timedelta(minutes=30)
"""Time to sign in at the provider, or to sign up there first."""


@dataclass(frozen=True)
class Departure:
    """A try that was begun, and the provider's address to go to."""

    verification: SocialVerification
    address: str


@dataclass(frozen=True, kw_only=True)
class SocialService:
    """The ways to one tenant's providers; a flow, which is a visit, has one try at a time."""

    rows: SocialRows
    connectors: ConnectorService
    sealer: Sealer
    clock: Clock

    async def connector(self, instance_id: str) -> SavedConnector:
        """Return a connector to sign in with; raises ConnectorNotFound, NotSocial."""
        saved = await self.connectors.get(instance_id)
        if saved.type is not ConnectorType.SOCIAL:
            raise NotSocial(instance_id)
        return saved

    async def offered(self, targets: Sequence[str]) -> list[ShownConnector]:
        """Return the connectors of these targets, in their order; one that is gone is left out."""
        shown = {
            found.target: found
            for saved in await self.connectors.list()
            if saved.type is ConnectorType.SOCIAL
            for found in [self.connectors.shown(saved)]
        }
        return [shown[target] for target in targets if target in shown]

    async def name_of(self, target: str, language: str) -> str:
        """Return what people call a provider, and its target where it is set up no more."""
        for shown in await self.offered([target]):
            return localized(shown.name, language)
        return target

    async def begin(
        self,
        flow_id: str,
        saved: SavedConnector,
        *,
        redirect_uri: str,
        state: str | None = None,
        is_agreed: bool = False,
    ) -> Departure:
        """Begin a try; an earlier one of the flow counts no more.

        Without *state*, one is made that `find_by_state` knows. Raises ConnectorError.
        """
        if not redirect_uri or state == "":
            raise InsufficientInfo
        now, own_id = self.clock.now(), new_id()
        authorization = Authorization(
            state=state or f"{own_id}.{new_token()}",
            redirect_uri=redirect_uri,
            nonce=new_token(),
            # RFC 7636, 4.1: 43 to 128 characters.
            code_verifier=secrets.token_urlsafe(48),
        )
        address = await self._built(saved).begin(authorization)
        kept = {
            "state": authorization.state,
            "nonce": authorization.nonce,
            "code_verifier": authorization.code_verifier,
        }
        sealed = self.sealer.seal(orjson.dumps(kept).decode(), *self._place(flow_id, own_id))
        verification = SocialVerification(
            id=own_id,
            flow_id=flow_id,
            connector_instance_id=saved.id,
            target=self.connectors.target_of(saved),
            redirect_uri=redirect_uri,
            is_agreed=is_agreed,
            secrets=sealed,
            state="pending",
            social_id=None,
            identity=None,
            created_at=now,
            expires_at=now + ON_THE_WAY,
        )
        await self.rows.replace(verification)
        return Departure(verification, address)

    async def finish(
        self,
        flow_id: str,
        saved: SavedConnector,
        answer: Mapping[str, str],
        verification_id: str | None = None,
    ) -> SocialVerification:
        """Believe the provider's answer, once; raises ConnectorError and what `errors.py` lists."""
        verification = await self.find(flow_id)
        if (
            verification is None
            or verification.connector_instance_id != saved.id
            or verification_id not in {None, verification.id}
        ):
            raise RecordNotFound
        authorization = self._authorization(verification)
        if authorization is None:
            raise AnswerSpent
        # Before the try is used up: a stranger's address must not cost this person theirs.
        if "state" in answer and not _equal(answer["state"], authorization.state):
            raise StateMismatch
        if not await self.rows.spend(verification, self.clock.now()):
            raise AnswerSpent
        identity = await self._built(saved).finish(authorization, answer)
        verified = await self.rows.verify(
            replace(
                verification,
                social_id=identity.id,
                identity=identity,
                expires_at=self.clock.now() + PROOF_LIFETIME,
            )
        )
        if verified is None:
            raise RecordNotFound
        return verified

    async def find(self, flow_id: str) -> SocialVerification | None:
        """Return the flow's try, or None where there is none or it is too old."""
        verification = await self.rows.find(flow_id)
        return None if verification is None else self._living(verification)

    async def find_by_id(self, verification_id: str) -> SocialVerification | None:
        """Return the try of this id, whosever it is, or None."""
        verification = await self.rows.find_by_id(verification_id)
        return None if verification is None else self._living(verification)

    async def find_by_state(self, state: str) -> SocialVerification | None:
        """Return the try that made this state, whosever it is, or None."""
        return await self.find_by_id(state.partition(".")[0][:32])

    async def purge(self, now: datetime) -> int:
        """Delete what is past its time."""
        return await self.rows.purge(now)

    def _living(self, verification: SocialVerification) -> SocialVerification | None:
        return verification if verification.expires_at > self.clock.now() else None

    def _authorization(self, verification: SocialVerification) -> Authorization | None:
        if verification.state != "pending" or verification.secrets is None:
            return None
        place = self._place(verification.flow_id, verification.id)
        kept = orjson.loads(self.sealer.unseal(verification.secrets, *place))
        return Authorization(redirect_uri=verification.redirect_uri, **kept)

    def _built(self, saved: SavedConnector) -> SocialConnector[Any]:
        connector = self.connectors.build(saved)
        assert isinstance(connector, SocialConnector)
        return connector

    def _place(self, flow_id: str, own_id: str) -> tuple[str, str, str]:
        return self.rows.tenant_id, flow_id, own_id


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
