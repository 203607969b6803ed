"""Sign-in experience, account centre: what people see and change of their own accounts."""

from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.account.models import AccountCenterSettings, Control, FieldName
from watchword.configuration.models import Kind
from watchword.connector_kit.models import ConnectorType
from watchword.web.console.branding import css_error
from watchword.web.console.confirming import confirmed
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.field_names import ACCOUNT_FIELDS
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/sign-in-experience/account-center")

CONTROLS: tuple[Control, ...] = ("Off", "ReadOnly", "Edit")
PAGES = (
    "",
    "/security",
    "/profile",
    "/sessions",
    "/phone",
    "/email",
    "/username",
    "/password",
    "/authenticator-app",
    "/backup-codes",
)
"""Where an application may send people, below the account centre's address."""
NEEDED: dict[FieldName, ConnectorType] = {"phone": ConnectorType.SMS, "email": ConnectorType.EMAIL}


@router.get("")
async def show_account_center(desk: WorkDesk) -> Response:
    """Show what people see and change."""
    settings, version = await desk.scope.configuration.settings.account_center()
    return await _page(desk, settings.document(), version)


@router.post("")
async def save_account_center(desk: WorkDesk) -> Response:
    """Save it, once the operator saw before and after."""
    form, settings = await desk.form(), desk.scope.configuration.settings
    saved, version = await settings.account_center()
    patch = _patch(saved, form)
    sheet_error = css_error(desk, patch["customCss"] or "")
    said: dict[str, Any] | None = {
        "errors": {"customCss": sheet_error},
        "is_dirty": True,
        "status_code": 422,
    }
    if not sheet_error:
        said = await confirmed(
            desk,
            form,
            Kind.ACCOUNT_CENTER,
            before=_spelled_out(saved),
            after=lambda: _spelled_out(saved.changed(patch)),
            version=version,
            save=lambda seen: settings.save_account_center(
                desk.actor, patch, expected_version=seen
            ),
            wrong=lambda error: {"errors": _errors(desk, error)},
        )
    if said is None:
        return desk.go("sign-in-experience", "account-center", done="saved")
    typed = {**saved.document(), **patch, "fields": {**saved.fields, **patch["fields"]}}
    return await _page(desk, typed, version, **said)


def _errors(desk: Desk, error: ValidationError) -> dict[str, str]:
    places = {str(issue["loc"][0]) for issue in error.errors(include_input=False)}
    return {place: desk.text("console.branding.bad_address") for place in places}


def _patch(saved: AccountCenterSettings, form: FormData) -> dict[str, Any]:
    chosen = {name: text_of(form, f"field.{name}") for name in ACCOUNT_FIELDS}
    return {
        "enabled": "enabled" in form,
        "fields": {
            name: value
            for name, value in chosen.items()
            if value in CONTROLS and value != saved.fields.get(name, "Off")
        },
        "deleteAccountUrl": text_of(form, "deleteAccountUrl").strip() or None,
        "customCss": text_of(form, "customCss").replace("\r\n", "\n").rstrip() or None,
    }


def _spelled_out(settings: AccountCenterSettings) -> dict[str, Any]:
    """Return the document with the fields, too, that are off because nobody named them."""
    off = dict.fromkeys(ACCOUNT_FIELDS, "Off")
    return {**settings.document(), "fields": {**off, **settings.fields}}


async def _page(desk: Desk, values: dict[str, Any], version: int, **context: Any) -> Response:
    available = {saved.type for saved in await desk.scope.connectors.list()}
    return desk.render(
        "account_center.html",
        **{
            "tab": "account-center",
            "values": values,
            "version": version,
            "fields": ACCOUNT_FIELDS,
            "controls": CONTROLS,
            "lacking": {name for name, type_ in NEEDED.items() if type_ not in available},
            "pages": [f"{desk.scope.origin}/account{path}" for path in PAGES],
            "errors": {},
            "problem": "",
            "others": (),
            "changes": (),
            "is_dirty": False,
            **context,
        },
    )
