"""Sign-in experience, branding: colour, logo and terms."""

from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.pictures.models import ADDRESSES, addresses_of
from watchword.sign_in_settings.models import SignInSettings
from watchword.web.console.confirming import sign_in_confirmed
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.pictures import fetch_again, shown_pictures
from watchword.web.console.preview_pane import PreviewPane
from watchword.web.console.routing import console_router
from watchword.web.pages.custom_css import problems_of

router = console_router("/console/{tenant}/sign-in-experience/branding")

TERMS = ("Automatic", "ManualRegistrationOnly", "Manual")

BRANDING_FIELDS = (
    "primaryColor",
    "darkPrimaryColor",
    "logoUrl",
    "darkLogoUrl",
    "favicon",
    "termsOfUseUrl",
    "privacyPolicyUrl",
    "agreeToTermsPolicy",
)
LONGEST_CSS = 64 * 1024
MOST_PROBLEMS = 5


@router.get("")
async def show_branding(desk: WorkDesk) -> Response:
    """Show colour, logo and terms."""
    settings, version = await desk.scope.configuration.settings.sign_in()
    values = _branding_values(settings)
    return _branding_page(desk, values, version, pictures=await shown_pictures(desk, values))


@router.post("/pictures")
async def fetch_picture_again(desk: WorkDesk) -> Response:
    """Fetch a picture again, from the address that is saved."""
    settings, _ = await desk.scope.configuration.settings.sign_in()
    await fetch_again(desk, _branding_values(settings), text_of(await desk.form(), "picture"))
    return desk.go("sign-in-experience", "branding", done="picture_asked_for")


@router.post("")
async def save_branding(desk: WorkDesk) -> Response:
    """Save colour, logo and terms, once the operator saw before and after."""
    form = await desk.form()
    values = _posted_values(form)
    saved, version = await desk.scope.configuration.settings.sign_in()
    sheet_error = css_error(desk, values["customCss"])
    said: dict[str, Any] | None = {
        "errors": {"customCss": sheet_error},
        "is_dirty": True,
        "status_code": 422,
    }
    if not sheet_error:
        said = await sign_in_confirmed(
            desk,
            form,
            saved,
            version,
            _branding_patch(saved, values),
            wrong=lambda error: {"errors": _errors(desk, error)},
        )
    if said is None:
        await desk.scope.pictures.fetch(addresses_of(values))
        return desk.go("sign-in-experience", "branding", done="saved")
    return _branding_page(desk, values, version, **said)


def _errors(desk: Desk, error: ValidationError) -> dict[str, str]:
    places = [str(issue["loc"][-1]) for issue in error.errors(include_input=False)]
    return {
        place: desk.text(
            "console.branding.bad_colour" if "olor" in place else "console.branding.bad_address"
        )
        for place in places
    }


def css_error(desk: Desk, sheet: str) -> str:
    """Return what is wrong with a style sheet, line by line; empty where nothing is."""
    if len(sheet) > LONGEST_CSS:
        return desk.text("console.css.too_long", most=LONGEST_CSS // 1024)
    problems = problems_of(sheet)[:MOST_PROBLEMS]
    return " ".join(
        desk.text(f"console.css.{problem.phrase}", line=problem.line, what=problem.what)
        for problem in problems
    )


def previewed(saved: SignInSettings, form: FormData) -> SignInSettings:
    """Return the settings with what is filled in; half a colour or address counts as the saved."""
    patch, document = _branding_patch(saved, _posted_values(form)), saved.document()
    try:
        return SignInSettings.model_validate({**document, **patch})
    except ValidationError as error:
        for issue in error.errors(include_input=False):
            _put_back(patch, document, [str(part) for part in issue["loc"]])
    return SignInSettings.model_validate({**document, **patch})


def _put_back(patch: dict[str, Any], saved: dict[str, Any], place: list[str]) -> None:
    section, name = patch[place[0]], place[-1]
    if not isinstance(section, dict):
        patch[place[0]] = saved[place[0]]
    elif name in saved[place[0]]:
        section[name] = saved[place[0]][name]
    else:
        section.pop(name, None)


def _posted_values(form: FormData) -> dict[str, Any]:
    return {
        **{name: text_of(form, name).strip() for name in BRANDING_FIELDS},
        "customCss": text_of(form, "customCss").replace("\r\n", "\n").rstrip(),
        "isDarkModeEnabled": "isDarkModeEnabled" in form,
    }


def _branding_page(desk: Desk, values: dict[str, Any], version: int, **context: Any) -> Response:
    return desk.render(
        "branding.html",
        **{
            "tab": "branding",
            "values": values,
            "version": version,
            "terms": TERMS,
            "errors": {},
            "pictures": {},
            "problem": "",
            "others": (),
            "changes": (),
            "is_dirty": False,
            "demo_app": f"{desk.scope.origin}/demo-app",
            "pane": PreviewPane(desk, "branding"),
            "frames": "'self'",
            **context,
        },
    )


def _branding_values(settings: SignInSettings) -> dict[str, Any]:
    document = settings.document()
    every = {**document, **document["color"], **document["branding"]}
    values = {name: every.get(name) or "" for name in (*BRANDING_FIELDS, "customCss")}
    return {
        **values,
        "isDarkModeEnabled": every["isDarkModeEnabled"],
    }


def _branding_patch(saved: SignInSettings, values: dict[str, Any]) -> dict[str, Any]:
    kept = saved.document()["branding"]
    pictures = {name: values[name] for name in ADDRESSES}
    return {
        "color": {
            "primaryColor": values["primaryColor"],
            "darkPrimaryColor": values["darkPrimaryColor"],
            "isDarkModeEnabled": values["isDarkModeEnabled"],
        },
        "branding": {name: value for name, value in {**kept, **pictures}.items() if value},
        "customCss": values["customCss"] or None,
        "termsOfUseUrl": values["termsOfUseUrl"] or None,
        "privacyPolicyUrl": values["privacyPolicyUrl"] or None,
        "agreeToTermsPolicy": values["agreeToTermsPolicy"]
        if values["agreeToTermsPolicy"] in TERMS
        else saved.agree_to_terms_policy,
    }
