"""Sign-in experience, account centre: what people see and change of their own accounts."""

from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.account.models import AccountCenterSettings, Control, FieldName
from watchword.configuration.models import Kind
from watchword.connector_kit.models import ConnectorType
from watchword.core.errors import DomainError
from watchword.web.console.branding import css_error
from watchword.web.console.confirming import held_back
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
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
    typed = {**saved.document(), **patch, "fields": {**saved.fields, **patch["fields"]}}
    errors = {"customCss": css_error(desk, patch["customCss"] or "")}
    if not errors["customCss"]:
        try:
            after = saved.changed(patch)
            held = await held_back(
                desk,
                form,
                Kind.ACCOUNT_CENTER,
                before=_spelled_out(saved),
                after=_spelled_out(after),
                version=version,
            )
            if held is not None:
                return await _page(desk, typed, version, **held)
            await settings.save_account_center(
                desk.actor, patch, expected_version=whole_number(text_of(form, "version"))
            )
        except ValidationError as error:
            places = {str(issue["loc"][0]) for issue in error.errors(include_input=False)}
            errors = {place: desk.text("console.branding.bad_address") for place in places}
        except DomainError as error:
            return await _page(
                desk, typed, version, problem=desk.message(error), is_dirty=True, status_code=409
            )
        else:
            return desk.go("sign-in-experience", "account-center", done="saved")
    return await _page(desk, typed, version, errors=errors, is_dirty=True, status_code=422)


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
