"""What stands between a page with a deletion and deleting: a typed name, and others' changes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData

from watchword.audit.models import Actor, AuditFilter
from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import Change, ConfigurationVersion, Kind, changes_between
from watchword.core.pagination import PageRequest
from watchword.core.revisions import ChangedMeanwhile
from watchword.web.console.confirming import MOST_SHOWN, others_since, overtaken
from watchword.web.console.desk import Desk, moment_of, text_of, whole_number


@dataclass(frozen=True)
class Meanwhile:
    """What somebody did to a thing since a page showed it."""

    author: Actor
    created_at: datetime
    changes: tuple[Change, ...]
    kind: str = ""
    """Of configuration alone: people and organizations are none."""


@dataclass(frozen=True)
class Shown:
    """What a page showed of a thing that is about to be deleted."""

    now: object
    """Names the state that it is in, as the page named it; it is only looked at."""
    others: Callable[[], Awaitable[Sequence[Meanwhile | ConfigurationVersion]]]
    """Returns what others changed since the page was drawn."""


async def deleted(
    desk: Desk,
    form: FormData,
    shown: Shown,
    delete: Callable[[], Awaitable[object]],
    *,
    is_named: bool,
) -> dict[str, Any] | None:
    """Delete what was looked at once it was named, and return None; else what the page says.

    It is *delete* that refuses another state, so that no change slips through in between.
    """
    if not is_named:
        wrong = desk.text("console.type_wrong")
        return {"delete_error": overtaken(desk, form, now=shown.now) or wrong, "status_code": 422}
    await desk.prove_fresh()
    try:
        await delete()
    except (ConfigurationChanged, ChangedMeanwhile):
        return {
            "delete_error": desk.text("console.others.look_again"),
            "changed_meanwhile": await shown.others(),
            "status_code": 422,
        }
    return None


def is_typed(form: FormData, name: str) -> bool:
    """Tell whether the name of what is to be deleted was typed."""
    return text_of(form, "typed_name").strip() == name


def seen_of(form: FormData) -> str | None:
    """Return the state that a page with a deletion showed; None where it said nothing."""
    return text_of(form, "seen") or None


def version_seen(form: FormData) -> int | None:
    """Return the version that a page with a deletion showed."""
    return whole_number(text_of(form, "seen"))


def configured(desk: Desk, form: FormData, kind: Kind, subject_id: str, *, version: int) -> Shown:
    """Return what was shown of something that has a history."""
    seen = version_seen(form)
    return Shown(version, lambda: others_since(desk, kind, seen, subject_id))


def stored(desk: Desk, form: FormData, subject: str, *, revision: str) -> Shown:
    """Return what was shown of something whose changes the audit log holds, as *subject*."""

    async def others() -> Sequence[Meanwhile]:
        drawn = moment_of(text_of(form, "drawn"))
        if drawn is None:
            return ()
        asked = AuditFilter(subject=subject, since=drawn, result="success")
        entries = await desk.scope.audit.list(PageRequest(1, MOST_SHOWN), asked)
        return [
            Meanwhile(
                entry.actor,
                entry.created_at,
                changes_between(entry.payload.get("before"), entry.payload.get("after")),
            )
            for entry in entries.items
        ]

    return Shown(revision, others)
