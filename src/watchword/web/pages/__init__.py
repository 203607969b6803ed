"""The sign-in pages: forms that work without scripts, over the same services as the JSON API."""

from fastapi import APIRouter

from watchword.web.joining import join
from watchword.web.pages import (
    confirmations,
    endings,
    forgot_password,
    invitation,
    mfa_binding,
    mfa_verification,
    missing_profile,
    pictures,
    register,
    sign_in,
    social,
    verification_code,
)

router = APIRouter()
for _pages in (
    sign_in,
    register,
    forgot_password,
    verification_code,
    confirmations,
    missing_profile,
    mfa_verification,
    mfa_binding,
    social,
    endings,
    invitation,
    pictures,
):
    join(router, _pages.router)
