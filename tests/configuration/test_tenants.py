"""A deleted tenant leaves nothing behind, neither for its neighbours nor for its successor."""

import pytest
from sqlalchemy import func, select

from tests.configuration.test_documents import fill
from tests.connectors.rooms import OPERATOR, ORIGIN, Rooms, open_rooms
from tests.fakes import FakeClock
from watchword.configuration.tenants import TenantAdministration
from watchword.core.keys import SecretKeys
from watchword.storage import ServerRepository, Storage
from watchword.storage.schema import SERVER_TABLES, metadata
from watchword.tenants.models import TenantTag, hosts_line


async def owned(storage: Storage, tenant_id: str) -> dict[str, int]:
    """Return how many rows a tenant has in each table that has any."""
    found = {}
    for table in metadata.sorted_tables:
        if table.name not in SERVER_TABLES:
            counted = select(func.count().label("n")).where(table.c.tenant_id == tenant_id)
            row = await ServerRepository(storage).first(counted)
            found[table.name] = row["n"] if row else 0
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def administration(rooms: Rooms) -> TenantAdministration:
    """Return what makes and deletes the tenants of the server."""
    return TenantAdministration(
        storage=rooms.storage, directory=rooms.directory, audit=rooms.audit, public_url=ORIGIN
    )


async def test_a_deleted_tenant_leaves_nothing_and_its_neighbours_everything(
    rooms: Rooms,
    administration: TenantAdministration,
    storage: Storage,
    clock: FakeClock,
    keys: SecretKeys,
) -> None:
    await fill(rooms)
    await fill(await open_rooms(storage, clock, keys, tenant_id="acme"))
    before = await owned(storage, "default")

    await administration.delete(OPERATOR, "acme", "acme")

    after = await owned(storage, "default")
    assert await owned(storage, "acme") == {}
    assert after == {**before, "audit_log": before["audit_log"] + 1}


async def test_what_a_late_request_left_is_not_the_next_tenants(
    administration: TenantAdministration, storage: Storage, clock: FakeClock, keys: SecretKeys
) -> None:
    late = await open_rooms(storage, clock, keys, tenant_id="acme")
    await administration.delete(OPERATOR, "acme", "acme")
    await late.audit.record("interaction.sign_in", OPERATOR)

    await administration.create(OPERATOR, "acme", "Acme", TenantTag.PRODUCTION)

    assert await owned(storage, "acme") == {}


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ("http://acme.localhost:3001", "127.0.0.1 acme.localhost"),
        ("http://localhost:3001", None),
        ("https://acme.auth.example.com", None),
    ],
)
def test_programs_on_this_machine_need_a_line_of_the_hosts_file(
    origin: str, line: str | None
) -> None:
    assert hosts_line(origin) == line
