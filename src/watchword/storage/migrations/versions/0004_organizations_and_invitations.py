"""organizations and invitations."""

import sqlalchemy as sa
from alembic import op

from watchword.storage import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "organization_roles",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=True),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_organization_roles")),
    )
    with op.batch_alter_table("organization_roles", schema=None) as batch_op:
        batch_op.create_index("uq_organization_roles_name", ["tenant_id", "name"], unique=True)

    op.create_table(
        "organization_scopes",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_organization_scopes")),
    )
    with op.batch_alter_table("organization_scopes", schema=None) as batch_op:
        batch_op.create_index("uq_organization_scopes_name", ["tenant_id", "name"], unique=True)

    op.create_table(
        "organizations",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.String(length=256), nullable=True),
        sa.Column("custom_data", sa.Text(), nullable=False),
        sa.Column("is_mfa_required", sa.Boolean(), nullable=False),
        sa.Column("is_trusted_device_allowed", sa.Boolean(), nullable=False),
        sa.Column("color", sa.Text(), nullable=False),
        sa.Column("branding", sa.Text(), nullable=False),
        sa.Column("custom_css", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_organizations")),
    )
    with op.batch_alter_table("organizations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organizations_created_at", ["tenant_id", "created_at"], unique=False
        )

    op.create_table(
        "organization_invitations",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=False),
        sa.Column("inviter_id", sa.String(length=32), nullable=True),
        sa.Column("invitee", sa.String(length=256), nullable=False),
        sa.Column("accepted_user_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.Column("updated_at", types.UtcDateTime, nullable=False),
        sa.Column("expires_at", types.UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "accepted_user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_organization_invitations_accepted_user",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "inviter_id"],
            ["users.tenant_id", "users.id"],
            name="fk_organization_invitations_inviter",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["organizations.tenant_id", "organizations.id"],
            name="fk_organization_invitations_organization",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_organization_invitations")),
    )
    with op.batch_alter_table("organization_invitations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organization_invitations_accepted_user_id",
            ["tenant_id", "accepted_user_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_organization_invitations_created_at", ["tenant_id", "created_at"], unique=False
        )
        batch_op.create_index(
            "ix_organization_invitations_invitee",
            ["tenant_id", "invitee", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_organization_invitations_inviter_id",
            ["tenant_id", "inviter_id", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_organization_invitations_organization_id",
            ["tenant_id", "organization_id", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            "uq_organization_invitations_one_pending",
            ["tenant_id", "organization_id", "invitee"],
            unique=True,
            sqlite_where=sa.text("status = 'Pending'"),
            postgresql_where=sa.text("status = 'Pending'"),
        )

    op.create_table(
        "organization_members",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id"],
            ["organizations.tenant_id", "organizations.id"],
            name="fk_organization_members_organization",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name="fk_organization_members_user",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "organization_id", "user_id", name=op.f("pk_organization_members")
        ),
    )
    with op.batch_alter_table("organization_members", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organization_members_created_at",
            ["tenant_id", "organization_id", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_organization_members_user_id", ["tenant_id", "user_id"], unique=False
        )

    op.create_table(
        "organization_role_resource_scopes",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("role_id", sa.String(length=32), nullable=False),
        sa.Column("scope_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["organization_roles.tenant_id", "organization_roles.id"],
            name="fk_organization_role_resource_scopes_role",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "role_id", "scope_id", name=op.f("pk_organization_role_resource_scopes")
        ),
    )
    op.create_table(
        "organization_role_scopes",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("role_id", sa.String(length=32), nullable=False),
        sa.Column("scope_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["organization_roles.tenant_id", "organization_roles.id"],
            name="fk_organization_role_scopes_role",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "scope_id"],
            ["organization_scopes.tenant_id", "organization_scopes.id"],
            name="fk_organization_role_scopes_scope",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "role_id", "scope_id", name=op.f("pk_organization_role_scopes")
        ),
    )
    with op.batch_alter_table("organization_role_scopes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organization_role_scopes_scope_id", ["tenant_id", "scope_id"], unique=False
        )

    op.create_table(
        "organization_invitation_links",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("invitation_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", types.UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["organization_invitations.tenant_id", "organization_invitations.id"],
            name="fk_organization_invitation_links_invitation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "token_digest", name=op.f("pk_organization_invitation_links")
        ),
    )
    with op.batch_alter_table("organization_invitation_links", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organization_invitation_links_invitation_id",
            ["tenant_id", "invitation_id"],
            unique=False,
        )

    op.create_table(
        "organization_invitation_roles",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("invitation_id", sa.String(length=32), nullable=False),
        sa.Column("role_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invitation_id"],
            ["organization_invitations.tenant_id", "organization_invitations.id"],
            name="fk_organization_invitation_roles_invitation",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["organization_roles.tenant_id", "organization_roles.id"],
            name="fk_organization_invitation_roles_role",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "invitation_id", "role_id", name=op.f("pk_organization_invitation_roles")
        ),
    )
    with op.batch_alter_table("organization_invitation_roles", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organization_invitation_roles_role_id", ["tenant_id", "role_id"], unique=False
        )

    op.create_table(
        "organization_member_roles",
        sa.Column("tenant_id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("role_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "organization_id", "user_id"],
            [
                "organization_members.tenant_id",
                "organization_members.organization_id",
                "organization_members.user_id",
            ],
            name="fk_organization_member_roles_member",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["organization_roles.tenant_id", "organization_roles.id"],
            name="fk_organization_member_roles_role",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "organization_id",
            "user_id",
            "role_id",
            name=op.f("pk_organization_member_roles"),
        ),
    )
    with op.batch_alter_table("organization_member_roles", schema=None) as batch_op:
        batch_op.create_index(
            "ix_organization_member_roles_role_id", ["tenant_id", "role_id"], unique=False
        )
