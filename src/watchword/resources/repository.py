"""Rows of API resources; the writes run inside the transactions of `configuration`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from watchword.resources.models import Resource, ResourceScope
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import resources

r = resources.c
_OWN = r.tenant_id == bindparam("tenant_id")

LIST = select(resources).where(_OWN).order_by(r.created_at.desc(), r.id)

_CHANGEABLE: dict[str, Any] = {
    "name": bindparam("name"),
    "is_default": bindparam("is_default"),
    "access_token_ttl": bindparam("access_token_ttl"),
    "scopes": bindparam("scopes"),
}

INSERT = insert(resources).values(
    tenant_id=bindparam("tenant_id"),
    id=bindparam("id"),
    indicator=bindparam("indicator"),
    version=bindparam("version"),
    created_at=bindparam("created_at"),
    **_CHANGEABLE,
)

UPDATE = (
    update(resources)
    .where(_OWN, r.id == bindparam("id_"), r.version == bindparam("expected_version"))
    .values(version=r.version + 1, **_CHANGEABLE)
    .returning(resources)
)

DELETE = delete(resources).where(_OWN, r.id == bindparam("id_"))


@dataclass(frozen=True)
class ResourceRepository(TenantRepository):
    """The API resources of one tenant."""

    async def list(self) -> list[Resource]:
        """Return all of them, the newest first: they are few, and asked for together."""
        return [_resource(row) for row in await self.all(LIST)]

    async def insert(self, resource: Resource) -> None:
        """Write a new row; raises StorageConflict if its id or indicator is taken."""
        await self.run(
            INSERT,
            id=resource.id,
            indicator=resource.indicator,
            version=resource.version,
            created_at=resource.created_at,
            **_values(resource),
        )

    async def update(self, resource: Resource) -> Resource | None:
        """Write the row if its version is still the one that was read; None if it is not."""
        row = await self.first(
            UPDATE, id_=resource.id, expected_version=resource.version, **_values(resource)
        )
        return None if row is None else _resource(row)

    async def delete(self, id: str) -> bool:
        """Delete the row and tell whether there was one."""
        return await self.run(DELETE, id_=id) == 1


def _values(resource: Resource) -> dict[str, Any]:
    return {
        "name": resource.name,
        "is_default": resource.is_default,
        "access_token_ttl": int(resource.access_token_ttl.total_seconds()),
        "scopes": [scope.document() for scope in resource.scopes],
    }


def _resource(row: Row) -> Resource:
    return Resource(
        id=row["id"],
        name=row["name"],
        indicator=row["indicator"],
        is_default=row["is_default"],
        access_token_ttl=timedelta(seconds=row["access_token_ttl"]),
        scopes=tuple(ResourceScope.of(document) for document in row["scopes"]),
        version=row["version"],
        created_at=row["created_at"],
    )
