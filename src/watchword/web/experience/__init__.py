"""The Experience API: what sign-in pages, ours or a customer's, ask of the server in JSON."""

from fastapi import APIRouter

from watchword.web.experience import (
    identification,
    interaction,
    mfa,
    profile,
    social,
    verification,
    well_known,
)
from watchword.web.joining import join

router = APIRouter()
# The most-read document comes first: a route is found by trying them in order.
for resource in (well_known, interaction, verification, identification, profile, mfa, social):
    join(router, resource.router)
