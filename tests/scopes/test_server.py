"""What a process remembers of its tenants, and when it forgets that."""

from tests.web.management.conftest import Site, site
from watchword.audit.models import SYSTEM
from watchword.tenants.models import TenantTag

__all__ = ["site"]


async def _key_of_new_tenant(site: Site) -> str:
    await site.server.administration.create(SYSTEM, "acme", "Acme", TenantTag.DEVELOPMENT)
    await site.server.refresh()
    scope = await site.server.scope_of("acme")
    return (await scope.oidc.keys.signing("ES256")).id


async def test_a_tenant_with_the_id_of_a_deleted_one_signs_with_keys_of_its_own(
    site: Site,
) -> None:
    before = await _key_of_new_tenant(site)
    await site.server.administration.delete(SYSTEM, "acme", "acme")

    assert await _key_of_new_tenant(site) != before
