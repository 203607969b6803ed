"""`watchword tenants`: from the first line of a hosts file to the last typed id."""

import socket

import pytest

from tests.cli.conftest import Watchword
from tests.ports import free_port


@pytest.fixture
def local(watchword: Watchword, monkeypatch: pytest.MonkeyPatch) -> Watchword:
    """Return commands of a server at localhost."""
    monkeypatch.setenv("WATCHWORD_PUBLIC_URL", "http://localhost:3001")
    return watchword


def test_a_new_tenant_says_where_it_is_and_how_programs_find_it(local: Watchword) -> None:
    ended = local("tenants", "create", "acme", "--name", "Acme")

    assert (ended.code, ended.stdout.splitlines()) == (
        0,
        [
            "acme: http://acme.localhost:3001",
            "issuer: http://acme.localhost:3001/oidc",
            "",
            "For programs other than browsers, add to the hosts file:",
            "127.0.0.1 acme.localhost",
        ],
    )
    assert local("tenants", "list", "--json").json[0] == {
        "id": "acme",
        "name": "Acme",
        "tag": "development",
        "origin": "http://acme.localhost:3001",
        "port": None,
        "hostsLine": "127.0.0.1 acme.localhost",
    }


def test_a_port_of_its_own_is_the_address_and_asks_for_a_restart(local: Watchword) -> None:
    port = free_port()

    ended = local("tenants", "create", "acme", "--port", str(port))
    made = local("tenants", "list", "--json").json[0]

    assert (ended.code, ended.stdout.splitlines()) == (
        0,
        [
            f"acme: http://localhost:{port}",
            f"issuer: http://localhost:{port}/oidc",
            "",
            f"Restart the server: it listens on port {port} from its next start on.",
        ],
    )
    assert (made["port"], made["hostsLine"]) == (port, None)
    again = local("tenants", "create", "other", "--port", str(port))
    tagged = local("tenants", "tag", "acme", "production")
    assert (again.code, again.stderr) == (1, f"tenant.port_in_use: {port}\n")
    assert (tagged.code, tagged.stderr) == (1, f"tenant.owns_port: {port}\n")


def test_a_port_that_another_program_listens_on_is_refused(local: Watchword) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        ended = local("tenants", "create", "acme", "--port", str(port))

    assert (ended.code, ended.stderr) == (1, f"tenant.port_in_use: {port}\n")


def test_a_domain_of_its_own_needs_no_hosts_file(local: Watchword) -> None:
    made = local("tenants", "create", "acme", "--host", "login.acme.example", "--json").json

    assert (made["origin"], made["hostsLine"]) == ("http://login.acme.example", None)


def test_a_tenant_is_renamed_and_tagged(local: Watchword) -> None:
    local("tenants", "create", "acme")
    local("tenants", "rename", "acme", "Acme Inc.")
    local("tenants", "tag", "acme", "production")

    [acme, _] = local("tenants", "list", "--json").json
    assert (acme["name"], acme["tag"]) == ("Acme Inc.", "production")


def test_a_tenant_is_deleted_only_where_its_id_was_typed(local: Watchword) -> None:
    local("tenants", "create", "acme")

    mistyped = local("tenants", "delete", "acme", given="Acme\n")
    kept = local("tenants", "list", "--json").json
    deleted = local("tenants", "delete", "acme", "--confirm", "acme")

    assert (mistyped.code, mistyped.stderr) == (1, "tenant.name_mistyped: acme\n")
    assert [tenant["id"] for tenant in kept] == ["acme", "default"]
    assert deleted.code == 0
    assert [tenant["id"] for tenant in local("tenants", "list", "--json").json] == ["default"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "Acme"), "tenant.invalid_id"),
        (("create", "default"), "tenant.in_use"),
        (("create", "acme", "--name", " "), "tenant.invalid_name"),
        (("create", "acme", "--host", "a b"), "tenant.invalid_host"),
        (("create", "acme", "--host", "localhost:3001"), "tenant.in_use"),
        (("create", "acme", "--port", "3001"), "tenant.port_in_use"),
        (("create", "acme", "--port", "80"), "tenant.invalid_port"),
        (("create", "acme", "--port", "3002", "--tag", "production"), "tenant.port_not_possible"),
        (
            ("create", "acme", "--port", "3002", "--host", "a.example"),
            "tenant.port_not_possible",
        ),
        (("rename", "nobody", "x"), "tenant.not_found"),
        (("tag", "nobody", "production"), "tenant.not_found"),
        (("delete", "default", "--confirm", "default"), "tenant.default_not_deletable"),
        (("delete", "nobody", "--confirm", "nobody"), "tenant.not_found"),
    ],
)
def test_what_can_not_be_is_said_by_its_code(
    local: Watchword, arguments: tuple[str, ...], code: str
) -> None:
    ended = local("tenants", *arguments)

    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith(code)


def test_what_was_done_to_a_tenant_is_said_to_scripts_too(local: Watchword) -> None:
    assert local("tenants", "create", "acme").code == 0

    said = [
        local("tenants", *arguments, "--json").json
        for arguments in (
            ("rename", "acme", "Acme"),
            ("tag", "acme", "development"),
            ("delete", "acme", "--confirm", "acme"),
        )
    ]

    assert said == [
        {"id": "acme", "name": "Acme"},
        {"id": "acme", "tag": "development"},
        {"id": "acme"},
    ]
