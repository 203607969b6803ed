"""What stands between a filled form and saving it: others' changes, and a look at one's own."""

from collections.abc import Awaitable, Callable, Mapping
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
from watchword.core.errors import DomainError
from watchword.core.pagination import PageRequest
from watchword.web.console.desk import Desk, text_of, whole_number
from watchword.web.console.field_names import merged

MOST_SHOWN = 20


def deletion_problem(desk: Desk, form: FormData, name: str, *, now: object) -> str:
    """Return why nothing is deleted: its name was not typed, or it is not what was looked at.

    *now* names the state that it is in, as the page with the form did.
    """
    if text_of(form, "typed_name").strip() != name:
        return desk.text("console.type_wrong")
    return overtaken(desk, form, now=now)


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
