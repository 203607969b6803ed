"""Changes of webhooks: set up, change, sign anew, delete, bring back."""

from dataclasses import dataclass, replace

from watchword.audit.models import Actor
from watchword.configuration.models import (
    Action,
    ConfigurationVersion,
    Kind,
)
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.connectors.service import ConnectorService
from watchword.core.ids import new_id
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.errors import NoEvents, WebhookNotFound
from watchword.webhooks.models import (
    HEADER,
    SIGNING_KEY,
    Event,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookConfig,
    kept_headers,
    origin_of,
)
from watchword.webhooks.repository import WebhookRows
from watchword.webhooks.saved import SavedWebhooks, headers_of, new_signing_key


@dataclass(frozen=True)
class SignedWebhook:
    """A webhook, and the key that its requests are signed with from now on."""

    webhook: Webhook
    signing_key: str


@dataclass(frozen=True, kw_only=True)
class WebhookConfiguration:
    """Changes a tenant's webhooks; nothing else writes their rows."""

    writer: ConfigurationWriter
    saved: SavedWebhooks
    deliveries: Deliveries
    connectors: ConnectorService
    """Seals what history keeps."""

    async def create(
        self, actor: Actor, new: NewWebhook, *, id: str | None = None, reason: str | None = None
    ) -> SignedWebhook:
        """Set a webhook up; raises NoEvents. Its signing key is returned this once."""
        if not new.events:
            raise NoEvents
        key, now, webhook_id = new_signing_key(), self.writer.clock.now(), id or new_id()
        opened = {
            SIGNING_KEY: key,
            **_named(kept_headers(new.config.headers or {}, {}, same_origin=False)),
        }
        webhook = Webhook(
            id=webhook_id,
            name=new.name,
            events=_each_once(new.events),
            url=new.config.url,
            retries=new.config.retries,
            secrets=self.saved.sealed(webhook_id, opened),
            enabled=new.enabled,
            version=1,
            created_at=now,
            updated_at=now,
        )
        async with self.writer.writing(actor, reason) as write:
            # One with a chosen id may have been here before, and has a history then.
            version = await write.versions.newest(Kind.WEBHOOK, webhook_id) + 1
            webhook = replace(webhook, version=version)
            await self._rows(write).add(webhook)
            await self._record(write, Action.CREATED, None, webhook)
        return SignedWebhook(webhook, key)

    async def put(
        self, actor: Actor, webhook_id: str, wanted: NewWebhook, *, reason: str | None = None
    ) -> Webhook:
        """Make the webhook with this id what is said; a masked header stays, as does its key.

        Raises NoEvents or HeaderWantedAgain.
        """
        async with self.writer.writing(actor, reason) as write:
            if await self._rows(write).find(webhook_id) is None:
                created = await self.create(actor, wanted, id=webhook_id, reason=reason)
                return created.webhook
            change = WebhookChange(
                name=wanted.name,
                events=wanted.events,
                config=wanted.config,
                enabled=wanted.enabled,
            )
            return await self.change(actor, webhook_id, change, reason=reason)

    async def change(
        self,
        actor: Actor,
        webhook_id: str,
        change: WebhookChange,
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> Webhook:
        """Change what is named; a config is replaced as a whole, and a masked header stays.

        Raises WebhookNotFound, NoEvents, HeaderWantedAgain or ConfigurationChanged.
        """
        if change.events == ():
            raise NoEvents
        async with self.writer.writing(actor, reason) as write:
            before = await self._get(write, webhook_id)
            expect(before.version, expected_version)
            after = replace(
                before,
                name=before.name if change.name is None else change.name,
                events=before.events if change.events is None else _each_once(change.events),
                enabled=before.enabled if change.enabled is None else change.enabled,
            )
            if change.config is not None:
                after = self._with_config(after, change.config)
            return await self._save(write, Action.CHANGED, before, after)

    async def rotate_signing_key(
        self, actor: Actor, webhook_id: str, *, reason: str | None = None
    ) -> SignedWebhook:
        """Sign with a new key from now on, what waits included; it is returned this once."""
        key = new_signing_key()
        async with self.writer.writing(actor, reason) as write:
            before = await self._get(write, webhook_id)
            opened = {**self.saved.opened(before), SIGNING_KEY: key}
            after = replace(before, secrets=self.saved.sealed(webhook_id, opened))
            after = await self._save(write, Action.CHANGED, before, after)
        return SignedWebhook(after, key)

    async def delete(
        self,
        actor: Actor,
        webhook_id: str,
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Forget a webhook and what is on its way to it; history can bring it back.

        Raises ConfigurationChanged where it is no longer as it was.
        """
        async with self.writer.writing(actor, reason) as write:
            before = await self._get(write, webhook_id)
            expect(before.version, expected_version)
            await self._rows(write).delete(webhook_id)
            rows = self.deliveries.rows.within(write.tx)
            await rows.abandon(webhook_id, self.writer.clock.now())
            await self._record(write, Action.DELETED, before, None)

    async def restore(self, write: Write, wanted: ConfigurationVersion) -> None:
        """Bring a version back, with its signing key and its headers."""
        assert wanted.document is not None
        document, webhook_id = wanted.document, wanted.subject_id
        opened = self.connectors.opened(webhook_id, wanted.secrets)
        now = self.writer.clock.now()
        before = await self._rows(write).find(webhook_id)
        after = Webhook(
            id=webhook_id,
            name=document["name"],
            events=tuple(Event(name) for name in document["events"]),
            url=document["url"],
            retries=document["retries"],
            secrets=self.saved.sealed(webhook_id, opened),
            enabled=document["enabled"],
            version=await write.versions.newest(Kind.WEBHOOK, webhook_id) + 1,
            created_at=before.created_at if before else now,
            updated_at=now,
        )
        if before is None:
            await self._rows(write).add(after)
        else:
            await self._rows(write).save(after)
        await self._record(write, Action.RESTORED, before, after)

    # Inside a change.

    def _rows(self, write: Write) -> WebhookRows:
        return self.saved.rows.within(write.tx)

    async def _get(self, write: Write, webhook_id: str) -> Webhook:
        found = await self._rows(write).find(webhook_id)
        if found is None:
            raise WebhookNotFound(webhook_id)
        return found

    def _with_config(self, webhook: Webhook, config: WebhookConfig) -> Webhook:
        opened = self.saved.opened(webhook)
        headers = kept_headers(
            config.headers or {},
            headers_of(opened),
            same_origin=origin_of(config.url) == webhook.origin,
        )
        after = replace(webhook, url=config.url, retries=config.retries)
        if headers == headers_of(opened):
            return after
        wanted = {SIGNING_KEY: opened[SIGNING_KEY], **_named(headers)}
        return replace(after, secrets=self.saved.sealed(webhook.id, wanted))

    async def _save(
        self, write: Write, action: Action, before: Webhook, wanted: Webhook
    ) -> Webhook:
        if wanted == before:
            return before
        version = await write.versions.newest(Kind.WEBHOOK, before.id) + 1
        after = replace(wanted, version=version, updated_at=self.writer.clock.now())
        await self._rows(write).save(after)
        await self._record(write, action, before, after)
        return after

    async def _record(
        self, write: Write, action: Action, before: Webhook | None, after: Webhook | None
    ) -> None:
        old = self.saved.opened(before) if before else {}
        new = self.saved.opened(after) if after else {}
        await self.writer.record_row(
            write,
            Kind.WEBHOOK,
            action,
            before,
            after,
            opened=(old, new),
            # Sealed anew for its place in history, so that a deleted webhook can come back.
            secrets=self.connectors.sealed(after.id, new) if after else {},
        )


def _each_once(events: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(dict.fromkeys(events))


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {f"{HEADER}{name}": value for name, value in headers.items()}
