"""`/account/social/<target>`: a linked social account, or one to link."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from watchword.account.errors import LastSignInMethodRequired, ProofNotFound, ProofRequired
from watchword.core.errors import DomainError
from watchword.users.errors import IdentityNotExist
from watchword.web.account_pages.errors import NotSignedIn
from watchword.web.account_pages.success import done
from watchword.web.account_pages.visit import AccountPageRoute, Looking, Posting, Visit
from watchword.web.pages import failures
from watchword.web.pages.providers import answer_of, callback_of, provider_named
from watchword.web.pages.visit import FAULTS, redirect, words_of

router = APIRouter(route_class=AccountPageRoute, include_in_schema=False)

Target = Annotated[str, Path(max_length=128)]


async def screen(
    visit: Visit,
    target: str,
    error: DomainError | None = None,
    *,
    failed: DomainError | None = None,
) -> Response:
    """Show the linked account and how to take it away, or the way to link one.

    With *failed*, say what became of an earlier try.
    """
    await visit.account.admit_to_identities(visit.asker)
    provider = await provider_named(visit, target)
    is_linked = target in visit.user.identities
    if provider is None and not is_linked:
        raise IdentityNotExist
    return visit.show(
        "social.html",
        error,
        name=provider.name if provider else target,
        is_linked=is_linked,
        failed_words=words_of(visit.request, failed),
        account=_account_name(visit.user.identities.get(target)),
        here=visit.address(f"{_page(target)}/{'remove' if is_linked else 'link'}"),
    )


@router.get("/account/social/{target}")
async def show_social(target: Target, visit: Looking) -> Response:
    """Show one linked account, or the way to link one."""
    failed = visit.request.query_params.get("failed")
    return await screen(visit, target, failed=failures.named(failed) if failed else None)


@router.post("/account/social/{target}/link")
async def leave_to_link(target: Target, visit: Posting) -> Response:
    """Go to the provider, to prove that the account there is the person's."""
    await visit.account.admit_to_identities(visit.asker)
    provider = await provider_named(visit, target)
    if provider is None:
        raise IdentityNotExist
    try:
        departure = await visit.account.social_proofs.begin(
            visit.asker,
            provider.connector_id,
            redirect_uri=callback_of(visit.scope, provider.connector_id),
            flow=visit.flow("social"),
        )
    except DomainError as error:
        if error.code in FAULTS:
            raise
        return await screen(visit, target, error)
    return redirect(departure.address)


@router.get("/account/social/{target}/back")
async def come_back(target: Target, visit: Looking) -> Response:
    """Take the provider's answer, which must be to a try of this very session, and link."""
    answer = answer_of(visit.request)
    try:
        begun = await visit.scope.social.find_by_state(answer.get("state", ""))
        # Another session's try is nobody's here: who began it is who it is linked to.
        if begun is None or begun.flow_id != visit.flow("social") or begun.target != target:
            raise ProofNotFound
        if not begun.is_verified:
            await visit.account.social_proofs.finish(visit.asker, begun.id, answer)
        await visit.account.link(visit.asker, begun.id, visit.context)
    except (NotSignedIn, ProofRequired):
        raise
    except DomainError as error:
        name = failures.name_of(error)
        if name is None:
            raise
        return visit.go(_page(target), failed=name)
    return await done(visit, "social")


@router.post("/account/social/{target}/remove")
async def remove_social(target: Target, visit: Posting) -> Response:
    """Take a linked account away."""
    try:
        await visit.account.unlink(visit.asker, target, visit.context)
    except LastSignInMethodRequired as error:
        return await screen(visit, target, error)
    return await done(visit, "social", is_removal=True)


def _page(target: str) -> str:
    return f"/account/social/{quote(target, safe='')}"


def _account_name(identity: dict[str, dict[str, str]] | None) -> str:
    """Return what tells a person which of their accounts at the provider it is."""
    details = identity.get("details", {}) if identity else {}
    return details.get("email") or details.get("name") or ""
