"""Promotion: move what was tried in another tenant here, after a diff and a test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from watchword.configuration.connector_tests import ConnectorTests, slot_for
from watchword.configuration.document import SLOTS
from watchword.configuration.errors import (
    ConfigurationChanged,
    ConnectorNotTested,
    DocumentRefused,
    NothingChosen,
)
from watchword.configuration.models import Kind
from watchword.configuration.promotion import Preview, Promotion
from watchword.core.email import EmailAddress
from watchword.core.errors import DomainError
from watchword.core.phone import PhoneNumber
from watchword.core.recipients import Recipient
from watchword.web.console.desk import Desk, WorkDesk, text_of, whole_number
from watchword.web.console.errors import NoSuchPage
from watchword.web.console.message_timeline import followed
from watchword.web.console.routing import console_router
from watchword.web.problems import status_of

router = console_router("/console/{tenant}/promotion")

SECRET = "secret:"  # noqa: S105  # in front of a field's name
TESTED = "tested:"
MOST_ITEMS = 200
KINDS = {
    "signIn": Kind.SIGN_IN,
    "guard": Kind.GUARD,
    "accountCenter": Kind.ACCOUNT_CENTER,
    "tenant": Kind.TENANT,
    "connectors": Kind.CONNECTOR,
    "resources": Kind.RESOURCE,
    "applications": Kind.APPLICATION,
    "webhooks": Kind.WEBHOOK,
    "phrases": Kind.PHRASES,
}
"""What the sections of a document are versions of."""


@router.get("")
async def choose(desk: WorkDesk, source: str = "", show: str = "") -> Response:
    """Let choose a tenant and what is to move, then show what that would change here."""
    chosen = desk.request.query_params.getlist("item")[:MOST_ITEMS]
    is_forgotten = bool(show) and not chosen
    return await _page(desk, Typed(source, chosen), NothingChosen() if is_forgotten else None)


@router.post("/test")
async def test(desk: WorkDesk) -> Response:
    """Send a test through a connector as it would be here."""
    typed = Typed.of(await desk.form())
    outcome = await _tried(desk, typed)
    if desk.is_partial:
        shown = {"outcome": outcome, **_tests(typed, outcome)}
        return desk.render("promotion_outcome.html", **shown)
    return await _page(desk, typed, outcome=outcome)


@router.post("/move")
async def move(desk: WorkDesk) -> Response:
    """Move what was chosen, all of it or nothing."""
    await desk.prove_fresh()
    typed = Typed.of(await desk.form())
    promotion = await _promotion(desk, typed.source)
    try:
        await promotion.move(
            desk.actor,
            typed.items,
            typed.entered,
            expected_stamp=typed.stamp,
            tests=typed.tests.values(),
            may_be_untested=typed.may_be_untested,
            reason=typed.reason or None,
        )
    except (ConfigurationChanged, ConnectorNotTested, DocumentRefused, NothingChosen) as error:
        return await _page(desk, typed, error)
    return desk.go("configuration", done="promoted")


@dataclass(frozen=True)
class Typed:
    """What stands in the form; secrets are never written into it again."""

    source: str
    items: Sequence[str]
    stamp: int | None = None
    entered: Mapping[str, str] = field(default_factory=dict, repr=False)
    tests: Mapping[str, str] = field(default_factory=dict)
    """Proofs of tests, by the place of the connector."""
    may_be_untested: bool = False
    reason: str = ""
    to: str = ""

    @classmethod
    def of(cls, form: FormData) -> "Typed":
        """Read a posted form."""
        items = [item for item in form.getlist("item") if isinstance(item, str)]
        return cls(
            source=text_of(form, "source"),
            items=items[:MOST_ITEMS],
            stamp=whole_number(text_of(form, "stamp")),
            entered=_named(form, SECRET),
            tests=_named(form, TESTED),
            may_be_untested="untested" in form,
            reason=text_of(form, "reason").strip()[:1024],
            to=text_of(form, "to").strip(),
        )


def _told(desk: Desk, error: DomainError | None) -> str:
    """Return what is said of an error; of a change meanwhile, what to do about it as well."""
    if isinstance(error, ConfigurationChanged):
        return desk.text("console.others.look_again")
    return desk.message(error) if error else ""


async def _page(
    desk: Desk,
    typed: Typed,
    error: DomainError | None = None,
    outcome: Mapping[str, Any] | None = None,
) -> Response:
    promotion = await _promotion(desk, typed.source) if typed.source else None
    preview: Preview | None = None
    if promotion is not None and typed.items:
        try:
            preview = await promotion.preview(desk.actor, typed.items, {})
        except (DocumentRefused, NothingChosen) as refused:
            error = error or refused
    offered = await promotion.offered() if promotion else {}
    if preview is not None:
        planned = [change for one in preview.plan.changes for change in one.changes]
        await desk.words.learn(desk.scope, planned)
    return desk.render(
        "promotion.html",
        status_code=status_of(error) if error else 200,
        others=[tenant for tenant in desk.tenants if tenant.id != desk.tenant.id],
        source=typed.source,
        choices=tuple(offered),
        names={place: _name(desk, place, item) for place, item in offered.items()},
        providers={place: item.get("connectorId", "") for place, item in offered.items()},
        kinds=KINDS,
        items=typed.items,
        preview=preview,
        to=typed.to,
        reason=typed.reason,
        has_entered=bool(typed.entered),
        problem=_told(desk, error),
        is_unchosen=isinstance(error, NothingChosen),
        issues=error.issues if isinstance(error, DocumentRefused) else (),
        outcome=outcome,
        **_tests(typed, outcome, error),
    )


def _tests(
    typed: Typed, outcome: Mapping[str, Any] | None, error: DomainError | None = None
) -> dict[str, Any]:
    """Return which connectors move and which of them are tested, and whether the others may."""
    slots = [slot for slot in SLOTS if f"connectors.{slot}" in typed.items]
    tests = dict(typed.tests)
    if outcome is not None and outcome["slot"]:
        tests[outcome["slot"]] = outcome["proof"]
    if isinstance(error, ConnectorNotTested):
        # What was typed after a test is not what was tested.
        tests |= dict.fromkeys(error.slots, "")
    return {
        "slots": slots,
        "tests": tests,
        "is_untested": any(not tests.get(slot) for slot in slots),
        "may_be_untested": typed.may_be_untested,
    }


async def _promotion(desk: Desk, source: str) -> Promotion:
    if source not in desk.server.tenants:
        raise NoSuchPage
    scope = await desk.server.scope_of(source)
    return Promotion(
        source=scope.configuration.documents, target=desk.scope.configuration.documents
    )


def _name(desk: Desk, place: str, item: Mapping[str, Any]) -> str:
    section, _, key = place.partition(".")
    return desk.words.thing(KINDS[section], key, item) if key else ""


async def _tried(desk: Desk, typed: Typed) -> dict[str, Any]:
    promotion = await _promotion(desk, typed.source)
    tests = ConnectorTests(
        documents=desk.scope.configuration.documents, messaging=desk.scope.messaging
    )
    nothing: dict[str, Any] = {"slot": "", "proof": ""}
    try:
        to = _receiver(typed.to)
        document = await promotion.document(typed.items)
        given = await tests.prepare(document, to, typed.entered)
        await desk.scope.guard.spend_test_send(desk.operator.id)
        tried = await tests.send(desk.actor, given, to, desk.language)
    except DocumentRefused as error:
        # Which field it is says more than that something is wrong.
        return {**nothing, "problem": f"{desk.message(error)} {error.issues[0].message}"}
    except DomainError as error:
        return {**nothing, "problem": desk.message(error)}
    shown = await followed(desk, tried.message)
    return {"problem": "", **shown, "slot": slot_for(to), "proof": tried.proof or ""}


def _receiver(text: str) -> Recipient:
    return EmailAddress.parse(text) if "@" in text else PhoneNumber.parse(text)


def _named(form: FormData, front: str) -> dict[str, str]:
    """Return the texts whose fields begin with *front*, by the rest of their names."""
    return {
        name.removeprefix(front): value
        for name, value in form.items()
        if name.startswith(front) and isinstance(value, str) and value
    }
