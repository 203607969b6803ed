"""The composition root: settings in, ASGI application out. The providers are listed here."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from watchword import __version__
from watchword.background import Retention, background
from watchword.connector_kit.connector import SmsConnector
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.clock import Clock
from watchword.core.errors import DomainError
from watchword.core.inbox import Inbox
from watchword.core.phrases import Phrases
from watchword.operators.service import OperatorService
from watchword.providers.development_inbox.connector import DevelopmentInboxConnector
from watchword.providers.http_sms.connector import HttpSmsConnector
from watchword.providers.twilio.connector import TwilioConnector
from watchword.settings import Settings, load_settings
from watchword.storage.database import storage_for
from watchword.storage.key_check import check_keys
from watchword.tenants.models import Tenant
from watchword.tenants.service import TenantDirectory
from watchword.web import console, experience, health, metrics, oidc, pages, receipts
from watchword.web.frontdoor import FrontDoor
from watchword.web.logging import configure_logging
from watchword.web.problems import (
    on_crash,
    on_domain_error,
    on_http_error,
    on_invalid_request,
)
from watchword.web.scope import ServerScope, TenantScope
from watchword.web.security import BodyLimit
from watchword.web.static_files import static_file

log = structlog.get_logger(__name__)

CONNECTORS: tuple[type[SmsConnector], ...] = (
    TwilioConnector,
    HttpSmsConnector,
    DevelopmentInboxConnector,
)

DRAIN = timedelta(seconds=15)


def create_app() -> FastAPI:
    """Return the application for the environment's settings; uvicorn's factory."""
    settings = load_settings()
    configure_logging(
        settings.log_format or ("text" if settings.is_development else "json"),
        settings.log_level,
    )
    return build_app(settings)


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
        exception_handlers={
            DomainError: on_domain_error,
            RequestValidationError: on_invalid_request,
            HTTPException: on_http_error,
            Exception: on_crash,
        },
    )
    app.state.server = server
    for surface in (health, metrics, experience, oidc, receipts, console, pages):
        app.include_router(surface.router)
    app.router.routes.append(Route("/static/{hash}/{name:path}", static_file))
    app.add_middleware(BodyLimit)
    app.add_middleware(FrontDoor, server=server)
    return app
