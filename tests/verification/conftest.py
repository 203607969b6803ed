"""A tenant that can send: real services, and a connector that keeps what it is given."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from tests.fakes import FakeClock, saved_connector
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.connector_kit.config import ConnectorConfig
from watchword.connector_kit.connector import ConnectorContext, SmsConnector
from watchword.connector_kit.models import (
    ConnectorMetadata,
    ConnectorType,
    Receipt,
    SmsMessage,
)
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.repository import ConnectorRows
from watchword.connectors.service import ConnectorService
from watchword.core.digests import KeyedDigest
from watchword.core.keys import SecretKeys
from watchword.core.sealing import Sealer
from watchword.guard.models import GuardPolicy
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout, SendGuard
from watchword.messaging.dispatch import Dispatch
from watchword.messaging.early_report_repository import EarlyReportRows
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.repository import MessageRows
from watchword.messaging.service import MessagingService
from watchword.sign_in_settings.models import CodePolicy, LockoutPolicy
from watchword.storage import Storage
from watchword.tenants.models import Tenant, TenantTag
from watchword.verification.repository import VerificationRepository
from watchword.verification.service import VerificationService


@dataclass
class Outbox:
    """What was sent, and how the provider behaves."""

    messages: list[SmsMessage] = field(default_factory=list)
    refusal: Exception | None = None
    delay: timedelta = timedelta(0)

    @property
    def last(self) -> SmsMessage:
        """Return the newest message."""
        return self.messages[-1]

    @property
    def last_code(self) -> str:
        """Return the code in the newest message."""
        return str(self.last.variables["code"])


class OutboxConnector(SmsConnector[ConnectorConfig]):
    """Keeps messages; each test gives the class an outbox of its own."""

    outbox: ClassVar[Outbox]
    metadata = ConnectorMetadata(
        id="outbox", target="outbox", name={"en": "Outbox"}, description={"en": "For tests."}
    )
    config_type = ConnectorConfig

    async def send(self, message: SmsMessage) -> Receipt:
        """Keep the message, or do what the test asks for."""
        await asyncio.sleep(self.outbox.delay.total_seconds())
        if self.outbox.refusal:
            raise self.outbox.refusal
        self.outbox.messages.append(message)
        return Receipt(provider_message_id=message.id)


Build = Callable[..., VerificationService]


@pytest.fixture
def outbox() -> Outbox:
    """Return an empty outbox."""
    return Outbox()


@pytest.fixture
def add_connector(storage: Storage, clock: FakeClock) -> Callable[..., Awaitable[None]]:
    """Return a function that sets the outbox up as a tenant's provider."""

    async def add(tenant: str = "default") -> None:
        await ConnectorRows(storage, tenant).add(
            saved_connector("outbox1", "outbox", ConnectorType.SMS, clock.now())
        )

    return add


@pytest.fixture
def build(storage: Storage, clock: FakeClock, keys: SecretKeys, outbox: Outbox) -> Build:
    """Return a function that builds the services of a tenant, as another process would too."""

    def service(
        tenant: str = "default",
        *,
        on: Storage = storage,
        with_keys: SecretKeys = keys,
        policy: CodePolicy | None = None,
        guard_policy: GuardPolicy | None = None,
        lockout_policy: LockoutPolicy | None = None,
        delivery_wait: timedelta = timedelta(seconds=3),
    ) -> VerificationService:
        own_class: Any = type("OwnOutbox", (OutboxConnector,), {"outbox": outbox})
        connectors = ConnectorService(
            tenant=Tenant(
                tenant, tenant, TenantTag.DEVELOPMENT, None, 1, datetime(2026, 1, 1, tzinfo=UTC)
            ),
            rows=ConnectorRows(on, tenant),
            registry=ConnectorRegistry([own_class]),
            sealer=Sealer(with_keys, "connector"),
            context=ConnectorContext(client=OutboundClient()),
            clock=clock,
            origin="http://localhost:3001",
        )
        counters = GuardRepository(on, tenant)
        return VerificationService(
            records=VerificationRepository(on, tenant),
            messaging=MessagingService(
                rows=MessageRows(on, tenant),
                pace=PaceRows(on, tenant),
                early=EarlyReportRows(on, tenant),
                connectors=connectors,
                sealer=Sealer(with_keys, "message"),
                digest=KeyedDigest(with_keys, "recipient"),
                audit=AuditService(AuditRows(on, tenant), clock),
                clock=clock,
                dispatch=Dispatch(),
            ),
            guard=SendGuard(
                counters=counters,
                digest=KeyedDigest(with_keys, "guard"),
                clock=clock,
                policy=guard_policy or GuardPolicy(),
            ),
            lockout=Lockout(
                counters=counters,
                digest=KeyedDigest(with_keys, "lockout"),
                clock=clock,
                policy=lockout_policy or LockoutPolicy(),
            ),
            digest=KeyedDigest(with_keys, "code"),
            clock=clock,
            policy=policy or CodePolicy(),
            delivery_wait=delivery_wait,
        )

    return service


@pytest.fixture
async def verification(
    build: Build, add_connector: Callable[..., Awaitable[None]]
) -> VerificationService:
    """Return the default tenant's service, with a provider set up."""
    await add_connector()
    return build()
