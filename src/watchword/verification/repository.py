"""The `verification_records` rows of one tenant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from watchword.storage import Row, TenantRepository
from watchword.storage.schema import verification_records
from watchword.storage.types import UtcDateTime
from watchword.users.models import Identifier
from watchword.verification.models import VerificationRecord

r = verification_records.c
OURS = r.tenant_id == bindparam("tenant_id")
FLOW = r.flow_id == bindparam("flow")
COLUMNS = [column for column in verification_records.columns if column.name != "tenant_id"]

_new = insert(verification_records).values(
    {column.name: bindparam(column.name) for column in verification_records.columns}
)
_KEY = [r.tenant_id, r.flow_id, r.type]
_over = {
    column.name: _new.excluded[column.name]
    for column in verification_records.columns
    if not column.primary_key
}
# A flow holds one record of a type, so a new one replaces the old in this one statement.
REPLACE = _new.on_conflict_do_update(index_elements=_KEY, set_=_over)
# Of two that know the same record, only the first finds it there.
REPLACE_KNOWN = _new.on_conflict_do_update(
    index_elements=_KEY, set_=_over, where=r.id == bindparam("known_id")
).returning(r.id)

LIST = select(*COLUMNS).where(OURS, FLOW).order_by(r.created_at, r.type)
FIND = select(*COLUMNS).where(OURS, FLOW, r.id == bindparam("id"))
FIND_ANYWHERE = select(*COLUMNS).where(OURS, r.id == bindparam("id"))

_now = bindparam("now", type_=UtcDateTime)
_max_tries = bindparam("max_tries", type_=r.tries.type)
_may_be_tried = and_(
    r.identifier_type == bindparam("given_type", type_=r.identifier_type.type),
    r.identifier == bindparam("given", type_=r.identifier.type),
    r.expires_at > _now,
)
_is_right = and_(
    _may_be_tried,
    r.tries < _max_tries,
    # Comparing digests need not take constant time: nobody can steer theirs without the key.
    r.code_digest == bindparam("given_digest", type_=r.code_digest.type),
)
# The one place where a code is counted, compared and spent. The row lock lets parallel attempts
# take turns, each seeing what the one before left: no row means there is nothing to try (any
# more), `verified` means this attempt was the one; `tries` stops one above the limit, so that the
# attempt that found the code worn out can be told from the one that wore it out.
TRY_CODE = (
    update(verification_records)
    .where(
        OURS,
        FLOW,
        r.type == bindparam("record_type"),
        r.id == bindparam("record_id"),
        r.state == "pending",
    )
    .values(
        tries=case((and_(_may_be_tried, r.tries <= _max_tries), r.tries + 1), else_=r.tries),
        state=case((_is_right, "verified"), else_=r.state),
        # A proof outlives its code: the visit may need it on a later page.
        expires_at=case(
            (_is_right, bindparam("verified_until", type_=UtcDateTime)), else_=r.expires_at
        ),
    )
    .returning(r.state, r.tries, r.expires_at)
)
CONSUME = (
    update(verification_records).where(OURS, FLOW, r.state == "verified").values(state="consumed")
)
PURGE = delete(verification_records).where(OURS, r.expires_at <= bindparam("before"))


@dataclass(frozen=True)
class VerificationRepository(TenantRepository):
    """Keeps verification records, and tries codes."""

    async def replace(self, record: VerificationRecord) -> None:
        """Save *record* in place of the flow's earlier one of the same type."""
        await self.run(REPLACE, **_values(record))

    async def replace_known(self, record: VerificationRecord, known_id: str) -> bool:
        """Save *record* where there is none, or the known one; False where there is another."""
        row = await self.first(REPLACE_KNOWN, known_id=known_id, **_values(record))
        return row is not None

    async def list(self, flow_id: str) -> Sequence[VerificationRecord]:
        """Return the flow's records."""
        return [VerificationRecord.from_row(row) for row in await self.all(LIST, flow=flow_id)]

    async def find(self, flow_id: str, record_id: str) -> VerificationRecord | None:
        """Return the flow's record with this id, or None."""
        row = await self.first(FIND, flow=flow_id, id=record_id)
        return VerificationRecord.from_row(row) if row else None

    async def find_anywhere(self, record_id: str) -> VerificationRecord | None:
        """Return the record with this id, of whatever flow, or None."""
        row = await self.first(FIND_ANYWHERE, id=record_id)
        return VerificationRecord.from_row(row) if row else None

    async def try_code(
        self,
        record: VerificationRecord,
        given: Identifier,
        digest: str,
        *,
        now: datetime,
        max_tries: int,
        verified_until: datetime,
    ) -> Row | None:
        """Count, compare and spend in one statement; None when no code waits to be tried."""
        return await self.first(
            TRY_CODE,
            flow=record.flow_id,
            record_type=record.type.value,
            record_id=record.id,
            given_type=given.type,
            given=given.value,
            given_digest=digest,
            now=now,
            max_tries=max_tries,
            verified_until=verified_until,
        )

    async def consume(self, flow_id: str) -> int:
        """Use up the flow's proofs."""
        return await self.run(CONSUME, flow=flow_id)

    async def purge(self, before: datetime) -> int:
        """Delete records that ended before."""
        return await self.run(PURGE, before=before)


def _values(record: VerificationRecord) -> dict[str, Any]:
    return {
        "flow_id": record.flow_id,
        "type": record.type.value,
        "id": record.id,
        "identifier_type": record.identifier.type,
        "identifier": record.identifier.value,
        "template_type": record.template_type.value if record.template_type else None,
        "state": record.state,
        "code_digest": record.code_digest,
        "tries": record.tries,
        "message_id": record.message_id,
        "details": dict(record.details),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
    }
