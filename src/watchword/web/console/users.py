"""Users: find someone; numbers are masked."""

from starlette.responses import Response

from watchword.core.pagination import PageRequest
from watchword.web.console.desk import WorkDesk
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/users")


@router.get("")
async def list_users(desk: WorkDesk, q: str = "", page: int = 1) -> Response:
    """List people, or those whose name, user name, address or number holds *q*."""
    wanted = q.strip()[:128]
    return desk.render(
        "users.html",
        users=await desk.scope.users.list(PageRequest(max(1, page)), wanted),
        q=wanted,
        page_address=lambda n: desk.address("users", q=wanted, page=n),
    )


@router.get("/{user_id}")
async def show_user(desk: WorkDesk, user_id: str) -> Response:
    """Show one person."""
    user = await desk.scope.users.get(user_id)
    application = await desk.scope.applications.find(user.application_id or "")
    return desk.render("user.html", user=user, application=application)
