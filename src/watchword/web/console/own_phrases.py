"""Sign-in experience, content: the texts of one language, searched and written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import Kind
from watchword.core.errors import DomainError
from watchword.core.phrases import DEFAULT_LANGUAGE, Phrases
from watchword.custom_phrases.errors import PhraseProblem
from watchword.custom_phrases.models import (
    LONGEST_TEXT,
    CustomPhrases,
    catalogue_key,
    keys_in,
    known,
    problems_of,
)
from watchword.web.console.confirming import confirmed, others_since
from watchword.web.console.deleting import version_seen
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.phrase_areas import AREAS, area_of
from watchword.web.console.preview_pane import PreviewPane
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/sign-in-experience/content/{language}")

EVERYWHERE, OWN = "all", "own"
MOST_SHOWN = 150
FIELD = "text."


@dataclass(frozen=True)
class PhraseRow:
    """A text of the pages: what is said without an own one, and the own one."""

    key: str
    source: str
    own: str
    error: str


@dataclass(frozen=True)
class Looked:
    """Which texts are looked at."""

    words: str
    area: str

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Looked":
        """Read what was asked for; what there is not becomes what comes first."""
        words, area = text_of(fields, "q").strip()[:100], text_of(fields, "area")
        if area not in {*AREAS, EVERYWHERE, OWN}:
            area = EVERYWHERE if words else next(iter(AREAS))
        return cls(words, area)

    def shows(self, key: str, source: str, own: str) -> bool:
        """Tell whether a text is looked at."""
        if self.area == OWN:
            is_here = bool(own)
        else:
            is_here = self.area == EVERYWHERE or area_of(key) == self.area
        words = self.words.casefold()
        return is_here and any(words in text.casefold() for text in (key, source, own))


@dataclass(frozen=True)
class Editor:
    """One language on an operator's desk."""

    desk: Desk
    language: str
    saved: CustomPhrases
    version: int
    base: Phrases
    """What pages say in it without its own texts."""

    @classmethod
    async def open(cls, desk: Desk, language: str) -> "Editor":
        """Return the editor of a language that pages speak; raises NoSuchPage."""
        listed = {phrases.language: phrases for phrases in await desk.scope.custom_phrases.list()}
        if language not in {*desk.server.phrases.languages, *listed}:
            raise NoSuchPage
        return cls(
            desk=desk,
            language=language,
            saved=listed.pop(language, CustomPhrases(language, {})),
            version=await desk.scope.configuration.newest_version(Kind.PHRASES, language),
            base=catalogue_of(desk, listed.values(), CustomPhrases(language, {})),
        )

    @property
    def is_built_in(self) -> bool:
        """Tell whether the language stays without own texts."""
        return self.language in self.desk.server.phrases.languages

    @property
    def is_default(self) -> bool:
        """Tell whether others fall back to it."""
        return self.desk.scope.settings.language_info.fallback_language == self.language

    @property
    def source_language(self) -> str:
        """Return the language of what is said without own texts."""
        if self.is_built_in:
            return self.language
        default = self.desk.scope.settings.language_info.fallback_language
        return DEFAULT_LANGUAGE if self.is_default else default

    def source(self, key: str) -> str:
        """Return what pages say where there is no own text."""
        stem, _, form = key.rpartition(".")
        for tried in (key, f"{stem}.other", stem if form == "other" else key):
            found = self.base.find(self.language, catalogue_key(tried))
            if found is not None:
                return found
        return ""

    def posted(self, form: FormData) -> dict[str, str]:
        """Return the own texts as they would be: those that were not looked at stay."""
        texts = dict(self.saved.texts)
        for key in keys_in(self.language):
            if FIELD + key not in form:
                continue
            text = text_of(form, FIELD + key).replace("\r\n", "\n").strip()
            texts[key] = "" if text == self.source(key) else text
        return {key: text for key, text in texts.items() if text}

    def rows(
        self, looked: Looked, texts: Mapping[str, str], errors: Mapping[str, str]
    ) -> list[PhraseRow]:
        """Return what is looked at; what is wrong is always there."""
        rows = (
            PhraseRow(key, self.source(key), texts.get(key, ""), errors.get(key, ""))
            for key in keys_in(self.language)
        )
        return [row for row in rows if row.error or looked.shows(row.key, row.source, row.own)]

    def page(self, looked: Looked, texts: Mapping[str, str], **context: Any) -> Response:
        """Return the page with *texts* filled in."""
        errors = context.pop("errors", {})
        rows = self.rows(looked, texts, errors)
        return self.desk.render(
            "own_phrases.html",
            **{
                "tab": "content",
                "editor": self,
                "name": self.base.name_of(self.language),
                "looked": looked,
                "areas": (*AREAS, OWN, EVERYWHERE),
                "rows": rows[:MOST_SHOWN],
                "more": max(0, len(rows) - MOST_SHOWN),
                "longest": LONGEST_TEXT,
                "version": self.version,
                "pane": PreviewPane(self.desk, "texts", self.language),
                "frames": "'self'",
                "problem": "",
                "others": (),
                "changes": (),
                "errors": errors,
                "is_dirty": False,
                **context,
            },
        )


@router.get("")
async def show_texts(desk: WorkDesk, language: str) -> Response:
    """Show the texts of a language, a part of the pages at a time."""
    editor = await Editor.open(desk, language)
    return editor.page(Looked.of(desk.request.query_params), editor.saved.texts)


@router.post("")
async def save_texts(desk: WorkDesk, language: str) -> Response:
    """Save what differs from the built-in texts, once the operator saw before and after."""
    editor, form = await Editor.open(desk, language), await desk.form()
    looked, texts = Looked.of(form), editor.posted(form)
    errors = _errors(desk, texts)
    if errors:
        return editor.page(looked, texts, errors=errors, is_dirty=True, status_code=422)
    said = await confirmed(
        desk,
        form,
        Kind.PHRASES,
        language,
        before=editor.saved.document(),
        after=lambda: texts,
        version=editor.version,
        save=lambda seen: desk.scope.configuration.phrases.replace(
            desk.actor, language, texts, expected_version=seen
        ),
        # What texts may be was asked above.
        wrong=lambda error: {"problem": str(error)},
    )
    if said is not None:
        return editor.page(looked, texts, **said)
    return desk.go(
        "sign-in-experience", "content", language, done="saved", q=looked.words, area=looked.area
    )


@router.post("/remove")
async def remove(desk: WorkDesk, language: str) -> Response:
    """Take an added language away, or the own texts of a built-in one."""
    editor, looked = await Editor.open(desk, language), Looked.of({})
    phrases, seen = desk.scope.configuration.phrases, version_seen(await desk.form())
    try:
        if editor.is_built_in:
            await phrases.replace(desk.actor, language, {}, expected_version=seen)
            return desk.go("sign-in-experience", "content", language, done="texts_reset")
        await phrases.delete(desk.actor, language, expected_version=seen)
    except ConfigurationChanged:
        editor = await Editor.open(desk, language)
        return editor.page(
            looked,
            editor.saved.texts,
            problem=desk.text("console.others.look_again"),
            changed_meanwhile=await others_since(desk, Kind.PHRASES, seen, language),
            status_code=409,
        )
    except DomainError as error:
        return editor.page(looked, editor.saved.texts, problem=desk.message(error), status_code=409)
    return desk.go("sign-in-experience", "content", done="language_removed")


async def previewed(desk: Desk, form: FormData) -> Phrases:
    """Return what pages say with the texts that are filled in."""
    editor = await Editor.open(desk, text_of(form, "language"))
    texts = {
        key: text.replace("\0", "")[:LONGEST_TEXT] for key, text in editor.posted(form).items()
    }
    drafted = CustomPhrases(editor.language, known(editor.language, texts))
    listed = await desk.scope.custom_phrases.list()
    others = [phrases for phrases in listed if phrases.language != editor.language]
    return catalogue_of(desk, others, drafted)


def catalogue_of(desk: Desk, others: Iterable[CustomPhrases], one: CustomPhrases) -> Phrases:
    """Return what pages say with *one* language as it is given."""
    own = {phrases.language: phrases.catalogue for phrases in (*others, one)}
    return desk.server.phrases.with_own(own, desk.scope.settings.language_info.fallback_language)


def _errors(desk: Desk, texts: Mapping[str, str]) -> dict[str, str]:
    problems = [problem for key, text in texts.items() for problem in problems_of(key, text)]
    # Of several, the first is said: it is mended first.
    return {problem.key: _words(desk, problem) for problem in reversed(problems)}


def _words(desk: Desk, problem: PhraseProblem) -> str:
    return desk.text(
        f"console.content.problem.{problem.problem}",
        placeholder=f"{{{problem.placeholder}}}",
        most=LONGEST_TEXT,
    )
