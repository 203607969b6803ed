"""The console: server-rendered pages for operators, on the public host only."""

from fastapi import APIRouter

from watchword.web.console import (
    access,
    account_center,
    applications,
    audit_log,
    blocklist,
    branding,
    configuration,
    connector_choice,
    connector_set_up,
    connectors,
    dashboard,
    inbox,
    message_export,
    messages,
    mfa,
    operators,
    organization_invitations,
    organization_roles,
    organizations,
    overview,
    profile,
    promotion,
    resources,
    security,
    sign_in_experience,
    sign_in_preview,
    social_connectors,
    tenants,
    test_numbers,
    trials,
    users,
    webhooks,
)
from watchword.web.joining import join

router = APIRouter()
for _pages in (
    # First: its addresses have no tenant in them.
    access,
    overview,
    connector_choice,
    connector_set_up,
    # Before the connectors: their ids stand where its name does.
    social_connectors,
    connectors,
    trials,
    branding,
    account_center,
    sign_in_experience,
    sign_in_preview,
    mfa,
    applications,
    resources,
    security,
    blocklist,
    webhooks,
    test_numbers,
    configuration,
    promotion,
    users,
    organizations,
    organization_invitations,
    organization_roles,
    # Before one message: their addresses would be its id.
    dashboard,
    message_export,
    messages,
    inbox,
    audit_log,
    profile,
    operators,
    tenants,
):
    join(router, _pages.router)
