"""One change of a tenant's configuration: versioned, audited, in one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

from watchword.audit.models import Actor
from watchword.audit.service import AuditService
from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import (
    SINGLE,
    Action,
    Change,
    ConfigurationVersion,
    Kind,
    changes_between,
    secret_changes,
)
from watchword.configuration.repository import VersionRows
from watchword.core.clock import Clock
from watchword.storage import Database, Storage
from watchword.tenants.limits import Limited, TenantLimits
from watchword.tenants.models import Tenant
from watchword.tenants.service import TenantDirectory

LIMITED = {
    Kind.APPLICATION: Limited.APPLICATIONS,
    Kind.CONNECTOR: Limited.CONNECTORS,
    Kind.RESOURCE: Limited.RESOURCES,
    Kind.WEBHOOK: Limited.WEBHOOKS,
}
"""What a development tenant may hold so many of; each writes its row before its history."""
MAKING = frozenset({Action.CREATED, Action.RESTORED})


class Documented(Protocol):
    """An application, a resource, a webhook or a language, as history keeps it."""

    @property
    def id(self) -> str:
        """Return what names it."""

    def document(self) -> dict[str, Any]:
        """Return its state without secrets."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """One change under way: who makes it, why, and what its transaction reads and writes by."""

    tx: Database
    tenant: Tenant
    """As it is now; the service's own may be a moment old."""
    actor: Actor
    reason: str | None
    versions: VersionRows
    written: list[ConfigurationVersion] = field(default_factory=list)
    """What it recorded so far."""


@dataclass(frozen=True, kw_only=True)
class ConfigurationWriter:
    """Opens changes and writes their history; every part of the configuration shares it."""

    tenant: Tenant
    storage: Storage
    directory: TenantDirectory
    versions: VersionRows
    audit: AuditService
    clock: Clock
    on_change: Callable[[], Awaitable[None]]
    limits: TenantLimits | None = None
    """None where nothing is limited."""
    joined: Write | None = None
    """The change that everything is a part of, where many are made as one."""

    def joining(self, write: Write) -> Self:
        """Return a writer whose changes are parts of *write*: they stand or fall together."""
        return replace(self, joined=write)

    @asynccontextmanager
    async def writing(self, actor: Actor, reason: str | None) -> AsyncIterator[Write]:
        """Hold one change together; readers learn of it when it is done."""
        if self.joined is not None:
            yield self.joined
            return
        async with self.storage.transaction() as tx:
            # First, because it locks the tenant's row: two changes of one tenant never overlap, so
            # what is read from here on is what is written over.
            tenant = await self.directory.bump_stamp(self.tenant.id, tx)
            yield Write(
                tx=tx,
                tenant=tenant,
                actor=actor,
                reason=reason,
                versions=self.versions.within(tx),
            )
        await self.on_change()

    async def record(
        self,
        write: Write,
        kind: Kind,
        subject_id: str,
        version: int,
        action: Action,
        *,
        document: Mapping[str, Any] | None,
        changes: tuple[Change, ...],
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """Write down a version and who made it; *changes* and *document* hold no secret.

        Raises TenantLimitReached where the row that was made is one too many.
        """
        # Of many changes made as one, only what is there at their end counts.
        if action in MAKING and self.joined is None:
            await self.require_room(write, kind)
        recorded = ConfigurationVersion(
            kind=kind,
            subject_id=subject_id,
            version=version,
            document=document,
            secrets=dict(secrets or {}),
            author=write.actor,
            action=action,
            reason=write.reason,
            changes=changes,
            created_at=self.clock.now(),
        )
        await write.versions.add(recorded)
        write.written.append(recorded)
        await self.audit.record(
            f"configuration.{kind}.{action}",
            write.actor,
            subject=f"{kind}:{subject_id}",
            payload={
                "version": version,
                "reason": write.reason,
                "changes": [vars(change) for change in changes],
            },
            tx=write.tx,
        )

    async def require_room(self, write: Write, kind: Kind) -> None:
        """Let what was made of a kind stay; raises TenantLimitReached where it is too much."""
        if self.limits is not None and kind in LIMITED:
            await self.limits.require_room(LIMITED[kind], write.tx)

    async def record_row(
        self,
        write: Write,
        kind: Kind,
        action: Action,
        before: Documented | None,
        after: Documented | None,
        *,
        opened: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """Write down what became of a row; *opened* are its secrets before and after, compared."""
        row = after or before
        assert row is not None
        document = after.document() if after else None
        await self.record(
            write,
            kind,
            row.id,
            await write.versions.newest(kind, row.id) + 1,
            action,
            document=document,
            changes=changes_between(before.document() if before else None, document)
            + secret_changes(*opened),
            secrets=secrets,
        )

    async def save_settings(
        self,
        write: Write,
        kind: Kind,
        action: Action,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        """Replace a document that a tenant has one of, unless nothing differs."""
        if before == after:
            return
        version = await write.versions.newest(kind, SINGLE) + 1
        await write.versions.save_settings(
            kind, document=after, version=version, updated_at=self.clock.now()
        )
        await self.record(
            write,
            kind,
            SINGLE,
            version,
            action,
            document=after,
            changes=changes_between(before, after),
        )


def expect(version: int, expected: int | None) -> None:
    """Raise ConfigurationChanged if the version is not the one that was expected."""
    if expected is not None and expected != version:
        raise ConfigurationChanged(f"expected version {expected}, found {version}")
