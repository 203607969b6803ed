"""Versions of configuration, the settings rows they describe, and who would miss a connector."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.audit.models import Actor
from watchword.configuration.models import Action, Change, ConfigurationVersion, Kind
from watchword.core.pagination import PageRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import configuration_versions, settings, users

COUNTED_AT_MOST = 1000

v = configuration_versions.c
OURS = v.tenant_id == bindparam("tenant_id")
THIS = (v.kind == bindparam("kind")) & (v.subject_id == bindparam("subject_id"))

ADD = insert(configuration_versions).values({column.name: bindparam(column.name) for column in v})
NEWEST = select(func.max(v.version).label("version")).where(OURS, THIS)
FIND = select(configuration_versions).where(OURS, THIS, v.version == bindparam("version"))

s = settings.c
FIND_SETTINGS = select(s.document, s.version).where(
    s.tenant_id == bindparam("tenant_id"), s.kind == bindparam("kind")
)
SETTINGS = upsert(settings).values({column.name: bindparam(column.name) for column in s})
SAVE_SETTINGS = SETTINGS.on_conflict_do_update(
    index_elements=[s.tenant_id, s.kind],
    set_={name: SETTINGS.excluded[name] for name in ("document", "version", "updated_at")},
)

u = users.c
PEOPLE_WITH_PHONE_ONLY = select(func.count().label("total")).select_from(
    select(u.id)
    .where(
        u.tenant_id == bindparam("tenant_id"),
        u.primary_phone.is_not(None),
        u.primary_email.is_(None),
        u.password_digest.is_(None),
    )
    .limit(literal(COUNTED_AT_MOST))
    .subquery()
)


@lru_cache(maxsize=8)
def _page(has_kind: bool, has_subject: bool) -> tuple[Select[Any], Select[Any]]:
    wanted = [OURS]
    if has_kind:
        wanted.append(v.kind == bindparam("kind"))
    if has_subject:
        wanted.append(v.subject_id == bindparam("subject_id"))
    rows = (
        select(configuration_versions)
        .where(*wanted)
        .order_by(v.created_at.desc(), v.version.desc(), v.kind, v.subject_id)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )
    count = select(func.count().label("total")).select_from(configuration_versions).where(*wanted)
    return rows, count


class VersionRows(TenantRepository):
    """Reads and writes one tenant's configuration history and settings."""

    async def add(self, version: ConfigurationVersion) -> None:
        """Write a version; raises StorageConflict if someone else wrote it first."""
        changes = [vars(change) for change in version.changes]
        await self.run(ADD, **vars(version) | {"author": str(version.author), "changes": changes})

    async def newest(self, kind: Kind, subject_id: str) -> int:
        """Return the number of the newest version, 0 where there is none."""
        row = await self.first(NEWEST, kind=kind, subject_id=subject_id)
        return (row["version"] if row else None) or 0

    async def find(self, kind: Kind, subject_id: str, version: int) -> ConfigurationVersion | None:
        """Return one version, or None."""
        row = await self.first(FIND, kind=kind, subject_id=subject_id, version=version)
        return _version(row) if row else None

    async def page(
        self, kind: Kind | None, subject_id: str | None, page: PageRequest
    ) -> tuple[list[ConfigurationVersion], int]:
        """Return one page of history, newest first, and how long it is."""
        values = {
            name: value
            for name, value in (("kind", kind), ("subject_id", subject_id))
            if value is not None
        }
        rows, count = _page(kind is not None, subject_id is not None)
        found = await self.all(rows, limit=page.size, offset=page.offset, **values)
        counted = await self.first(count, **values)
        return [_version(row) for row in found], counted["total"] if counted else 0

    async def settings(self, kind: Kind) -> Row | None:
        """Return a settings document and its version, or None while nothing was saved."""
        return await self.first(FIND_SETTINGS, kind=kind)

    async def save_settings(self, kind: Kind, **values: Any) -> None:
        """Write a settings document."""
        await self.run(SAVE_SETTINGS, kind=kind, **values)

    async def count_people_with_phone_only(self) -> int:
        """Count people who have nothing but a phone number to sign in with, 1000 at most."""
        row = await self.first(PEOPLE_WITH_PHONE_ONLY)
        return row["total"] if row else 0


def _version(row: Row) -> ConfigurationVersion:
    del row["tenant_id"]
    return ConfigurationVersion(
        **row
        | {
            "kind": Kind(row["kind"]),
            "author": Actor.parse(row["author"]),
            "action": Action(row["action"]),
            "changes": tuple(Change(**change) for change in row["changes"]),
        }
    )
