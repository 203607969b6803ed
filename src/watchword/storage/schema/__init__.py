"""Every table, for both databases. A table carries `tenant_id` or stands in SERVER_TABLES."""

from watchword.storage.schema.access import (
    applications,
    consents,
    interactions,
    oidc_tokens,
    resources,
    sessions,
    signing_keys,
    social_identities,
    users,
)
from watchword.storage.schema.base import SERVER_TABLES, metadata
from watchword.storage.schema.configuration import (
    audit_log,
    configuration_versions,
    connectors,
    settings,
)
from watchword.storage.schema.custom_phrases import custom_phrases
from watchword.storage.schema.delivery import (
    connector_pace,
    early_reports,
    guard_windows,
    leases,
    lockouts,
    messages,
    social_verifications,
    verification_records,
)
from watchword.storage.schema.factors import factor_codes, factors
from watchword.storage.schema.organizations import (
    organization_invitation_links,
    organization_invitation_roles,
    organization_invitations,
    organization_member_roles,
    organization_members,
    organization_role_resource_scopes,
    organization_role_scopes,
    organization_roles,
    organization_scopes,
    organizations,
)
from watchword.storage.schema.pictures import pictures
from watchword.storage.schema.server import (
    operator_invitations,
    operator_sessions,
    operators,
    secret_key_checks,
    tenants,
)
from watchword.storage.schema.test_numbers import test_numbers, test_users
from watchword.storage.schema.totals import row_totals
from watchword.storage.schema.webhooks import connector_health, webhook_deliveries, webhooks

__all__ = [
    "SERVER_TABLES",
    "applications",
    "audit_log",
    "configuration_versions",
    "connector_health",
    "connector_pace",
    "connectors",
    "consents",
    "custom_phrases",
    "early_reports",
    "factor_codes",
    "factors",
    "guard_windows",
    "interactions",
    "leases",
    "lockouts",
    "messages",
    "metadata",
    "oidc_tokens",
    "operator_invitations",
    "operator_sessions",
    "operators",
    "organization_invitation_links",
    "organization_invitation_roles",
    "organization_invitations",
    "organization_member_roles",
    "organization_members",
    "organization_role_resource_scopes",
    "organization_role_scopes",
    "organization_roles",
    "organization_scopes",
    "organizations",
    "pictures",
    "resources",
    "row_totals",
    "secret_key_checks",
    "sessions",
    "settings",
    "signing_keys",
    "social_identities",
    "social_verifications",
    "tenants",
    "test_numbers",
    "test_users",
    "users",
    "verification_records",
    "webhook_deliveries",
    "webhooks",
]
