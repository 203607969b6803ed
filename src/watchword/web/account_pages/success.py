"""The end of a task: back to where the person came from, or a page that says it is done."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.web.account_pages.visit import AccountPageRoute, Looking, Visit
from watchword.web.pages.visit import redirect

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

TASKS = ("phone", "email", "username", "password", "social", "profile", "sessions")


async def done(visit: Visit, task: str) -> Response:
    """Send the person on after a change."""
    way_back = await visit.options.way_back(visit.scope)
    if way_back is not None and not visit.options.shows_success:
        return redirect(way_back)
    return visit.go(f"/account/{task}/success")


async def _show(visit: Visit, task: str) -> Response:
    way_back = await visit.options.way_back(visit.scope)
    return visit.show(
        "success.html",
        task=task,
        link=way_back or visit.address("/account"),
        button="continue" if way_back else "to_account",
    )


def _add(task: str) -> None:
    @router.get(f"/account/{task}/success")
    async def show_success(visit: Looking) -> Response:
        """Say that it is done."""
        return await _show(visit, task)


for _task in TASKS:
    _add(_task)
