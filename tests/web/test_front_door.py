"""What every request meets first: whose it is, who asks, what it is called."""

import ipaddress
from collections.abc import AsyncIterator
from functools import partial

import httpx2
import pytest

from tests.fakes import FakeClock
from tests.repeated_settings import settings_for
from watchword.app import build_app
from watchword.core.keys import SecretKeys
from watchword.web.metrics import REGISTRY
from watchword.web.scope import ServerScope

ORIGIN = "https://auth.example.com"
PROXY = "10.0.0.9"


class Site:
    """A production server behind one trusted proxy."""

    def __init__(self, app: object, server: ServerScope) -> None:
        self.app = app
        self.server = server

    async def get(self, path: str, peer: str = PROXY, **headers: str) -> httpx2.Response:
        """Ask as *peer*; headers are written with `_` for `-`."""
        return await self.ask("GET", path, peer, **headers)

    async def ask(
        self, method: str, path: str, peer: str = PROXY, **headers: str
    ) -> httpx2.Response:
        """Ask with any method."""
        transport = httpx2.ASGITransport(app=self.app, client=(peer, 1))  # type: ignore[arg-type]  # an ASGI app
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, path, headers=named)


@pytest.fixture
async def site(database_url: str, keys: SecretKeys, clock: FakeClock) -> AsyncIterator[Site]:
    """Return the server."""
    app = build_app(
        settings_for(
            database_url,
            keys,
            public_url=ORIGIN,
            trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),),
            metrics_token="let-me-in",
            metrics_allow=(ipaddress.ip_network("192.0.2.0/24"),),
        )
    )
    server: ServerScope = app.state.server
    async with app.router.lifespan_context(app):
        yield Site(app, server)


@pytest.mark.parametrize("host", ["evil.example", "default.auth.example.com", "127.0.0.1", ""])
@pytest.mark.proves("S75")
async def test_an_unknown_host_is_nobodys(site: Site, host: str) -> None:
    answer = await site.get("/api/.well-known/sign-in-exp", host=host)

    assert (answer.status_code, answer.json()["code"]) == (421, "tenant.unknown_host")


async def test_health_answers_on_any_host(site: Site) -> None:
    assert (await site.get("/health/live", host="evil.example")).status_code == 200
    assert (await site.get("/health/ready", host="evil.example")).status_code == 200


async def test_a_stopping_server_takes_no_new_work(site: Site) -> None:
    site.server.is_stopping = True

    assert (await site.get("/health/ready")).status_code == 503
    assert (await site.get("/health/live")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "is_believed"),
    [
        ("198.51.100.7", "192.0.2.7", False),  # nobody we trust
        (PROXY, "192.0.2.7", True),
        (PROXY, "192.0.2.7, 203.0.113.5", False),  # the client wrote the first one
        (PROXY, "192.0.2.7, 10.1.1.1", True),  # two proxies of ours
        (PROXY, "not an address", False),
    ],
)
@pytest.mark.proves("S28")
async def test_only_our_proxies_say_who_asks(
    site: Site, peer: str, forwarded: str, is_believed: bool
) -> None:
    # `/metrics` is open to 192.0.2.0/24 only, so it tells whom the server believes to see.
    answer = await site.get("/metrics", peer, x_forwarded_for=forwarded)

    assert answer.status_code == (200 if is_believed else 404)


@pytest.mark.proves("S28")
async def test_a_forwarding_header_from_a_stranger_raises_a_warning(site: Site) -> None:
    await site.get("/health/live", "198.51.100.7", x_forwarded_for="203.0.113.5")

    assert "forwarding_header_from_untrusted_address" in site.server.warnings


async def test_metrics_open_to_the_token_only(site: Site) -> None:
    assert (await site.get("/metrics", authorization="Bearer wrong")).status_code == 404
    answer = await site.get("/metrics", authorization="Bearer let-me-in")

    assert answer.status_code == 200
    assert "watchword_sql_statements_total" in answer.text


@pytest.mark.proves("S133")
async def test_every_answer_carries_its_name_and_hides_nothing_else(site: Site) -> None:
    answer = await site.get("/nowhere", accept="text/html")

    name = answer.headers["x-correlation-id"]
    assert name in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize("given", ["a" * 65, "has space", "ab"])
async def test_a_strange_correlation_id_is_replaced(site: Site, given: str) -> None:
    assert (await site.get("/health/live", x_correlation_id=given)).headers[
        "x-correlation-id"
    ] != given


@pytest.mark.parametrize(
    ("path", "length", "is_too_long"),
    [
        ("/api/experience", 70_000, True),
        ("/api/users", 70_000, True),
        # A style sheet alone may have 64 KiB.
        ("/api/sign-in-exp", 70_000, False),
        ("/api/configuration/apply", 1_000_000, False),
        ("/api/configuration/apply", 1_100_000, True),
        ("/console/default", 1_100_000, True),
    ],
)
async def test_a_long_body_is_refused_before_it_is_read(
    site: Site, path: str, length: int, is_too_long: bool
) -> None:
    transport = httpx2.ASGITransport(app=site.app)  # type: ignore[arg-type]  # an ASGI app
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        answer = await client.put(path, content=b"x" * length)

    assert (answer.status_code == 413) is is_too_long
    if is_too_long and path.startswith("/api/"):
        assert answer.json()["code"] == "request.body_too_large"


async def test_static_files_live_for_ever_under_their_hash(site: Site) -> None:
    page = await site.get("/demo-app", accept="text/html")
    address = page.text.partition('href="/static/')[2].partition('"')[0]
    answer = await site.get(f"/static/{address}")

    assert "immutable" in answer.headers["cache-control"]
    assert (await site.get("/static/0/tokens.css")).headers["cache-control"] == "no-cache"
    assert (await site.get("/static/0/..%2fsettings.py")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/health/live", "/api/.well-known/sign-in-exp", "/api/users", "/unknown-session", "/x"]
)
async def test_head_is_answered_as_get_is_without_the_body(site: Site, path: str) -> None:
    asked, read = await site.ask("HEAD", path), await site.get(path)

    assert (asked.status_code, asked.content) == (read.status_code, b"")
    assert asked.headers["Content-Type"] == read.headers["Content-Type"]


async def test_head_is_counted_at_the_route_that_answered(site: Site) -> None:
    labels = {"method": "HEAD", "route": "/health/live", "status": "200"}
    counted = partial(REGISTRY.get_sample_value, "watchword_request_seconds_count", labels)
    before = counted() or 0

    await site.ask("HEAD", "/health/live")

    assert counted() == before + 1


@pytest.mark.parametrize("path", ["/oidc/auth", "/oidc/auth/token", "/oidc/session/end"])
async def test_head_neither_begins_nor_ends_a_sign_in(site: Site, path: str) -> None:
    answer = await site.ask("HEAD", path)

    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
