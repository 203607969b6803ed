"""A tenant's connectors: which one sends, built from its saved set-up."""

import builtins
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from watchword.connector_kit.connector import Connector, ConnectorContext
from watchword.connector_kit.errors import ReportRefused
from watchword.connector_kit.guides import logo
from watchword.connector_kit.models import ConnectorType, ReportRequest
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.connectors.errors import (
    ConnectorNotFound,
    DevelopmentConnectorRefused,
    SecretsWantedAgain,
    UnknownConnectorClass,
)
from watchword.connectors.models import (
    MASK,
    PICTURES,
    Callback,
    SavedConnector,
    ShownConnector,
    Trial,
)
from watchword.connectors.repository import ConnectorRows
from watchword.core.clock import Clock
from watchword.core.ids import new_token
from watchword.core.logs import get_logger
from watchword.core.sealing import Sealer
from watchword.tenants.models import Tenant

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ConnectorService:
    """One tenant's connectors; lives as long as the tenant's configuration stays as it is."""

    tenant: Tenant
    rows: ConnectorRows
    registry: ConnectorRegistry
    sealer: Sealer
    context: ConnectorContext
    clock: Clock
    origin: str
    base_urls: Mapping[str, str] = field(default_factory=dict)
    """By connector class, from the operator; wins over a connector's own."""
    trial: Trial | None = None
    """What is tried beside the active connector for text messages, over or not."""
    _active: dict[ConnectorType, SavedConnector | None] = field(
        default_factory=dict, init=False, repr=False
    )
    _built: dict[tuple[str, int], Connector[Any, Any]] = field(
        default_factory=dict, init=False, repr=False
    )

    async def active(self, type: ConnectorType = ConnectorType.SMS) -> SavedConnector | None:
        """Return the connector that sends, or None; read once."""
        if type not in self._active:
            self._active[type] = await self.rows.find_active(type)
        return self._active[type]

    async def sender_for(
        self, type: ConnectorType, recipient: str, digests: Callable[[], Sequence[str]]
    ) -> SavedConnector | None:
        """Return what a new message goes through: the active connector, or the one on trial."""
        active = await self.active(type)
        trial, now = self.trial, self.clock.now()
        if active is None or trial is None or trial.saved.type is not type:
            return active
        return trial.saved if trial.takes(recipient, digests, now) else active

    async def sender_now(
        self, type: ConnectorType, instance_id: str | None
    ) -> SavedConnector | None:
        """Return what a message that was meant for a connector goes through by now.

        What waits for a trial that is over goes through the active one.
        """
        trial = self.running_trial
        if trial is not None and trial.saved.id == instance_id:
            return trial.saved
        return await self.active(type)

    @property
    def running_trial(self) -> Trial | None:
        """Return the trial, while messages go through it."""
        trial = self.trial
        return trial if trial is not None and trial.runs_at(self.clock.now()) else None

    async def list(self) -> builtins.list[SavedConnector]:
        """Return every active connector, by id."""
        return await self.rows.list()

    async def list_retired(self, at_most: int) -> builtins.list[SavedConnector]:
        """Return connectors that send no more, the one that went last first."""
        return await self.rows.list_retired(at_most, self.clock.now())

    async def find(self, instance_id: str) -> SavedConnector | None:
        """Return an active connector, or None."""
        saved = await self.rows.find(instance_id)
        return saved if saved is not None and saved.is_active else None

    async def get(self, instance_id: str) -> SavedConnector:
        """Return an active connector; raises ConnectorNotFound."""
        saved = await self.find(instance_id)
        if saved is None:
            raise ConnectorNotFound(instance_id)
        return saved

    async def find_for_reports(self, instance_id: str) -> SavedConnector | None:
        """Return a connector whose delivery reports count: active, or not long retired."""
        saved = await self.rows.find(instance_id)
        if saved is None or not saved.reads_reports_at(self.clock.now()):
            return None
        return saved

    async def read_reports(
        self, instance_id: str, token: str | None, request: ReportRequest
    ) -> Callback:
        """Return what a provider reports and what to answer it.

        Raises ReportRefused, alike for every reason.
        """
        saved = await self.find_for_reports(instance_id)
        # Compared whether or not there is such a connector, so that time tells neither.
        expected = saved.receipt_token if saved is not None else new_token()
        has_token = hmac.compare_digest((token or "").encode(), expected.encode())
        if saved is None:
            raise ReportRefused("no such connector")
        found = self.registry.find(saved.connector_id)
        needs_token = token is not None or found is None or not found.signs_reports
        if needs_token and not has_token:
            raise ReportRefused("wrong token")
        try:
            connector = self.build(saved)
            return Callback(tuple(connector.read_report(request)), connector.answer_report(request))
        except ReportRefused:
            raise
        except Exception as error:
            # Whatever the bytes did to the connector, they were not a report.
            log.warning(
                "report_unreadable", connector=saved.connector_id, error=type(error).__name__
            )
            raise ReportRefused("unreadable") from error

    def is_for_development(self, saved: SavedConnector) -> bool:
        """Tell whether this connector is refused in production."""
        found = self.registry.find(saved.connector_id)
        return found is not None and found.metadata.development_only

    def class_of(self, connector_id: str) -> type[Connector[Any, Any]]:
        """Return a connector class; raises UnknownConnectorClass, DevelopmentConnectorRefused."""
        found = self.registry.find(connector_id)
        if found is None:
            raise UnknownConnectorClass(connector_id)
        if found.metadata.development_only and self.tenant.is_production:
            raise DevelopmentConnectorRefused(connector_id)
        return found

    def build(self, saved: SavedConnector) -> Connector[Any, Any]:
        """Return the connector, its secrets opened; raises InvalidConfig."""
        key = (saved.id, saved.version)
        if key not in self._built:
            self._built[key] = self._build(
                saved.connector_id, {**saved.config, **self.opened_secrets(saved)}
            )
        return self._built[key]

    def target_of(self, saved: SavedConnector) -> str:
        """Return what the sign-in settings and people's accounts call a social provider."""
        return self.shown(saved).target

    def shown(self, saved: SavedConnector) -> ShownConnector:
        """Return how people see a connector: by what the tenant chose, else by its class."""
        found, chosen = self.registry.find(saved.connector_id), saved.metadata
        if found is None:
            # A package that is no longer installed: the row still has its name.
            return ShownConnector(saved.id, saved.connector_id, {"en": saved.connector_id})
        metadata, address = found.metadata, chosen.get("logo", "")
        fetched = chosen.get(PICTURES, {}).get("logo")
        picture = address if address.startswith("data:") else fetched
        return ShownConnector(
            id=saved.id,
            target=chosen.get("target", metadata.target),
            name=chosen.get("name") or metadata.name,
            logo=chosen.get("logo") or logo(found),
            logo_dark=chosen.get("logoDark"),
            picture=picture or logo(found),
            is_own_picture=picture is not None or not chosen.get("logo"),
            platform=metadata.platform,
            is_standard=metadata.is_standard,
        )

    def messages_per_second(self, saved: SavedConnector | None) -> float | None:
        """Return the pace that a connector keeps; None where it has none, or can't send at all."""
        try:
            return self.build(saved).messages_per_second if saved is not None else None
        except Exception:
            # A package's own code may fail in any way; whoever sends says what is wrong with it.
            return None

    def build_unsaved(
        self,
        connector_id: str,
        config: Mapping[str, Any],
        keep_from: SavedConnector | None = None,
    ) -> Connector[Any, Any]:
        """Return a connector from a form; a secret sent back as its mask is the saved one."""
        return self._build(connector_id, self.completed(connector_id, config, keep_from))

    def _build(self, connector_id: str, config: Mapping[str, Any]) -> Connector[Any, Any]:
        found = self.class_of(connector_id)
        context = replace(self.context, base_url_override=self.base_urls.get(connector_id))
        return found(found.config_type.parse(config), context)

    # What is saved, what is secret, and what may be shown.

    def completed(
        self,
        connector_id: str,
        config: Mapping[str, Any],
        keep_from: SavedConnector | None = None,
    ) -> dict[str, Any]:
        """Return *config* with kept secrets filled in and empty fields left out.

        Raises SecretsWantedAgain where the requests, and with them the secrets, would go to
        another place.
        """
        saved: dict[str, str] = {}
        # Another provider's secret is never kept, whatever the field is called.
        if keep_from is not None and keep_from.connector_id == connector_id:
            saved = self.opened_secrets(keep_from)
        config_type = self.class_of(connector_id).config_type
        secrets = config_type.secret_keys()
        complete, kept = {}, []
        for name, value in config_type.flat(config).items():
            given = value
            # A form can't show a secret, so an empty field says as little as the mask.
            if name in secrets and value in (MASK, "", None):
                given = saved.get(name)
                kept.append(name)
            if given is not None and given != "":
                complete[name] = given
        kept = [name for name in kept if name in complete]
        # Whoever may change an address must not learn by it what someone else typed in.
        if keep_from is not None and kept:
            before = {**keep_from.config, **saved}
            if config_type.sends_elsewhere(before, complete):
                raise SecretsWantedAgain(kept)
        return complete

    def split(
        self, connector_id: str, config: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Check a config and part it into what is stored open and its secrets, unsealed."""
        model = self.class_of(connector_id).config_type.parse(config)
        # Only what the model knows: a stray key could be a secret in the wrong place.
        revealed = model.reveal()
        secrets = {name: revealed.pop(name) for name in model.secret_keys() & revealed.keys()}
        return revealed, secrets

    def sealed(self, instance_id: str, secrets: Mapping[str, str]) -> dict[str, str]:
        """Seal secrets, each for its tenant, connector and field."""
        return {
            name: self.sealer.seal(value, self.tenant.id, instance_id, name)
            for name, value in secrets.items()
        }

    def opened_secrets(self, saved: SavedConnector) -> dict[str, str]:
        """Return a connector's secrets in the clear."""
        return self.opened(saved.id, saved.secrets)

    def opened(self, instance_id: str, sealed: Mapping[str, str]) -> dict[str, str]:
        """Open secrets that were sealed for this connector, in its row or in its history."""
        return {
            name: self.sealer.unseal(value, self.tenant.id, instance_id, name)
            for name, value in sealed.items()
        }

    def masked_config(self, saved: SavedConnector) -> dict[str, Any]:
        """Return the config as it may be shown: a mask for each secret."""
        return {**saved.config, **dict.fromkeys(saved.secrets, MASK)}

    async def note_tested(self, saved: SavedConnector) -> None:
        """Remember that a provider took a test message with exactly this set-up."""
        await self.rows.set_tested(saved, self.clock.now())

    def receipt_url(self, saved: SavedConnector, message_id: str | None = None) -> str | None:
        """Return where the provider may report; None where it can't reach us or does not.

        It names the message, since the provider's own id for that may never reach us.
        """
        found = self.registry.find(saved.connector_id)
        if found is None or not found.has_reports or not self.context.public_receipts:
            return None
        url = f"{self.origin}/receipts/{saved.id}"
        if not found.signs_reports:
            url += f"/{saved.receipt_token}"
        return url if message_id is None else f"{url}?message={message_id}"
