"""Rows of applications; the writes run inside the transactions of `configuration`."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from watchword.applications.models import Application, ApplicationType, ClientMetadata
from watchword.core.pagination import Page, PageRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import applications

a = applications.c
_OWN = a.tenant_id == bindparam("tenant_id")

FIND = select(applications).where(_OWN, a.id == bindparam("id_"))

LIST = (
    select(applications)
    .where(_OWN)
    .order_by(a.created_at.desc(), a.id)
    .limit(bindparam("limit_"))
    .offset(bindparam("offset_"))
)

COUNT = select(func.count().label("total")).select_from(applications).where(_OWN)

_CHANGEABLE: dict[str, Any] = {
    "name": bindparam("name"),
    "description": bindparam("description"),
    "secret": bindparam("secret"),
    "is_third_party": bindparam("is_third_party"),
    "oidc_client_metadata": bindparam("oidc_client_metadata"),
    "custom_client_metadata": bindparam("custom_client_metadata"),
}

INSERT = insert(applications).values(
    tenant_id=bindparam("tenant_id"),
    id=bindparam("id"),
    type=bindparam("type"),
    is_management=bindparam("is_management"),
    version=bindparam("version"),
    created_at=bindparam("created_at"),
    **_CHANGEABLE,
)

UPDATE = (
    update(applications)
    .where(_OWN, a.id == bindparam("id_"), a.version == bindparam("expected_version"))
    .values(version=a.version + 1, **_CHANGEABLE)
    .returning(applications)
)

DELETE = delete(applications).where(_OWN, a.id == bindparam("id_"))


@dataclass(frozen=True)
class ApplicationRepository(TenantRepository):
    """The applications of one tenant."""

    async def find(self, id: str) -> Application | None:
        """Return the application, or None."""
        row = await self.first(FIND, id_=id)
        return None if row is None else _application(row)

    async def list(self, page: PageRequest) -> Page[Application]:
        """Return one page, the newest first."""
        rows = await self.all(LIST, limit_=page.size, offset_=page.offset)
        count = await self.first(COUNT)
        return Page(
            [_application(row) for row in rows], count["total"] if count is not None else 0, page
        )

    async def insert(self, application: Application) -> None:
        """Write a new row; raises StorageConflict if the id is taken."""
        await self.run(
            INSERT,
            id=application.id,
            type=application.type.value,
            is_management=application.is_management,
            version=application.version,
            created_at=application.created_at,
            **_values(application),
        )

    async def update(self, application: Application) -> Application | None:
        """Write the row if its version is still the one that was read; None if it is not."""
        row = await self.first(
            UPDATE,
            id_=application.id,
            expected_version=application.version,
            **_values(application),
        )
        return None if row is None else _application(row)

    async def delete(self, id: str) -> bool:
        """Delete the row and tell whether there was one."""
        return await self.run(DELETE, id_=id) == 1


def _values(application: Application) -> dict[str, Any]:
    return {
        "name": application.name,
        "description": application.description,
        "secret": application.secret,
        "is_third_party": application.is_third_party,
        "oidc_client_metadata": {
            "redirectUris": list(application.redirect_uris),
            "postLogoutRedirectUris": list(application.post_logout_redirect_uris),
        },
        "custom_client_metadata": application.metadata.model_dump(by_alias=True, mode="json"),
    }


def _application(row: Row) -> Application:
    uris = row["oidc_client_metadata"]
    return Application(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        type=ApplicationType(row["type"]),
        secret=row["secret"],
        is_third_party=row["is_third_party"],
        is_management=row["is_management"],
        redirect_uris=tuple(uris["redirectUris"]),
        post_logout_redirect_uris=tuple(uris["postLogoutRedirectUris"]),
        metadata=ClientMetadata.model_validate(row["custom_client_metadata"]),
        version=row["version"],
        created_at=row["created_at"],
    )
