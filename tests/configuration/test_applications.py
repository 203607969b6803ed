"""Changes of applications: versions, undo, and what undo never brings back."""

from typing import Any

import pytest
from sqlalchemy import update

from tests.connectors.rooms import OPERATOR, Rooms
from watchword.applications.errors import ApplicationNotFound
from watchword.applications.models import NewApplication
from watchword.configuration.models import Kind
from watchword.storage.schema import configuration_versions

SHOP = NewApplication(
    name="Shop",
    type="Traditional",
    redirect_uris=("https://shop.example/callback",),
    custom_data={"team": "web"},
)


async def is_secret(rooms: Rooms, application_id: str, value: str | None) -> bool:
    """Tell whether the application, as it is now, may prove itself with *value*."""
    saved = rooms.configuration.applications.saved
    found = await saved.repository.find(application_id)
    assert found is not None
    return saved.is_secret_of(found, value or "")


async def test_a_deleted_application_comes_back_whole(rooms: Rooms) -> None:
    created = await rooms.configuration.applications.create(OPERATOR, SHOP)
    id_ = created.application.id
    added = await rooms.configuration.applications.add_secret(OPERATOR, id_, "Second")
    await rooms.configuration.applications.delete(OPERATOR, id_)
    with pytest.raises(ApplicationNotFound):
        await rooms.configuration.applications.change(OPERATOR, id_, {"name": "Late"})

    version = await rooms.configuration.restore(OPERATOR, Kind.APPLICATION, id_, 1)

    assert (version.version, version.action) == (4, "restored")
    assert version.document is not None
    assert version.document["customData"] == {"team": "web"}
    assert version.document["oidcClientMetadata"]["redirectUris"] == list(SHOP.redirect_uris)
    assert await is_secret(rooms, id_, created.secret)
    assert await is_secret(rooms, id_, added.value)
    renamed = await rooms.configuration.applications.change(
        OPERATOR, id_, {"name": "Bazaar"}, expected_version=4
    )
    assert renamed.version == 5


async def test_one_deleted_before_there_were_several_secrets_comes_back_with_its_own(
    rooms: Rooms,
) -> None:
    created = await rooms.configuration.applications.create(OPERATOR, SHOP)
    id_ = created.application.id
    await rooms.configuration.applications.delete(OPERATOR, id_)
    later = {"secrets", "customData", "resourceScopes"}
    document: dict[str, Any] = {
        name: value for name, value in created.application.document().items() if name not in later
    }
    v = configuration_versions.c
    await rooms.storage.run(
        update(configuration_versions)
        .where(v.subject_id == id_, v.version == 1)
        .values(document=document),
        {},
    )

    await rooms.configuration.restore(OPERATOR, Kind.APPLICATION, id_, 1)

    assert await is_secret(rooms, id_, created.secret)


async def test_an_earlier_version_brings_settings_back_and_leaves_the_secrets(
    rooms: Rooms,
) -> None:
    applications = rooms.configuration.applications
    created = await applications.create(OPERATOR, SHOP)
    id_ = created.application.id
    added = await applications.add_secret(OPERATOR, id_, "Second")
    await applications.delete_secret(OPERATOR, id_, "Default secret")
    await applications.change(OPERATOR, id_, {"name": "Wrong", "customData": {}})

    version = await rooms.configuration.restore(OPERATOR, Kind.APPLICATION, id_, 1)

    assert version.document is not None
    assert (version.document["name"], version.document["customData"]) == ("Shop", {"team": "web"})
    assert not await is_secret(rooms, id_, created.secret)
    assert await is_secret(rooms, id_, added.value)
