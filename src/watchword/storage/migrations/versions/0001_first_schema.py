"""first schema."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "applications",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("is_third_party", sa.Boolean(), nullable=False),
        sa.Column("is_management", sa.Boolean(), nullable=False),
        sa.Column("oidc_client_metadata", sa.Text(), nullable=False),
        sa.Column("custom_client_metadata", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_applications")),
    )
    op.create_table(
        "audit_log",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=128), nullable=False),
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=True),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_log")),
    )
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.create_index("ix_audit_log_created_at", ["tenant_id", "created_at"], unique=False)

    op.create_table(
        "configuration_versions",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "kind", "subject_id", "version", name=op.f("pk_configuration_versions")
        ),
    )
    with op.batch_alter_table("configuration_versions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_configuration_versions_created_at", ["tenant_id", "created_at"], unique=False
        )

    op.create_table(
        "connectors",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("connector_id", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("sync_profile", sa.Boolean(), nullable=False),
        sa.Column("tested_at", types.UtcDateTime, nullable=True),
        sa.Column("receipt_token", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("updated_at", types.UtcDateTime, nullable=False),
        sa.Column("retired_at", types.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_connectors")),
    )
    with op.batch_alter_table("connectors", schema=None) as batch_op:
        batch_op.create_index(
            "uq_connectors_one_active",
            ["tenant_id", "type"],
            unique=True,
            sqlite_where=sa.text("retired_at IS NULL AND type IN ('Sms', 'Email')"),
            postgresql_where=sa.text("retired_at IS NULL AND type IN ('Sms', 'Email')"),
        )

    op.create_table(
        "consents",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("application_id", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", "application_id", name=op.f("pk_consents")),
    )
    op.create_table(
        "guard_windows",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("bucket", sa.String(length=160), nullable=False),
        sa.Column("stamps", sa.Text(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "bucket", name=op.f("pk_guard_windows")),
    )
    with op.batch_alter_table("guard_windows", schema=None) as batch_op:
        batch_op.create_index(
            "ix_guard_windows_expires_at", ["tenant_id", "expires_at"], unique=False
        )

    op.create_table(
        "interactions",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id_digest", sa.String(length=64), nullable=False),
        sa.Column("application_id", sa.String(length=32), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id_digest", name=op.f("pk_interactions")),
    )
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_interactions_expires_at", ["tenant_id", "expires_at"], unique=False
        )

    op.create_table(
        "leases",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_leases")),
    )
    op.create_table(
        "lockouts",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("bucket", sa.String(length=160), nullable=False),
        sa.Column("stamps", sa.Text(), nullable=False),
        sa.Column("blocked_until", types.UtcDateTime, nullable=True),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "bucket", name=op.f("pk_lockouts")),
    )
    with op.batch_alter_table("lockouts", schema=None) as batch_op:
        batch_op.create_index("ix_lockouts_expires_at", ["tenant_id", "expires_at"], unique=False)

    op.create_table(
        "messages",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("usage_type", sa.String(length=32), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("connector_instance_id", sa.String(length=128), nullable=True),
        sa.Column("connector_id", sa.String(length=128), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("recipient_masked", sa.String(length=64), nullable=False),
        sa.Column("recipient_digest", sa.String(length=128), nullable=False),
        sa.Column("country", sa.String(length=3), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("encoding", sa.String(length=8), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=True),
        sa.Column("provider_message_id", sa.String(length=255), nullable=True),
        sa.Column("provider_words", sa.Text(), nullable=True),
        sa.Column("error_class", sa.String(length=64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_holder", sa.String(length=64), nullable=True),
        sa.Column("lease_until", types.UtcDateTime, nullable=True),
        sa.Column("not_before", types.UtcDateTime, nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.Column("sending_at", types.UtcDateTime, nullable=True),
        sa.Column("accepted_at", types.UtcDateTime, nullable=True),
        sa.Column("final_at", types.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_messages")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_created_at", ["tenant_id", "created_at"], unique=False)
        batch_op.create_index(
            "ix_messages_open",
            ["tenant_id", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'sending')"),
            postgresql_where=sa.text("state IN ('queued', 'sending')"),
        )
        batch_op.create_index(
            "ix_messages_provider",
            ["tenant_id", "connector_instance_id", "provider_message_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_messages_recipient", ["tenant_id", "recipient_digest"], unique=False
        )

    op.create_table(
        "oidc_tokens",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("application_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("session_digest", sa.String(length=64), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.Column("consumed_at", types.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "token_digest", name=op.f("pk_oidc_tokens")),
    )
    with op.batch_alter_table("oidc_tokens", schema=None) as batch_op:
        batch_op.create_index(
            "ix_oidc_tokens_expires_at", ["tenant_id", "expires_at"], unique=False
        )
        batch_op.create_index("ix_oidc_tokens_grant_id", ["tenant_id", "grant_id"], unique=False)
        batch_op.create_index("ix_oidc_tokens_user_id", ["tenant_id", "user_id"], unique=False)

    op.create_table(
        "operator_invitations",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("is_setup", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.Column("used_at", types.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_operator_invitations")),
    )
    op.create_table(
        "operators",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=False),
        sa.Column("password_digest", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
        sa.Column("recovery_codes", sa.Text(), nullable=False),
        sa.Column("preferences", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", types.UtcDateTime, nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("last_sign_in_at", types.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operators")),
        sa.UniqueConstraint("username", name=op.f("uq_operators_username")),
    )
    op.create_table(
        "secret_key_checks",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("sealed_check", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_secret_key_checks")),
    )
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id_digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("acr", sa.String(length=128), nullable=True),
        sa.Column("authenticated_at", types.UtcDateTime, nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("last_seen_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id_digest", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index("ix_sessions_expires_at", ["tenant_id", "expires_at"], unique=False)
        batch_op.create_index("ix_sessions_user_id", ["tenant_id", "user_id"], unique=False)

    op.create_table(
        "settings",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", name=op.f("pk_settings")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=16), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("retired_at", types.UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_signing_keys")),
    )
    with op.batch_alter_table("signing_keys", schema=None) as batch_op:
        batch_op.create_index(
            "uq_signing_keys_one_active",
            ["tenant_id", "algorithm"],
            unique=True,
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        )

    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("tag", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("configuration_stamp", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("host", name=op.f("uq_tenants_host")),
    )
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("username", sa.String(length=128), nullable=True),
        sa.Column("primary_email", sa.String(length=128), nullable=True),
        sa.Column("primary_phone", sa.String(length=32), nullable=True),
        sa.Column("email_verified_at", types.UtcDateTime, nullable=True),
        sa.Column("phone_verified_at", types.UtcDateTime, nullable=True),
        sa.Column("password_digest", sa.Text(), nullable=True),
        sa.Column("name", sa.String(length=128), nullable=True),
        sa.Column("avatar", sa.String(length=2048), nullable=True),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("custom_data", sa.Text(), nullable=False),
        sa.Column("identities", sa.Text(), nullable=False),
        sa.Column("mfa", sa.Text(), nullable=False),
        sa.Column("application_id", sa.String(length=32), nullable=True),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("last_sign_in_at", types.UtcDateTime, nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("updated_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_users")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index("ix_users_created_at", ["tenant_id", "created_at"], unique=False)
        batch_op.create_index("uq_users_primary_email", ["tenant_id", "primary_email"], unique=True)
        batch_op.create_index("uq_users_primary_phone", ["tenant_id", "primary_phone"], unique=True)
        batch_op.create_index("uq_users_username", ["tenant_id", "username"], unique=True)

    op.create_table(
        "verification_records",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("flow_id", sa.String(length=128), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("identifier_type", sa.String(length=16), nullable=False),
        sa.Column("identifier", sa.String(length=256), nullable=False),
        sa.Column("template_type", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code_digest", sa.String(length=128), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "flow_id", "type", name=op.f("pk_verification_records")
        ),
    )
    with op.batch_alter_table("verification_records", schema=None) as batch_op:
        batch_op.create_index(
            "ix_verification_records_expires_at", ["tenant_id", "expires_at"], unique=False
        )
        batch_op.create_index("uq_verification_records_id", ["tenant_id", "id"], unique=True)

    op.create_table(
        "operator_sessions",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=32), nullable=False),
        sa.Column("csrf_token", sa.String(length=64), nullable=False),
        sa.Column("needs_second_factor", sa.Boolean(), nullable=False),
        sa.Column("authenticated_at", types.UtcDateTime, nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("last_seen_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.id"],
            name=op.f("fk_operator_sessions_operator_id_operators"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_operator_sessions")),
    )
    with op.batch_alter_table("operator_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_operator_sessions_operator_id", ["operator_id"], unique=False)
