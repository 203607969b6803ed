"""Find an application, check its secrets, prepare a registration."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

from watchword.applications.errors import ApplicationNotFound, SecretExpiryInPast
from watchword.applications.models import (
    APPLICATION_ID,
    BUILT_IN,
    EVERY,
    FIRST_SECRET,
    Application,
    ApplicationFilter,
    ApplicationSecret,
    CreatedApplication,
    CreatedSecret,
    NewApplication,
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
        """Return the application, the built-in ones too, or None."""
        if id in BUILT_IN:
            return BUILT_IN[id](self.origin, BUILT_IN_SINCE)
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

    async def list(self, page: PageRequest, wanted: ApplicationFilter = EVERY) -> Page[Application]:
        """Return one page of the registered applications, the newest first."""
        return await self.repository.list(page, wanted)

    def prepare(self, new: NewApplication, *, id: str | None = None) -> CreatedApplication:
        """Return the checked application with an id and a sealed secret; it is not stored yet."""
        draft = new.build(id or new_id(), self.clock.now())
        if draft.is_public:
            return CreatedApplication(draft, None)
        created = self._with_secret(draft, "", FIRST_SECRET, None)
        return CreatedApplication(created.application, created.value)

    def prepare_secret(
        self, application: Application, name: str, expires_at: datetime | None
    ) -> CreatedSecret:
        """Return *application* with one more secret, sealed; it is not stored yet."""
        if expires_at is not None and expires_at <= self.clock.now():
            raise SecretExpiryInPast
        return self._with_secret(application, new_id(), name, expires_at)

    def is_secret_of(self, application: Application, secret: str) -> bool:
        """Compare with each secret that is live, in constant time."""
        now, given = self.clock.now(), secret.encode()
        is_own = False
        for own in application.secrets:
            opened = self.opened(application.id, own).encode()
            is_own |= hmac.compare_digest(opened, given) and own.is_live(now)
        return is_own

    def sealed(self, application_id: str, secret_id: str, value: str) -> str:
        """Return a secret's value, bound to its place."""
        return self.sealer.seal(value, *self._place(application_id, secret_id))

    def opened(self, application_id: str, secret: ApplicationSecret) -> str:
        """Return the value of a secret, to compare with or to keep in history."""
        return self.sealer.unseal(secret.sealed, *self._place(application_id, secret.id))

    def _with_secret(
        self, application: Application, secret_id: str, name: str, expires_at: datetime | None
    ) -> CreatedSecret:
        value = new_token()
        secret = ApplicationSecret(
            id=secret_id,
            name=name,
            created_at=self.clock.now(),
            expires_at=expires_at,
            sealed=self.sealed(application.id, secret_id, value),
        )
        return CreatedSecret(application.with_secret(secret), secret, value)

    def _place(self, application_id: str, secret_id: str) -> tuple[str, ...]:
        # The first secret stands in a column of its own, the others in a map by their ids.
        inner = (secret_id,) if secret_id else ()
        return (self.repository.tenant_id, application_id, *inner)
