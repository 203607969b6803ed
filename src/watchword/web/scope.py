"""The services of a request: one set for each tenant, built when its configuration changes."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import Request

from watchword.account.factors import AccountFactors
from watchword.account.models import AccountCenterSettings
from watchword.account.own_account import OwnAccount
from watchword.account.own_factors import OwnFactors
from watchword.account.service import AccountService
from watchword.applications.service import ApplicationService
from watchword.audit.service import AuditService
from watchword.configuration.service import ConfigurationService
from watchword.configuration.tenants import TenantAdministration
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.context import RequestContext
from watchword.core.inbox import Inbox
from watchword.core.phrases import Phrases
from watchword.custom_phrases.service import CustomPhraseService
from watchword.factors.recovery_codes import CodeDigest
from watchword.factors.service import FactorService
from watchword.guard.models import GuardPolicy
from watchword.guard.service import Lockout, SendGuard, Unblocking
from watchword.interactions.service import InteractionService
from watchword.invitations.service import InvitationService
from watchword.messaging.dispatch import Dispatch
from watchword.messaging.health import HealthService
from watchword.messaging.service import MessagingService
from watchword.messaging.statistics.service import StatisticsService
from watchword.oidc.service import OpenIdProvider
from watchword.operators.service import OperatorService
from watchword.organization_roles.service import OrganizationRoleService
from watchword.organizations.service import OrganizationService
from watchword.pictures.service import PictureService
from watchword.resources.service import ResourceService
from watchword.sign_in_settings.models import SignInSettings
from watchword.social.service import SocialService
from watchword.storage import Storage
from watchword.storage.leases import Leases
from watchword.tenants.models import Tenant
from watchword.tenants.service import TenantDirectory, resolve
from watchword.test_numbers.service import FixedNumbers
from watchword.users.passwords import Passwords
from watchword.users.service import UserService
from watchword.verification.service import VerificationService
from watchword.webhooks.courier import Courier
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.service import WebhookService

MOST_REMEMBERED_HOSTS = 1000

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, kw_only=True)
class TenantScope:
    """Everything one tenant's requests need; immutable, shared by its requests."""

    tenant: Tenant
    origin: str
    settings: SignInSettings
    guard_policy: GuardPolicy
    account_center: AccountCenterSettings
    phrases: Phrases
    """What its pages say: its own words before ours."""
    custom_phrases: CustomPhraseService
    applications: ApplicationService
    resources: ResourceService
    users: UserService
    accounts: AccountService
    own_account: OwnAccount
    connectors: ConnectorService
    configuration: ConfigurationService
    fixed_numbers: FixedNumbers
    guard: SendGuard
    lockout: Lockout
    unblocking: Unblocking
    verification: VerificationService
    messaging: MessagingService
    health: HealthService
    statistics: StatisticsService
    oidc: OpenIdProvider
    social: SocialService
    interactions: InteractionService
    factors: FactorService
    account_factors: AccountFactors
    own_factors: OwnFactors
    organization_roles: OrganizationRoleService
    organizations: OrganizationService
    invitations: InvitationService
    pictures: PictureService
    audit: AuditService
    webhooks: WebhookService
    deliveries: Deliveries
    leases: Leases
    derived: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What surfaces worked out from this configuration once; gone when it changes."""

    @property
    def issuer(self) -> str:
        """Return the URL that names this tenant's OpenID provider."""
        return f"{self.origin}/oidc"


@dataclass(kw_only=True)
class ServerScope:
    """What belongs to the process: storage, tenants, operators, and the tenants' scopes."""

    storage: Storage
    clock: Clock
    phrases: Phrases
    registry: ConnectorRegistry
    directory: TenantDirectory
    administration: TenantAdministration
    operators: OperatorService
    inbox: Inbox
    outbound: OutboundClient
    dispatch: Dispatch
    courier: Courier
    public_url: str
    is_development: bool
    build_scope: Callable[["ServerScope", Tenant], Awaitable[TenantScope]]
    trusted_proxies: tuple[Network, ...] = ()
    passwords: Passwords = field(default_factory=Passwords)
    recovery_codes: CodeDigest = field(default_factory=CodeDigest)
    metrics_token: str | None = None
    metrics_allow: tuple[Network, ...] = ()
    provider_base_urls: dict[str, str] = field(default_factory=dict)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    warnings: set[str] = field(default_factory=set)
    is_stopping: bool = False
    started_at: datetime | None = None
    """Since then it listens on the ports that tenants owned."""
    _hosts: dict[str, Tenant | None] = field(default_factory=dict)
    _scopes: dict[str, TenantScope] = field(default_factory=dict)
    _building: asyncio.Lock = field(default_factory=asyncio.Lock)

    def tenant_of_host(self, host: str) -> Tenant | None:
        """Return the tenant a Host header names, or None."""
        if host in self._hosts:
            return self._hosts[host]
        found = resolve(host, self.tenants.values(), self.public_url, self.is_development)
        if len(self._hosts) < MOST_REMEMBERED_HOSTS:
            self._hosts[host] = found
        return found

    def awaits_restart(self, tenant: Tenant) -> bool:
        """Tell whether a tenant owns a port that the server does not listen on yet."""
        is_new = self.started_at is None or tenant.created_at >= self.started_at
        return tenant.port is not None and is_new

    async def scope_of(self, tenant_id: str) -> TenantScope:
        """Return the tenant's services, built anew after its configuration changed."""
        scope = self._scopes.get(tenant_id)
        if scope is not None:
            return scope
        async with self._building:
            scope = self._scopes.get(tenant_id)
            if scope is None:
                # The stamp is read before what it stands for, so a change in between is seen.
                tenant = await self.directory.get(tenant_id)
                scope = self._scopes[tenant_id] = await self.build_scope(self, tenant)
            return scope

    async def forget(self, tenant_id: str) -> None:
        """Drop a tenant's services: its configuration changed."""
        self._scopes.pop(tenant_id, None)

    async def refresh(self) -> None:
        """Learn of other processes' changes; runs twice a second."""
        listed = {tenant.id: tenant for tenant in await self.directory.list()}
        for tenant_id, scope in list(self._scopes.items()):
            tenant = listed.get(tenant_id)
            if tenant is None or tenant != scope.tenant:
                await self.forget(tenant_id)
        if listed != self.tenants:
            self.tenants = listed
            self._hosts.clear()


async def tenant_scope(request: Request) -> TenantScope:
    """Return the services of the tenant this request came to."""
    return request.state.scope  # type: ignore[no-any-return]  # set by FrontDoor


async def server_scope(request: Request) -> ServerScope:
    """Return what belongs to the process."""
    return request.app.state.server  # type: ignore[no-any-return]  # set by app.py


async def request_context(request: Request) -> RequestContext:
    """Return who is asking."""
    return request.state.context  # type: ignore[no-any-return]  # set by FrontDoor


Scope = Annotated[TenantScope, Depends(tenant_scope)]
Server = Annotated[ServerScope, Depends(server_scope)]
Context = Annotated[RequestContext, Depends(request_context)]
