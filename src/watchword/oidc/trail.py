"""What the audit log is told of tokens and sessions: who got them, who was refused, what ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from watchword.applications.models import Application
from watchword.audit.models import Actor, Event
from watchword.audit.service import AuditService
from watchword.oidc.errors import OidcError
from watchword.oidc.models import Grant
from watchword.oidc.parameters import Parameters
from watchword.storage import Database

EXCHANGES: Mapping[str, Event] = {
    "authorization_code": Event.EXCHANGED_CODE,
    "refresh_token": Event.EXCHANGED_REFRESH_TOKEN,
    "client_credentials": Event.EXCHANGED_CREDENTIALS,
}


@dataclass(frozen=True, kw_only=True)
class Trail:
    """Tells the audit log; no token, code or secret is in what it tells."""

    audit: AuditService

    async def issued(
        self,
        application: Application,
        parameters: Parameters,
        scope: tuple[str, ...],
        *,
        user_id: str | None = None,
    ) -> None:
        """Say that an application got tokens, for a person or for itself."""
        await self.audit.record(
            _exchange(parameters),
            _actor(application),
            payload={"scope": " ".join(scope)},
            user_id=user_id,
        )

    async def refused(
        self, application: Application, parameters: Parameters, error: OidcError
    ) -> None:
        """Say that an application got none, and why."""
        await self.audit.record(
            _exchange(parameters),
            _actor(application),
            payload={"errorDescription": error.detail},
            user_id=error.user_id,
            error=error,
        )

    async def client_refused(
        self, application: Application, parameters: Parameters, error: OidcError
    ) -> None:
        """Say that somebody gave an application's name without its secret."""
        is_exchange = "grant_type" in parameters.values
        await self.audit.record(
            _exchange(parameters) if is_exchange else Event.REFUSED_CLIENT,
            _actor(application),
            payload={"errorDescription": error.detail},
            error=error,
        )

    async def revoked(self, application: Application, grant: Grant, token_type: str) -> None:
        """Say that an application gave a token back."""
        await self.audit.record(
            Event.REVOKED_TOKEN,
            _actor(application),
            payload={"tokenType": token_type},
            user_id=grant.user_id,
        )

    async def signed_out(
        self, user_id: str, application: Application | None, *, tx: Database
    ) -> None:
        """Say, as part of *tx*, that a person ended their session, from wherever they did."""
        await self.audit.record(
            Event.ENDED_SESSION,
            Actor("user", user_id),
            application_id=application.id if application else None,
            tx=tx,
        )


def _exchange(parameters: Parameters) -> Event:
    # Of a value sent twice, which is refused, the first says enough.
    given = parameters.all("grant_type") or [""]
    return EXCHANGES.get(given[0], Event.EXCHANGED_UNKNOWN)


def _actor(application: Application) -> Actor:
    return Actor("application", application.id, application.name)
