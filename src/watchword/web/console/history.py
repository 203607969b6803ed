"""The versions of one piece of configuration: listed, and brought back."""

from watchword.configuration.models import SINGLE, ConfigurationVersion, Kind
from watchword.core.pagination import Page, PageRequest
from watchword.web.console.desk import Desk, text_of, whole_number


async def versions_of(
    desk: Desk, kind: Kind, subject_id: str = SINGLE, *, page: int = 1
) -> Page[ConfigurationVersion]:
    """Return one page of the versions, the newest first."""
    return await desk.scope.configuration.history(kind, subject_id, PageRequest(max(1, page)))


async def restore_version(desk: Desk, kind: Kind, subject_id: str = SINGLE) -> None:
    """Bring back, as a new version, the one that the posted form names."""
    form = await desk.form()
    await desk.scope.configuration.restore(
        desk.actor,
        kind,
        subject_id,
        whole_number(text_of(form, "version")) or 0,
        expected_version=whole_number(text_of(form, "expected")),
    )
