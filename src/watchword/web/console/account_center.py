"""The account center: what people see and change of their own accounts, and whether they may."""

from typing import Any, get_args

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.account.models import AccountCenterSettings, Control, FieldName
from watchword.core.errors import DomainError
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/account-center")

CONTROLS: tuple[Control, ...] = get_args(Control)
GROUPS: dict[str, tuple[FieldName, ...]] = {
    "contacts": ("phone", "email", "username"),
    "sign_in": ("password", "social", "mfa", "session"),
    "person": ("name", "avatar", "profile", "customData"),
}
"""What the page offers; what else a script has set stays, for it has no page to show."""


@router.get("")
async def show_account_center(desk: WorkDesk) -> Response:
    """Show the switch and the fields."""
    settings, version = await desk.scope.configuration.settings.account_center()
    return await _page(desk, settings, version)


@router.post("")
async def save_account_center(desk: WorkDesk) -> Response:
    """Save the switch and the fields."""
    form = await desk.form()
    patch = _patch(form)
    saved, version = await desk.scope.configuration.settings.account_center()
    try:
        await desk.scope.configuration.settings.save_account_center(
            desk.actor, patch, expected_version=whole_number(text_of(form, "version"))
        )
    except ValidationError:
        problem = desk.text("console.account_center.no_address")
    except DomainError as error:
        problem = desk.message(error)
    else:
        return desk.go("account-center", done="saved")
    return await _page(
        desk,
        saved.changed({name: patch[name] for name in ("enabled", "fields")}),
        version,
        problem=problem,
        delete_account_url=patch["deleteAccountUrl"],
        status_code=422,
    )


async def _page(
    desk: Desk, settings: AccountCenterSettings, version: int, **context: Any
) -> Response:
    return desk.render(
        "account_center.html",
        **{
            "settings": settings,
            "version": version,
            "groups": GROUPS,
            "controls": CONTROLS,
            "account_page": f"{desk.scope.origin}/account",
            "delete_account_url": settings.delete_account_url or "",
            "problem": "",
            **context,
        },
    )


def _patch(form: FormData) -> dict[str, Any]:
    chosen = {
        field: text_of(form, f"field_{field}") for fields in GROUPS.values() for field in fields
    }
    return {
        "enabled": text_of(form, "enabled") == "yes",
        "fields": {field: control for field, control in chosen.items() if control in CONTROLS},
        "deleteAccountUrl": text_of(form, "delete_account_url").strip()[:2048],
    }
