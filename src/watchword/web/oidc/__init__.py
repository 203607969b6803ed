"""OpenID Connect over HTTP: authorize, token, userinfo, keys, logout, consent, the demo app."""

from fastapi import APIRouter

from watchword.web.joining import join
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

router = APIRouter()
# The fallback answers what no other route under /oidc does, so it comes last.
for _endpoint in (authorize, token, metadata, logout, consent, consent_api, demo_app, fallback):
    join(router, _endpoint.router)
