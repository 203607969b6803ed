"""The end of a task: back to where the person came from, or a page that says it is done."""

from fastapi import APIRouter
from starlette.responses import Response

from watchword.web.account_pages.visit import AccountPageRoute, Looking, Visit
from watchword.web.pages.visit import redirect

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

REMOVED = ("phone", "email", "social", "authenticator-app", "backup-codes")
TASKS = (
    *("phone", "email", "username", "password", "social", "profile", "sessions"),
    *("authenticator-app", "backup-codes", "second-step"),
)


async def done(visit: Visit, task: str, *, is_removal: bool = False) -> Response:
    """Send the person on after a change."""
    way_back = await visit.options.way_back(visit.scope)
    if way_back is not None and not visit.options.shows_success:
        return redirect(way_back)
    more = {"removed": "true"} if is_removal else {}
    return visit.go(f"/account/{task}/success", **more)


async def _show(visit: Visit, task: str) -> Response:
    way_back = await visit.options.way_back(visit.scope)
    is_removal = task in REMOVED and "removed" in visit.request.query_params
    return visit.show(
        "success.html",
        words=f"pages.account.{task}.{'removed' if is_removal else 'done'}",
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
