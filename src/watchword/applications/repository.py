"""Rows of applications; the writes run inside the transactions of `configuration`."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, literal, or_, select, update

from watchword.applications.models import (
    FIRST_SECRET,
    Application,
    ApplicationFilter,
    ApplicationSecret,
    ApplicationType,
    ClientMetadata,
    details_of,
    secret_of,
)
from watchword.core.pagination import Page, PageRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import applications

a = applications.c
_OWN = a.tenant_id == bindparam("tenant_id")

FIND = select(applications).where(_OWN, a.id == bindparam("id_"))

_CHANGEABLE: dict[str, Any] = {
    "name": bindparam("name"),
    "description": bindparam("description"),
    "secret": bindparam("secret"),
    "secrets": bindparam("secrets"),
    "secret_details": bindparam("secret_details"),
    "is_third_party": bindparam("is_third_party"),
    "is_management": bindparam("is_management"),
    "oidc_client_metadata": bindparam("oidc_client_metadata"),
    "custom_client_metadata": bindparam("custom_client_metadata"),
    "custom_data": bindparam("custom_data"),
    "resource_scopes": bindparam("resource_scopes"),
}

INSERT = insert(applications).values(
    tenant_id=bindparam("tenant_id"),
    id=bindparam("id"),
    type=bindparam("type"),
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


@lru_cache(maxsize=64)
def _listing(
    types: frozenset[str], is_third_party: bool | None, has_search: bool
) -> tuple[Select[Any], Select[Any]]:
    wanted = [_OWN]
    if types:
        wanted.append(or_(*(a.type == literal(str(kind)) for kind in sorted(types))))
    if is_third_party is not None:
        wanted.append(a.is_third_party.is_(is_third_party))
    if has_search:
        pattern = func.lower(bindparam("search"))
        wanted.append(
            or_(
                *(
                    func.lower(column).like(pattern, escape="\\")
                    for column in (a.id, a.name, a.description)
                )
            )
        )
    rows = (
        select(applications)
        .where(*wanted)
        .order_by(a.created_at.desc(), a.id)
        .limit(bindparam("limit_"))
        .offset(bindparam("offset_"))
    )
    return rows, select(func.count().label("total")).select_from(applications).where(*wanted)


@dataclass(frozen=True)
class ApplicationRepository(TenantRepository):
    """The applications of one tenant."""

    async def find(self, id: str) -> Application | None:
        """Return the application, or None."""
        row = await self.first(FIND, id_=id)
        return None if row is None else _application(row)

    async def list(self, page: PageRequest, wanted: ApplicationFilter) -> Page[Application]:
        """Return one page, the newest first."""
        search = {}
        if wanted.search is not None:
            # Only % and _ stand for others: PostgreSQL refuses a pattern that ends in a backslash.
            search["search"] = wanted.search.replace("\\", r"\\")
        listing, counting = _listing(wanted.types, wanted.is_third_party, bool(search))
        rows = await self.all(listing, limit_=page.size, offset_=page.offset, **search)
        count = await self.first(counting, **search)
        return Page(
            [_application(row) for row in rows], count["total"] if count is not None else 0, page
        )

    async def insert(self, application: Application) -> None:
        """Write a new row; raises StorageConflict if the id is taken."""
        await self.run(
            INSERT,
            id=application.id,
            type=application.type.value,
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
    sealed = {secret.id: secret.sealed for secret in application.secrets}
    return {
        "name": application.name,
        "description": application.description,
        "secret": sealed.pop("", None),
        "secrets": sealed,
        "secret_details": [details_of(secret) for secret in application.secrets],
        "is_third_party": application.is_third_party,
        "is_management": application.is_management,
        "oidc_client_metadata": {
            "redirectUris": list(application.redirect_uris),
            "postLogoutRedirectUris": list(application.post_logout_redirect_uris),
        },
        "custom_client_metadata": application.metadata.model_dump(by_alias=True, mode="json"),
        "custom_data": dict(application.custom_data),
        "resource_scopes": list(application.resource_scopes),
    }


def _secrets(row: Row) -> tuple[ApplicationSecret, ...]:
    sealed = {**row["secrets"]}
    if row["secret"] is not None:
        sealed[""] = row["secret"]
    secrets = [secret_of(details, sealed[details["id"]]) for details in row["secret_details"]]
    if "" in sealed and all(secret.id for secret in secrets):
        # Registered before an application could have more than one.
        first = ApplicationSecret(
            id="", name=FIRST_SECRET, created_at=row["created_at"], sealed=sealed[""]
        )
        secrets.insert(0, first)
    return tuple(secrets)


def _application(row: Row) -> Application:
    uris = row["oidc_client_metadata"]
    return Application(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        type=ApplicationType(row["type"]),
        secrets=_secrets(row),
        is_third_party=row["is_third_party"],
        is_management=row["is_management"],
        redirect_uris=tuple(uris["redirectUris"]),
        post_logout_redirect_uris=tuple(uris["postLogoutRedirectUris"]),
        metadata=ClientMetadata.model_validate(row["custom_client_metadata"]),
        custom_data=row["custom_data"],
        resource_scopes=tuple(row["resource_scopes"]),
        version=row["version"],
        created_at=row["created_at"],
    )
