"""Users: find someone, keep them out, delete them; numbers are masked."""

from typing import Any

from starlette.responses import Response

from watchword.core.pagination import PageRequest
from watchword.users.models import User
from watchword.web.console.deleting import deleted, seen_of, stored
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/users")


@router.get("")
async def list_users(desk: WorkDesk, q: str = "", page: int = 1) -> Response:
    """List people, or those whose name, user name, address or number holds *q*."""
    wanted = q.strip()[:128]
    return desk.render(
        "users.html",
        users=await desk.scope.users.list(PageRequest(max(1, page)), wanted),
        test_users=await desk.scope.fixed_numbers.user_ids(),
        q=wanted,
        page_address=lambda n: desk.address("users", q=wanted, page=n),
    )


@router.get("/{user_id}")
async def show_user(desk: WorkDesk, user_id: str) -> Response:
    """Show one person."""
    return await _details_page(desk, await desk.scope.users.get(user_id))


@router.post("/{user_id}/suspend")
async def suspend_user(desk: WorkDesk, user_id: str) -> Response:
    """Keep a person out, or let them in again."""
    is_suspended = text_of(await desk.form(), "is_suspended") == "yes"
    await desk.scope.accounts.suspend(desk.actor, user_id, is_suspended)
    done = "user_suspended" if is_suspended else "user_let_in"
    return desk.go("users", user_id, done=done)


@router.post("/{user_id}/unblock")
async def unblock_user(desk: WorkDesk, user_id: str) -> Response:
    """Let a person try again whom lockout or the send limits made wait."""
    user = await desk.scope.users.get(user_id)
    await desk.scope.unblocking.unblock(desk.actor, user.counted_under, subject=f"user:{user.id}")
    return desk.go("users", user.id, done="unblocked")


@router.post("/{user_id}/second-factor/reset")
async def reset_second_factor(desk: WorkDesk, user_id: str) -> Response:
    """Take a person's second factors away and sign them out: they lost their device."""
    await desk.prove_fresh()
    await desk.scope.account_factors.reset(desk.actor, user_id)
    return desk.go("users", user_id, done="second_factor_reset")


@router.post("/{user_id}/delete")
async def delete_user(desk: WorkDesk, user_id: str) -> Response:
    """Delete a person, once their id was typed."""
    user, form = await desk.scope.users.get(user_id), await desk.form()
    said = await deleted(
        desk,
        form,
        stored(desk, form, f"user:{user_id}", revision=user.revision),
        lambda: desk.scope.accounts.delete(desk.actor, user_id, seen=seen_of(form)),
        is_named=text_of(form, "typed_id").strip() == user.id,
    )
    if said is not None:
        return await _details_page(desk, await desk.scope.users.get(user_id), **said)
    return desk.go("users", done="user_deleted")


async def _details_page(desk: Desk, user: User, **context: Any) -> Response:
    application = await desk.scope.applications.find(user.application_id or "")
    return desk.render(
        "user.html",
        user=user,
        is_test_user=user.id in await desk.scope.fixed_numbers.user_ids(),
        application=application,
        factors=(await desk.scope.account_factors.list(user.id)).all,
        **context,
    )
