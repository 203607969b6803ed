"""The list of tenants."""

import asyncio

import pytest

from tests.fakes import FakeClock
from watchword.storage import Storage
from watchword.tenants.errors import (
    InvalidTenantId,
    InvalidTenantPort,
    TenantInUse,
    TenantNotFound,
    TenantPortInUse,
)
from watchword.tenants.models import TenantTag
from watchword.tenants.service import TenantDirectory


@pytest.fixture
def directory(storage: Storage, clock: FakeClock) -> TenantDirectory:
    return TenantDirectory.of(storage, clock)


async def test_the_default_tenant_is_made_once_and_keeps_its_tag(
    directory: TenantDirectory,
) -> None:
    made = await asyncio.gather(
        *(directory.ensure_default(TenantTag.DEVELOPMENT) for _ in range(5))
    )
    again = await directory.ensure_default(TenantTag.PRODUCTION)

    assert {tenant.tag for tenant in made} == {TenantTag.DEVELOPMENT}
    assert again.tag is TenantTag.DEVELOPMENT
    assert [tenant.id for tenant in await directory.list()] == ["default"]


async def test_ids_and_domains_belong_to_one_tenant(directory: TenantDirectory) -> None:
    await directory.create("acme", "Acme", TenantTag.PRODUCTION, "Login.Acme.example")

    assert (await directory.get("acme")).host == "login.acme.example"
    with pytest.raises(TenantInUse):
        await directory.create("acme", "Again", TenantTag.PRODUCTION)
    with pytest.raises(TenantInUse):
        await directory.create("other", "Other", TenantTag.PRODUCTION, "login.acme.example")
    with pytest.raises(TenantNotFound):
        await directory.get("other")


async def test_a_port_belongs_to_one_tenant(directory: TenantDirectory) -> None:
    made = await directory.create("acme", "Acme", TenantTag.DEVELOPMENT, port=3002)

    assert made.port == (await directory.get("acme")).port == 3002
    with pytest.raises(TenantPortInUse):
        await directory.create("other", "Other", TenantTag.DEVELOPMENT, port=3002)
    for port in (0, 80, 65_536):
        with pytest.raises(InvalidTenantPort):
            await directory.create("other", "Other", TenantTag.DEVELOPMENT, port=port)
    assert [tenant.id for tenant in await directory.list()] == ["acme"]


@pytest.mark.parametrize("id", ["", "Acme", "a.b", "-a", "a-", "a b", "a" * 33, "ä"])
async def test_an_id_works_as_a_part_of_a_host_name(directory: TenantDirectory, id: str) -> None:
    with pytest.raises(InvalidTenantId):
        await directory.create(id, "Acme", TenantTag.PRODUCTION)


async def test_no_change_of_configuration_is_missed(
    directory: TenantDirectory, storage: Storage
) -> None:
    await directory.create("acme", "Acme", TenantTag.PRODUCTION)

    async def change() -> None:
        async with storage.transaction() as tx:
            await directory.bump_stamp("acme", tx)

    await asyncio.gather(*(change() for _ in range(8)))

    assert (await directory.get("acme")).configuration_stamp == 8
    with pytest.raises(TenantNotFound):
        async with storage.transaction() as tx:
            await directory.bump_stamp("nobody", tx)
