"""Sign-in experience, preview: the pages with what is in the form, before it is saved."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from watchword.core.phrases import Phrases
from watchword.pictures.models import addresses_of
from watchword.sign_in_settings.models import SignInSettings
from watchword.web.console import branding, own_phrases, sign_in_experience
from watchword.web.console.desk import THEMES, Desk, WorkDesk, text_of
from watchword.web.console.routing import console_router
from watchword.web.preview.samples import Stage
from watchword.web.preview.screens import FIRST, SCREENS, draw
from watchword.web.templating import only_look

router = console_router("/console/{tenant}/sign-in-experience/preview")


@dataclass(frozen=True)
class Wanted:
    """Which page to draw, and how."""

    screen: str
    language: str
    theme: str

    @classmethod
    def of(cls, desk: Desk, fields: Mapping[str, Any]) -> "Wanted":
        """Read what was asked for; what there is not becomes what comes first."""
        screen, language, theme = (
            text_of(fields, f"preview_{name}") for name in ("screen", "language", "theme")
        )
        return cls(
            screen if screen in SCREENS else FIRST,
            language if language in desk.scope.phrases.languages else desk.language,
            theme if theme in THEMES else THEMES[0],
        )


@router.get("")
async def show_saved(desk: WorkDesk) -> Response:
    """Draw a page with the saved settings."""
    settings, _ = await desk.scope.configuration.settings.sign_in()
    return await _drawn(desk, Wanted.of(desk, desk.request.query_params), settings)


@router.post("/branding")
async def show_branding(desk: WorkDesk) -> Response:
    """Draw a page with the branding that is filled in; nothing is saved."""
    form = await desk.form()
    saved, _ = await desk.scope.configuration.settings.sign_in()
    return await _drawn(desk, Wanted.of(desk, form), branding.previewed(saved, form))


@router.post("/sign-up-and-sign-in")
async def show_methods(desk: WorkDesk) -> Response:
    """Draw a page with the ways to sign up and to sign in that are chosen; nothing is saved."""
    form = await desk.form()
    saved, _ = await desk.scope.configuration.settings.sign_in()
    return await _drawn(desk, Wanted.of(desk, form), sign_in_experience.settings_of(saved, form))


@router.post("/texts")
async def show_texts(desk: WorkDesk) -> Response:
    """Draw a page with the texts that are filled in; nothing is saved."""
    form = await desk.form()
    saved, _ = await desk.scope.configuration.settings.sign_in()
    phrases = await own_phrases.previewed(desk, form)
    return await _drawn(desk, Wanted.of(desk, form), saved, phrases)


async def _drawn(
    desk: Desk, wanted: Wanted, settings: SignInSettings, phrases: Phrases | None = None
) -> Response:
    desk.request.state.languages = (wanted.language,)
    desk.request.state.phrases = phrases or desk.scope.phrases
    only_look(desk.request, wanted.theme)
    named = addresses_of(settings.document()["branding"])
    scope = replace(desk.scope, pictures=await desk.scope.pictures.inlining(named))
    return await draw(Stage.of(desk.request, scope, settings), wanted.screen)
