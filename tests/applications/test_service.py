"""Applications as rows: found, cached, with a sealed secret."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.fakes import FakeClock
from watchword.applications.errors import ApplicationNotFound
from watchword.applications.models import DEMO_APP_ID, NewApplication
from watchword.applications.repository import ApplicationRepository
from watchword.applications.service import ApplicationService
from watchword.core.keys import SecretKeys
from watchword.core.pagination import PageRequest
from watchword.core.sealing import Sealer
from watchword.storage import Storage
from watchword.storage.schema import applications as rows

ORIGIN = "https://auth.example"


def service(
    storage: Storage, clock: FakeClock, keys: SecretKeys, tenant: str = "default"
) -> ApplicationService:
    """Return the applications of a tenant."""
    return ApplicationService(
        repository=ApplicationRepository(storage, tenant),
        sealer=Sealer(keys, "application"),
        clock=clock,
        origin=ORIGIN,
    )


@pytest.fixture
def applications(storage: Storage, clock: FakeClock, keys: SecretKeys) -> ApplicationService:
    """Return the applications of the default tenant."""
    return service(storage, clock, keys)


async def test_comes_back_as_it_was_registered(applications: ApplicationService) -> None:
    created = applications.prepare(
        NewApplication(
            name="Shop",
            type="Traditional",
            description="A shop",
            redirect_uris=("https://shop.example/cb",),
            post_logout_redirect_uris=("https://shop.example/",),
            is_third_party=True,
            custom_client_metadata={"alwaysIssueRefreshToken": True},
        )
    )
    await applications.repository.insert(created.application)

    assert await applications.get(created.application.id) == created.application


async def test_only_its_own_secret_opens_it(
    applications: ApplicationService, storage: Storage
) -> None:
    created = applications.prepare(NewApplication(name="Shop", type="Traditional"))
    other = applications.prepare(NewApplication(name="Other", type="Traditional"))
    assert created.secret is not None
    assert other.secret is not None

    assert applications.is_secret_of(created.application, created.secret)
    assert not applications.is_secret_of(created.application, other.secret)
    assert not applications.is_secret_of(created.application, "é")
    await applications.repository.insert(created.application)
    assert created.secret not in str(created.application)
    assert [secret.name for secret in created.application.secrets] == ["Default secret"]
    assert created.secret not in created.application.secrets[0].sealed


async def test_a_secret_from_when_there_was_only_one_is_its_first(
    applications: ApplicationService, storage: Storage
) -> None:
    created = applications.prepare(NewApplication(name="Shop", type="Traditional"))
    await applications.repository.insert(created.application)
    # What the migration leaves of a row that was written before.
    await storage.run(update(rows).values(secret_details=[]), {})

    found = await applications.get(created.application.id)

    assert [secret.name for secret in found.secrets] == ["Default secret"]
    assert applications.is_secret_of(found, created.secret or "")
    renamed = await applications.repository.update(
        found.with_renamed_secret("Default secret", "Old")
    )
    assert renamed is not None
    assert [secret.name for secret in renamed.secrets] == ["Old"]
    assert applications.is_secret_of(renamed, created.secret or "")
    gone = await applications.repository.update(renamed.without_secret("Old"))
    assert gone is not None
    assert gone.secrets == ()
    assert not applications.is_secret_of(gone, created.secret or "")


async def test_each_of_its_secrets_opens_it_until_it_ends(
    applications: ApplicationService, clock: FakeClock
) -> None:
    created = applications.prepare(NewApplication(name="Robot", type="MachineToMachine"))
    end = clock.now() + timedelta(minutes=1)
    added = applications.prepare_secret(created.application, "Second", end)
    await applications.repository.insert(added.application)

    found = await applications.get(created.application.id)

    assert found == added.application
    assert added.value not in str(added)
    assert applications.is_secret_of(found, created.secret or "")
    assert applications.is_secret_of(found, added.value)
    clock.advance(timedelta(minutes=1))
    assert not applications.is_secret_of(found, added.value)
    assert applications.is_secret_of(found, created.secret or "")


async def test_a_public_application_has_no_secret(applications: ApplicationService) -> None:
    created = applications.prepare(NewApplication(name="Page", type="SPA"))

    assert created.secret is None
    assert not applications.is_secret_of(created.application, "")


async def test_an_unknown_id_is_no_application(applications: ApplicationService) -> None:
    for unknown in ("nope", "", "a\0b", "a" * 500, "'; --"):
        assert await applications.find(unknown) is None
        with pytest.raises(ApplicationNotFound):
            await applications.get(unknown)


async def test_another_tenants_application_is_unknown(
    applications: ApplicationService, storage: Storage, clock: FakeClock, keys: SecretKeys
) -> None:
    created = applications.prepare(NewApplication(name="Shop", type="SPA"))
    await applications.repository.insert(created.application)

    assert await service(storage, clock, keys, "other").find(created.application.id) is None


async def test_a_known_application_is_read_once(
    applications: ApplicationService, storage: Storage
) -> None:
    created = applications.prepare(NewApplication(name="Shop", type="SPA"))
    await applications.repository.insert(created.application)
    await applications.get(created.application.id)
    before = storage.statements

    await applications.get(created.application.id)

    assert storage.statements == before


async def test_the_demo_application_is_built_in(applications: ApplicationService) -> None:
    demo = await applications.get(DEMO_APP_ID)

    assert demo.redirect_uris == (f"{ORIGIN}/demo-app",)
    assert demo.is_public
    assert (await applications.list(PageRequest())).items == []


async def test_a_change_needs_the_version_that_was_read(applications: ApplicationService) -> None:
    created = applications.prepare(NewApplication(name="Shop", type="SPA")).application
    await applications.repository.insert(created)

    changed = await applications.repository.update(replace(created, name="Bazaar"))

    assert changed is not None
    assert (changed.name, changed.version) == ("Bazaar", 2)
    assert await applications.repository.update(replace(created, name="Late")) is None
    assert await applications.repository.delete(created.id)
    assert not await applications.repository.delete(created.id)
