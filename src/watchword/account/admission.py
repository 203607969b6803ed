"""By what right a person sees and changes a part of their own account."""

from dataclasses import dataclass

from watchword.account.errors import ScopeMissing
from watchword.account.models import AccountCenterSettings, Asker, FieldName
from watchword.account.step_up import StepUp
from watchword.core.errors import DomainError


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The order of checks is API: who asks, what the tenant allows, what the application may."""

    step_up: StepUp
    settings: AccountCenterSettings

    async def to_change(
        self,
        asker: Asker,
        field: FieldName,
        *,
        scope: str,
        refusal: type[DomainError] = ScopeMissing,
    ) -> None:
        """Let a change pass; raises ProofRequired, FieldNotEditable, *refusal*, …Forbidden."""
        await self.step_up.require(asker)
        self.settings.require_editable(field)
        asker.require_scope(scope, refusal)
        asker.require_first_party()

    def to_see(
        self,
        asker: Asker,
        field: FieldName,
        *,
        scope: str,
        refusal: type[DomainError] = ScopeMissing,
    ) -> None:
        """Let a question pass; raises FieldNotEditable, *refusal*."""
        self.settings.require_shown(field)
        asker.require_scope(scope, refusal)
