"""Every table, for both databases. A table carries `tenant_id` or stands in SERVER_TABLES."""

from watchword.storage.schema.access import (
    applications,
    consents,
    interactions,
    oidc_tokens,
    sessions,
    signing_keys,
    users,
)
from watchword.storage.schema.base import SERVER_TABLES, metadata
from watchword.storage.schema.configuration import (
    audit_log,
    configuration_versions,
    connectors,
    settings,
)
from watchword.storage.schema.delivery import (
    connector_pace,
    early_reports,
    guard_windows,
    leases,
    lockouts,
    messages,
    verification_records,
)
from watchword.storage.schema.server import (
    operator_invitations,
    operator_sessions,
    operators,
    secret_key_checks,
    tenants,
)

__all__ = [
    "SERVER_TABLES",
    "applications",
    "audit_log",
    "configuration_versions",
    "connector_pace",
    "connectors",
    "consents",
    "early_reports",
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
    "secret_key_checks",
    "sessions",
    "settings",
    "signing_keys",
    "tenants",
    "users",
    "verification_records",
]
