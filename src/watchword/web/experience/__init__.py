"""The Experience API: what sign-in pages, ours or a customer's, ask of the server in JSON."""

from fastapi import APIRouter

from watchword.web.experience import identification, interaction, profile, verification, well_known

router = APIRouter()
for resource in (interaction, verification, identification, profile, well_known):
    router.include_router(resource.router)
