"""The inbox: what the development connector was given to send, in development tenants only."""

from starlette.responses import Response

from watchword.web.console.desk import WorkDesk
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/inbox")


@router.get("")
async def show_inbox(desk: WorkDesk) -> Response:
    """Show the messages with their texts; a piece of the page looks for new ones."""
    if desk.tenant.is_production:
        raise NoSuchPage
    return desk.render(
        "inbox_list.html" if desk.is_partial else "inbox.html",
        entries=desk.server.inbox.list(desk.tenant.id),
        active=await desk.scope.connectors.list(),
    )
