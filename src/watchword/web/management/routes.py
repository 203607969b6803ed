"""The Management API's resources, one file each."""

from fastapi import APIRouter, Depends

from watchword.oidc.management_access import (
    AuthorizationHeaderMissing,
    AuthorizationTypeNotSupported,
    Forbidden,
    Unauthorized,
)
from watchword.web.documented import problems
from watchword.web.management import (
    account_center,
    applications,
    configuration,
    connectors,
    custom_phrases,
    hooks,
    logs,
    messages,
    organization_invitations,
    organization_roles,
    organizations,
    resources,
    sentinel_activities,
    sign_in_experience,
    tenant_settings,
    test_numbers,
    trials,
    user_factors,
    users,
    verification_codes,
)
from watchword.web.management.access import BEARER

ACCESS = problems(
    AuthorizationHeaderMissing, AuthorizationTypeNotSupported, Unauthorized, Forbidden
)

router = APIRouter(prefix="/api", dependencies=[Depends(BEARER)], responses=ACCESS)
for resource in (
    account_center,
    applications,
    configuration,
    connectors,
    custom_phrases,
    hooks,
    logs,
    messages,
    organization_invitations,
    organization_roles,
    organizations,
    resources,
    sentinel_activities,
    sign_in_experience,
    tenant_settings,
    test_numbers,
    trials,
    user_factors,
    users,
    verification_codes,
):
    router.include_router(resource.router)
