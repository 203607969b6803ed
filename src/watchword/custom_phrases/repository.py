"""The rows of one tenant's languages; the writes run inside changes of `configuration`."""

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from watchword.custom_phrases.models import CustomPhrases, known
from watchword.storage import Row, TenantRepository
from watchword.storage.schema import custom_phrases

c = custom_phrases.c
OURS = c.tenant_id == bindparam("tenant_id")

LIST = select(custom_phrases).where(OURS).order_by(c.language)
FIND = select(custom_phrases).where(OURS, c.language == bindparam("language_"))
_SAVING = upsert(custom_phrases).values({column.name: bindparam(column.name) for column in c})
SAVE = _SAVING.on_conflict_do_update(
    index_elements=[c.tenant_id, c.language],
    set_={name: _SAVING.excluded[name] for name in ("texts", "version", "updated_at")},
)
DELETE = delete(custom_phrases).where(OURS, c.language == bindparam("language_"))


class CustomPhraseRows(TenantRepository):
    """Reads and writes one tenant's own phrases, a row for each language."""

    async def list(self) -> list[CustomPhrases]:
        """Return every language, by its tag."""
        return [_read(row) for row in await self.all(LIST)]

    async def find(self, language: str) -> CustomPhrases | None:
        """Return one language, or None."""
        row = await self.first(FIND, language_=language)
        return _read(row) if row else None

    async def save(self, phrases: CustomPhrases) -> None:
        """Write a language, new or not."""
        await self.run(SAVE, **{**vars(phrases), "texts": dict(phrases.texts)})

    async def delete(self, language: str) -> None:
        """Forget a language."""
        await self.run(DELETE, language_=language)


def _read(row: Row) -> CustomPhrases:
    return CustomPhrases(
        language=row["language"],
        # A phrase that a newer server has no more is nobody's to show, to export or to check.
        texts=known(row["language"], row["texts"]),
        version=row["version"],
        updated_at=row["updated_at"],
    )
