"""`/api/sign-in-exp`: what a tenant lets people do to sign up and in."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from watchword.core.errors import DomainError
from watchword.sign_in_settings import errors
from watchword.sign_in_settings.errors import NothingToChange, NotOffered, UserWanted
from watchword.sign_in_settings.models import Profile, SignInSettingsPatch
from watchword.sign_in_settings.service import password_issues
from watchword.users.errors import UserNotFound
from watchword.web.documented import problems
from watchword.web.management.access import Caller, Management
from watchword.web.models import ApiModel

router = APIRouter(prefix="/sign-in-exp", tags=["Sign-in experience"])


RULES = tuple(
    error
    for error in vars(errors).values()
    if isinstance(error, type)
    and issubclass(error, DomainError)
    and error.code.startswith("sign_in_experiences.")
)
"""Everything that speaks against settings that do not fit together."""


class CheckPassword(ApiModel):
    """A password to be checked by the tenant's rules, for a user if they are known."""

    password: str = Field(min_length=1, max_length=256)
    user_id: str | None = Field(default=None, max_length=64)


class PasswordVerdict(ApiModel):
    """Whether a password passes, and if not, why."""

    result: bool
    issues: list[dict[str, Any]] | None = None


class UserWantedAnswer(ApiModel):
    """The rules look at the person, and nobody said whose password it is to be."""

    code: Literal["request.invalid_input"]
    message: str


@router.get("", response_model=dict[str, Any])
async def get_sign_in_experience(caller: Caller) -> dict[str, Any]:
    """Show the settings, with what the public does not see of them."""
    return await _row(caller)


@router.patch(
    "",
    response_model=dict[str, Any],
    responses=problems(NothingToChange, NotOffered, *RULES),
)
async def change_sign_in_experience(body: SignInSettingsPatch, caller: Caller) -> dict[str, Any]:
    """Change the sections that the body has, if the settings then fit together."""
    patch = body.model_dump(by_alias=True, mode="json", exclude_unset=True)
    await caller.tenant.configuration.settings.save_sign_in(caller.actor, patch)
    return await _row(caller)


@router.post(
    "/default/check-password",
    response_model_exclude_none=True,
    responses={
        **problems(UserWanted, UserNotFound),
        400: {"model": PasswordVerdict | UserWantedAnswer},
    },
)
async def check_password(
    body: CheckPassword, caller: Caller, response: Response
) -> PasswordVerdict:
    """Tell whether a password would be accepted."""
    issues = password_issues(
        caller.tenant.settings.password_policy, body.password, await _profile(body, caller)
    )
    response.status_code = 400 if issues else 200
    return PasswordVerdict(result=not issues, issues=issues or None)


async def _profile(body: CheckPassword, caller: Management) -> Profile:
    if body.user_id is not None:
        user = await caller.tenant.users.get(body.user_id)
        return Profile(
            username=user.username,
            email=user.primary_email,
            phone=user.primary_phone,
            name=user.name,
        )
    if caller.tenant.settings.password_policy.looks_at_the_person:
        raise UserWanted
    return Profile()


async def _row(caller: Management) -> dict[str, Any]:
    settings, _ = await caller.tenant.configuration.settings.sign_in()
    return settings.row(caller.tenant.tenant.id)
