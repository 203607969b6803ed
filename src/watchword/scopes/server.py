"""What belongs to the process, and its tenants' scopes, built when their configuration changes."""

import asyncio
import ipaddress
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from watchword.configuration.tenants import TenantAdministration
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.clock import Clock
from watchword.core.inbox import Inbox
from watchword.core.phrases import Phrases
from watchword.factors.recovery_codes import CodeDigest
from watchword.messaging.dispatch import Dispatch
from watchword.oidc.keys import SigningKeys
from watchword.operators.service import OperatorService
from watchword.scopes.reading import read_tenant
from watchword.scopes.rules import OperatorRules
from watchword.scopes.tenant import TenantScope
from watchword.storage import Storage
from watchword.tenants.models import Tenant
from watchword.tenants.service import TenantDirectory, resolve
from watchword.users.passwords import Passwords
from watchword.webhooks.courier import Courier

MOST_REMEMBERED_HOSTS = 1000

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
    rules: OperatorRules
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
    signing_keys: dict[str, SigningKeys] = field(default_factory=dict)
    """Of each tenant; a change of its configuration leaves them as they are."""
    wanted_pictures: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Addresses of pictures that each tenant's pages still miss."""
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
                scope = self._scopes[tenant_id] = await read_tenant(self, tenant)
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
            for tenant in self.tenants.values():
                self._forget_for_good(tenant, listed.get(tenant.id))
            self.tenants = listed
            self._hosts.clear()

    def _forget_for_good(self, known: Tenant, found: Tenant | None) -> None:
        """Drop what outlives a tenant's services if it was deleted."""
        # One that was made with its id since is another: it signs with keys of its own, and its
        # operators read no message of that one.
        if found is None or found.created_at != known.created_at:
            self.signing_keys.pop(known.id, None)
            self.wanted_pictures.pop(known.id, None)
            self.inbox.forget(known.id)
