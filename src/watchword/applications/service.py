"""Find an application, check its secret, prepare a registration."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

from watchword.applications.errors import ApplicationNotFound
from watchword.applications.models import (
    APPLICATION_ID,
    DEMO_APP_ID,
    Application,
    CreatedApplication,
    NewApplication,
    demo_application,
)
from watchword.applications.repository import ApplicationRepository
from watchword.core.clock import Clock
from watchword.core.ids import new_id, new_token
from watchword.core.pagination import Page, PageRequest
from watchword.core.sealing import Sealer

BUILT_IN_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ApplicationService:
    """The applications of one tenant, cached for as long as its configuration stands."""

    repository: ApplicationRepository
    sealer: Sealer
    clock: Clock
    origin: str
    _cache: dict[str, Application] = field(default_factory=dict, init=False, repr=False)

    async def find(self, id: str) -> Application | None:
        """Return the application, the built-in one too, or None."""
        if id == DEMO_APP_ID:
            return demo_application(self.origin, BUILT_IN_SINCE)
        cached = self._cache.get(id)
        if cached is not None or not APPLICATION_ID.fullmatch(id):
            return cached
        found = await self.repository.find(id)
        if found is not None:
            self._cache[id] = found
        return found

    async def get(self, id: str) -> Application:
        """Return the application; raises ApplicationNotFound."""
        found = await self.find(id)
        if found is None:
            raise ApplicationNotFound(f"no application {id[:32]!r}")
        return found

    async def list(self, page: PageRequest) -> Page[Application]:
        """Return one page of the registered applications, the newest first."""
        return await self.repository.list(page)

    def prepare(self, new: NewApplication, *, id: str | None = None) -> CreatedApplication:
        """Return the checked application with an id and a sealed secret; it is not stored yet."""
        application_id = id or new_id()
        draft = new.build(application_id, None, self.clock.now())
        if draft.is_public:
            return CreatedApplication(draft, None)
        secret = new_token()
        sealed = self.sealer.seal(secret, self.repository.tenant_id, application_id)
        return CreatedApplication(new.build(application_id, sealed, draft.created_at), secret)

    def is_secret_of(self, application: Application, secret: str) -> bool:
        """Compare in constant time."""
        if application.secret is None:
            return False
        own = self.sealer.unseal(application.secret, self.repository.tenant_id, application.id)
        return hmac.compare_digest(own.encode(), secret.encode())
