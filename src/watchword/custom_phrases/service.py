"""Read a tenant's own phrases."""

from dataclasses import dataclass

from watchword.custom_phrases.errors import PhrasesNotFound
from watchword.custom_phrases.models import CustomPhrases
from watchword.custom_phrases.repository import CustomPhraseRows


@dataclass(frozen=True)
class CustomPhraseService:
    """The languages of one tenant in which it says something in its own words."""

    rows: CustomPhraseRows

    async def list(self) -> list[CustomPhrases]:
        """Return every language that has own phrases or was added, by its tag."""
        return await self.rows.list()

    async def get(self, language: str) -> CustomPhrases:
        """Return one language; raises PhrasesNotFound."""
        found = await self.rows.find(language)
        if found is None:
            raise PhrasesNotFound(language)
        return found
