"""The configuration's history: what was changed, by whom and why; compared, and undone."""

from starlette.responses import Response

from watchword.configuration.models import Change, Kind
from watchword.core.pagination import PageRequest
from watchword.web.console.desk import WorkDesk, whole_number
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.history import changes_of, restored, versions_of
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/configuration")


@router.get("")
async def list_versions(desk: WorkDesk, kind: str = "", page: int = 1) -> Response:
    """List every change of everything, or of one kind."""
    chosen = _kind(kind) if kind else None
    configuration = desk.scope.configuration
    versions = await configuration.history(chosen, None, PageRequest(max(1, page)))
    await desk.words.learn(desk.scope, changes_of(versions.items))
    return desk.render(
        "configuration.html",
        versions=versions,
        present=await configuration.present_versions(),
        kinds=list(Kind),
        kind=chosen,
        page_address=lambda n: desk.address("configuration", kind=kind, page=n),
    )


@router.get("/{kind}/{subject_id}")
async def show_versions(  # noqa: PLR0917  # the parts of the address
    desk: WorkDesk, kind: str, subject_id: str, before: str = "", after: str = "", page: int = 1
) -> Response:
    """List the versions of one thing; of two that were chosen, show what differs."""
    chosen, configuration = _kind(kind), desk.scope.configuration
    old, new = whole_number(before), whole_number(after)
    compared: tuple[Change, ...] | None = None
    if old and new:
        compared = await configuration.compare(chosen, subject_id, old, new)
    versions = await versions_of(desk, chosen, subject_id, page=page)
    if not versions.total:
        raise NoSuchPage
    await desk.words.learn(desk.scope, compared or ())
    return desk.render(
        "configuration_versions.html",
        kind=chosen,
        subject_id=subject_id,
        versions=versions,
        name=next(map(desk.words.version, versions.items), ""),
        provider=next(map(desk.words.provider_of, versions.items), ""),
        compared=compared,
        before=old,
        after=new,
        can_restore=chosen not in {Kind.TEST_NUMBERS, Kind.TRIAL},
        page_address=lambda n: desk.address("configuration", chosen, subject_id, page=n),
    )


@router.post("/{kind}/{subject_id}/restore")
async def restore(desk: WorkDesk, kind: str, subject_id: str) -> Response:
    """Bring a version back, as a new one."""
    return await restored(desk, _kind(kind), subject_id, back=f"configuration/{kind}/{subject_id}")


def _kind(text: str) -> Kind:
    if text not in list(Kind):
        raise NoSuchPage
    return Kind(text)
