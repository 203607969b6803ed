"""Versions of configuration, the settings rows they describe, and who would miss a connector."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.audit.models import Actor, interaction_event
from watchword.configuration.models import Action, Change, ConfigurationVersion, Kind
from watchword.core.pagination import PageRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import (
    audit_log,
    configuration_versions,
    organization_invitations,
    settings,
    social_identities,
    users,
)
from watchword.users.models import IdentifierType

COUNTED_AT_MOST = 1000
SIGN_INS_READ = 10_000

Counted = tuple[int, bool]
"""How many, and whether there may be more."""

v = configuration_versions.c
OURS = v.tenant_id == bindparam("tenant_id")
THIS = (v.kind == bindparam("kind")) & (v.subject_id == bindparam("subject_id"))

ADD = insert(configuration_versions).values({column.name: bindparam(column.name) for column in v})
NEWEST = select(func.max(v.version).label("version")).where(OURS, THIS)
FIND = select(configuration_versions).where(OURS, THIS, v.version == bindparam("version"))

NEWEST_OF_ALL = (
    select(v.kind, v.subject_id, func.max(v.version).label("version"))
    .where(OURS)
    .group_by(v.kind, v.subject_id)
)
_later = configuration_versions.alias()
# What a deleted application gives its secrets back from is the last but one.
PURGE = delete(configuration_versions).where(
    OURS,
    v.created_at < bindparam("before"),
    v.version
    < select(func.max(_later.c.version) - 1)
    .where(
        _later.c.tenant_id == v.tenant_id,
        _later.c.kind == v.kind,
        _later.c.subject_id == v.subject_id,
    )
    .scalar_subquery(),
)

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
i = organization_invitations.c
a = audit_log.c

# Each stops counting where more would only make the same point, and walks an index up to there.


def _people_with_only(owned: ColumnElement[Any], other: ColumnElement[Any]) -> Select[Any]:
    return _counted(
        select(u.tenant_id).where(
            u.tenant_id == bindparam("tenant_id"),
            owned.is_not(None),
            other.is_(None),
            u.password_digest.is_(None),
            u.identities == {},
        )
    )


def _open_invitations(of_channel: ColumnElement[bool]) -> Select[Any]:
    return _counted(
        select(i.id).where(
            i.tenant_id == bindparam("tenant_id"),
            # Written out, for the partial index.
            i.status == literal_column("'Pending'"),
            i.expires_at > bindparam("now"),
            of_channel,
        )
    )


def _counted(rows: Select[Any]) -> Select[Any]:
    limited = rows.limit(literal(COUNTED_AT_MOST)).subquery()
    return select(func.count().label("total")).select_from(limited)


PEOPLE_WITH_ONLY: Mapping[IdentifierType, Select[Any]] = {
    "phone": _people_with_only(u.primary_phone, u.primary_email),
    "email": _people_with_only(u.primary_email, u.primary_phone),
}
LINKED = _counted(
    select(social_identities.c.user_id).where(
        social_identities.c.tenant_id == bindparam("tenant_id"),
        social_identities.c.target == bindparam("target"),
    )
)
OPEN_INVITATIONS: Mapping[IdentifierType, Select[Any]] = {
    "phone": _open_invitations(i.invitee.not_like("%@%")),
    "email": _open_invitations(i.invitee.like("%@%")),
}
_sign_ins = (
    select(a.user_id, a.method)
    .where(
        a.tenant_id == bindparam("tenant_id"),
        a.event == interaction_event("SignIn"),
        a.created_at >= bindparam("since"),
        a.result == "success",
    )
    .order_by(a.created_at.desc())
    .limit(literal(SIGN_INS_READ))
    .subquery()
)
SIGNED_IN_BY = select(
    func.count().label("sign_ins"),
    func.count(
        case((_sign_ins.c.method == bindparam("method"), _sign_ins.c.user_id)).distinct()
    ).label("people"),
).select_from(_sign_ins)


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

    async def newest_of_all(self) -> Mapping[tuple[Kind, str], int]:
        """Return the number of the newest version of everything."""
        rows = await self.all(NEWEST_OF_ALL)
        return {(Kind(row["kind"]), row["subject_id"]): row["version"] for row in rows}

    async def purge(self, before: datetime) -> int:
        """Forget versions from before a moment, but the newest two of each thing."""
        return await self.run(PURGE, before=before)

    async def settings(self, kind: Kind) -> Row | None:
        """Return a settings document and its version, or None while nothing was saved."""
        return await self.first(FIND_SETTINGS, kind=kind)

    async def save_settings(self, kind: Kind, **values: Any) -> None:
        """Write a settings document."""
        await self.run(SAVE_SETTINGS, kind=kind, **values)

    async def count_people_with_only(self, identifier: IdentifierType) -> Counted:
        """Count people who have nothing but this kind of identifier to sign in with."""
        return _stopped(await self.first(PEOPLE_WITH_ONLY[identifier]))

    async def count_linked(self, target: str) -> Counted:
        """Count people who are linked to an account of this provider."""
        return _stopped(await self.first(LINKED, target=target))

    async def count_open_invitations(self, identifier: IdentifierType, now: datetime) -> Counted:
        """Count invitations to this kind of identifier that nobody has accepted yet."""
        return _stopped(await self.first(OPEN_INVITATIONS[identifier], now=now))

    async def count_signed_in_by(self, method: str, since: datetime) -> Counted:
        """Count people whose sign-in since then was by this method, among the newest sign-ins."""
        row = await self.first(SIGNED_IN_BY, method=method, since=since)
        return (row["people"], row["sign_ins"] >= SIGN_INS_READ) if row else (0, False)


def _stopped(row: Row | None) -> Counted:
    total = row["total"] if row else 0
    return total, total >= COUNTED_AT_MOST


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
