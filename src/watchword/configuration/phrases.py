"""Changes of what a tenant's pages say: own phrases, one document for each language."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from watchword.audit.models import Actor
from watchword.configuration.models import Action, ConfigurationVersion, Kind
from watchword.configuration.repository import VersionRows
from watchword.configuration.writing import ConfigurationWriter, Write, expect
from watchword.core.phrases import Phrases
from watchword.custom_phrases.errors import (
    DefaultLanguageNotDeletable,
    PhrasesNotFound,
    TooManyLanguages,
)
from watchword.custom_phrases.models import MOST_LANGUAGES, CustomPhrases, kept, known
from watchword.custom_phrases.repository import CustomPhraseRows
from watchword.custom_phrases.service import CustomPhraseService
from watchword.sign_in_settings.models import SignInSettings


@dataclass(frozen=True, kw_only=True)
class PhraseConfiguration:
    """Changes a tenant's own phrases; nothing else writes their rows."""

    writer: ConfigurationWriter
    saved: CustomPhraseService

    async def replace(
        self,
        actor: Actor,
        language: str,
        given: Mapping[str, str],
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> CustomPhrases:
        """Say in *language* what is given, by dotted key; without a text, the language is there.

        Raises InvalidTranslationStructure, PhrasesRefused, TooManyLanguages or
        ConfigurationChanged.
        """
        texts = kept(language, given)
        async with self.writer.writing(actor, reason) as write:
            expect(await write.versions.newest(Kind.PHRASES, language), expected_version)
            before = await self._rows(write).find(language)
            return await self._save(
                write, Action.CHANGED if before else Action.CREATED, language, before, texts
            )

    async def delete(
        self,
        actor: Actor,
        language: str,
        *,
        expected_version: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Forget a language's own phrases; one that is not built in is gone then.

        Raises PhrasesNotFound, DefaultLanguageNotDeletable or ConfigurationChanged.
        """
        async with self.writer.writing(actor, reason) as write:
            expect(await write.versions.newest(Kind.PHRASES, language), expected_version)
            if await _default_language(write.versions) == language:
                raise DefaultLanguageNotDeletable(language, languageTag=language)
            before = await self._rows(write).find(language)
            if before is None:
                raise PhrasesNotFound(language)
            await self._rows(write).delete(language)
            await self.writer.record_row(write, Kind.PHRASES, Action.DELETED, before, None)

    async def restore(self, write: Write, wanted: ConfigurationVersion) -> None:
        """Bring a version back, as far as this server still has its phrases."""
        assert wanted.document is not None
        language = wanted.subject_id
        before = await self._rows(write).find(language)
        texts = kept(language, known(language, wanted.document))
        await self._save(write, Action.RESTORED, language, before, texts)

    # Inside a change.

    async def require_room(self, write: Write) -> None:
        """Let the languages stay that were added; raises TooManyLanguages."""
        if len(await self._rows(write).list()) > MOST_LANGUAGES:
            raise TooManyLanguages(str(MOST_LANGUAGES), count=MOST_LANGUAGES)

    def _rows(self, write: Write) -> CustomPhraseRows:
        return self.saved.rows.within(write.tx)

    async def _save(
        self,
        write: Write,
        action: Action,
        language: str,
        before: CustomPhrases | None,
        texts: Mapping[str, str],
    ) -> CustomPhrases:
        if before is not None and dict(before.texts) == dict(texts):
            return before
        version = await write.versions.newest(Kind.PHRASES, language) + 1
        after = CustomPhrases(language, texts, version, self.writer.clock.now())
        await self._rows(write).save(after)
        if before is None and self.writer.joined is None:
            await self.require_room(write)
        await self.writer.record_row(write, Kind.PHRASES, action, before, after)
        return after


async def languages_of(rows: CustomPhraseRows) -> Collection[str]:
    """Return the languages that a tenant's pages can speak: built-in ones and its own."""
    return {*Phrases.load().languages, *(phrases.language for phrases in await rows.list())}


async def _default_language(versions: VersionRows) -> str:
    row = await versions.settings(Kind.SIGN_IN)
    settings = SignInSettings.model_validate(row["document"]) if row else SignInSettings()
    return settings.language_info.fallback_language
