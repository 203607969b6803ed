"""Make, change and delete what has an id; each change is written down and told with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.core.errors import DomainError
from watchword.core.revisions import require_unchanged
from watchword.storage import Database
from watchword.storage.entities import EntityRows
from watchword.tenants.limits import Limited, TenantLimits
from watchword.webhooks.models import Event
from watchword.webhooks.service import WebhookService


class Documented(Protocol):
    """An organization, a role or a scope."""

    @property
    def id(self) -> str:
        """Return what names it."""

    def document(self) -> dict[str, Any]:
        """Return the contract's form."""


Entity = TypeVar("Entity", bound=Documented)


@dataclass(frozen=True)
class Kind:
    """What changes of one kind of thing are called, in the log and in webhooks."""

    name: str
    created: Event
    changed: Event
    deleted: Event
    not_found: type[DomainError]
    limited: Limited | None = None
    """What a development tenant may hold so many of, if it is that."""


@dataclass(frozen=True, kw_only=True)
class Changes(Generic[Entity]):
    """Changes one tenant's things of a kind, as part of a transaction."""

    kind: Kind
    rows: EntityRows[Entity]
    audit: AuditService
    webhooks: WebhookService
    limits: TenantLimits | None = None
    """None where nothing is limited."""

    async def get(self, id: str) -> Entity:
        """Return it; raises the kind's error where it is not there."""
        found = await self.rows.find(id)
        if found is None:
            raise self.kind.not_found(id)
        return found

    async def add(self, tx: Database, actor: Actor, made: Entity, **more: Any) -> None:
        """Keep what was made; *more* is told with it. Raises TenantLimitReached."""
        await self.rows.within(tx).add(made)
        if self.limits is not None and self.kind.limited is not None:
            await self.limits.require_room(self.kind.limited, tx)
        after = {**made.document(), **more}
        await self._note(tx, actor, self.kind.created, "created", made.id, after=after)

    async def change(
        self,
        tx: Database,
        actor: Actor,
        id: str,
        changes: Mapping[str, Any],
        seen: str | None = None,
    ) -> Entity:
        """Change what is named in *changes*, by field; raises where it is not there.

        With *seen*, the revision of its document, raises ChangedMeanwhile where it is another.
        """
        rows = self.rows.within(tx)
        before = await rows.lock(id)
        if before is not None:
            require_unchanged(before.document(), seen)
        after = await rows.change(id, changes) if before and changes else before
        if before is None or after is None:
            raise self.kind.not_found(id)
        if before != after:
            await self._note(
                tx,
                actor,
                self.kind.changed,
                "changed",
                id,
                before=before.document(),
                after=after.document(),
            )
        return after

    async def delete(self, tx: Database, actor: Actor, id: str, seen: str | None = None) -> None:
        """Delete it, and what hangs on it; raises where it is not there.

        With *seen*, the revision of its document, raises ChangedMeanwhile where it is another.
        """
        rows = self.rows.within(tx)
        before = await rows.lock(id)
        if before is None:
            raise self.kind.not_found(id)
        require_unchanged(before.document(), seen)
        await rows.delete(id)
        await self._note(tx, actor, self.kind.deleted, "deleted", id, before=before.document())

    async def _note(
        self,
        tx: Database,
        actor: Actor,
        event: Event,
        word: str,
        id: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        told = {"data": {"tenantId": self.rows.tenant_id, **after}} if after else {}
        await self.webhooks.announce(event, {"params": {"id": id}, **told}, tx=tx)
        await self.audit.record(
            f"{self.kind.name}.{word}",
            actor,
            subject=f"{self.kind.name}:{id}",
            payload={"before": before, "after": after},
            tx=tx,
        )
