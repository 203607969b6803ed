"""The versions of one piece of configuration: listed, and brought back.

What bringing one back would change is shown first, then it is done.
"""

from collections.abc import Iterable
from contextlib import suppress

from starlette.responses import Response

from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import SINGLE, Change, ConfigurationVersion, Kind
from watchword.core.pagination import Page, PageRequest
from watchword.web.console.desk import Desk, text_of, whole_number


async def versions_of(
    desk: Desk, kind: Kind, subject_id: str = SINGLE, *, page: int = 1
) -> Page[ConfigurationVersion]:
    """Return one page of the versions, the newest first."""
    found = await desk.scope.configuration.history(kind, subject_id, PageRequest(max(1, page)))
    await desk.words.learn(desk.scope, changes_of(found.items))
    return found


def changes_of(versions: Iterable[ConfigurationVersion]) -> list[Change]:
    """Return everything that the versions changed."""
    return [change for version in versions for change in version.changes]


async def restored(
    desk: Desk, kind: Kind, subject_id: str = SINGLE, *, back: str, needs_proof: bool = True
) -> Response:
    """Bring the version back that the form names, once the operator saw what changes by it.

    *back* is the path of the history, where both ways out lead. What is brought back is what was
    looked at: a change of somebody else in between is shown before it is undone.
    """
    form, configuration = await desk.form(), desk.scope.configuration
    version = whole_number(text_of(form, "version")) or 0
    seen = whole_number(text_of(form, "present"))
    if text_of(form, "do") == "confirm":
        if needs_proof:
            await desk.prove_fresh()
        # Somebody else's change in between is told of below.
        with suppress(ConfigurationChanged):
            await configuration.restore(
                desk.actor, kind, subject_id, version, expected_version=seen
            )
            return desk.go(back, done="restored")
    present = await configuration.newest_version(kind, subject_id)
    changed_meanwhile = seen not in {None, present}
    changes = await configuration.compare(kind, subject_id, present, version)
    await desk.words.learn(desk.scope, changes)
    newest = await configuration.history(kind, subject_id, PageRequest(1, 1))
    return desk.render(
        "restore.html",
        status_code=409 if changed_meanwhile else 200,
        action=desk.request.url.path,
        back=desk.address(back),
        changes=changes,
        kind=kind,
        provider=next(map(desk.words.provider_of, newest.items), ""),
        version=version,
        present=present,
        problem=desk.message(ConfigurationChanged()) if changed_meanwhile else "",
    )
