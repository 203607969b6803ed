"""`/api/tenant-settings`, ours alone: how this server treats the tenant's administrators."""

from fastapi import APIRouter

from watchword.configuration.models import TenantSettings
from watchword.web.documented import problems
from watchword.web.management.access import Caller

router = APIRouter(prefix="/tenant-settings", tags=["Tenant settings"])


@router.get("")
async def get_tenant_settings(caller: Caller) -> TenantSettings:
    """Show the tenant's own settings."""
    settings, _ = await caller.tenant.configuration.settings.tenant()
    return settings


@router.patch("", responses=problems())
async def change_tenant_settings(body: TenantSettings, caller: Caller) -> TenantSettings:
    """Change what the body names."""
    patch = body.model_dump(by_alias=True, mode="json", exclude_unset=True)
    return await caller.tenant.configuration.settings.save_tenant(caller.actor, patch)
