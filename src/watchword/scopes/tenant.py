"""All services of a tenant: to those of signing in it adds people's accounts and administration.

Most servers never need what is here in the hours between two starts. So each service is imported
and made when it is first asked for.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from watchword.configuration.repository import VersionRows
from watchword.scopes.signing_in import SignInScope

if TYPE_CHECKING:
    from watchword.account.factors import AccountFactors
    from watchword.account.own_account import OwnAccount
    from watchword.account.own_factors import OwnFactors
    from watchword.account.service import AccountService
    from watchword.account.step_up import StepUp
    from watchword.configuration.service import ConfigurationService
    from watchword.guard.service import Unblocking
    from watchword.invitations.service import InvitationService
    from watchword.messaging.health import HealthService
    from watchword.messaging.statistics.service import StatisticsService
    from watchword.notices.service import Notices


@dataclass(frozen=True, kw_only=True, eq=False)
class TenantScope(SignInScope):
    """Everything one tenant's requests need; shared by its requests."""

    # Accounts.

    @cached_property
    def accounts(self) -> "AccountService":
        """What administrators and people change about an account."""
        from watchword.account.repository import Leftovers
        from watchword.account.service import AccountService

        return AccountService(
            storage=self.storage,
            users=self.users,
            sessions=self.oidc.sessions,
            leftovers=self.rows(Leftovers),
            audit=self.audit,
            webhooks=self.webhooks,
        )

    @cached_property
    def account_factors(self) -> "AccountFactors":
        """What is changed about an account's second factors."""
        from watchword.account.factors import AccountFactors

        return AccountFactors(
            storage=self.storage,
            users=self.users,
            factors=self.factors,
            sessions=self.oidc.sessions,
            settings=self.settings,
            audit=self.audit,
            webhooks=self.webhooks,
        )

    @cached_property
    def step_up(self) -> "StepUp":
        """The fresh proof that a signed-in person gives before a change."""
        from watchword.account.step_up import StepUp

        return StepUp(
            users=self.users,
            verification=self.verification,
            audit=self.audit,
            phrases=self.phrases,
            clock=self.server.clock,
            origin=self.origin,
            sign_in=self.settings,
        )

    @cached_property
    def notices(self) -> "Notices":
        """What people are told about changes to their account."""
        from watchword.notices.service import Notices

        return Notices(
            messaging=self.messaging, guard=self.guard, phrases=self.phrases, origin=self.origin
        )

    @cached_property
    def own_account(self) -> "OwnAccount":
        """What a signed-in person changes."""
        from watchword.account.own_account import OwnAccount
        from watchword.account.social_proofs import SocialProofs

        return OwnAccount(
            accounts=self.accounts,
            settings=self.account_center,
            sign_in=self.settings,
            step_up=self.step_up,
            social_proofs=SocialProofs(
                social=self.social, audit=self.audit, clock=self.server.clock
            ),
            signed_in=self.oidc.signed_in,
            notices=self.notices,
        )

    @cached_property
    def own_factors(self) -> "OwnFactors":
        """What a signed-in person changes about second factors."""
        from watchword.account.admission import Admission
        from watchword.account.own_factors import OwnFactors

        return OwnFactors(
            admission=Admission(step_up=self.step_up, settings=self.account_center),
            factors=self.account_factors,
            sign_in=self.settings,
            notices=self.notices,
        )

    @cached_property
    def invitations(self) -> "InvitationService":
        """Invitations to organizations."""
        from watchword.invitations.repository import InvitationRows
        from watchword.invitations.service import InvitationService

        return InvitationService(
            rows=self.rows(InvitationRows),
            organizations=self.organizations,
            users=self.users,
            guard=self.guard,
            messaging=self.messaging,
            connectors=self.connectors,
            storage=self.storage,
            audit=self.audit,
            sealer=self.sealer("invitation link"),
            clock=self.server.clock,
            origin=self.origin,
            language=self.settings.language_info.fallback_language,
            delivery_wait=self.server.rules.delivery_wait,
        )

    # Administration.

    @property
    def versions(self) -> VersionRows:
        """What the configuration was; to change it, ask `configuration`."""
        return self.rows(VersionRows)

    @cached_property
    def configuration(self) -> "ConfigurationService":
        """The one way to change what is configured."""
        from watchword.configuration.service import ConfigurationService
        from watchword.configuration.writing import ConfigurationWriter

        return ConfigurationService.build(
            ConfigurationWriter(
                tenant=self.tenant,
                storage=self.storage,
                directory=self.server.directory,
                versions=self.versions,
                audit=self.audit,
                clock=self.server.clock,
                on_change=partial(self.server.forget, self.tenant.id),
                limits=self.limits,
            ),
            connectors=self.connectors,
            applications=self.applications,
            users=self.users,
            resources=self.resources,
            deliveries=self.deliveries,
            fixed_numbers=self.fixed_numbers,
            recipients=self.digest("recipient"),
            phrases=self.custom_phrases,
        )

    @cached_property
    def unblocking(self) -> "Unblocking":
        """What lets somebody try again."""
        from watchword.guard.service import Unblocking

        return Unblocking(
            storage=self.storage, guard=self.guard, lockout=self.lockout, audit=self.audit
        )

    @cached_property
    def statistics(self) -> "StatisticsService":
        """How many messages came to be sent, and what became of them."""
        from watchword.messaging.statistics.repository import StatisticsRows
        from watchword.messaging.statistics.service import StatisticsService

        return StatisticsService(rows=self.rows(StatisticsRows), clock=self.server.clock)

    @cached_property
    def health(self) -> "HealthService":
        """How the connectors do."""
        from watchword.messaging.alerts import ConnectorAlerts
        from watchword.messaging.health import HealthService
        from watchword.messaging.health_repository import HealthRows

        return HealthService(
            rows=self.rows(HealthRows),
            webhooks=self.webhooks,
            clock=self.server.clock,
            alerts=ConnectorAlerts(
                messaging=self.messaging,
                operators=self.server.operators,
                phrases=self.server.phrases,
                tenant=self.tenant,
                console=f"{self.server.public_url}/console/{self.tenant.id}",
            ),
        )
