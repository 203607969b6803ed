"""The pictures of one tenant; only who looks at one reads its bytes."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.pictures.models import Known, Picture, Problem
from watchword.storage import TenantRepository
from watchword.storage.schema import pictures

p = pictures.c
OURS = p.tenant_id == bindparam("tenant_id")

INDEX = select(p.address_digest, p.picture_id, p.problem, p.fetched_at).where(OURS)
FIND = select(p.content_type, p.content).where(OURS, p.picture_id == bindparam("picture_id_"))
SAVING = upsert(pictures).values({column.name: bindparam(column.name) for column in p})
SAVE = SAVING.on_conflict_do_update(
    index_elements=[p.tenant_id, p.address_digest],
    set_={column.name: SAVING.excluded[column.name] for column in p if not column.primary_key},
)
NOTE_PROBLEM = (
    update(pictures)
    .where(OURS, p.address_digest == bindparam("address_digest_"), p.picture_id.is_not(None))
    .values(problem=bindparam("problem"), fetched_at=bindparam("fetched_at"))
)
DELETE = delete(pictures).where(
    OURS, p.address_digest == bindparam("address_digest_"), p.fetched_at < bindparam("before")
)


class PictureRows(TenantRepository):
    """Reads and writes one tenant's pictures."""

    async def index(self) -> dict[str, Known]:
        """Return what is known of every address, by its digest."""
        return {row.pop("address_digest"): Known(**row) for row in await self.all(INDEX)}

    async def find(self, picture_id: str) -> Picture | None:
        """Return a picture, or None."""
        row = await self.first(FIND, picture_id_=picture_id)
        return Picture(**row) if row else None

    async def save(self, address_digest: str, known: Known, picture: Picture | None) -> None:
        """Write what came of an address."""
        await self.run(
            SAVE,
            address_digest=address_digest,
            content_type=picture.content_type if picture else None,
            content=picture.content if picture else None,
            **vars(known),
        )

    async def note_problem(
        self, address_digest: str, problem: Problem, fetched_at: datetime
    ) -> bool:
        """Write down that a picture that is here was not got again; False where none is here."""
        values = {"problem": problem, "fetched_at": fetched_at}
        return bool(await self.run(NOTE_PROBLEM, address_digest_=address_digest, **values))

    async def delete(self, address_digests: Iterable[str], before: datetime) -> int:
        """Forget addresses that were asked before a moment."""
        return sum(
            [
                await self.run(DELETE, address_digest_=digest, before=before)
                for digest in address_digests
            ]
        )
