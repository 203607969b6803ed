"""Users, applications, and what OpenID Connect keeps between requests."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
)

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Id, Json, Sealed, SealedMap, UtcDateTime

users = Table(
    "users",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("username", String(128)),
    Column("primary_email", String(128)),
    # Digits only, country code first: the contract's form.
    Column("primary_phone", String(32)),
    Column("email_verified_at", UtcDateTime),
    Column("phone_verified_at", UtcDateTime),
    Column("password_digest", Text),  # Argon2id, with its parameters
    Column("name", String(128)),
    Column("avatar", String(2048)),
    Column("profile", Json, nullable=False),
    Column("custom_data", Json, nullable=False),
    Column("identities", Json, nullable=False),
    Column("mfa", Json, nullable=False),
    Column("application_id", Id()),  # where they signed up
    Column("is_suspended", Boolean, nullable=False),
    Column("last_sign_in_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
Index("uq_users_primary_phone", users.c.tenant_id, users.c.primary_phone, unique=True)
Index("uq_users_primary_email", users.c.tenant_id, users.c.primary_email, unique=True)
Index("uq_users_username", users.c.tenant_id, users.c.username, unique=True)
# The order of every list; with the id, one page can be told from the next at any moment.
# And with what a search looks at, only the rows are read that it finds.
Index(
    "ix_users_created_at",
    users.c.tenant_id,
    users.c.created_at,
    users.c.id,
    users.c.username,
    users.c.primary_email,
    users.c.primary_phone,
    users.c.name,
)
# Who would be locked out without text messages, or without e-mail. SQLite, which keeps no
# statistics, prefers these to the unique indexes because they hold all that is asked.
_PHONE_ONLY = and_(
    users.c.primary_phone.is_not(None),
    users.c.primary_email.is_(None),
    users.c.password_digest.is_(None),
)
Index(
    "ix_users_phone_only",
    users.c.tenant_id,
    users.c.primary_email,
    users.c.password_digest,
    users.c.primary_phone,
    sqlite_where=_PHONE_ONLY,
    postgresql_where=_PHONE_ONLY,
)
_EMAIL_ONLY = and_(
    users.c.primary_email.is_not(None),
    users.c.primary_phone.is_(None),
    users.c.password_digest.is_(None),
)
Index(
    "ix_users_email_only",
    users.c.tenant_id,
    users.c.primary_phone,
    users.c.password_digest,
    users.c.primary_email,
    sqlite_where=_EMAIL_ONLY,
    postgresql_where=_EMAIL_ONLY,
)

# Whose account somebody's at a provider is linked to: what `users.identities` says, for looking up.
# The key lets two sign-ups with one social account make one user.
social_identities = Table(
    "social_identities",
    metadata,
    tenant_key(),
    Column("target", String(128), primary_key=True),
    Column("social_id", String(256), primary_key=True),  # who the person is at the provider
    Column("user_id", Id(), nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"],
        ["users.tenant_id", "users.id"],
        name="fk_social_identities_user",
        ondelete="CASCADE",
    ),
)
Index(
    "uq_social_identities_user_id",
    social_identities.c.tenant_id,
    social_identities.c.user_id,
    social_identities.c.target,
    unique=True,
)

applications = Table(
    "applications",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("description", Text),
    Column("type", String(32), nullable=False),  # SPA | Native | Traditional | MachineToMachine
    Column("secret", Sealed("application", ("tenant_id", "id"))),  # the first one
    Column("secrets", SealedMap("application", ("tenant_id", "id")), nullable=False),  # by id
    Column("secret_details", Json, nullable=False),  # [{id, name, createdAt, expiresAt}]
    Column("is_third_party", Boolean, nullable=False),
    Column("is_management", Boolean, nullable=False),  # may call the Management API
    # redirectUris, postLogoutRedirectUris
    Column("oidc_client_metadata", Json, nullable=False),
    # corsAllowedOrigins, idTokenTtl, refreshTokenTtlInDays, rotateRefreshToken,
    # alwaysIssueRefreshToken, requirePkce
    Column("custom_client_metadata", Json, nullable=False),
    Column("custom_data", Json, nullable=False),
    Column("resource_scopes", Json, nullable=False),  # ids of the scopes it may be given
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

resources = Table(
    "resources",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("name", String(256), nullable=False),
    Column("indicator", String(2048), nullable=False),  # RFC 8707; the `aud` of its tokens
    Column("is_default", Boolean, nullable=False),
    Column("access_token_ttl", Integer, nullable=False),  # seconds
    Column("scopes", Json, nullable=False),  # [{id, name, description, createdAt}]
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("uq_resources_indicator", resources.c.tenant_id, resources.c.indicator, unique=True)
Index(
    "uq_resources_one_default",
    resources.c.tenant_id,
    unique=True,
    sqlite_where=resources.c.is_default.is_(True),
    postgresql_where=resources.c.is_default.is_(True),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    tenant_key(),
    Column("id", Id(64), primary_key=True),  # the JWK thumbprint, RFC 7638
    Column("algorithm", String(16), nullable=False),
    Column("private_key", Sealed("signing key", ("tenant_id", "id")), nullable=False),  # JWK
    Column("public_key", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),  # signs no more; published until its tokens have expired
)
# Processes that start together make one key, not two; rotation retires the old one first.
Index(
    "uq_signing_keys_one_active",
    signing_keys.c.tenant_id,
    signing_keys.c.algorithm,
    unique=True,
    sqlite_where=signing_keys.c.retired_at.is_(None),
    postgresql_where=signing_keys.c.retired_at.is_(None),
)

interactions = Table(
    "interactions",
    metadata,
    tenant_key(),
    Column("id_digest", String(64), primary_key=True),
    Column("application_id", Id(), nullable=False),
    Column("request", Json, nullable=False),  # the authorization request, validated
    Column("event", String(32)),  # SignIn | Register | ForgotPassword; null until it is started
    Column("user_id", Id()),
    Column("state", Json, nullable=False),  # pending profile, sign-in context, page state
    Column("result", Json),  # who signed in and how, once submitted
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_interactions_expires_at", interactions.c.tenant_id, interactions.c.expires_at)

sessions = Table(
    "sessions",
    metadata,
    tenant_key(),
    Column("id_digest", String(64), primary_key=True),
    Column("user_id", Id(), nullable=False),
    Column("amr", Json, nullable=False),
    Column("acr", String(128)),
    Column("authenticated_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
Index("ix_sessions_user_id", sessions.c.tenant_id, sessions.c.user_id)
Index("ix_sessions_expires_at", sessions.c.tenant_id, sessions.c.expires_at)

oidc_tokens = Table(
    "oidc_tokens",
    metadata,
    tenant_key(),
    Column("token_digest", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),  # code | access | refresh
    # All that one authorization gave: revoked together.
    Column("grant_id", Id(), nullable=False),
    Column("application_id", Id(), nullable=False),
    Column("user_id", Id()),
    Column("session_digest", String(64)),
    Column("scope", Text, nullable=False),
    # nonce, redirect_uri, code_challenge, auth_time, amr, acr, resource, absolute expiry
    Column("details", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("consumed_at", UtcDateTime),
)
Index("ix_oidc_tokens_grant_id", oidc_tokens.c.tenant_id, oidc_tokens.c.grant_id)
Index("ix_oidc_tokens_user_id", oidc_tokens.c.tenant_id, oidc_tokens.c.user_id)
Index("ix_oidc_tokens_expires_at", oidc_tokens.c.tenant_id, oidc_tokens.c.expires_at)

consents = Table(
    "consents",
    metadata,
    tenant_key(),
    Column("user_id", Id(), primary_key=True),
    Column("application_id", Id(), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
