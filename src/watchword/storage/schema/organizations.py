"""Organizations: who belongs to them, as what, and who is invited.

Rows that make sense only together are tied by foreign keys, so that a deleted user, role or
organization takes along what hangs on it, in the same statement.
"""

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, String, Table, Text

from watchword.storage.schema.base import metadata, tenant_key
from watchword.storage.types import Id, Json, UtcDateTime


def _belongs_to(table: str, name: str, **columns: str) -> ForeignKeyConstraint:
    """Tie a row's columns to another table's, within the tenant."""
    return ForeignKeyConstraint(
        ["tenant_id", *columns],
        [f"{table}.tenant_id", *(f"{table}.{column}" for column in columns.values())],
        name=f"fk_{name}",
        ondelete="CASCADE",
    )


organizations = Table(
    "organizations",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("description", String(256)),
    Column("custom_data", Json, nullable=False),
    Column("is_mfa_required", Boolean, nullable=False),
    Column("is_trusted_device_allowed", Boolean, nullable=False),
    Column("color", Json, nullable=False),
    Column("branding", Json, nullable=False),
    Column("custom_css", Text),
    Column("created_at", UtcDateTime, nullable=False),
)
Index("ix_organizations_created_at", organizations.c.tenant_id, organizations.c.created_at)

# Roles and scopes are a tenant's, shared by all its organizations.
organization_roles = Table(
    "organization_roles",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("description", String(256)),
    Column("type", String(32), nullable=False),  # User | MachineToMachine
)
Index(
    "uq_organization_roles_name",
    organization_roles.c.tenant_id,
    organization_roles.c.name,
    unique=True,
)

organization_scopes = Table(
    "organization_scopes",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("description", String(256)),
)
Index(
    "uq_organization_scopes_name",
    organization_scopes.c.tenant_id,
    organization_scopes.c.name,
    unique=True,
)

organization_role_scopes = Table(
    "organization_role_scopes",
    metadata,
    tenant_key(),
    Column("role_id", Id(), primary_key=True),
    Column("scope_id", Id(), primary_key=True),
    _belongs_to("organization_roles", "organization_role_scopes_role", role_id="id"),
    _belongs_to("organization_scopes", "organization_role_scopes_scope", scope_id="id"),
)
Index(
    "ix_organization_role_scopes_scope_id",
    organization_role_scopes.c.tenant_id,
    organization_role_scopes.c.scope_id,
)

organization_role_resource_scopes = Table(
    "organization_role_resource_scopes",
    metadata,
    tenant_key(),
    Column("role_id", Id(), primary_key=True),
    Column("scope_id", Id(), primary_key=True),  # of an API resource
    _belongs_to("organization_roles", "organization_role_resource_scopes_role", role_id="id"),
)

organization_members = Table(
    "organization_members",
    metadata,
    tenant_key(),
    Column("organization_id", Id(), primary_key=True),
    Column("user_id", Id(), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    _belongs_to("organizations", "organization_members_organization", organization_id="id"),
    _belongs_to("users", "organization_members_user", user_id="id"),
)
Index(
    "ix_organization_members_created_at",
    organization_members.c.tenant_id,
    organization_members.c.organization_id,
    organization_members.c.created_at.desc(),
    organization_members.c.user_id,
)
Index(
    "ix_organization_members_user_id",
    organization_members.c.tenant_id,
    organization_members.c.user_id,
)

organization_member_roles = Table(
    "organization_member_roles",
    metadata,
    tenant_key(),
    Column("organization_id", Id(), primary_key=True),
    Column("user_id", Id(), primary_key=True),
    Column("role_id", Id(), primary_key=True),
    _belongs_to(
        "organization_members",
        "organization_member_roles_member",
        organization_id="organization_id",
        user_id="user_id",
    ),
    _belongs_to("organization_roles", "organization_member_roles_role", role_id="id"),
)
Index(
    "ix_organization_member_roles_role_id",
    organization_member_roles.c.tenant_id,
    organization_member_roles.c.role_id,
)

organization_invitations = Table(
    "organization_invitations",
    metadata,
    tenant_key(),
    Column("id", Id(), primary_key=True),
    Column("organization_id", Id(), nullable=False),
    Column("inviter_id", Id()),
    # In the form that is compared: an address in small letters, or a number's digits.
    Column("invitee", String(256), nullable=False),
    Column("accepted_user_id", Id()),
    # Pending | Accepted | Expired | Revoked; what is past its time may still say Pending.
    Column("status", String(16), nullable=False),
    Column("message_id", Id()),  # the newest one
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    _belongs_to("organizations", "organization_invitations_organization", organization_id="id"),
    _belongs_to("users", "organization_invitations_inviter", inviter_id="id"),
    _belongs_to("users", "organization_invitations_accepted_user", accepted_user_id="id"),
)
Index(
    "uq_organization_invitations_one_pending",
    organization_invitations.c.tenant_id,
    organization_invitations.c.organization_id,
    organization_invitations.c.invitee,
    unique=True,
    sqlite_where=organization_invitations.c.status == "Pending",
    postgresql_where=organization_invitations.c.status == "Pending",
)
for _name, *_columns in (
    ("created_at", "created_at"),
    ("organization_id", "organization_id", "created_at"),
    ("invitee", "invitee", "created_at"),
    ("inviter_id", "inviter_id", "created_at"),
    ("accepted_user_id", "accepted_user_id"),
):
    Index(
        f"ix_organization_invitations_{_name}",
        organization_invitations.c.tenant_id,
        *(organization_invitations.c[column] for column in _columns),
    )

organization_invitation_roles = Table(
    "organization_invitation_roles",
    metadata,
    tenant_key(),
    Column("invitation_id", Id(), primary_key=True),
    Column("role_id", Id(), primary_key=True),
    _belongs_to(
        "organization_invitations", "organization_invitation_roles_invitation", invitation_id="id"
    ),
    _belongs_to("organization_roles", "organization_invitation_roles_role", role_id="id"),
)
Index(
    "ix_organization_invitation_roles_role_id",
    organization_invitation_roles.c.tenant_id,
    organization_invitation_roles.c.role_id,
)

organization_invitation_links = Table(
    "organization_invitation_links",
    metadata,
    tenant_key(),
    Column("token_digest", String(64), primary_key=True),
    Column("invitation_id", Id(), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    _belongs_to(
        "organization_invitations", "organization_invitation_links_invitation", invitation_id="id"
    ),
)
Index(
    "ix_organization_invitation_links_invitation_id",
    organization_invitation_links.c.tenant_id,
    organization_invitation_links.c.invitation_id,
)
