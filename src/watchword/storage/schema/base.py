"""What all tables share."""

from sqlalchemy import Column, MetaData, String

SERVER_TABLES = frozenset(
    {
        "tenants",
        "operators",
        "operator_sessions",
        "operator_invitations",
        "secret_key_checks",
    }
)
"""The only tables without a tenant; reached through a ServerRepository."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def tenant_key() -> Column[str]:
    """Return the column that every tenant's table begins its primary key with."""
    return Column("tenant_id", String(32), primary_key=True)
