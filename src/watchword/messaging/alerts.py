"""Mail to operators who asked for it, when a connector needs them and when it is well again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from watchword.connector_kit.models import ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.core.email import EmailAddress
from watchword.core.phrases import Phrases
from watchword.messaging.service import MessagingService
from watchword.operators.models import Operator
from watchword.operators.service import OperatorService
from watchword.storage import Database
from watchword.tenants.models import Tenant

News = Literal["unwell", "recovered"]


@dataclass(frozen=True, kw_only=True)
class ConnectorAlerts:
    """Tells operators of one tenant's connectors, through the tenant's own e-mail."""

    messaging: MessagingService
    operators: OperatorService
    phrases: Phrases
    tenant: Tenant
    console: str
    """The address of the tenant's console."""

    async def readers(self, saved: SavedConnector) -> Sequence[Operator]:
        """Return who hears of a connector; nobody where no other connector could carry it."""
        # What is unwell would not deliver the news of it.
        if saved.type is ConnectorType.EMAIL:
            return ()
        if await self.messaging.connectors.active(ConnectorType.EMAIL) is None:
            return ()
        return [one for one in await self.operators.list() if one.alert_email is not None]

    async def tell(
        self,
        readers: Sequence[Operator],
        saved: SavedConnector,
        news: News,
        reason: str,
        tx: Database,
    ) -> None:
        """Queue the mails as part of the change that they tell of."""
        for operator in readers:
            assert operator.alert_email is not None
            language = operator.language or "en"
            values = {
                "name": self._name_of(saved, language),
                "tenant": self.tenant.name,
                "address": f"{self.console}/connectors/{saved.id}",
                "reason": self._because(reason, language),
            }
            await self.messaging.queue_notice(
                EmailAddress(operator.alert_email),
                self.phrases.text(language, f"messages.connector.{news}.text", **values),
                subject=self.phrases.text(language, f"messages.connector.{news}.subject", **values),
                language=language,
                tx=tx,
            )

    def _name_of(self, saved: SavedConnector, language: str) -> str:
        found = self.messaging.connectors.registry.find(saved.connector_id)
        if found is None:
            return saved.connector_id
        return str(found.metadata.name.get(language) or found.metadata.name["en"])

    def _because(self, reason: str, language: str) -> str:
        return self.phrases.text(language, f"console.health.reason.{reason}") if reason else ""
