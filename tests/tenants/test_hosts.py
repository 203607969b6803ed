"""Which tenant a host name means; an unknown one means nobody."""

from datetime import UTC, datetime

import pytest

from watchword.tenants.models import Tenant, TenantTag, allows_ports, hosts_line
from watchword.tenants.service import resolve

PUBLIC = "https://auth.example.com"


def tenant(id: str, host: str | None = None, port: int | None = None) -> Tenant:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Tenant(id, id, TenantTag.PRODUCTION, host, 0, moment, port)


TENANTS = [tenant("default"), tenant("acme"), tenant("shop", "login.shop.example")]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("auth.example.com", "default"),
        ("AUTH.example.com", "default"),
        ("auth.example.com:443", "default"),
        ("auth.example.com.", "default"),
        ("acme.auth.example.com", "acme"),
        ("login.shop.example", "shop"),
        ("LOGIN.shop.example:443", "shop"),
        # One tenant, one issuer.
        ("shop.auth.example.com", None),
        ("default.auth.example.com", None),
        ("unknown.auth.example.com", None),
        ("a.acme.auth.example.com", None),
        ("acme.auth.example.com.evil.example", None),
        ("auth.example.com:8443", None),
        ("auth.example.com.evil.example", None),
        ("evil.example", None),
        ("localhost", None),
        ("127.0.0.1:3001", None),
        ("", None),
        (".auth.example.com", None),
    ],
)
def test_a_host_means_one_tenant_or_nobody(host: str, expected: str | None) -> None:
    found = resolve(host, TENANTS, PUBLIC)

    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    "host", ["127.0.0.1:3001", "[::1]:3001", "localhost:3001", "localhost", "127.0.0.1"]
)
def test_in_development_loopback_is_the_default_tenant(host: str) -> None:
    found = resolve(host, TENANTS, "http://localhost:3001", development=True)

    assert found is not None
    assert found.is_default


def test_in_development_other_tenants_have_names_of_localhost() -> None:
    found = resolve("acme.localhost:3001", TENANTS, "http://localhost:3001", development=True)
    unknown = resolve("nobody.localhost:3001", TENANTS, "http://localhost:3001", development=True)

    assert found is not None
    assert found.id == "acme"
    assert unknown is None


@pytest.mark.parametrize(
    ("id", "origin"),
    [
        ("default", "https://auth.example.com"),
        ("acme", "https://acme.auth.example.com"),
        ("shop", "https://login.shop.example"),
    ],
)
def test_a_tenant_answers_at_its_own_origin(id: str, origin: str) -> None:
    found = next(each for each in TENANTS if each.id == id)

    assert found.origin(PUBLIC) == origin
    assert resolve(origin.removeprefix("https://"), TENANTS, PUBLIC) == found


LOCAL = "http://localhost:3001"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:3002", "shop"),
        ("127.0.0.1:3002", "shop"),
        ("[::1]:3002", "shop"),
        ("localhost:3001", "default"),
        ("127.0.0.1:3001", "default"),
        ("localhost", "default"),
        # One tenant, one issuer.
        ("shop.localhost:3001", None),
        ("acme.localhost:3002", None),
        ("evil.example:3002", None),
    ],
)
def test_a_port_means_the_tenant_that_owns_it(host: str, expected: str | None) -> None:
    tenants = [tenant("default"), tenant("acme"), tenant("shop", port=3002)]

    found = resolve(host, tenants, LOCAL, development=True)

    assert (found.id if found else None) == expected


def test_a_tenant_with_a_port_has_its_issuer_there_and_needs_no_hosts_file() -> None:
    origin = tenant("shop", port=3002).origin(LOCAL)

    assert origin == "http://localhost:3002"
    assert hosts_line(origin) is None
    assert resolve("localhost:3002", [tenant("shop", port=3002)], LOCAL) is not None


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("http://localhost:3001", True),
        ("http://127.0.0.1:3001", True),
        ("http://[::1]:3001", True),
        ("https://localhost:3001", False),
        ("https://auth.example.com", False),
    ],
)
def test_ports_are_for_servers_on_loopback(public_url: str, expected: bool) -> None:
    assert allows_ports(public_url) is expected
