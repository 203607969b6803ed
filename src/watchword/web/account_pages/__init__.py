"""The account pages: what people see and change of their own account, without scripts."""

from fastapi import APIRouter

from watchword.web.account_pages import (
    contacts,
    factors,
    hub,
    identities,
    password,
    profile,
    sessions,
    signing_in,
    step_up,
    success,
    username,
)
from watchword.web.joining import join

router = APIRouter()
# "success" is no social account, so its pages come before those.
for _pages in (
    *(hub, signing_in, step_up, contacts, username, password),
    *(success, identities, factors, profile, sessions),
):
    join(router, _pages.router)
