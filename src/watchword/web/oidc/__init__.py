"""OpenID Connect over HTTP: authorize, token, userinfo, keys, logout, consent, the demo app."""

from fastapi import APIRouter

from watchword.web.oidc import (
    authorize,
    consent,
    consent_api,
    demo_app,
    fallback,
    logout,
    metadata,
    token,
)

router = APIRouter(include_in_schema=False)
# The fallback answers what no other route under /oidc does, so it comes last.
for _endpoint in (authorize, token, metadata, logout, consent, consent_api, demo_app, fallback):
    router.include_router(_endpoint.router)
