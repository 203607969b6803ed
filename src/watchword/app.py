"""The composition root: settings in, ASGI application out. The providers are listed here."""

import gc
import ipaddress
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import cache, partial
from pkgutil import resolve_name
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from watchword import __version__
from watchword.account.admission import Admission
from watchword.account.factors import AccountFactors
from watchword.account.own_account import OwnAccount
from watchword.account.own_factors import OwnFactors
from watchword.account.repository import Leftovers
from watchword.account.service import AccountService
from watchword.account.social_proofs import SocialProofs
from watchword.account.step_up import StepUp
from watchword.applications.repository import ApplicationRepository
from watchword.applications.service import ApplicationService
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.background import Retention, background
from watchword.configuration.repository import VersionRows
from watchword.configuration.saved_trial import trial_of
from watchword.configuration.service import ConfigurationService
from watchword.configuration.settings import (
    account_center_of,
    guard_policy_of,
    sign_in_settings_of,
)
from watchword.configuration.tenants import TenantAdministration
from watchword.configuration.test_numbers import allowed_in_production
from watchword.configuration.writing import ConfigurationWriter
from watchword.connector_kit.connector import ConnectorContext
from watchword.connector_kit.models import OutgoingMessage
from watchword.connector_kit.number_checks import installed_check
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry, Shipped
from watchword.connectors.repository import ConnectorRows
from watchword.connectors.service import ConnectorService
from watchword.core.clock import Clock
from watchword.core.digests import KeyedDigest
from watchword.core.errors import DomainError
from watchword.core.inbox import Inbox, InboxEntry
from watchword.core.phone import PhoneNumber
from watchword.core.phrases import Phrases
from watchword.core.sealing import Sealer
from watchword.custom_phrases.repository import CustomPhraseRows
from watchword.custom_phrases.service import CustomPhraseService
from watchword.factors.repository import FactorRows
from watchword.factors.service import FactorService
from watchword.guard.carrier import Carrier
from watchword.guard.gate_repository import GateRepository
from watchword.guard.limits import Limits
from watchword.guard.models import ServerRules
from watchword.guard.reports import GuardReports
from watchword.guard.repository import GuardRepository
from watchword.guard.service import Lockout, SendGuard, Unblocking
from watchword.interactions.repository import InteractionRepository
from watchword.interactions.service import InteractionService
from watchword.invitations.repository import InvitationRows
from watchword.invitations.service import InvitationService
from watchword.messaging.alerts import ConnectorAlerts
from watchword.messaging.dispatch import Dispatch
from watchword.messaging.early_report_repository import EarlyReportRows
from watchword.messaging.health import HealthService
from watchword.messaging.health_repository import HealthRows
from watchword.messaging.pace_repository import PaceRows
from watchword.messaging.repository import MessageRows
from watchword.messaging.service import MessagingService
from watchword.messaging.statistics.repository import StatisticsRows
from watchword.messaging.statistics.service import StatisticsService
from watchword.notices.service import Notices
from watchword.oidc.keys import SigningKeys
from watchword.oidc.service import OpenIdProvider
from watchword.operators.repository import OperatorRepository
from watchword.operators.service import OperatorService
from watchword.organization_roles.repository import RoleRows, ScopeRows
from watchword.organization_roles.service import OrganizationRoleService
from watchword.organizations.repository import MemberRows, OrganizationRows
from watchword.organizations.service import OrganizationService
from watchword.pictures.models import addresses_of
from watchword.pictures.repository import PictureRows
from watchword.pictures.service import PictureService
from watchword.resources.repository import ResourceRepository
from watchword.resources.service import ResourceService
from watchword.settings import Settings, is_loopback, load_settings
from watchword.social.repository import SocialRows
from watchword.social.service import SocialService
from watchword.storage import Storage
from watchword.storage.database import storage_for
from watchword.storage.key_check import check_keys
from watchword.storage.leases import Leases
from watchword.storage.schema_version import require_current_schema
from watchword.tenants.limits import Limited, TenantLimits
from watchword.tenants.models import DEFAULT_TENANT_ID, Tenant, TenantTag
from watchword.tenants.repository import HoldingRows
from watchword.tenants.service import TenantDirectory
from watchword.test_numbers.repository import FixedNumberRows
from watchword.test_numbers.service import FixedNumbers
from watchword.users.repository import UserRepository
from watchword.users.service import UserService
from watchword.verification.repository import VerificationRepository
from watchword.verification.service import VerificationService
from watchword.web import experience, health, metrics, oidc, pages, receipts
from watchword.web.frontdoor import FrontDoor
from watchword.web.joining import join
from watchword.web.later import Later
from watchword.web.logging import configure_logging
from watchword.web.openapi import openapi_of
from watchword.web.problems import on_crash, on_domain_error, on_http_error, on_invalid_request
from watchword.web.scope import ServerScope, TenantScope
from watchword.web.security import BodyLimit
from watchword.web.static_files import static_file
from watchword.webhooks.courier import Courier
from watchword.webhooks.deliveries import Deliveries
from watchword.webhooks.service import WebhookService

# The providers, in the order of the console's cards; to add one, add its line.
CONNECTORS = tuple(
    Shipped(connector_id, f"watchword.providers.{path}")
    for connector_id, path in (
        ("twilio-short-message-service", "twilio.connector:TwilioConnector"),
        ("vonage-sms", "vonage.connector:VonageConnector"),
        ("solapi-sms", "solapi.connector:SolapiConnector"),
        ("naver-sens-sms", "naver_sens.connector:NaverSensConnector"),
        ("aliyun-short-message-service", "aliyun.connector:AliyunSmsConnector"),
        (
            "aliyun-short-message-auth-service",
            "aliyun.authentication.connector:AliyunAuthenticationConnector",
        ),
        ("tencent-short-message-service", "tencent.connector:TencentConnector"),
        ("smsaero-short-message-service", "smsaero.connector:SmsAeroConnector"),
        ("gatewayapi-sms", "gatewayapi.connector:GatewayApiConnector"),
        ("aws-sns-sms", "aws_sns.connector:AwsSnsConnector"),
        ("sinch-sms", "sinch.connector:SinchConnector"),
        ("telnyx-sms", "telnyx.connector:TelnyxConnector"),
        ("plivo-sms", "plivo.connector:PlivoConnector"),
        ("infobip-sms", "infobip.connector:InfobipConnector"),
        ("messagebird-sms", "messagebird.connector:MessageBirdConnector"),
        ("kavenegar-sms", "kavenegar.connector:KavenegarConnector"),
        ("yunpian-sms", "yunpian.connector:YunpianConnector"),
        ("smsbao-sms", "smsbao.connector:SmsBaoConnector"),
        ("whatsapp-short-message-service", "whatsapp.connector:WhatsAppConnector"),
        ("smpp", "smpp.connector:SmppConnector"),
        ("http-sms", "http_sms.connector:WebhookConnector"),
        ("development-inbox", "development_inbox.connector:DevelopmentInboxConnector"),
        ("simple-mail-transfer-protocol", "smtp.connector:SmtpConnector"),
        (
            "development-email-inbox",
            "development_inbox.email.connector:DevelopmentEmailInboxConnector",
        ),
        ("google-universal", "google.connector:GoogleConnector"),
        ("kakao-universal", "kakao.connector:KakaoConnector"),
        ("naver-universal", "naver.connector:NaverConnector"),
        ("github-universal", "github.connector:GitHubConnector"),
        ("oidc", "oidc.connector:OidcConnector"),
        ("oauth2", "oauth2.connector:OAuth2Connector"),
    )
)

DRAIN = timedelta(seconds=15)


def create_app() -> FastAPI:
    """Return the application for the environment's settings; uvicorn's factory."""
    settings = load_settings()
    configure_logging(
        settings.log_format or ("text" if settings.is_development else "json"),
        settings.log_level,
    )
    app = build_app(settings)
    _relax_garbage_collection()
    return app


def build_app(settings: Settings) -> FastAPI:
    """Return the ASGI application; it opens the database when it starts."""
    server = assemble(settings)
    app = FastAPI(
        title="Watchword",
        version=__version__,
        openapi_url="/api/swagger.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(server, settings),
        # Spans and log events could carry what people typed; our own metrics and logs do not.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        exception_handlers={
            DomainError: on_domain_error,
            RequestValidationError: on_invalid_request,
            HTTPException: on_http_error,
            Exception: on_crash,
        },
    )
    app.state.server = server
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]  # FastAPI's own way
    app.router.routes.extend(surfaces().routes)
    app.router.routes.append(Route("/static/{hash}/{name:path}", static_file))
    app.add_middleware(BodyLimit)
    app.add_middleware(FrontDoor, server=server)
    return app


@cache
def surfaces() -> APIRouter:
    """Return every route; made once, for reading their signatures takes longer than the rest."""
    router = APIRouter()
    # Asked in this order: the routes of every sign-in come first.
    for surface in (experience, oidc, pages, receipts, health, metrics):
        join(router, surface.router)
    router.routes.append(Later("/api", "/account", "/console", load=_surfaces_of_few))
    return router


def _surfaces_of_few() -> APIRouter:
    router = APIRouter()
    for name in ("account", "account_pages", "management", "console"):
        join(router, resolve_name(f"watchword.web.{name}").router)
    # Whoever manages connectors soon looks at all of them; imported here, they keep nobody waiting.
    ConnectorRegistry(CONNECTORS).list()
    return router


def assemble(settings: Settings) -> ServerScope:
    """Return what belongs to the process; nothing is opened yet."""
    assert settings.public_url is not None
    storage = storage_for(settings.database_url, settings.database_pool)
    clock = Clock()
    directory = TenantDirectory.of(storage, clock)
    outbound = OutboundClient(
        allowed=settings.outbound_allow, is_development=settings.is_development
    )
    return ServerScope(
        storage=storage,
        clock=clock,
        phrases=Phrases.load(),
        registry=ConnectorRegistry.with_installed(CONNECTORS),
        directory=directory,
        administration=TenantAdministration(
            storage=storage,
            directory=directory,
            audit=AuditService(AuditRows(storage, DEFAULT_TENANT_ID), clock),
            public_url=settings.public_url,
        ),
        operators=OperatorService(
            storage=storage,
            repository=OperatorRepository(storage),
            sealer=Sealer(settings.keys, "operator"),
            clock=clock,
        ),
        inbox=Inbox(),
        outbound=outbound,
        dispatch=Dispatch(),
        # A client of its own: receivers that do not answer must not keep messages from providers.
        courier=Courier(
            OutboundClient(allowed=settings.outbound_allow, is_development=settings.is_development)
        ),
        public_url=settings.public_url,
        is_development=settings.is_development,
        trusted_proxies=settings.trusted_proxies,
        metrics_token=settings.metrics_token,
        metrics_allow=settings.metrics_allow,
        provider_base_urls=settings.provider_base_urls,
        build_scope=TenantScopes(settings, carrier_of(settings, outbound)),
    )


class TenantScopes:
    """Builds tenants' scopes; keeps what outlives a change of configuration."""

    def __init__(self, settings: Settings, carrier: Carrier | None) -> None:
        self.settings = settings
        self.carrier = carrier
        self.signing_keys: dict[str, SigningKeys] = {}
        self.wanted_pictures: dict[str, set[str]] = defaultdict(set)

    async def __call__(self, server: ServerScope, tenant: Tenant) -> TenantScope:
        """Read the tenant's configuration and wire its services."""
        keys, clock, storage = self.settings.keys, server.clock, server.storage
        origin = tenant.origin(server.public_url)
        versions = VersionRows(storage, tenant.id)
        sign_in_settings, _ = await sign_in_settings_of(versions)
        policy, _ = await guard_policy_of(versions)
        account_center, _ = await account_center_of(versions)
        counters = GuardRepository(storage, tenant.id)
        custom_phrases = CustomPhraseService(CustomPhraseRows(storage, tenant.id))
        phrases = server.phrases.with_own(
            {own.language: own.catalogue for own in await custom_phrases.list()},
            sign_in_settings.language_info.fallback_language,
        )
        audit = AuditService(AuditRows(storage, tenant.id), clock)
        deliveries = Deliveries.build(
            storage=storage, tenant_id=tenant.id, keys=keys, clock=clock, courier=server.courier
        )
        webhooks = WebhookService(
            webhooks=tuple(await deliveries.webhooks.all()), deliveries=deliveries, storage=storage
        )
        applications = ApplicationService(
            repository=ApplicationRepository(storage, tenant.id),
            sealer=Sealer(keys, "application"),
            clock=clock,
            origin=origin,
        )
        resources = ResourceService(
            repository=ResourceRepository(storage, tenant.id), origin=origin
        )
        rows = FixedNumberRows(storage, tenant.id)
        fixed_numbers = FixedNumbers(
            rows=rows,
            digest=KeyedDigest(keys, "test number"),
            clock=clock,
            is_allowed=not tenant.is_production or await allowed_in_production(versions),
            numbers={number.phone: number for number in await rows.list()},
        )
        limits = self._limits(storage, tenant)
        users = UserService(
            users=UserRepository(
                storage, tenant.id, most_users=limits.most[Limited.USERS] if limits else None
            ),
            clock=clock,
            fixed_numbers=fixed_numbers,
            passwords=server.passwords,
        )
        connector_rows = ConnectorRows(storage, tenant.id)
        connectors = ConnectorService(
            tenant=tenant,
            rows=connector_rows,
            trial=await trial_of(versions, connector_rows),
            registry=server.registry,
            sealer=Sealer(keys, "connector"),
            context=ConnectorContext(
                client=server.outbound,
                public_receipts=is_public(origin),
                inbox=partial(show_in_inbox, server, tenant.id),
            ),
            clock=clock,
            origin=origin,
            base_urls=server.provider_base_urls,
        )
        guard_digest, recipients = KeyedDigest(keys, "guard"), KeyedDigest(keys, "recipient")
        guard = SendGuard(
            counters=counters,
            digest=guard_digest,
            clock=clock,
            policy=policy,
            webhooks=webhooks,
            reports=GuardReports(
                storage=storage,
                gates=GateRepository(storage, tenant.id),
                limits=Limits(tenant_id=tenant.id, digest=guard_digest, policy=policy),
                audit=audit,
                clock=clock,
                webhooks=webhooks,
            ),
            server=ServerRules(
                self.settings.allowed_countries,
                self.settings.refused_prefixes,
                None if tenant.is_production else self.settings.development_messages,
            ),
            carrier=self.carrier,
        )
        messaging = MessagingService(
            rows=MessageRows(storage, tenant.id),
            pace=PaceRows(storage, tenant.id),
            early=EarlyReportRows(storage, tenant.id),
            connectors=connectors,
            sealer=Sealer(keys, "message"),
            digest=recipients,
            audit=audit,
            clock=clock,
            dispatch=server.dispatch,
            webhooks=webhooks,
            guard=guard,
        )
        lockout = Lockout(
            counters=counters,
            digest=KeyedDigest(keys, "lockout"),
            clock=clock,
            policy=policy.tightened_lockout(sign_in_settings.lockout_policy),
            webhooks=webhooks,
            guard=guard,
        )
        factors = FactorService(
            rows=FactorRows(storage, tenant.id),
            sealer=Sealer(keys, "factor"),
            lockout=lockout,
            clock=clock,
            digest=server.recovery_codes,
            issuer=urlsplit(origin).hostname or "Watchword",
        )
        verification = VerificationService(
            records=VerificationRepository(storage, tenant.id),
            messaging=messaging,
            guard=guard,
            lockout=lockout,
            digest=KeyedDigest(keys, "code"),
            clock=clock,
            policy=policy.tightened(sign_in_settings.code_policy),
            delivery_wait=self.settings.delivery_wait,
            fixed_numbers=fixed_numbers,
        )
        social = SocialService(
            rows=SocialRows(storage, tenant.id),
            connectors=connectors,
            sealer=Sealer(keys, "social"),
            clock=clock,
        )
        organization_roles = OrganizationRoleService(
            roles=RoleRows(storage, tenant.id),
            scopes=ScopeRows(storage, tenant.id),
            storage=storage,
            audit=audit,
            webhooks=webhooks,
            limits=limits,
        )
        organizations = OrganizationService(
            organizations=OrganizationRows(storage, tenant.id),
            members=MemberRows(storage, tenant.id),
            roles=organization_roles,
            storage=storage,
            audit=audit,
            webhooks=webhooks,
            clock=clock,
            limits=limits,
        )
        provider = OpenIdProvider.build(
            storage=storage,
            tenant_id=tenant.id,
            origin=origin,
            keys=keys,
            clock=clock,
            applications=applications,
            users=users,
            resources=resources,
            organizations=organizations,
            signing_keys=self.signing_keys.get(tenant.id),
        )
        self.signing_keys[tenant.id] = provider.keys
        accounts = AccountService(
            storage=storage,
            users=users,
            sessions=provider.sessions,
            leftovers=Leftovers(storage, tenant.id),
            audit=audit,
            webhooks=webhooks,
        )
        picture_rows = PictureRows(storage, tenant.id)
        pictures = PictureService(
            rows=picture_rows,
            client=server.outbound,
            clock=clock,
            on_change=partial(server.forget, tenant.id),
            known=await picture_rows.index(),
            wanted=self.wanted_pictures[tenant.id],
        )
        pictures.want(addresses_of(sign_in_settings.document()["branding"]))
        notices = Notices(messaging=messaging, guard=guard, phrases=phrases, origin=origin)
        step_up = StepUp(
            users=users,
            verification=verification,
            audit=audit,
            phrases=phrases,
            clock=clock,
            origin=origin,
            sign_in=sign_in_settings,
        )
        account_factors = AccountFactors(
            storage=storage,
            users=users,
            factors=factors,
            sessions=provider.sessions,
            settings=sign_in_settings,
            audit=audit,
            webhooks=webhooks,
        )
        return TenantScope(
            tenant=tenant,
            origin=origin,
            settings=sign_in_settings,
            guard_policy=policy,
            account_center=account_center,
            phrases=phrases,
            custom_phrases=custom_phrases,
            applications=applications,
            resources=resources,
            users=users,
            accounts=accounts,
            own_account=OwnAccount(
                accounts=accounts,
                settings=account_center,
                sign_in=sign_in_settings,
                step_up=step_up,
                social_proofs=SocialProofs(social=social, audit=audit, clock=clock),
                signed_in=provider.signed_in,
                notices=notices,
            ),
            connectors=connectors,
            configuration=ConfigurationService.build(
                ConfigurationWriter(
                    tenant=tenant,
                    storage=storage,
                    directory=server.directory,
                    versions=versions,
                    audit=audit,
                    clock=clock,
                    on_change=partial(server.forget, tenant.id),
                    limits=limits,
                ),
                connectors=connectors,
                applications=applications,
                users=users,
                resources=resources,
                deliveries=deliveries,
                fixed_numbers=fixed_numbers,
                recipients=recipients,
                phrases=custom_phrases,
            ),
            fixed_numbers=fixed_numbers,
            guard=guard,
            lockout=lockout,
            unblocking=Unblocking(storage=storage, guard=guard, lockout=lockout, audit=audit),
            verification=verification,
            messaging=messaging,
            statistics=StatisticsService(rows=StatisticsRows(storage, tenant.id), clock=clock),
            health=HealthService(
                rows=HealthRows(storage, tenant.id),
                webhooks=webhooks,
                clock=clock,
                alerts=ConnectorAlerts(
                    messaging=messaging,
                    operators=server.operators,
                    phrases=server.phrases,
                    tenant=tenant,
                    console=f"{server.public_url}/console/{tenant.id}",
                ),
            ),
            oidc=provider,
            social=social,
            interactions=InteractionService(
                interactions=InteractionRepository(storage, tenant.id),
                storage=storage,
                users=users,
                settings=sign_in_settings,
                verification=verification,
                lockout=lockout,
                oidc=provider,
                social_accounts=social,
                audit=audit,
                webhooks=webhooks,
                phrases=phrases,
                origin=origin,
                clock=clock,
                factors=factors,
                organizations=organizations,
            ),
            factors=factors,
            account_factors=account_factors,
            own_factors=OwnFactors(
                admission=Admission(step_up=step_up, settings=account_center),
                factors=account_factors,
                sign_in=sign_in_settings,
                notices=notices,
            ),
            organization_roles=organization_roles,
            organizations=organizations,
            pictures=pictures,
            invitations=InvitationService(
                rows=InvitationRows(storage, tenant.id),
                organizations=organizations,
                users=users,
                guard=guard,
                messaging=messaging,
                connectors=connectors,
                storage=storage,
                audit=audit,
                sealer=Sealer(keys, "invitation link"),
                clock=clock,
                origin=origin,
                language=sign_in_settings.language_info.fallback_language,
                delivery_wait=self.settings.delivery_wait,
            ),
            audit=audit,
            webhooks=webhooks,
            deliveries=deliveries,
            leases=Leases(storage, tenant.id),
        )

    def _limits(self, storage: Storage, tenant: Tenant) -> TenantLimits | None:
        if tenant.is_production:
            return None
        most = {kind: getattr(self.settings, f"development_{kind}") for kind in Limited}
        return TenantLimits(HoldingRows(storage, tenant.id), most)


def show_in_inbox(
    server: ServerScope, tenant_id: str, message: OutgoingMessage, text: str, subject: str | None
) -> None:
    """Put a development message where its developer looks: the console's inbox and the terminal."""
    to = message.to.international if isinstance(message.to, PhoneNumber) else message.to.address
    server.inbox.add(
        tenant_id,
        InboxEntry(
            id=message.id,
            to=to,
            text=text,
            usage=message.usage.value,
            language=message.language,
            at=server.clock.now(),
            subject=subject,
        ),
    )
    what = "Text message" if subject is None else f"E-mail, {subject!r},"
    print(f"\n  {what} to {to}\n  {text}\n", flush=True)  # noqa: T201  # the developer's phone


def carrier_of(settings: Settings, client: OutboundClient) -> Carrier | None:
    """Return whom the server asks about numbers, or None where nobody is asked."""
    if settings.number_check is None:
        return None
    found = installed_check(settings.number_check)
    config = found.config_type.model_validate(settings.number_check_config)
    return Carrier(
        check=found(config, client),
        wait=settings.number_check_wait,
        sends_unchecked=settings.number_check_failure == "send",
    )


def is_public(origin: str) -> bool:
    """Tell whether a provider on the internet could call *origin* back."""
    host = urlsplit(origin).hostname or ""
    if is_loopback(host):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host


def _lifespan(
    server: ServerScope, settings: Settings
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await server.storage.open()
        try:
            await require_current_schema(server.storage)
            await check_keys(server.storage, settings.keys, server.clock)
            await server.directory.ensure_default(
                TenantTag.DEVELOPMENT if settings.is_development else TenantTag.PRODUCTION
            )
            await server.refresh()
            server.started_at = server.directory.clock.now()
            if settings.is_development:
                await _print_welcome(server)
            retention = Retention(
                messages=timedelta(days=settings.message_retention_days),
                audit=timedelta(days=settings.audit_retention_days),
                configuration=timedelta(days=settings.configuration_retention_days),
            )
            async with background(server, retention):
                yield
            await server.dispatch.drain(DRAIN)
            await server.dispatch.sessions.close()
            await server.courier.drain(DRAIN)
        finally:
            await server.outbound.aclose()
            await server.courier.client.aclose()
            await server.storage.close()

    return lifespan


def _relax_garbage_collection() -> None:
    # What start-up made stays; looking through it again and again for garbage cost a tenth of
    # each sign-in. Requests leave few cycles behind, so the young ones can be looked at rarely.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


async def _print_welcome(server: ServerScope) -> None:
    token = await server.operators.mint_setup_token()
    lines = ["", f"  Watchword is ready: {server.public_url}/console"]
    if token is not None:
        lines += [
            "",
            "  Make the first console account here, within an hour:",
            f"  {server.public_url}/console/setup?token={token}",
        ]
    print("\n".join([*lines, ""]), flush=True)  # noqa: T201  # the link is for the terminal only
