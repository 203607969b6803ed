"""Reads a tenant's configuration, and makes the services that remember what was read."""

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from watchword.configuration.repository import VersionRows
from watchword.configuration.saved_trial import trial_of
from watchword.configuration.settings import (
    account_center_of,
    guard_policy_of,
    sign_in_settings_of,
)
from watchword.configuration.test_numbers import allowed_in_production
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.models import OutgoingMessage
from watchword.connectors.repository import ConnectorRows
from watchword.connectors.service import ConnectorService
from watchword.core.digests import KeyedDigest
from watchword.core.hosts import is_public
from watchword.core.inbox import InboxEntry
from watchword.core.phone import PhoneNumber
from watchword.core.sealing import Sealer
from watchword.custom_phrases.repository import CustomPhraseRows
from watchword.custom_phrases.service import CustomPhraseService
from watchword.pictures.models import addresses_of
from watchword.pictures.repository import PictureRows
from watchword.pictures.service import PictureService
from watchword.scopes.tenant import TenantScope
from watchword.tenants.models import Tenant
from watchword.test_numbers.repository import FixedNumberRows
from watchword.test_numbers.service import FixedNumbers
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.service import WebhookService

if TYPE_CHECKING:
    from watchword.scopes.server import ServerScope


async def read_tenant(server: "ServerScope", tenant: Tenant) -> TenantScope:
    """Return the scope of *tenant* as it is configured now."""
    versions = VersionRows(server.storage, tenant.id)
    settings, _ = await sign_in_settings_of(versions)
    guard_policy, _ = await guard_policy_of(versions)
    account_center, _ = await account_center_of(versions)
    custom_phrases = CustomPhraseService(CustomPhraseRows(server.storage, tenant.id))
    deliveries = Deliveries.build(
        storage=server.storage,
        tenant_id=tenant.id,
        keys=server.rules.keys,
        clock=server.clock,
        courier=server.courier,
    )
    pictures = await _pictures(server, tenant)
    pictures.want(addresses_of(settings.document()["branding"]))
    return TenantScope(
        server=server,
        tenant=tenant,
        settings=settings,
        guard_policy=guard_policy,
        account_center=account_center,
        phrases=server.phrases.with_own(
            {own.language: own.catalogue for own in await custom_phrases.list()},
            settings.language_info.fallback_language,
        ),
        custom_phrases=custom_phrases,
        connectors=await _connectors(server, tenant, versions),
        fixed_numbers=await _fixed_numbers(server, tenant, versions),
        pictures=pictures,
        deliveries=deliveries,
        webhooks=WebhookService(
            webhooks=tuple(await deliveries.webhooks.all()),
            deliveries=deliveries,
            storage=server.storage,
        ),
    )


async def _connectors(
    server: "ServerScope", tenant: Tenant, versions: VersionRows
) -> ConnectorService:
    rows, origin = ConnectorRows(server.storage, tenant.id), tenant.origin(server.public_url)
    return ConnectorService(
        tenant=tenant,
        rows=rows,
        trial=await trial_of(versions, rows),
        registry=server.registry,
        sealer=Sealer(server.rules.keys, "connector"),
        context=ConnectorContext(
            client=server.outbound,
            public_receipts=is_public(urlsplit(origin).hostname or ""),
            inbox=partial(_show_in_inbox, server, tenant.id),
        ),
        clock=server.clock,
        origin=origin,
        base_urls=server.provider_base_urls,
    )


async def _fixed_numbers(
    server: "ServerScope", tenant: Tenant, versions: VersionRows
) -> FixedNumbers:
    rows = FixedNumberRows(server.storage, tenant.id)
    return FixedNumbers(
        rows=rows,
        digest=KeyedDigest(server.rules.keys, "test number"),
        clock=server.clock,
        is_allowed=not tenant.is_production or await allowed_in_production(versions),
        numbers={number.phone: number for number in await rows.list()},
    )


async def _pictures(server: "ServerScope", tenant: Tenant) -> PictureService:
    rows = PictureRows(server.storage, tenant.id)
    return PictureService(
        rows=rows,
        client=server.outbound,
        clock=server.clock,
        on_change=partial(server.forget, tenant.id),
        known=await rows.index(),
        wanted=server.wanted_pictures[tenant.id],
    )


def _show_in_inbox(
    server: "ServerScope", tenant_id: str, message: OutgoingMessage, text: str, subject: str | None
) -> None:
    """Put a development message where its developer looks: the console's inbox and the terminal."""
    to = message.to.international if isinstance(message.to, PhoneNumber) else message.to.address
    server.inbox.add(
        tenant_id,
        InboxEntry(
            id=message.id,
            to=to,
            text=text,
            usage=message.usage.value,
            language=message.language,
            at=server.clock.now(),
            subject=subject,
        ),
    )
    what = "Text message" if subject is None else f"E-mail, {subject!r},"
    print(f"\n  {what} to {to}\n  {text}\n", flush=True)  # noqa: T201  # the developer's phone
