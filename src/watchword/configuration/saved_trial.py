"""The terms of a trial as they are stored, and as history shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watchword.configuration.models import SINGLE, Action, Kind, changes_between
from watchword.configuration.repository import VersionRows
from watchword.configuration.writing import ConfigurationWriter, Write
from watchword.connectors.models import ChosenNumber, Trial
from watchword.connectors.repository import ConnectorRows


async def trial_of(versions: VersionRows, rows: ConnectorRows) -> Trial | None:
    """Return a tenant's trial, over or not, until it is dropped or promoted."""
    saved_terms = await versions.settings(Kind.TRIAL)
    if saved_terms is None or not saved_terms["document"]:
        return None
    terms = saved_terms["document"]
    saved = await rows.find(terms["instanceId"])
    if saved is None:
        return None
    return Trial(
        saved=saved,
        beside=terms["beside"],
        share=terms["share"],
        numbers=tuple(ChosenNumber(**number) for number in terms["numbers"]),
        started_at=datetime.fromisoformat(terms["startedAt"]),
        ends_at=datetime.fromisoformat(terms["endsAt"]),
        stopped=terms["stopped"],
        version=saved_terms["version"],
    )


async def save_trial(
    writer: ConfigurationWriter,
    write: Write,
    action: Action,
    before: Trial | None,
    after: Trial | None,
) -> int:
    """Replace the terms, None for no trial; return the number of the version."""
    version = await write.versions.newest(Kind.TRIAL, SINGLE) + 1
    await write.versions.save_settings(
        Kind.TRIAL, document=_stored(after), version=version, updated_at=writer.clock.now()
    )
    shown = _shown(after)
    await writer.record(
        write,
        Kind.TRIAL,
        SINGLE,
        version,
        action,
        document=shown or None,
        changes=changes_between(_shown(before), shown),
    )
    return version


def _stored(trial: Trial | None) -> Mapping[str, Any]:
    if trial is None:
        return {}
    return {**_shown(trial), "beside": trial.beside, "numbers": [vars(n) for n in trial.numbers]}


def _shown(trial: Trial | None) -> Mapping[str, Any]:
    """Return the terms for history and the audit log: of a number, no more than they may hold."""
    if trial is None:
        return {}
    return {
        "instanceId": trial.saved.id,
        "connectorId": trial.saved.connector_id,
        "share": trial.share,
        "numbers": [number.masked for number in trial.numbers],
        "startedAt": trial.started_at.isoformat(),
        "endsAt": trial.ends_at.isoformat(),
        "stopped": trial.stopped,
    }
