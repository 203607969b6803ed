"""The connector that sends beside the one about to be saved: what each serves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale

from watchword.configuration.consequences import Served
from watchword.connector_kit.models import UsageType
from watchword.connectors.models import SavedConnector
from watchword.web.console.desk import Desk
from watchword.web.console.forms import ConnectorClass

MOST_NAMES = 12
"""A cell is to be read, not to be searched through."""


@dataclass(frozen=True)
class Row:
    """One thing that both are asked about."""

    label: str
    present: str
    successor: str
    is_loss: bool
    """Whether the new one offers less."""


def comparison(
    desk: Desk, active: SavedConnector, found: ConnectorClass, config: Mapping[str, Any]
) -> list[Row]:
    """Return the rows of the table; *config* is the form as it stands."""
    serves = desk.scope.configuration.connectors.what_it_serves
    before = serves(active.connector_id, active.config)
    after = serves(found.metadata.id, config)
    present = desk.server.registry.find(active.connector_id)
    rows = [
        _row(desk, "usage_types", *(_usages(desk, one) for one in (before, after))),
        _row(desk, "languages", *(_languages(desk, one) for one in (before, after))),
        _row(desk, "countries", *(_countries(desk, one) for one in (before, after))),
    ]
    lost = (
        bool(before.usage_types - after.usage_types),
        bool(before.languages - after.languages),
        _loses_countries(before, after),
    )
    rows = [
        Row(row.label, row.present, row.successor, is_loss)
        for row, is_loss in zip(rows, lost, strict=True)
    ]
    for feature in ("delivery_reports", "credential_check"):
        had = present is not None and feature in present.metadata.features
        has = feature in found.metadata.features
        label = desk.text(f"connector_kit.feature.{feature}")
        rows.append(Row(label, _yes_or_no(desk, had), _yes_or_no(desk, has), had and not has))
    return rows


def listed(names: Iterable[str]) -> str:
    """Return names in one line, the first dozen of them."""
    shown = list(names)
    return ", ".join([*shown[:MOST_NAMES], "…"] if len(shown) > MOST_NAMES else shown)


def usage_name(desk: Desk, usage: str) -> str:
    """Return what a usage type is called; a template may be for a use that its author invented."""
    return desk.text(f"console.usage.{usage}") if usage in set(UsageType) else usage


def _row(desk: Desk, name: str, present: str, successor: str) -> Row:
    return Row(desk.text(f"console.compare.{name}"), present, successor, is_loss=False)


def _usages(desk: Desk, served: Served) -> str:
    return listed(usage_name(desk, usage) for usage in UsageType if usage in served.usage_types)


def _languages(desk: Desk, served: Served) -> str:
    if not served.languages:
        return desk.text("console.compare.one_text")
    names = Locale.parse(desk.language, sep="-").languages
    return listed(sorted(names.get(tag, tag) for tag in served.languages))


def _countries(desk: Desk, served: Served) -> str:
    if served.countries is None:
        return desk.text("console.compare.every_country")
    names = Locale.parse(desk.language, sep="-").territories
    return listed(sorted(names.get(region, region) for region in served.countries))


def _loses_countries(before: Served, after: Served) -> bool:
    if after.countries is None:
        return False
    return before.countries is None or bool(before.countries - after.countries)


def _yes_or_no(desk: Desk, answer: bool) -> str:
    return desk.text("console.compare.yes" if answer else "console.compare.no")
