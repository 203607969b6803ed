"""The services around an interaction, wired by hand on a real database, and an outbox."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from argon2 import PasswordHasher

from tests.fakes import FakeClock, saved_connector
from tests.oidc.world import organizations_of
from watchword.applications.models import DEMO_APP_ID
from watchword.applications.repository import ApplicationRepository
from watchword.applications.service import ApplicationService
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.connector_kit.config import ConnectorConfig
from watchword.connector_kit.connector import ConnectorContext, SmsConnector
from watchword.connector_kit.models import ConnectorMetadata, ConnectorType, Receipt, SmsMessage
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.repository import ConnectorRows
from watchword.connectors.service import ConnectorService
from watchword.core.context import RequestContext
from watchword.core.digests import KeyedDigest
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.core.phrases import Phrases
from watchword.core.sealing import Sealer
from watchword.factors.recovery_codes import CodeDigest
from watchword.factors.repository import FactorRows
from watchword.factors.service import FactorService
from watchword.guard.models import GuardPolicy
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout, SendGuard
from watchword.interactions.models import Interaction, InteractionEvent
from watchword.interactions.repository import InteractionRepository
from watchword.interactions.service import InteractionService
from watchword.messaging.dispatch import Dispatch
from watchword.messaging.early_report_repository import EarlyReportRows
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.repository import MessageRows
from watchword.messaging.service import MessagingService
from watchword.oidc.models import AuthorizationRequest
from watchword.oidc.service import OpenIdProvider
from watchword.organization_roles.repository import RoleRows, ScopeRows
from watchword.organization_roles.service import OrganizationRoleService
from watchword.organizations.repository import MemberRows, OrganizationRows
from watchword.organizations.service import OrganizationService
from watchword.resources.repository import ResourceRepository
from watchword.resources.service import ResourceService
from watchword.sign_in_settings.models import SignInSettings
from watchword.social.repository import SocialRows
from watchword.social.service import SocialService
from watchword.storage import Storage
from watchword.tenants.models import Tenant, TenantTag
from watchword.users.models import Identifier, NewUser, User
from watchword.users.passwords import Passwords
from watchword.users.repository import UserRepository
from watchword.users.service import UserService
from watchword.verification.repository import VerificationRepository
from watchword.verification.service import VerificationService
from watchword.webhooks.service import WebhookService

ORIGIN = "https://auth.example"
ALICE = Identifier("phone", "821012345678")
BOB = Identifier("phone", "821087654321")
PASSWORD = "Good-pass-4-Phone"
CONTEXT = RequestContext("192.0.2.7", ("en",), "a browser", "correlation-1")
SIGN_IN = InteractionEvent.SIGN_IN
REGISTER = InteractionEvent.REGISTER

PHONE_CODE: dict[str, Any] = {
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": True,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
}

OUTBOX: list[SmsMessage] = []


class OutboxConnector(SmsConnector[ConnectorConfig]):
    """Keeps messages instead of sending them."""

    metadata = ConnectorMetadata(
        id="outbox", target="outbox", name={"en": "Outbox"}, description={"en": "For tests"}
    )
    config_type = ConnectorConfig
    takes: ClassVar[float] = 0
    """Seconds that the provider needs."""
    has_own_texts: ClassVar[bool] = True
    """Whether the texts are ours; a provider's templates hold codes only."""

    def text_of(self, message: SmsMessage) -> str | None:
        """Return the text of a notice, which goes out as it is."""
        return message.notice if self.has_own_texts else None

    async def send(self, message: SmsMessage) -> Receipt:
        """Keep the message."""
        await asyncio.sleep(self.takes)
        OUTBOX.append(message)
        return Receipt(provider_message_id=message.id)


@dataclass
class World:
    """One tenant; `interactions` changes with its settings."""

    storage: Storage
    clock: FakeClock
    keys: SecretKeys
    tenant_id: str = "default"
    settings: Mapping[str, Any] = field(default_factory=lambda: PHONE_CODE)
    guard_policy: GuardPolicy = field(default_factory=GuardPolicy)

    def __post_init__(self) -> None:
        """Wire what does not depend on the settings."""
        OUTBOX.clear()
        OutboxConnector.takes = 0
        OutboxConnector.has_own_texts = True
        tenant = Tenant(
            self.tenant_id, "Test", TenantTag.DEVELOPMENT, None, 1, datetime(2026, 1, 1, tzinfo=UTC)
        )
        # The smallest cost there is: these tests are not about it.
        self.users = UserService(
            users=UserRepository(self.storage, self.tenant_id),
            clock=self.clock,
            passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        )
        self.audit = AuditService(AuditRows(self.storage, self.tenant_id), self.clock)
        self.webhooks = WebhookService()
        self.rows = ConnectorRows(self.storage, self.tenant_id)
        connectors = ConnectorService(
            tenant=tenant,
            rows=self.rows,
            registry=ConnectorRegistry([OutboxConnector]),
            sealer=Sealer(self.keys, "connector"),
            context=ConnectorContext(client=OutboundClient()),
            clock=self.clock,
            origin=ORIGIN,
        )
        self.messaging = MessagingService(
            rows=MessageRows(self.storage, self.tenant_id),
            pace=PaceRows(self.storage, self.tenant_id),
            early=EarlyReportRows(self.storage, self.tenant_id),
            connectors=connectors,
            sealer=Sealer(self.keys, "message"),
            digest=KeyedDigest(self.keys, "recipient"),
            audit=self.audit,
            clock=self.clock,
            dispatch=Dispatch(),
        )
        self.oidc = OpenIdProvider.build(
            storage=self.storage,
            tenant_id=self.tenant_id,
            origin=ORIGIN,
            keys=self.keys,
            clock=self.clock,
            applications=ApplicationService(
                repository=ApplicationRepository(self.storage, self.tenant_id),
                sealer=Sealer(self.keys, "application"),
                clock=self.clock,
                origin=ORIGIN,
            ),
            users=self.users,
            organizations=organizations_of(self.storage, self.tenant_id, self.clock),
            resources=ResourceService(
                repository=ResourceRepository(self.storage, self.tenant_id), origin=ORIGIN
            ),
        )
        self.organizations = OrganizationService(
            organizations=OrganizationRows(self.storage, self.tenant_id),
            members=MemberRows(self.storage, self.tenant_id),
            roles=OrganizationRoleService(
                roles=RoleRows(self.storage, self.tenant_id),
                scopes=ScopeRows(self.storage, self.tenant_id),
                storage=self.storage,
                audit=self.audit,
                webhooks=self.webhooks,
            ),
            storage=self.storage,
            audit=self.audit,
            webhooks=self.webhooks,
            clock=self.clock,
        )
        self.social = SocialService(
            rows=SocialRows(self.storage, self.tenant_id),
            connectors=connectors,
            sealer=Sealer(self.keys, "social"),
            clock=self.clock,
        )
        self.set_up(**self.settings)

    def set_up(self, **settings: Any) -> InteractionService:
        """Change the tenant's settings, given in the wire's form."""
        self.settings = {**self.settings, **settings}
        parsed = SignInSettings.model_validate(self.settings)
        counters = GuardRepository(self.storage, self.tenant_id)
        lockout = Lockout(
            counters=counters,
            digest=KeyedDigest(self.keys, "lockout"),
            clock=self.clock,
            policy=parsed.lockout_policy,
        )
        verification = VerificationService(
            records=VerificationRepository(self.storage, self.tenant_id),
            messaging=self.messaging,
            guard=SendGuard(
                counters=counters,
                digest=KeyedDigest(self.keys, "guard"),
                clock=self.clock,
                policy=self.guard_policy,
            ),
            lockout=lockout,
            digest=KeyedDigest(self.keys, "code"),
            clock=self.clock,
            policy=parsed.code_policy,
        )
        self.interactions = InteractionService(
            interactions=InteractionRepository(self.storage, self.tenant_id),
            storage=self.storage,
            users=self.users,
            settings=parsed,
            verification=verification,
            lockout=lockout,
            oidc=self.oidc,
            social_accounts=self.social,
            audit=self.audit,
            webhooks=self.webhooks,
            phrases=Phrases.load(),
            origin=ORIGIN,
            clock=self.clock,
            factors=FactorService(
                rows=FactorRows(self.storage, self.tenant_id),
                sealer=Sealer(self.keys, "factor"),
                lockout=lockout,
                clock=self.clock,
                issuer="auth.example",
                digest=CodeDigest(time_cost=1, memory_cost=8),
            ),
            organizations=self.organizations,
        )
        return self.interactions

    async def connect(self) -> None:
        """Save an SMS connector."""
        now = self.clock.now()
        await self.rows.add(saved_connector("outbox-1", "outbox", ConnectorType.SMS, now))

    async def add_user(
        self, phone: Identifier | None = ALICE, *, password: str | None = None, **values: Any
    ) -> User:
        """Add a person as an administrator would."""
        digest = await self.users.passwords.digest_of(password) if password else None
        new = NewUser(
            primary_phone=None if phone is None else PhoneNumber(phone.value),
            password_digest=digest,
            **values,
        )
        return await self.users.create(new)

    async def begin(self, event: InteractionEvent | None = SIGN_IN) -> str:
        """Return the token of a new interaction."""
        token = await self.interactions.begin(authorization_request())
        if event is not None:
            await self.interactions.start(token, event, client_ip=CONTEXT.client_ip)
        return token

    async def load(self, token: str) -> Interaction:
        """Return the interaction as it is now."""
        return await self.interactions.load(token)

    async def send(
        self, token: str, identifier: Identifier = ALICE, event: InteractionEvent = SIGN_IN
    ) -> str:
        """Ask for a code and return the id of its record."""
        record = await self.interactions.send_code(
            await self.load(token), identifier, event, CONTEXT
        )
        return record.id

    async def prove(
        self, token: str, identifier: Identifier = ALICE, event: InteractionEvent = SIGN_IN
    ) -> str:
        """Prove a number and return the id of the record."""
        record_id = await self.send(token, identifier, event)
        await self.interactions.verify_code(
            await self.load(token), identifier, record_id, self.last_code
        )
        return record_id

    async def identify(self, token: str, record_id: str | None = None) -> str:
        """Identify by what the interaction holds now."""
        return await self.interactions.identify(await self.load(token), record_id)

    async def submit(self, token: str) -> str | None:
        """Submit what the interaction holds now."""
        return await self.interactions.submit(await self.load(token), CONTEXT)

    @property
    def last_code(self) -> str:
        """Return the code of the newest message."""
        return str(OUTBOX[-1].variables["code"])


def authorization_request(**values: Any) -> AuthorizationRequest:
    """Return a checked request of the demo application."""
    return AuthorizationRequest(
        **{
            "client_id": DEMO_APP_ID,
            "redirect_uri": f"{ORIGIN}/demo-app",
            "requested_at": 1.0,
            "scope": ("openid", "phone"),
            "state": "s1",
            **values,
        }
    )
