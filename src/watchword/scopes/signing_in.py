"""The services that signing in needs; each is made when it is first asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from watchword.account.models import AccountCenterSettings
from watchword.applications.repository import ApplicationRepository
from watchword.applications.service import ApplicationService
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.connectors.service import ConnectorService
from watchword.core.digests import KeyedDigest
from watchword.core.phrases import Phrases
from watchword.core.sealing import Sealer
from watchword.custom_phrases.service import CustomPhraseService
from watchword.factors.repository import FactorRows
from watchword.factors.service import FactorService
from watchword.guard.gate_repository import GateRepository
from watchword.guard.limits import Limits
from watchword.guard.models import GuardPolicy
from watchword.guard.reports import GuardReports
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout, SendGuard
from watchword.interactions.repository import InteractionRepository
from watchword.interactions.service import InteractionService
from watchword.messaging.early_report_repository import EarlyReportRows
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.repository import MessageRows
from watchword.messaging.service import MessagingService
from watchword.oidc.service import OpenIdProvider
from watchword.organization_roles.repository import RoleRows, ScopeRows
from watchword.organization_roles.service import OrganizationRoleService
from watchword.organizations.repository import MemberRows, OrganizationRows
from watchword.organizations.service import OrganizationService
from watchword.pictures.service import PictureService
from watchword.resources.repository import ResourceRepository
from watchword.resources.service import ResourceService
from watchword.sign_in_settings.models import SignInSettings
from watchword.social.repository import SocialRows
from watchword.social.service import SocialService
from watchword.storage import Storage
from watchword.storage.leases import Leases
from watchword.tenants.limits import Limited, TenantLimits
from watchword.tenants.models import Tenant
from watchword.tenants.repository import HoldingRows
from watchword.test_numbers.service import FixedNumbers
from watchword.users.repository import UserRepository
from watchword.users.service import UserService
from watchword.verification.repository import VerificationRepository
from watchword.verification.service import VerificationService
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.service import WebhookService

if TYPE_CHECKING:
    from watchword.scopes.server import ServerScope

Rows = TypeVar("Rows")


@dataclass(frozen=True, kw_only=True, eq=False)
class SignInScope:
    """One tenant as it is configured, and what signs its people in; shared by its requests."""

    server: "ServerScope" = field(repr=False)
    tenant: Tenant
    settings: SignInSettings
    guard_policy: GuardPolicy
    account_center: AccountCenterSettings
    phrases: Phrases
    """What its pages say: its own words before ours."""
    custom_phrases: CustomPhraseService
    connectors: ConnectorService
    fixed_numbers: FixedNumbers
    pictures: PictureService
    deliveries: Deliveries
    webhooks: WebhookService
    derived: dict[str, Any] = field(default_factory=dict, repr=False)
    """What surfaces worked out from this configuration once; gone when it changes."""

    @cached_property
    def origin(self) -> str:
        """Where browsers reach the tenant."""
        return self.tenant.origin(self.server.public_url)

    @cached_property
    def issuer(self) -> str:
        """The URL that names this tenant's OpenID provider."""
        return f"{self.origin}/oidc"

    @cached_property
    def limits(self) -> TenantLimits | None:
        """How much it may hold; None for a production tenant."""
        if self.tenant.is_production:
            return None
        return TenantLimits(self.rows(HoldingRows), self.server.rules.most_in_development)

    @cached_property
    def leases(self) -> Leases:
        """Which process does what only one may do."""
        return self.rows(Leases)

    @cached_property
    def audit(self) -> AuditService:
        """The log of what happened."""
        return AuditService(self.rows(AuditRows), self.server.clock)

    @cached_property
    def applications(self) -> ApplicationService:
        """Whom it signs people in for."""
        return ApplicationService(
            repository=self.rows(ApplicationRepository),
            sealer=self.sealer("application"),
            clock=self.server.clock,
            origin=self.origin,
        )

    @cached_property
    def resources(self) -> ResourceService:
        """The APIs that tokens are for."""
        return ResourceService(repository=self.rows(ResourceRepository), origin=self.origin)

    @cached_property
    def users(self) -> UserService:
        """Its people."""
        most = self.limits.most[Limited.USERS] if self.limits else None
        return UserService(
            users=UserRepository(self.storage, self.tenant.id, most_users=most),
            clock=self.server.clock,
            fixed_numbers=self.fixed_numbers,
            passwords=self.server.passwords,
        )

    @cached_property
    def guard(self) -> SendGuard:
        """What may be sent, and how often."""
        digest, rules = self.digest("guard"), self.server.rules
        return SendGuard(
            counters=self.rows(GuardRepository),
            digest=digest,
            clock=self.server.clock,
            policy=self.guard_policy,
            webhooks=self.webhooks,
            reports=GuardReports(
                storage=self.storage,
                gates=self.rows(GateRepository),
                limits=Limits(tenant_id=self.tenant.id, digest=digest, policy=self.guard_policy),
                audit=self.audit,
                clock=self.server.clock,
                webhooks=self.webhooks,
            ),
            server=replace(rules.sending, development_day=None)
            if self.tenant.is_production
            else rules.sending,
            carrier=rules.carrier,
        )

    @cached_property
    def lockout(self) -> Lockout:
        """What stops guessing."""
        return Lockout(
            counters=self.rows(GuardRepository),
            digest=self.digest("lockout"),
            clock=self.server.clock,
            policy=self.guard_policy.tightened_lockout(self.settings.lockout_policy),
            webhooks=self.webhooks,
            guard=self.guard,
        )

    @cached_property
    def messaging(self) -> MessagingService:
        """What it sends."""
        return MessagingService(
            rows=self.rows(MessageRows),
            pace=self.rows(PaceRows),
            early=self.rows(EarlyReportRows),
            connectors=self.connectors,
            sealer=self.sealer("message"),
            digest=self.digest("recipient"),
            audit=self.audit,
            clock=self.server.clock,
            dispatch=self.server.dispatch,
            webhooks=self.webhooks,
            guard=self.guard,
        )

    @cached_property
    def verification(self) -> VerificationService:
        """The codes that prove a number or an address."""
        return VerificationService(
            records=self.rows(VerificationRepository),
            messaging=self.messaging,
            guard=self.guard,
            lockout=self.lockout,
            digest=self.digest("code"),
            clock=self.server.clock,
            policy=self.guard_policy.tightened(self.settings.code_policy),
            delivery_wait=self.server.rules.delivery_wait,
            fixed_numbers=self.fixed_numbers,
        )

    @cached_property
    def factors(self) -> FactorService:
        """Second factors."""
        return FactorService(
            rows=self.rows(FactorRows),
            sealer=self.sealer("factor"),
            lockout=self.lockout,
            clock=self.server.clock,
            digest=self.server.recovery_codes,
            issuer=urlsplit(self.origin).hostname or "Watchword",
        )

    @cached_property
    def social(self) -> SocialService:
        """Signing in with accounts of others."""
        return SocialService(
            rows=self.rows(SocialRows),
            connectors=self.connectors,
            sealer=self.sealer("social"),
            clock=self.server.clock,
        )

    @cached_property
    def organization_roles(self) -> OrganizationRoleService:
        """What members of organizations may do."""
        return OrganizationRoleService(
            roles=self.rows(RoleRows),
            scopes=self.rows(ScopeRows),
            storage=self.storage,
            audit=self.audit,
            webhooks=self.webhooks,
            limits=self.limits,
        )

    @cached_property
    def organizations(self) -> OrganizationService:
        """Organizations and their members."""
        return OrganizationService(
            organizations=self.rows(OrganizationRows),
            members=self.rows(MemberRows),
            roles=self.organization_roles,
            storage=self.storage,
            audit=self.audit,
            webhooks=self.webhooks,
            clock=self.server.clock,
            limits=self.limits,
        )

    @cached_property
    def oidc(self) -> OpenIdProvider:
        """Its OpenID provider."""
        known = self.server.signing_keys
        provider = OpenIdProvider.build(
            storage=self.storage,
            tenant_id=self.tenant.id,
            origin=self.origin,
            keys=self.server.rules.keys,
            clock=self.server.clock,
            applications=self.applications,
            users=self.users,
            resources=self.resources,
            organizations=self.organizations,
            signing_keys=known.get(self.tenant.id),
        )
        known[self.tenant.id] = provider.keys
        return provider

    @cached_property
    def interactions(self) -> InteractionService:
        """People on their way from an application and back."""
        return InteractionService(
            interactions=self.rows(InteractionRepository),
            storage=self.storage,
            users=self.users,
            settings=self.settings,
            verification=self.verification,
            lockout=self.lockout,
            oidc=self.oidc,
            social_accounts=self.social,
            audit=self.audit,
            webhooks=self.webhooks,
            phrases=self.phrases,
            origin=self.origin,
            clock=self.server.clock,
            factors=self.factors,
            organizations=self.organizations,
        )

    @property
    def storage(self) -> Storage:
        """Where all rows are."""
        return self.server.storage

    def rows(self, kind: Callable[[Storage, str], Rows]) -> Rows:
        """Return the tenant's own rows of *kind*, a repository's class."""
        return kind(self.storage, self.tenant.id)

    def sealer(self, purpose: str) -> Sealer:
        """Return what seals texts of *purpose* with the server's keys."""
        return Sealer(self.server.rules.keys, purpose)

    def digest(self, purpose: str) -> KeyedDigest:
        """Return what digests values of *purpose* with the server's keys."""
        return KeyedDigest(self.server.rules.keys, purpose)
