"""The check list of a new tenant: what is done, and what is half done and why."""

from dataclasses import dataclass
from datetime import timedelta

from watchword.applications.models import ApplicationFilter, ApplicationType
from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.core.pagination import PageRequest
from watchword.messaging.models import MessageFilter, MessageState
from watchword.sign_in_settings.models import is_method_enabled
from watchword.web.console.desk import Desk
from watchword.web.console.message_timeline import INBOX_ID, gets_reports

NEWEST = PageRequest(1, 20)
LATELY = timedelta(days=1)
AROUND = timedelta(hours=1)
FOR_PEOPLE = ApplicationFilter(
    types=frozenset({ApplicationType.SPA, ApplicationType.NATIVE, ApplicationType.TRADITIONAL})
)


@dataclass(frozen=True)
class SetUpStep:
    """One step of the check list."""

    name: str
    is_done: bool
    address: str
    note: str = ""
    """The phrase that says what a half done step lacks."""
    opens_new_tab: bool = False
    inbox: str = ""
    """Where the development inbox comes in: an address of the console."""
    reading: str = ""
    """Where somebody looks who may change nothing; empty where there is nothing to look at."""


async def set_up_steps(desk: Desk) -> list[SetUpStep]:
    """Return the steps in the order in which they are taken; none counts before it works."""
    scope = desk.scope
    sender = await scope.connectors.active(ConnectorType.SMS)
    # As it is now: that a test was taken is written into the row alone.
    connector = await scope.connectors.find(sender.id) if sender is not None else None
    return [
        SetUpStep(
            "connector",
            connector is not None,
            desk.address("connectors", "set-up"),
            inbox=""
            if desk.tenant.is_production
            else desk.address("connectors", "set-up", INBOX_ID),
            reading=desk.address("connectors"),
        ),
        await _test(desk, connector),
        _sign_in(desk),
        await _application(desk),
        SetUpStep(
            "user",
            await scope.users.has_phone_signed_in(),
            f"{scope.origin}/demo-app",
            opens_new_tab=True,
            inbox=desk.address("inbox") if _is_inbox(connector) else "",
        ),
    ]


def _is_inbox(connector: SavedConnector | None) -> bool:
    return connector is not None and connector.connector_id == INBOX_ID


async def _test(desk: Desk, connector: SavedConnector | None) -> SetUpStep:
    if connector is None:
        return SetUpStep("test", False, desk.address("connectors", "set-up"))
    is_tested = connector.tested_at is not None
    note = missing_of_tests(
        await _states_of_tests(desk, connector),
        is_tested=is_tested,
        is_reported=gets_reports(desk, connector),
    )
    address = desk.address("connectors", connector.id) + "#test"
    return SetUpStep("test", is_tested and not note, address, note, reading=address)


async def _states_of_tests(desk: Desk, connector: SavedConnector) -> list[MessageState]:
    """Return what became of the newest tests, or of those around the one that was taken.

    A log can hold a hundred thousand messages for each test: no more of it is read than these.
    """
    if connector.tested_at is None:
        since, until = desk.server.clock.now() - LATELY, None
    else:
        since, until = connector.tested_at - AROUND, connector.tested_at + AROUND
    wanted = MessageFilter(
        is_test=True, connector_instance_id=connector.id, since=since, until=until
    )
    return [test.state for test in (await desk.scope.messaging.log.list(wanted, NEWEST)).items]


def missing_of_tests(states: list[MessageState], *, is_tested: bool, is_reported: bool) -> str:
    """Return the phrase for what the tests, the newest first, fail to show; empty for nothing.

    That a provider took a message says little where it also reports what arrives.
    """
    if not states or MessageState.DELIVERED in states or (is_tested and not is_reported):
        return ""
    if states[0].has_failed:
        return "test.failed"
    return "test.not_yet" if is_tested else ""


def _sign_in(desk: Desk) -> SetUpStep:
    settings, note = desk.scope.settings, ""
    is_on = is_method_enabled(settings, "phone", "verificationCode")
    if is_on and settings.sign_in_mode == "Register":
        note = "sign_in.closed"
    elif (
        is_on
        and settings.sign_in_mode != "SignIn"
        and "phone" not in settings.sign_up.required_identifiers
    ):
        note = "sign_in.no_sign_up"
    address = desk.address("sign-in-experience", "sign-up-and-sign-in")
    return SetUpStep("sign_in", is_on and not note, address, note, reading=address)


async def _application(desk: Desk) -> SetUpStep:
    found = (await desk.scope.applications.list(NEWEST, FOR_PEOPLE)).items
    address, note = desk.address("applications", "new"), ""
    if found and not any(one.redirect_uris for one in found):
        # Nobody can be led back to it.
        address, note = desk.address("applications", found[0].id), "application.no_redirect"
    reading = desk.address("applications")
    return SetUpStep("application", bool(found) and not note, address, note, reading=reading)
