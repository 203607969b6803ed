"""`watchword config`: a tenant's configuration as a file: export it, see a diff, apply it."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from watchword.audit.models import Actor
from watchword.cli.output import AsJson, Tenant, fail, opened, run, say, settings_or_fail
from watchword.configuration.models import SINGLE, Action, Change, ConfigurationVersion, Kind
from watchword.core.pagination import PageRequest

if TYPE_CHECKING:
    from watchword.configuration.connector_tests import ConnectorTests
    from watchword.configuration.document_plan import Plan, PlannedChange
    from watchword.configuration.document_text import DocumentText
    from watchword.configuration.errors import DocumentRefused
    from watchword.configuration.promotion import MovedSecret

CHANGES_FOUND = 2
OPERATOR = Actor.system("cli")
SIGNS = {Action.CREATED: "+", Action.DELETED: "-", Action.REPLACED: "-"}
LONGEST_VALUE = 100

cli = typer.Typer(
    help="Export a tenant's configuration, see what a file would change, and apply it.",
    no_args_is_help=True,
)

File = Annotated[str, typer.Argument(help="A YAML or JSON file; `-` reads standard input.")]
Subject = Annotated[
    str, typer.Option("--subject", help="Its id; settings that a tenant has one of need none.")
]


@cli.callback()
def config() -> None:
    """Export a tenant's configuration, see what a file would change, and apply it."""


@cli.command()
def export(
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Write to this file, not to the terminal.")
    ] = None,
    seal_to: Annotated[
        str | None,
        typer.Option(
            "--seal-to",
            help="Take the secrets along, for the tenant alone whose `watchword config "
            "sealing-key` this is. Without it, each is `${env:NAME}`.",
        ),
    ] = None,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Write a tenant's configuration: the same one is the same text, to the letter."""
    from watchword.configuration.document_text import write
    from watchword.configuration.sealed_secrets import SealingKey

    async def work() -> dict[str, Any]:
        key = SealingKey.parse(seal_to) if seal_to else None
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            exported = await scope.configuration.documents.export(key)
            return dict(exported.document)

    document = run(work())
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n" if as_json else write(document)
    if output is None:
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, encoding="utf-8")


@cli.command()
def plan(file: File, tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Show what applying a file would change; nothing is changed.

    `${env:NAME}` stands for an environment variable; a secret whose variable is not there stays as
    it is. Leaves with 0 if nothing would change, 2 if something would, and 1 if the file is wrong.
    """
    source = _source(file)

    async def work() -> "Plan":
        async with opened(settings_or_fail()) as server:
            documents = (await server.scope_of(tenant)).configuration.documents
            with _placed(file, source):
                return await documents.plan(OPERATOR, source.document, os.environ)

    found = run(work())
    text = _as_text(found)
    if found.changes:
        text += f"\n\nTo apply exactly this: --expect {found.stamp}"
    say(as_json, _as_json(found), text)
    if found.changes:
        raise typer.Exit(CHANGES_FOUND)


@cli.command()
def apply(
    file: File,
    expect: Annotated[
        int | None,
        typer.Option(
            "--expect", help="The number that `plan` gave: refuse if anything moved since."
        ),
    ] = None,
    allow_deletions: Annotated[
        bool, typer.Option("--allow-deletions", help="Delete what the file leaves out of a list.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why; the history keeps it.")] = None,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Make a tenant's configuration what a file says, all of it or nothing."""
    source = _source(file)

    async def work() -> "Plan":
        async with opened(settings_or_fail()) as server:
            documents = (await server.scope_of(tenant)).configuration.documents
            with _placed(file, source):
                return await documents.apply(
                    OPERATOR,
                    source.document,
                    os.environ,
                    expected_stamp=expect,
                    may_delete=allow_deletions,
                    reason=reason,
                )

    found = run(work())
    say(as_json, _as_json(found), _as_text(found))


@cli.command()
def promote(
    source: Annotated[str, typer.Option("--from", help="The tenant that it was tried in.")],
    target: Annotated[str, typer.Option("--to", help="The tenant that it is to move to.")],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Such as `connectors.sms` or `guard`; again for more."),
    ] = None,
    expect: Annotated[
        int | None,
        typer.Option("--expect", help="The number that the plan gave; without it, only plan."),
    ] = None,
    test_to: Annotated[
        list[str] | None,
        typer.Option(
            "--test-to",
            help="First send a test from the target to this number or address, through the "
            "connector that moves; again for the other one.",
        ),
    ] = None,
    untested: Annotated[
        bool,
        typer.Option("--untested", help="Move a connector without a test; the audit log says so."),
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why; the history keeps it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Move a configuration from one tenant to another; what the target has besides stays.

    Without --expect, shows what would change, and leaves with 2 if something would. A secret is the
    target's own: the one it has, or the environment variable that the plan names. A connector that
    sends moves once its provider took a test from the target.
    """

    async def work() -> "tuple[Plan, tuple[MovedSecret, ...]]":
        from watchword.configuration.connector_tests import ConnectorTests
        from watchword.configuration.promotion import Promotion

        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(target)
            promotion = Promotion(
                source=(await server.scope_of(source)).configuration.documents,
                target=scope.configuration.documents,
            )
            chosen = only or await promotion.choices()
            preview = await promotion.preview(OPERATOR, chosen, os.environ)
            if expect is None:
                return preview.plan, preview.secrets
            tests = ConnectorTests(
                documents=scope.configuration.documents, messaging=scope.messaging
            )
            document = await promotion.document(chosen)
            proofs = [await _tested(tests, document, to) for to in test_to or ()]
            plan = await promotion.move(
                OPERATOR,
                chosen,
                os.environ,
                expected_stamp=expect,
                tests=proofs,
                may_be_untested=untested,
                reason=reason,
            )
            return plan, ()

    found, secrets = run(work())
    shown = _as_json(found) | {
        "secrets": [
            {"path": list(s.path), "state": s.state, "variable": s.variable} for s in secrets
        ]
    }
    say(as_json, shown, _moved_as_text(found, secrets, is_plan=expect is None))
    if found.changes and expect is None:
        raise typer.Exit(CHANGES_FOUND)


@cli.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the file, for editors and pipelines."""
    from watchword.configuration.document import schema

    print(json.dumps(schema(), indent=2))


@cli.command("sealing-key")
def sealing_key(tenant: Tenant = "default", as_json: AsJson = False) -> None:
    """Print the public key that other servers seal secrets for this tenant to."""

    async def work() -> str:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            return str(scope.configuration.documents.sealed.published)

    key = run(work())
    say(as_json, {"sealingKey": key}, key)


@cli.command()
def history(
    kind: Annotated[Kind | None, typer.Option("--kind", help="Of this alone.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Of this id alone.")] = None,
    page: Annotated[int, typer.Option("--page", min=1, help="Older ones.")] = 1,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """List what was changed, newest first."""

    async def work() -> list[ConfigurationVersion]:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            found = await scope.configuration.history(kind, subject, PageRequest(page))
            return found.items

    versions = run(work())
    shown = [
        {
            "kind": version.kind,
            "subjectId": version.subject_id,
            "version": version.version,
            "action": version.action,
            "actor": str(version.author),
            "reason": version.reason,
            "createdAt": version.created_at.isoformat(),
            "changes": [vars(change) for change in version.changes],
        }
        for version in versions
    ]
    lines = [
        f"{v.created_at:%Y-%m-%d %H:%M}  {v.kind} {v.subject_id} {v.version}  {v.action}"
        f"  {v.author.name or v.author}{f'  {v.reason}' if v.reason else ''}"
        for v in versions
    ]
    say(as_json, shown, "\n".join(lines))


@cli.command()
def compare(
    kind: Annotated[Kind, typer.Argument(help="What it is, as `history` calls it.")],
    before: Annotated[int, typer.Argument(min=1, help="A version.")],
    after: Annotated[int, typer.Argument(min=1, help="Another version.")],
    subject: Subject = SINGLE,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions; secrets are masked."""

    async def work() -> tuple[Change, ...]:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            return await scope.configuration.compare(kind, subject, before, after)

    found = run(work())
    text = "\n".join(_field(change) for change in found) or "Nothing differs."
    say(as_json, [vars(change) for change in found], text)


@cli.command()
def restore(
    kind: Annotated[Kind, typer.Argument(help="What it is, as `history` calls it.")],
    version: Annotated[int, typer.Argument(min=1, help="The version that is to come back.")],
    subject: Subject = SINGLE,
    reason: Annotated[str | None, typer.Option(help="Why; the history keeps it.")] = None,
    tenant: Tenant = "default",
    as_json: AsJson = False,
) -> None:
    """Bring a version back as a new one, secrets included; it must still be valid."""

    async def work() -> ConfigurationVersion:
        async with opened(settings_or_fail()) as server:
            scope = await server.scope_of(tenant)
            return await scope.configuration.restore(
                OPERATOR, kind, subject, version, reason=reason
            )

    made = run(work())
    shown = {"kind": made.kind, "subjectId": made.subject_id, "version": made.version}
    say(as_json, shown, f"{kind} {subject}: version {version} is back, as version {made.version}.")


async def _tested(tests: "ConnectorTests", document: dict[str, Any], receiver: str) -> str:
    """Send a test and return the proof of it; fail with the provider's words."""
    from watchword.core.email import EmailAddress
    from watchword.core.phone import PhoneNumber

    to = EmailAddress.parse(receiver) if "@" in receiver else PhoneNumber.parse(receiver)
    tried = await tests.send(OPERATOR, await tests.prepare(document, to, os.environ), to)
    if tried.proof is None:
        fail(f"the test to {to.masked} {tried.message.state}: {tried.message.provider_words or ''}")
    return tried.proof


def _source(file: str) -> "DocumentText":
    from watchword.configuration.document_text import DocumentUnreadable, read

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        return read(text)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{file}: this is not UTF-8")
    except DocumentUnreadable as error:
        fail(f"{file}: {error.code}: {error.detail}")


class _placed:  # noqa: N801  # read as a verb
    """Say of each mistake in which line of the file it is."""

    def __init__(self, file: str, source: "DocumentText") -> None:
        self.file, self.source = file, source

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        from watchword.configuration.errors import DocumentRefused

        if isinstance(error, DocumentRefused):
            self._fail(error)

    def _fail(self, error: "DocumentRefused") -> NoReturn:
        lines = [
            f"{self.file}:{self.source.line_of(issue.path)}: {issue.place}: "
            f"{issue.code}: {issue.message}"
            for issue in error.issues
        ]
        fail("\n".join(lines))


def _as_json(plan: "Plan") -> dict[str, Any]:
    return {
        "stamp": plan.stamp,
        "changes": [
            {
                "path": list(change.path),
                "action": change.action,
                "changes": [vars(field) for field in change.changes],
            }
            for change in plan.changes
        ],
        "keptSecrets": [list(path) for path in plan.kept_secrets],
    }


def _as_text(plan: "Plan") -> str:
    lines = [line for change in plan.changes for line in _lines(change)]
    lines += [f"= {'.'.join(map(str, path))}  stays as it is" for path in plan.kept_secrets]
    return "\n".join(lines) if plan.changes else "\n".join([*lines, "Nothing to change."])


def _moved_as_text(plan: "Plan", secrets: Sequence["MovedSecret"], *, is_plan: bool) -> str:
    lines = [line for change in plan.changes for line in _lines(change)]
    lines += [
        f"secret {'.'.join(map(str, secret.path))}  {secret.state}  ${{env:{secret.variable}}}"
        for secret in secrets
    ]
    if not plan.changes:
        lines.append("Nothing to change.")
    elif is_plan:
        lines += ["", f"To apply exactly this: --expect {plan.stamp}"]
    return "\n".join(lines)


def _lines(change: "PlannedChange") -> Iterator[str]:
    yield f"{SIGNS.get(change.action, '~')} {'.'.join(map(str, change.path))}  {change.action}"
    if change.action is Action.DELETED:
        return
    for field in change.changes:
        yield f"    {_field(field)}"


def _field(field: Change) -> str:
    before, after = _short(field.before), _short(field.after)
    if field.before is None:
        return f"{field.field}: {after}"
    if before == after:
        return f"{field.field}: another value"
    return f"{field.field}: {before} -> {after}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
