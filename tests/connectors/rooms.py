"""The rooms around connectors, wired as the application wires them."""

from dataclasses import dataclass, field
from typing import Any

from tests.connectors.provider import CONFIG, PROVIDER_ID, Provider, connector_classes
from tests.fakes import FakeClock
from watchword.applications.repository import ApplicationRepository
from watchword.applications.service import ApplicationService
from watchword.audit.models import Actor
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.configuration.repository import VersionRows
from watchword.configuration.saved_trial import trial_of
from watchword.configuration.service import ConfigurationService
from watchword.configuration.writing import ConfigurationWriter
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.models import SavedConnector, Trial
from watchword.connectors.repository import ConnectorRows
from watchword.connectors.service import ConnectorService
from watchword.core.digests import KeyedDigest
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.core.sealing import Sealer
from watchword.custom_phrases.repository import CustomPhraseRows
from watchword.custom_phrases.service import CustomPhraseService
from watchword.messaging.dispatch import Dispatch
from watchword.messaging.early_report_repository import EarlyReportRows
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.repository import MessageRows
from watchword.messaging.service import MessagingService
from watchword.resources.repository import ResourceRepository
from watchword.resources.service import ResourceService
from watchword.storage import Storage
from watchword.tenants.models import Tenant, TenantTag
from watchword.tenants.service import TenantDirectory
from watchword.test_numbers.repository import FixedNumberRows
from watchword.test_numbers.service import FixedNumbers
from watchword.users.repository import UserRepository
from watchword.users.service import UserService
from watchword.webhooks.courier import Courier
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.models import Webhook
from watchword.webhooks.service import WebhookService

ALICE = PhoneNumber.parse("+447400123456")
MINJI = PhoneNumber.parse("+821012345678")
OPERATOR = Actor("operator", "op1", "rosa")
ORIGIN = "https://auth.example.com"


@dataclass
class Rooms:
    """One tenant's services, as a process has them; `anew` is another process on the database."""

    storage: Storage
    tenant: Tenant
    clock: FakeClock
    keys: SecretKeys
    provider: Provider
    public_receipts: bool = True
    dispatch: Dispatch = field(default_factory=Dispatch)
    courier: Courier = field(default_factory=lambda: Courier(OutboundClient(is_development=True)))
    reloads: int = 0
    listeners: tuple[Webhook, ...] = ()
    trial: Trial | None = None

    def __post_init__(self) -> None:
        storage, tenant_id = self.storage, self.tenant.id
        self.directory = TenantDirectory.of(storage, self.clock)
        self.audit = AuditService(AuditRows(storage, tenant_id), self.clock)
        self.registry = ConnectorRegistry(connector_classes(self.provider))
        self.messages = MessageRows(storage, tenant_id)
        self.reload()

    def reload(self) -> None:
        """Forget what was cached, as a process does when the tenant's stamp moved."""
        self.connectors = ConnectorService(
            tenant=self.tenant,
            rows=ConnectorRows(self.storage, self.tenant.id),
            registry=self.registry,
            sealer=Sealer(self.keys, "connector"),
            context=ConnectorContext(client=OutboundClient(), public_receipts=self.public_receipts),
            clock=self.clock,
            origin=ORIGIN,
            trial=self.trial,
        )
        self.deliveries = Deliveries.build(
            storage=self.storage,
            tenant_id=self.tenant.id,
            keys=self.keys,
            clock=self.clock,
            courier=self.courier,
        )
        self.webhooks = WebhookService(
            webhooks=self.listeners, deliveries=self.deliveries, storage=self.storage
        )
        self.messaging = MessagingService(
            rows=self.messages,
            pace=PaceRows(self.storage, self.tenant.id),
            early=EarlyReportRows(self.storage, self.tenant.id),
            connectors=self.connectors,
            sealer=Sealer(self.keys, "message"),
            digest=KeyedDigest(self.keys, "recipient"),
            audit=self.audit,
            clock=self.clock,
            dispatch=self.dispatch,
            webhooks=self.webhooks,
        )
        self.fixed_numbers = FixedNumbers(
            rows=FixedNumberRows(self.storage, self.tenant.id),
            digest=KeyedDigest(self.keys, "test number"),
            clock=self.clock,
            is_allowed=not self.tenant.is_production,
        )
        self.users = UserService(
            users=UserRepository(self.storage, self.tenant.id), clock=self.clock
        )
        self.configuration = ConfigurationService.build(
            ConfigurationWriter(
                tenant=self.tenant,
                storage=self.storage,
                directory=self.directory,
                versions=VersionRows(self.storage, self.tenant.id),
                audit=self.audit,
                clock=self.clock,
                on_change=self._changed,
            ),
            connectors=self.connectors,
            applications=ApplicationService(
                repository=ApplicationRepository(self.storage, self.tenant.id),
                sealer=Sealer(self.keys, "application"),
                clock=self.clock,
                origin=ORIGIN,
            ),
            users=self.users,
            resources=ResourceService(
                repository=ResourceRepository(self.storage, self.tenant.id), origin=ORIGIN
            ),
            deliveries=self.deliveries,
            fixed_numbers=self.fixed_numbers,
            recipients=KeyedDigest(self.keys, "recipient"),
            phrases=CustomPhraseService(CustomPhraseRows(self.storage, self.tenant.id)),
        )

    async def _changed(self) -> None:
        self.reloads += 1
        self.listeners = tuple(await self.deliveries.webhooks.all())
        self.trial = await trial_of(
            VersionRows(self.storage, self.tenant.id), ConnectorRows(self.storage, self.tenant.id)
        )
        self.reload()

    def anew(self) -> "Rooms":
        """Return the rooms of another process on the same database."""
        return Rooms(
            self.storage,
            self.tenant,
            self.clock,
            self.keys,
            self.provider,
            self.public_receipts,
            trial=self.trial,
        )

    async def set_up(self, connector_id: str = PROVIDER_ID, **options: Any) -> SavedConnector:
        """Save a connector that works."""
        config = {**CONFIG, **options.pop("config", {})}
        return await self.configuration.connectors.create(OPERATOR, connector_id, config, **options)


async def open_rooms(
    storage: Storage,
    clock: FakeClock,
    keys: SecretKeys,
    *,
    tenant_id: str = "default",
    tag: TenantTag = TenantTag.PRODUCTION,
) -> Rooms:
    """Return the rooms of a new tenant."""
    directory = TenantDirectory.of(storage, clock)
    tenant = await directory.create(tenant_id, tenant_id.title(), tag)
    return Rooms(storage, tenant, clock, keys, Provider())
