"""What a process remembers of its tenants, and when it forgets that."""

from tests.web.management.conftest import Site, site
from watchword.audit.models import SYSTEM
from watchword.core.inbox import InboxEntry
from watchword.tenants.models import TenantTag

__all__ = ["site"]


async def _key_of_new_tenant(site: Site) -> str:
    await site.server.administration.create(SYSTEM, "acme", "Acme", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    scope = await site.server.scope_of("acme")
    return (await scope.oidc.keys.signing("ES256")).id


async def test_a_tenant_with_the_id_of_a_deleted_one_has_nothing_of_it(site: Site) -> None:
    before = await _key_of_new_tenant(site)
    sent = InboxEntry("m1", "+44 7700 900123", "123456", "SignIn", "en", site.clock.now())
    site.server.inbox.add("acme", sent)
    await site.server.administration.delete(SYSTEM, "acme", "acme")

    assert await _key_of_new_tenant(site) != before
    assert site.server.inbox.list("acme") == []
