"""Rows of interactions: read once and written once by a request."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, null, select, update

from watchword.interactions.errors import InteractionConflict, SessionNotFound
from watchword.interactions.models import (
    Interaction,
    InteractionEvent,
    InteractionResult,
    InteractionState,
)
from watchword.oidc.models import AuthorizationRequest
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import interactions, verification_records
from watchword.verification.models import RecordType, VerificationRecord

i = interactions.c
r = verification_records.c

_LIVE = (
    i.tenant_id == bindparam("tenant_id"),
    i.id_digest == bindparam("digest"),
    i.expires_at > bindparam("now"),
)
_RECORD = "record_"

INSERT = insert(interactions).values(
    tenant_id=bindparam("tenant_id"),
    id_digest=bindparam("id_digest"),
    application_id=bindparam("application_id"),
    request=bindparam("request"),
    state=bindparam("state"),
    version=1,
    created_at=bindparam("created_at"),
    expires_at=bindparam("expires_at"),
)

LOAD = (
    select(
        interactions,
        *(r[name].label(_RECORD + name) for name in r.keys() if name != "tenant_id"),  # noqa: SIM118  # a column collection, not a dict
    )
    .select_from(
        interactions.outerjoin(
            verification_records,
            and_(r.tenant_id == i.tenant_id, r.flow_id == i.id_digest),
        )
    )
    .where(*_LIVE)
)

START = (
    update(interactions)
    .where(*_LIVE)
    .values(
        event=bindparam("event"),
        user_id=null(),
        state=bindparam("state"),
        result=null(),
        version=i.version + 1,
    )
    .returning(interactions)
)
START_KNOWN = START.where(i.version == bindparam("known_version"))

SAVE = (
    update(interactions)
    .where(*_LIVE, i.version == bindparam("expected_version"))
    .values(
        event=bindparam("event"),
        user_id=bindparam("user_id"),
        state=bindparam("state"),
        result=bindparam("result"),
        version=i.version + 1,
    )
    .returning(i.version)
)

PURGE = delete(interactions).where(
    i.tenant_id == bindparam("tenant_id"), i.expires_at <= bindparam("now")
)
END = delete(interactions).where(*_LIVE, i.result.is_not(None)).returning(interactions)


@dataclass(frozen=True)
class InteractionRepository(TenantRepository):
    """The interactions of one tenant."""

    async def add(
        self,
        id_digest: str,
        request: AuthorizationRequest,
        *,
        created_at: datetime,
        expires_at: datetime,
    ) -> None:
        """Keep a new interaction in which nothing has happened."""
        await self.run(
            INSERT,
            id_digest=id_digest,
            application_id=request.client_id,
            request=request.to_dict(),
            state=InteractionState().to_row(),
            created_at=created_at,
            expires_at=expires_at,
        )

    async def get(self, token: str, id_digest: str, now: datetime) -> Interaction:
        """Return the interaction with what was proved in it; raises SessionNotFound."""
        rows = await self.all(LOAD, digest=id_digest, now=now)
        if not rows:
            raise SessionNotFound
        return _interaction(token, rows[0], _records(rows))

    async def start(
        self,
        token: str,
        id_digest: str,
        event: InteractionEvent,
        state: InteractionState,
        now: datetime,
        *,
        known_version: int | None = None,
    ) -> Interaction:
        """Begin anew with *event*; raises SessionNotFound.

        With *known_version*, raises InteractionConflict where another request was faster.
        """
        values = {"digest": id_digest, "now": now, "event": event, "state": state.to_row()}
        if known_version is None:
            row = await self.first(START, **values)
        else:
            row = await self.first(START_KNOWN, known_version=known_version, **values)
        if row is None:
            raise SessionNotFound if known_version is None else InteractionConflict
        return _interaction(token, row, {})

    async def save(self, interaction: Interaction, now: datetime) -> Interaction:
        """Write what changed; raises InteractionConflict if another request was faster."""
        row = await self.first(
            SAVE,
            digest=interaction.id_digest,
            now=now,
            expected_version=interaction.version,
            event=interaction.event,
            user_id=interaction.user_id,
            state=interaction.state.to_row(),
            result=interaction.result.to_row() if interaction.result else None,
        )
        if row is None:
            raise InteractionConflict
        return replace(interaction, version=row["version"])

    async def end(
        self, token: str, id_digest: str, now: datetime
    ) -> tuple[Interaction, InteractionResult]:
        """Take a submitted interaction away and return it, once; raises SessionNotFound."""
        row = await self.first(END, digest=id_digest, now=now)
        if row is None:
            raise SessionNotFound
        return _interaction(token, row, {}), InteractionResult.from_row(row["result"])

    async def purge(self, now: datetime) -> int:
        """Delete the interactions that are past their time, and return how many."""
        return await self.run(PURGE, now=now)


def _interaction(
    token: str, row: Row, records: Mapping[RecordType, VerificationRecord]
) -> Interaction:
    state = InteractionState.from_row(row["state"])
    started_at = state.started_at
    return Interaction(
        token=token,
        id_digest=row["id_digest"],
        application_id=row["application_id"],
        request=AuthorizationRequest.from_dict(row["request"]),
        event=InteractionEvent(row["event"]) if row["event"] else None,
        user_id=row["user_id"],
        state=state,
        result=InteractionResult.from_row(row["result"]) if row["result"] else None,
        records={
            type_: record
            for type_, record in records.items()
            if started_at is not None and record.created_at >= started_at
        },
        record_ids={type_: record.id for type_, record in records.items()},
        version=row["version"],
        expires_at=row["expires_at"],
    )


def _records(rows: list[Row]) -> dict[RecordType, VerificationRecord]:
    records = {}
    for row in rows:
        if row[f"{_RECORD}id"] is not None:
            columns: dict[str, Any] = {
                name.removeprefix(_RECORD): value
                for name, value in row.items()
                if name.startswith(_RECORD)
            }
            record = VerificationRecord.from_row(columns)
            records[record.type] = record
    return records
