"""Security, blocklist: which e-mail addresses no account may have."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from watchword.sign_in_settings.models import SignInSettings
from watchword.sign_in_settings.service import BLOCKLIST_ENTRY
from watchword.web.console.confirming import sign_in_confirmed
from watchword.web.console.desk import Desk, WorkDesk, text_of
from watchword.web.console.routing import console_router

router = console_router("/console/{tenant}/security/blocklist")

LISTS = ("customBlocklist", "customAllowlist")
MOST_ENTRIES = 1_000
MOST_PROBLEMS = 5


@router.get("")
async def show_blocklist(desk: WorkDesk) -> Response:
    """Show the lists, one entry a line."""
    settings, version = await desk.scope.configuration.settings.sign_in()
    policy = _policy_of(settings)
    values = {name: "\n".join(policy.get(name, ())) for name in LISTS}
    values["blockSubaddressing"] = policy.get("blockSubaddressing", False)
    return _page(desk, values, version)


@router.post("")
async def save_blocklist(desk: WorkDesk) -> Response:
    """Save the lists, once the operator saw before and after."""
    form = await desk.form()
    saved, version = await desk.scope.configuration.settings.sign_in()
    values: dict[str, Any] = {name: text_of(form, name).replace("\r\n", "\n") for name in LISTS}
    values["blockSubaddressing"] = "blockSubaddressing" in form
    errors = {name: problem for name in LISTS if (problem := _problem(desk, values[name]))}
    said: dict[str, Any] | None = {"errors": errors, "is_dirty": True, "status_code": 422}
    if not errors:
        said = await sign_in_confirmed(
            desk,
            form,
            saved,
            version,
            _patch(saved, values),
            wrong=lambda _: {"problem": desk.text("console.fix_fields")},
        )
    if said is None:
        return desk.go("security", "blocklist", done="saved")
    return _page(desk, values, version, **said)


def _page(desk: Desk, values: dict[str, Any], version: int, **context: Any) -> Response:
    return desk.render(
        "blocklist.html",
        **{
            "tab": "blocklist",
            "values": values,
            "version": version,
            "lists": LISTS,
            "errors": {},
            "problem": "",
            "others": (),
            "changes": (),
            "is_dirty": False,
            **context,
        },
    )


def _policy_of(settings: SignInSettings) -> dict[str, Any]:
    return settings.email_blocklist_policy.model_dump(by_alias=True, exclude_none=True)


def _problem(desk: Desk, text: str) -> str:
    """Return what is wrong with a list, line by line; empty where nothing is."""
    if len(_entries(text)) > MOST_ENTRIES:
        return desk.text("console.blocklist.too_many", most=f"{MOST_ENTRIES:,}")
    wrong = [
        (number, line.strip())
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not BLOCKLIST_ENTRY.fullmatch(line.strip())
    ]
    return " ".join(
        desk.text("console.blocklist.wrong", line=number, what=line[:64])
        for number, line in wrong[:MOST_PROBLEMS]
    )


def _entries(text: str) -> Sequence[str]:
    """Return what a list holds, each once."""
    return list(dict.fromkeys(filter(None, (line.strip().lower() for line in text.split("\n")))))


def _patch(saved: SignInSettings, values: dict[str, Any]) -> dict[str, Any]:
    policy = _policy_of(saved)
    for name in LISTS:
        entries = _entries(values[name])
        # What was never said and is not said now stays unsaid.
        if entries or name in policy:
            policy[name] = entries
    if values["blockSubaddressing"] or "blockSubaddressing" in policy:
        policy["blockSubaddressing"] = values["blockSubaddressing"]
    return {"emailBlocklistPolicy": policy}
