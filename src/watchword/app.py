"""The composition root: settings in, ASGI application out. The providers are listed here."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import cache, partial
from pkgutil import resolve_name

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from watchword import __version__
from watchword.audit.repository import AuditRows
from watchword.audit.service import AuditService
from watchword.background import Retention, background
from watchword.configuration.tenants import TenantAdministration
from watchword.connector_kit.number_checks import installed_check
from watchword.connector_kit.outbound import OutboundClient
from watchword.connector_kit.registry import ConnectorRegistry, Shipped
from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.core.inbox import Inbox
from watchword.core.logs import get_logger
from watchword.core.phrases import Phrases
from watchword.core.sealing import Sealer
from watchword.guard.carrier import Carrier
from watchword.guard.models import ServerRules
from watchword.messaging.dispatch import Dispatch
from watchword.operators.repository import OperatorRepository
from watchword.operators.service import OperatorService
from watchword.scopes.rules import OperatorRules
from watchword.scopes.server import ServerScope
from watchword.settings import Settings, load_settings
from watchword.storage.database import storage_for
from watchword.storage.key_check import check_keys
from watchword.storage.schema_version import require_current_schema
from watchword.tenants.limits import Limited
from watchword.tenants.models import DEFAULT_TENANT_ID, TenantTag
from watchword.tenants.service import TenantDirectory
from watchword.web import experience, health, metrics, oidc, pages, receipts
from watchword.web.frontdoor import FrontDoor
from watchword.web.joining import join
from watchword.web.later import Later
from watchword.web.logging import configure_logging
from watchword.web.openapi import openapi_of
from watchword.web.problems import on_crash, on_domain_error, on_http_error, on_invalid_request
from watchword.web.security import BodyLimit
from watchword.web.static_files import static_file
from watchword.webhooks.courier import Courier

log = get_logger(__name__)

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
    # Whoever manages soon needs these services, and looks at all connectors. This runs in a thread:
    # imported here, they keep nobody waiting.
    for room in ("configuration", "invitations", "messaging.statistics"):
        resolve_name(f"watchword.{room}.service")
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
        rules=_rules_of(settings, outbound),
    )


def _rules_of(settings: Settings, client: OutboundClient) -> OperatorRules:
    return OperatorRules(
        keys=settings.keys,
        sending=ServerRules(
            settings.allowed_countries, settings.refused_prefixes, settings.development_messages
        ),
        carrier=_carrier_of(settings, client),
        delivery_wait=settings.delivery_wait,
        most_in_development={kind: getattr(settings, f"development_{kind}") for kind in Limited},
    )


def _carrier_of(settings: Settings, client: OutboundClient) -> Carrier | None:
    if settings.number_check is None:
        return None
    found = installed_check(settings.number_check)
    config = found.config_type.model_validate(settings.number_check_config)
    return Carrier(
        check=found(config, client),
        wait=settings.number_check_wait,
        sends_unchecked=settings.number_check_failure == "send",
    )


def misnamed_connectors(server: ServerScope) -> list[str]:
    """Return what WATCHWORD_PROVIDER_BASE_URLS names and no connector here is called.

    A slip there is not harmless: requests meant for a stand-in would reach the provider.
    """
    return [name for name in server.provider_base_urls if server.registry.find(name) is None]


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
            for connector_id in misnamed_connectors(server):
                log.warning("base_url_of_unknown_connector", connector_id=connector_id)
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
