"""Sign-in experience, content: which languages the pages speak, and which comes first."""

import asyncio
import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.localedata import locale_identifiers, resolve_locale_filename
from starlette.responses import Response

from watchword.configuration.models import Kind
from watchword.core.errors import DomainError
from watchword.core.phrases import autonym_of
from watchword.custom_phrases.models import is_language_tag
from watchword.web.console.confirming import confirmed
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/sign-in-experience/content")


@dataclass(frozen=True)
class LanguageRow:
    """A language that pages speak, as the list shows it."""

    tag: str
    name: str
    is_built_in: bool
    is_default: bool
    own_texts: int


@router.get("")
async def show_languages(desk: WorkDesk) -> Response:
    """List the languages, and say how one is chosen."""
    settings, version = await desk.scope.configuration.settings.sign_in()
    return await _page(desk, settings.document()["languageInfo"], version)


@router.post("")
async def save_choice(desk: WorkDesk) -> Response:
    """Save how a language is chosen, once the operator saw before and after."""
    form, settings = await desk.form(), desk.scope.configuration.settings
    saved, version = await settings.sign_in()
    before = {"languageInfo": saved.document()["languageInfo"]}
    after = {
        "languageInfo": {
            "autoDetect": "autoDetect" in form,
            "fallbackLanguage": text_of(form, "fallbackLanguage")[:16],
        }
    }
    said = await confirmed(
        desk,
        form,
        Kind.SIGN_IN,
        before=before,
        after=lambda: after,
        version=version,
        save=lambda seen: settings.save_sign_in(desk.actor, after, expected_version=seen),
        wrong=lambda _: {"problem": desk.text("console.content.no_language")},
    )
    if said is not None:
        return await _page(desk, after["languageInfo"], version, **said)
    return desk.go("sign-in-experience", "content", done="saved")


@router.post("/add")
async def add_language(desk: WorkDesk) -> Response:
    """Add a language, which speaks the default one until it has texts."""
    tag = text_of(await desk.form(), "tag").strip()
    error = ""
    if not is_language_tag(tag):
        error = desk.text("console.content.no_tag")
    elif tag in desk.scope.phrases.languages:
        error = desk.text("console.content.is_there", name=desk.scope.phrases.name_of(tag))
    else:
        try:
            await desk.scope.configuration.phrases.replace(
                desk.actor, tag, {}, expected_version=None
            )
        except DomainError as refusal:
            error = desk.message(refusal)
    if error:
        settings, version = await desk.scope.configuration.settings.sign_in()
        info = settings.document()["languageInfo"]
        return await _page(
            desk, info, version, add_error=error, typed=tag[:64], is_adding=True, status_code=422
        )
    return desk.go("sign-in-experience", "content", tag, done="language_added")


async def _page(desk: Desk, values: dict[str, Any], version: int, **context: Any) -> Response:
    return desk.render(
        "content.html",
        **{
            "tab": "content",
            "values": values,
            "version": version,
            "languages": await _languages(desk),
            # Of a thread, the first time: three hundred files are read.
            "offered": await asyncio.to_thread(offered, frozenset(desk.scope.phrases.languages)),
            "problem": "",
            "others": (),
            "changes": (),
            "add_error": "",
            "typed": "",
            "is_dirty": False,
            **context,
        },
    )


async def _languages(desk: Desk) -> list[LanguageRow]:
    own = {phrases.language: phrases for phrases in await desk.scope.custom_phrases.list()}
    settings, _ = await desk.scope.configuration.settings.sign_in()
    built_in = desk.server.phrases.languages
    return [
        LanguageRow(
            tag=tag,
            name=desk.scope.phrases.name_of(tag),
            is_built_in=tag in built_in,
            is_default=tag == settings.language_info.fallback_language,
            own_texts=len(own[tag].texts) if tag in own else 0,
        )
        for tag in sorted({*built_in, *own})
    ]


def offered(present: frozenset[str]) -> list[tuple[str, str]]:
    """Return languages that could be added, with their names in themselves."""
    return [(tag, name) for tag, name in _all_languages() if tag not in present]


@cache
def _all_languages() -> list[tuple[str, str]]:
    tags = sorted(
        identifier
        for identifier in locale_identifiers()
        if "_" not in identifier and is_language_tag(identifier)
    )
    return [(tag, _name_in_itself(tag) or autonym_of(tag)) for tag in tags]


def _name_in_itself(tag: str) -> str:
    # Babel itself would keep all it knows of every language: 130 MB for the sake of a list.
    with Path(resolve_locale_filename(tag)).open("rb") as known:
        name = pickle.load(known).get("languages", {}).get(tag) or ""  # noqa: S301  # Babel's own
    return str(name[:1].upper() + name[1:])
