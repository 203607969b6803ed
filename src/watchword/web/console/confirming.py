"""What stands between a filled form and saving it: others' changes, and a look at one's own."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import (
    SINGLE,
    ConfigurationVersion,
    Kind,
    changes_between,
)
from watchword.connector_kit.models import ConnectorType
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.service import SignInRules
from watchword.web.console.desk import Desk, text_of, whole_number
from watchword.web.console.field_names import merged

MOST_SHOWN = 20


def overtaken(desk: Desk, form: FormData, *, now: object) -> str:
    """Return what is said where a page's form was drawn from another state than *now*."""
    return "" if text_of(form, "seen") in {"", str(now)} else desk.text("console.others.look_again")


async def others_since(
    desk: Desk, kind: Kind, seen: int | None, subject_id: str = SINGLE
) -> list[ConfigurationVersion]:
    """Return what others changed since the version that a form was drawn from, newest first."""
    page = PageRequest(1, MOST_SHOWN)
    found = await desk.scope.configuration.history(kind, subject_id, page)
    newer = [version for version in found.items if seen is not None and version.version > seen]
    await desk.words.learn(desk.scope, [change for one in newer for change in one.changes])
    return newer


async def confirmed(
    desk: Desk,
    form: FormData,
    kind: Kind,
    subject_id: str = SINGLE,
    *,
    before: Mapping[str, Any],
    after: Callable[[], Mapping[str, Any]],
    version: int,
    save: Callable[[int | None], Awaitable[object]],
    wrong: Callable[[ValidationError], Mapping[str, Any]],
) -> dict[str, Any] | None:
    """Save once the operator means it, and return None; else return what the form's page says.

    *before* and *version* are what is saved now, and *after* what would be; *save* is given the
    version that the form was drawn from. *wrong* says what is no value at all.
    """
    try:
        held = await _held_back(
            desk, form, kind, subject_id, before=before, after=after(), version=version
        )
        if held is None:
            await save(whole_number(text_of(form, "version")))
    except ValidationError as error:
        return {"is_dirty": True, "status_code": 422, **wrong(error)}
    except DomainError as error:
        return {"problem": desk.message(error), "is_dirty": True, "status_code": 422}
    return held


async def sign_in_confirmed(
    desk: Desk,
    form: FormData,
    saved: SignInSettings,
    version: int,
    patch: dict[str, Any],
    *,
    available: Collection[ConnectorType] = (),
    wrong: Callable[[ValidationError], Mapping[str, Any]],
) -> dict[str, Any] | None:
    """Save a part of the sign-in settings as `confirmed` does; *saved* and *version* are of now.

    *available* are the types with a connector, where *patch* may ask for one.
    """
    languages = desk.scope.phrases.languages
    return await confirmed(
        desk,
        form,
        Kind.SIGN_IN,
        before=saved.document(),
        after=lambda: SignInRules.check(saved, patch, available, languages=languages).document(),
        version=version,
        save=lambda seen: desk.scope.configuration.settings.save_sign_in(
            desk.actor, patch, expected_version=seen
        ),
        wrong=wrong,
    )


async def _held_back(
    desk: Desk,
    form: FormData,
    kind: Kind,
    subject_id: str,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    version: int,
) -> dict[str, Any] | None:
    # A form that was drawn from an older version shows what others changed; the next press of
    # Save means it.
    seen, do = whole_number(text_of(form, "version")), text_of(form, "do")
    if seen is not None and seen != version:
        return {
            "problem": desk.message(ConfigurationChanged()),
            "others": await others_since(desk, kind, seen, subject_id),
            "is_dirty": True,
            "status_code": 409,
        }
    if do == "edit":
        return {"is_dirty": True}
    changes = merged(changes_between(before, after))
    await desk.words.learn(desk.scope, changes)
    return {"changes": changes, "is_dirty": True} if changes and do != "confirm" else None
