"""A tenant, and the host names it answers to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

DEFAULT_TENANT_ID = "default"
# One label of a host name (RFC 1035, 2.3.1), short enough for the column.
TENANT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
# A domain of its own, with a port where it is not the scheme's.
TENANT_HOST = re.compile(
    r"(?=.{1,255}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?"
)
LONGEST_NAME = 128
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "[::1]", "localhost"})
PORTS = range(1024, 65_536)


class TenantTag(StrEnum):
    """What a tenant is for; production refuses what only development needs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Tenant:
    """An isolated customer of this server."""

    id: str
    name: str
    tag: TenantTag
    host: str | None
    """A domain of its own, with the port where it is not the scheme's."""
    configuration_stamp: int
    created_at: datetime
    port: int | None = None
    """One of its own, which the server listens on as well from its next start on."""

    @property
    def is_default(self) -> bool:
        """Tell whether this tenant lives at the public URL itself."""
        return self.id == DEFAULT_TENANT_ID

    @property
    def has_own_address(self) -> bool:
        """Tell whether it left its address below the public host for another."""
        return bool(self.host or self.port)

    @property
    def is_production(self) -> bool:
        """Tell whether real people sign in here."""
        return self.tag is TenantTag.PRODUCTION

    @property
    def shown(self) -> list[str]:
        """Return what whoever deletes it has to have seen: its name, and if people sign in here."""
        return [self.name, self.tag.value]

    def origin(self, public_url: str) -> str:
        """Return the origin of this tenant's pages and issuer."""
        scheme, _, public_host = public_url.partition("://")
        return f"{scheme}://{self.host_at(public_host)}"

    def host_at(self, public_host: str) -> str:
        """Return the host name that people reach this tenant at."""
        if self.host:
            return self.host
        if self.port:
            return f"{_without_port(public_host)}:{self.port}"
        return public_host if self.is_default else f"{self.id}.{public_host}"


def hosts_line(origin: str) -> str | None:
    """Return the line of a hosts file that programs on this machine need to find *origin*.

    Browsers find everything below `localhost` by themselves (RFC 6761, 6.3); most else does not.
    """
    name = _without_port(origin.partition("://")[2])
    return f"127.0.0.1 {name}" if name.endswith(".localhost") else None


def allows_ports(public_url: str) -> bool:
    """Tell whether tenants can own ports: where nothing stands between browsers and the server."""
    parts = urlsplit(public_url)
    return parts.scheme == "http" and _without_port(parts.netloc) in LOOPBACK_HOSTS


def resolve(
    host: str, tenants: Iterable[Tenant], public_url: str, development: bool = False
) -> Tenant | None:
    """Return the tenant that a Host header names, or None: an unknown host is nobody's."""
    scheme, _, public_host = public_url.partition("://")
    wanted = _canonical(host, scheme)
    public_host = _canonical(public_host, scheme)
    by_id = {tenant.id: tenant for tenant in tenants}
    for tenant in by_id.values():
        if tenant.has_own_address and _canonical(tenant.host_at(public_host), scheme) == wanted:
            return tenant
    default = by_id.get(DEFAULT_TENANT_ID)
    if wanted == public_host:
        return default
    # A tenant with its own domain or port left this address for good: one tenant, one issuer.
    tenant_id, _, rest = wanted.partition(".")
    named = by_id.get(tenant_id)
    is_below = named is not None and not named.is_default and not named.has_own_address
    if rest == public_host and is_below:
        return named
    if development and _without_port(wanted) in LOOPBACK_HOSTS:
        port = wanted.removeprefix(_without_port(wanted))
        return next((one for one in by_id.values() if f":{one.port}" == port), default)
    return None


def _canonical(host: str, scheme: str) -> str:
    host = host.strip().lower()
    default_port = ":443" if scheme == "https" else ":80"
    # RFC 3986, 6.2.3: the scheme's own port says nothing. A final dot is the same name.
    return host.removesuffix(default_port).removesuffix(".")


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
