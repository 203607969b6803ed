"""Sign-in settings, the guard and applications: versions, differences, undo."""

import asyncio

import pytest

from tests.configuration.test_connectors import PHONE_SIGN_IN
from tests.connectors.rooms import OPERATOR, Rooms, open_rooms
from watchword.applications.errors import ApplicationNotFound
from watchword.applications.models import NewApplication
from watchword.audit.models import AuditFilter
from watchword.configuration.errors import ConfigurationChanged
from watchword.configuration.models import SINGLE, Action, Kind
from watchword.connectors.models import MASK
from watchword.core.pagination import PageRequest
from watchword.sign_in_settings.errors import EnabledConnectorNotFound, UsernameConflictsExist
from watchword.users.models import NewUser

WEB_APP = NewApplication(
    name="Shop", type="Traditional", redirect_uris=("https://shop.example/callback",)
)


async def test_settings_are_checked_against_the_connectors_of_the_moment(rooms: Rooms) -> None:
    with pytest.raises(EnabledConnectorNotFound):
        await rooms.configuration.settings.save_sign_in(OPERATOR, PHONE_SIGN_IN)
    assert (await rooms.configuration.settings.sign_in())[1] == 0

    await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, PHONE_SIGN_IN, expected_version=0)

    settings, version = await rooms.configuration.settings.sign_in()
    assert settings.sign_up.identifiers == ("phone",)
    assert version == 1


async def test_a_setting_over_someone_elses_is_refused(rooms: Rooms) -> None:
    outcomes = await asyncio.gather(
        *(
            rooms.anew().configuration.settings.save_sign_in(
                OPERATOR, {"customCss": f"/* {n} */"}, expected_version=0
            )
            for n in range(5)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(each, ConfigurationChanged) for each in outcomes) == 4
    assert (await rooms.configuration.settings.sign_in())[1] == 1


async def test_parallel_changes_of_different_fields_all_stay(rooms: Rooms) -> None:
    patches = [{"customCss": "a"}, {"supportEmail": "a@example.com"}, {"signInMode": "SignIn"}]

    await asyncio.gather(
        *(rooms.anew().configuration.settings.save_sign_in(OPERATOR, patch) for patch in patches)
    )

    settings, version = await rooms.configuration.settings.sign_in()
    assert (settings.custom_css, settings.support_email) == ("a", "a@example.com")
    assert (settings.sign_in_mode, version) == ("SignIn", 3)


async def test_settings_are_restored_and_nothing_is_a_version_of_nothing(rooms: Rooms) -> None:
    await rooms.configuration.settings.save_sign_in(OPERATOR, {"customCss": "a"})
    await rooms.configuration.settings.save_sign_in(OPERATOR, {"customCss": "a"})
    await rooms.configuration.settings.save_sign_in(OPERATOR, {"customCss": "b"}, reason="new")

    restored = await rooms.configuration.restore(OPERATOR, Kind.SIGN_IN, SINGLE, 1)

    assert (restored.version, restored.action) == (3, Action.RESTORED)
    [change] = restored.changes
    assert (change.field, change.before, change.after) == ("customCss", "b", "a")
    assert (await rooms.configuration.settings.sign_in())[0].custom_css == "a"


async def test_restored_settings_must_still_fit(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, PHONE_SIGN_IN)
    await rooms.configuration.connectors.delete(OPERATOR, saved.id, force=True)

    with pytest.raises(EnabledConnectorNotFound):
        await rooms.configuration.restore(OPERATOR, Kind.SIGN_IN, SINGLE, 1)


async def test_names_that_differ_in_case_only_keep_case_important(rooms: Rooms) -> None:
    policy = (await rooms.configuration.settings.sign_in())[0].document()["usernamePolicy"]
    patch = {"usernamePolicy": {**policy, "caseSensitive": False}}
    theirs = await open_rooms(rooms.storage, rooms.clock, rooms.keys, tenant_id="acme")
    for username in ("Rosa", "rosa", "ROSA", "minji"):
        await rooms.users.create(NewUser(username=username))

    with pytest.raises(UsernameConflictsExist) as refused:
        await rooms.configuration.settings.save_sign_in(OPERATOR, patch)

    assert refused.value.data == {"totalConflicts": 1, "samples": ["rosa"]}
    assert (await rooms.configuration.settings.sign_in())[1] == 0
    await theirs.configuration.settings.save_sign_in(OPERATOR, patch)
    assert not (await theirs.configuration.settings.sign_in())[0].username_policy.case_sensitive


async def test_the_guard_is_versioned_too(rooms: Rooms) -> None:
    await rooms.configuration.settings.save_guard(
        OPERATOR, {"perNumber": {"count": 5, "seconds": 600}}
    )
    await rooms.configuration.settings.save_guard(OPERATOR, {"allowedCountries": ["KR"]})

    policy, version = await rooms.configuration.settings.guard()
    assert (policy.per_number.count, policy.allowed_countries, version) == (5, ("KR",), 2)
    await rooms.configuration.restore(OPERATOR, Kind.GUARD, SINGLE, 1)
    assert (await rooms.configuration.settings.guard())[0].allowed_countries is None
    with pytest.raises(ConfigurationChanged):
        await rooms.configuration.settings.save_guard(OPERATOR, {}, expected_version=1)


async def test_an_application_is_created_changed_deleted_and_restored_with_its_secret(
    rooms: Rooms,
) -> None:
    created = await rooms.configuration.applications.create(OPERATOR, WEB_APP)
    assert created.secret is not None
    app_id = created.application.id

    changed = await rooms.configuration.applications.change(
        OPERATOR, app_id, {"name": "Shop 2"}, expected_version=1
    )
    assert (changed.name, changed.version) == ("Shop 2", 2)
    with pytest.raises(ConfigurationChanged):
        await rooms.configuration.applications.change(
            OPERATOR, app_id, {"name": "Shop 3"}, expected_version=1
        )
    await rooms.configuration.applications.delete(OPERATOR, app_id)
    with pytest.raises(ApplicationNotFound):
        await rooms.configuration.applications.change(OPERATOR, app_id, {"name": "Shop 4"})

    await rooms.configuration.restore(OPERATOR, Kind.APPLICATION, app_id, 1)

    applications = rooms.configuration.applications.saved
    back = await applications.get(app_id)
    assert (back.name, back.version) == ("Shop", 4)
    assert applications.is_secret_of(back, created.secret)
    history = (await rooms.configuration.history(Kind.APPLICATION, app_id)).items
    assert [each.version for each in history] == [4, 3, 2, 1]
    assert history[-1].changes[-1].after == MASK
    assert created.secret not in repr(history)


@pytest.mark.proves("S125")
async def test_every_change_is_audited_and_reloads_this_process(rooms: Rooms) -> None:
    await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, PHONE_SIGN_IN)
    await rooms.configuration.settings.save_guard(OPERATOR, {"allowedCountries": ["KR"]})
    await rooms.configuration.applications.create(OPERATOR, WEB_APP)

    entries = (await rooms.audit.list(filters=AuditFilter(actor="operator:op1"))).items
    assert {entry.event for entry in entries} == {
        "configuration.connector.created",
        "configuration.sign_in.changed",
        "configuration.guard.changed",
        "configuration.application.created",
    }
    assert rooms.reloads == 4
    assert (await rooms.directory.get("default")).configuration_stamp == 4


async def test_history_is_paged(rooms: Rooms) -> None:
    for number in range(5):
        await rooms.configuration.settings.save_sign_in(OPERATOR, {"customCss": str(number)})

    page = await rooms.configuration.history(Kind.SIGN_IN, page=PageRequest(2, 2))

    assert [each.version for each in page.items] == [3, 2]
    assert page.total == 5
