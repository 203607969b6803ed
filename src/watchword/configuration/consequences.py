"""What deleting a connector breaks, and what replacing it loses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from watchword.configuration.models import Breakage, Losses
from watchword.configuration.repository import VersionRows
from watchword.configuration.settings import sign_in_settings_of
from watchword.connector_kit.wording import DEFAULTS
from watchword.connectors.models import SavedConnector
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.sign_in_settings.sections import CODE_FACTORS
from watchword.sign_in_settings.service import CONNECTOR_TYPES

IDENTIFIERS = {connector_type: identifier for identifier, connector_type in CONNECTOR_TYPES.items()}
LATELY = timedelta(days=7)
EVERYWHERE = "*"


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """Foresees what a change of connectors means for the people of a tenant."""

    saved: ConnectorService
    clock: Clock

    async def of_deleting(self, versions: VersionRows, saved: SavedConnector) -> list[Breakage]:
        """Return what stops working without this connector; nothing for social ones."""
        identifier = IDENTIFIERS.get(saved.type)
        if identifier is None:
            return []
        settings, _ = await sign_in_settings_of(versions)
        factor = CODE_FACTORS[identifier]
        method = settings.sign_in.method(identifier)
        recovery = settings.forgot_password_methods
        broken = {
            "sign_up": identifier in settings.sign_up.required_identifiers,
            "sign_in": method is not None and method.verification_code,
            "forgot_password": recovery is None or factor in recovery,
            "mfa": factor in settings.mfa.factors,
        }
        found = [Breakage(setting) for setting, is_broken in broken.items() if is_broken]
        now = self.clock.now()
        counted = {"invitations": await versions.count_open_invitations(identifier, now)}
        if broken["sign_in"]:
            only, lately = "people_with_only_this", "signed_in_lately"
            counted[only] = await versions.count_people_with_only(identifier)
            counted[lately] = await versions.count_signed_in_by(factor, now - LATELY)
        return found + [
            Breakage(what, count, is_at_least)
            for what, (count, is_at_least) in counted.items()
            if count
        ]

    async def of_taking_away(self, versions: VersionRows, saved: SavedConnector) -> list[Breakage]:
        """Return what goes with a provider that people sign in with; nothing refuses it."""
        settings, _ = await sign_in_settings_of(versions)
        target = self.saved.target_of(saved)
        is_offered = target in settings.social_sign_in_connector_targets
        count, is_at_least = await versions.count_linked(target)
        return [
            *([Breakage("button")] if is_offered else []),
            *([Breakage("people_linked", count, is_at_least)] if count else []),
        ]

    def of_replacing(
        self, present: SavedConnector, connector_id: str, config: Mapping[str, Any]
    ) -> Losses:
        """Return what *present* serves and a connector of this class and config would not."""
        before = self.served(present.connector_id, present.config)
        after = self.served(connector_id, config)
        return Losses(
            usage_types=tuple(sorted(before.usage_types - after.usage_types)),
            languages=tuple(sorted(before.languages - after.languages)),
            countries=_lost(before.countries, after.countries),
            allowed_countries=tuple(sorted(after.countries or ())),
        )

    def served(self, connector_id: str, config: Mapping[str, Any]) -> "Served":
        """Return what a connector of this class and config has texts for, and where it sends."""
        found = self.saved.registry.find(connector_id)
        # A connector without templates has texts of its own, or sends ours.
        templates = list(_templates(config))
        if not templates:
            usages = frozenset(usage.value for usage in DEFAULTS["en"])
            served = Served(usages, frozenset(DEFAULTS), None)
        else:
            served = Served(
                frozenset(str(template.get("usageType")) for template in templates),
                frozenset(
                    _base(template["language"])
                    for template in templates
                    if template.get("language")
                ),
                _union([template.get("countries") or () for template in templates]),
            )
        listed = frozenset(found.metadata.countries) if found is not None else frozenset()
        return served.only_in(listed)


@dataclass(frozen=True)
class Served:
    """What a connector has texts for, and where it sends."""

    usage_types: frozenset[str]
    languages: frozenset[str]
    """Empty where every text serves every language."""
    countries: frozenset[str] | None
    """None is every country."""

    def only_in(self, listed: frozenset[str]) -> "Served":
        """Return the same for a provider that sends to the listed countries alone."""
        if not listed:
            return self
        countries = listed if self.countries is None else listed & self.countries
        return Served(self.usage_types, self.languages, countries)


def _templates(config: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    listed = config.get("templates")
    for item in listed if isinstance(listed, list | tuple) else ():
        if isinstance(item, Mapping):
            yield item


def _union(listed: list[Iterable[str]]) -> frozenset[str] | None:
    # One template for every country is enough to serve them all.
    if not all(listed):
        return None
    return frozenset(str(country).upper() for countries in listed for country in countries)


def _base(tag: Any) -> str:
    return str(tag).replace("_", "-").split("-")[0].lower()


def _lost(before: frozenset[str] | None, after: frozenset[str] | None) -> tuple[str, ...]:
    if after is None:
        return ()
    return (EVERYWHERE,) if before is None else tuple(sorted(before - after))
