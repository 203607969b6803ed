"""`watchword connectors`: what this server can send through, and whether it does."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchword.audit.models import Actor
from watchword.cli import connector_package
from watchword.cli.output import AsJson, Tenant, fail, opened, run, say, settings_or_fail
from watchword.connector_kit.connector import Connector as AnyConnector
from watchword.connector_kit.errors import ConnectorError, InvalidConfig
from watchword.connector_kit.models import ConnectorType, UsageType
from watchword.connectors.errors import DevelopmentConnectorRefused, UnknownConnectorClass
from watchword.connectors.models import SavedConnector
from watchword.core.email import EmailAddress, InvalidEmailAddress
from watchword.core.phone import InvalidPhoneNumber, PhoneNumber
from watchword.core.phrases import Phrases
from watchword.core.recipients import Recipient
from watchword.messaging.models import Channel, Message, MessageState

if TYPE_CHECKING:
    from watchword.web.scope import TenantScope

USAGE_ERROR = 2
# A secret in a file would be in its copies, too; one in an argument, in the list of processes.
FROM_ENVIRONMENT = re.compile(r"\$\{env:(\w+)\}")

cli = typer.Typer(
    help="List, check and try connectors; begin a package for a new one.", no_args_is_help=True
)
cli.command("new")(connector_package.new)

Connector = Annotated[
    str | None, typer.Option("--connector", help="The connector's id, such as `vonage-sms`.")
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        help="A JSON file with settings that need not be saved; `-` reads standard input. "
        "`${env:NAME}` in a value stands for an environment variable.",
    ),
]


@dataclass(frozen=True)
class Chosen:
    """The connector that a command is about."""

    connector: AnyConnector[Any, Any]
    config: Mapping[str, Any]
    saved: SavedConnector | None = None
    """None: the settings came with the command."""

    @property
    def id(self) -> str:
        """Return the connector's id."""
        return self.connector.metadata.id


@cli.callback()
def connectors() -> None:
    """List, check and try connectors; begin a package for a new one."""


@cli.command("list")
def list_connectors(
    available: Annotated[
        bool, typer.Option("--available", help="Those this server can send through.")
    ] = False,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """List a tenant's active connectors, or all that can be set up."""

    async def work() -> list[dict[str, Any]]:
        async with opened(settings_or_fail()) as server:
            if available:
                return [
                    {"connectorId": found.metadata.id, "name": found.metadata.name["en"]}
                    for found in server.registry.list()
                ]
            scope = await server.scope_of(tenant)
            return [
                {"id": saved.id, "connectorId": saved.connector_id, "type": saved.type}
                for saved in await scope.connectors.list()
            ]

    found = run(work())
    say(as_json, found, "\n".join("  ".join(str(value) for value in row.values()) for row in found))


@cli.command("test")
def send_test(
    to: Annotated[
        str, typer.Option(help="The phone number, such as +447700900123, or the e-mail address.")
    ],
    connector: Connector = None,
    config: Config = None,
    usage: Annotated[UsageType, typer.Option(help="Which template to send.")] = UsageType.GENERIC,
    language: Annotated[
        str | None, typer.Option(help="The language to choose the template by, such as `ko`.")
    ] = None,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Send the code 000000 to a number or address: a real message, which costs what it costs.

    The settings are those in --config, or the tenant's saved connector. Leaves with 0 if the
    provider took the message, 1 if not, and 2 if there was nothing to ask it.
    """
    receiver, given = _receiver(to), _read_config(config)

    async def work() -> dict[str, Any]:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            chosen = await _choose(scope, connector, given, Channel.to(receiver).connector_type)
            if chosen.connector.metadata.type is not Channel.to(receiver).connector_type:
                fail(f"{chosen.id} does not send to {receiver.masked}.", USAGE_ERROR)
            message = await scope.messaging.tests.send(
                receiver,
                chosen.id,
                chosen.config,
                actor=Actor.system("cli"),
                keep_from=chosen.saved,
                usage=usage,
                language=language,
            )
            return _outcome(message, chosen, server.phrases)

    outcome = run(work())
    say(as_json, outcome, _as_text(outcome))
    if outcome["state"] not in {MessageState.ACCEPTED, MessageState.DELIVERED}:
        raise typer.Exit(1)


@cli.command()
def check(
    connector: Connector = None,
    config: Config = None,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Ask the provider whether it knows us; nothing is sent and nothing is paid.

    Leaves with 0 if it does, 1 if not, and 2 if there was nothing to ask it.
    """
    given = _read_config(config)

    async def work() -> dict[str, Any]:
        async with opened(settings_or_fail()) as server:
            chosen = await _choose(await server.scope_of(tenant), connector, given)
            try:
                words = await chosen.connector.check_credentials()
            except ConnectorError as error:
                return {
                    "state": "refused",
                    "connectorId": chosen.id,
                    "words": error.words,
                    "errorClass": error.error_class,
                    "whatToDo": what_to_do(server.phrases, error.error_class),
                }
            if words is None:
                fail(f"{chosen.id}: this provider has no question that costs nothing", USAGE_ERROR)
            return {"state": "good", "connectorId": chosen.id, "words": words}

    outcome = run(work())
    say(as_json, outcome, _as_text(outcome))
    if outcome["state"] != "good":
        raise typer.Exit(1)


def what_to_do(phrases: Phrases, error_class: str) -> str:
    """Return who can do what about an error, as the console says it."""
    key = "connector_kit.error_class."
    return phrases.find("en", key + error_class) or phrases.text("en", f"{key}general")


async def _choose(
    scope: "TenantScope",
    connector_id: str | None,
    given: Mapping[str, Any] | None,
    wanted: ConnectorType | None = None,
) -> Chosen:
    saved = None
    if given is None:
        saved = await _saved(scope, connector_id, wanted)
        connector_id = saved.connector_id
        given = {**saved.config, **scope.connectors.opened_secrets(saved)}
    elif connector_id is None:
        fail("--config needs --connector: whose settings are they?", USAGE_ERROR)
    try:
        built = scope.connectors.build_unsaved(connector_id, given)
    except UnknownConnectorClass:
        fail(
            f"There is no connector {connector_id!r}; `watchword connectors list --available` "
            "lists them.",
            USAGE_ERROR,
        )
    except DevelopmentConnectorRefused:
        fail(f"{connector_id} is for development, and this tenant is in production.", USAGE_ERROR)
    except InvalidConfig as error:
        fail(f"The settings of {connector_id}: {error.words}", USAGE_ERROR)
    return Chosen(built, given, saved)


async def _saved(
    scope: "TenantScope", connector_id: str | None, wanted: ConnectorType | None
) -> SavedConnector:
    listed = [saved for saved in await scope.connectors.list() if wanted in {None, saved.type}]
    if not listed:
        kind = "e-mail" if wanted is ConnectorType.EMAIL else "SMS"
        fail(
            f"The tenant has no {kind} connector. Set one up, or bring settings: --config.",
            USAGE_ERROR,
        )
    named = [s for s in listed if connector_id in {None, s.connector_id, s.id}]
    if not named:
        through = " and ".join(saved.connector_id for saved in listed)
        fail(
            f"The tenant sends through {through}, not {connector_id}. "
            "Bring settings to try another one: --config.",
            USAGE_ERROR,
        )
    # Text messages, where nothing says which.
    return min(named, key=lambda saved: saved.type is not ConnectorType.SMS)


def _receiver(text: str) -> Recipient:
    try:
        return EmailAddress.parse(text) if "@" in text else PhoneNumber.parse(text)
    except InvalidPhoneNumber:
        fail("--to is no phone number; write it with + and the country's code.", USAGE_ERROR)
    except InvalidEmailAddress:
        fail("--to is no e-mail address.", USAGE_ERROR)


def _outcome(message: Message, chosen: Chosen, phrases: Phrases) -> dict[str, Any]:
    outcome: dict[str, Any] = {
        "state": message.state,
        "connectorId": chosen.id,
        "to": message.recipient_masked,
        "words": message.provider_words,
        "messageId": message.id,
        "providerMessageId": message.provider_message_id,
        "segments": message.segments,
        "encoding": message.encoding,
    }
    if message.error_class is not None:
        outcome |= {
            "errorClass": message.error_class,
            "whatToDo": what_to_do(phrases, message.error_class),
        }
    unusual = [f"{odd.key} ({odd.shape['en']})" for odd in chosen.connector.config.warnings()]
    if unusual:
        outcome["unusual"] = unusual
    return outcome


LABELS = {
    "state": "state",
    "to": "to",
    "words": "provider said",
    "whatToDo": "what to do",
    "providerMessageId": "provider's id",
    "unusual": "looks unusual",
}


def _as_text(outcome: Mapping[str, Any]) -> str:
    shown = [(label, outcome.get(key)) for key, label in LABELS.items()]
    return "\n".join(
        f"{label:<15}{', '.join(value) if isinstance(value, list) else value}"
        for label, value in shown
        if value
    )


def _read_config(source: str | None) -> Mapping[str, Any] | None:
    if source is None:
        return None
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        config = json.loads(text)
    except OSError as error:
        fail(f"--config: {error.strerror}: {source}", USAGE_ERROR)
    except ValueError as error:
        fail(f"--config: {source} is not JSON: {error}", USAGE_ERROR)
    if not isinstance(config, dict):
        fail(f"--config: {source} is no JSON object", USAGE_ERROR)
    return {key: _filled(value) for key, value in config.items()}


def _filled(value: Any) -> Any:
    """Return *value* with environment variables in place of their names, however deep."""
    if isinstance(value, str):
        return FROM_ENVIRONMENT.sub(lambda match: _variable(match[1]), value)
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    return value


def _variable(name: str) -> str:
    if name not in os.environ:
        fail(f"--config names ${{env:{name}}}, and the environment has no {name}", USAGE_ERROR)
    return os.environ[name]
