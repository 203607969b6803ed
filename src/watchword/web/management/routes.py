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
    connectors,
    messages,
    sign_in_experience,
    verification_codes,
)
from watchword.web.management.access import BEARER

ACCESS = problems(
    AuthorizationHeaderMissing, AuthorizationTypeNotSupported, Unauthorized, Forbidden
)

router = APIRouter(prefix="/api", dependencies=[Depends(BEARER)], responses=ACCESS)
for resource in (connectors, messages, sign_in_experience, verification_codes):
    router.include_router(resource.router)
