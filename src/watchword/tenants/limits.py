"""How much a development tenant may hold; production has no limit and asks for none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from watchword.storage import Database
from watchword.tenants.errors import TenantLimitReached
from watchword.tenants.repository import HoldingRows


class Limited(StrEnum):
    """What a development tenant may hold so many of."""

    USERS = "users"
    APPLICATIONS = "applications"
    CONNECTORS = "connectors"
    RESOURCES = "resources"
    WEBHOOKS = "webhooks"
    ORGANIZATIONS = "organizations"
    ORGANIZATION_ROLES = "organization_roles"


@dataclass(frozen=True)
class TenantLimits:
    """The limits of one tenant; an empty one, as production's is, runs no statement."""

    rows: HoldingRows
    most: Mapping[Limited, int]

    async def require_room(self, kind: Limited, tx: Database) -> None:
        """Let what *tx* has just made stay; raises TenantLimitReached, which undoes it.

        Whoever makes something else of the tenant's meanwhile waits here until *tx* ends.
        """
        most = self.most.get(kind)
        if most is None:
            return
        rows = self.rows.within(tx)
        await rows.lock()
        # A statement of its own: it sees what those left who had the lock before.
        if await rows.count(kind.value) > most:
            raise limit_reached(kind, most)


def limit_reached(kind: Limited, most: int) -> TenantLimitReached:
    """Return the error that says how many there may be, and which setting says so."""
    return TenantLimitReached(most=f"{most:,}", setting=f"WATCHWORD_DEVELOPMENT_{kind.upper()}")
