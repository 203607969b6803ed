"""The Account API's resources, one file each."""

from fastapi import APIRouter, Depends

from watchword.web.account import (
    contacts,
    factors,
    identities,
    my_account,
    password,
    signed_in,
    verifications,
)
from watchword.web.account.access import BEARER, preflight, refusals

router = APIRouter()
for _path in ("/api/my-account", "/api/my-account/{path:path}", "/api/verifications/{path:path}"):
    router.add_api_route(_path, preflight, methods=["OPTIONS"], include_in_schema=False)
_resources = APIRouter(dependencies=[Depends(BEARER)], responses=refusals())
for _resource in (
    *(my_account, password, contacts, identities, factors),
    *(signed_in, verifications),
):
    _resources.include_router(_resource.router)
router.include_router(_resources)
