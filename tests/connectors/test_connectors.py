"""A saved connector: its secrets stay sealed, in place, and out of sight."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, select

from tests.connectors.provider import (
    CONFIG,
    DEVELOPMENT_ID,
    OTHER_PROVIDER_ID,
    PROVIDER_ID,
    UNSIGNED_PROVIDER_ID,
)
from tests.connectors.rooms import OPERATOR, Rooms, open_rooms
from watchword.connector_kit.errors import InvalidConfig
from watchword.connectors.errors import (
    ConnectorNotFound,
    DevelopmentConnectorRefused,
    SecretsWantedAgain,
    UnknownConnectorClass,
)
from watchword.connectors.models import MASK
from watchword.core.sealing import SealBroken
from watchword.storage import TenantRepository
from watchword.storage.schema import audit_log, configuration_versions, connectors
from watchword.tenants.models import TenantTag

KEY = str(CONFIG["apiKey"])


@pytest.mark.proves("S126")
async def test_a_dump_of_the_database_holds_no_secret(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.configuration.connectors.change(
        OPERATOR, saved.id, {**CONFIG, "apiKey": "key-second"}
    )

    rows = TenantRepository(rooms.storage, rooms.tenant.id)
    for table in (connectors, configuration_versions, audit_log):
        everything = select(table).where(table.c.tenant_id == bindparam("tenant_id"))
        dump = repr(await rows.all(everything))
        assert "Example" in dump or table is audit_log
        assert KEY not in dump
        assert "key-second" not in dump
    assert KEY not in repr(saved)


@pytest.mark.proves("S126")
async def test_a_secret_opens_in_its_own_tenant_connector_and_field_only(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    sealed = saved.secrets["apiKey"]

    assert rooms.connectors.opened_secrets(saved) == {"apiKey": KEY}
    with pytest.raises(SealBroken):
        rooms.connectors.opened("another", {"apiKey": sealed})
    with pytest.raises(SealBroken):
        rooms.connectors.opened(saved.id, {"authToken": sealed})
    other = replace(rooms.connectors, tenant=replace(rooms.tenant, id="acme"))
    with pytest.raises(SealBroken):
        other.opened_secrets(saved)


@pytest.mark.proves("S127")
async def test_what_is_shown_has_a_mask_and_a_mask_sent_back_keeps_the_secret(
    rooms: Rooms,
) -> None:
    saved = await rooms.set_up()
    shown = rooms.connectors.masked_config(saved)

    assert shown["apiKey"] == MASK
    assert shown["sender"] == "Example"
    for again in (shown, {**shown, "apiKey": ""}):
        complete = rooms.connectors.completed(PROVIDER_ID, again, saved)
        assert complete["apiKey"] == KEY
    assert "apiKey" not in rooms.connectors.completed(OTHER_PROVIDER_ID, shown, saved)
    assert "apiKey" not in rooms.connectors.completed(PROVIDER_ID, shown)


@pytest.mark.parametrize("again", [MASK, "", None])
async def test_a_kept_secret_goes_nowhere_else(rooms: Rooms, again: str | None) -> None:
    saved = await rooms.set_up()
    moved = {**CONFIG, "apiKey": again, "gateway": "https://evil.example"}

    for refuses in (
        lambda: rooms.connectors.build_unsaved(PROVIDER_ID, moved, saved),
        lambda: rooms.connectors.completed(PROVIDER_ID, moved, saved),
    ):
        with pytest.raises(SecretsWantedAgain) as refused:
            refuses()
        assert refused.value.fields == {"apiKey": "connector_kit.form.secret_wanted_again"}
        assert "apiKey" in refused.value.words
        assert KEY not in f"{refused.value.words} {refused.value.data}"
    typed = rooms.connectors.completed(PROVIDER_ID, {**moved, "apiKey": "key-new"}, saved)
    assert typed["apiKey"] == "key-new"
    for same in ({}, {"gateway": ""}, {"gateway": " https://gateway.example\n"}, {"sender": "Two"}):
        config = {**CONFIG, "apiKey": again, **same}
        assert rooms.connectors.completed(PROVIDER_ID, config, saved)["apiKey"] == KEY


async def test_a_connector_is_built_once_and_read_once(rooms: Rooms) -> None:
    await rooms.set_up()
    first = await rooms.connectors.active()
    before = rooms.storage.statements

    again = await rooms.connectors.active()

    assert first is not None
    assert again is not None
    assert rooms.connectors.build(first) is rooms.connectors.build(again)
    assert rooms.storage.statements == before


async def test_a_missing_or_wrong_setting_is_named_without_its_value(rooms: Rooms) -> None:
    with pytest.raises(InvalidConfig) as caught:
        rooms.connectors.build_unsaved(
            PROVIDER_ID, {"apiKey": "key-7f3a", "templates": CONFIG["templates"]}
        )

    assert isinstance(caught.value.data, dict)
    assert [issue["path"] for issue in caught.value.data["issues"]] == [["sender"]]
    assert KEY not in repr(caught.value.data)


@pytest.mark.proves("S135")
async def test_a_development_connector_is_refused_in_production(rooms: Rooms) -> None:
    with pytest.raises(DevelopmentConnectorRefused):
        rooms.connectors.build_unsaved(DEVELOPMENT_ID, CONFIG)
    with pytest.raises(UnknownConnectorClass):
        rooms.connectors.build_unsaved("nothing", CONFIG)

    here = await open_rooms(
        rooms.storage, rooms.clock, rooms.keys, tenant_id="lab", tag=TenantTag.DEVELOPMENT
    )
    await here.set_up(DEVELOPMENT_ID)
    assert (await here.connectors.active()) is not None


async def test_the_operators_base_url_wins(rooms: Rooms) -> None:
    redirected = replace(rooms.connectors, base_urls={PROVIDER_ID: "http://127.0.0.1:9"})

    ours = redirected.build_unsaved(PROVIDER_ID, CONFIG)
    other = redirected.build_unsaved(OTHER_PROVIDER_ID, CONFIG)

    assert ours.context.base_url_override == "http://127.0.0.1:9"
    assert other.context.base_url_override is None


async def test_receipt_urls_carry_a_token_where_the_provider_signs_nothing(rooms: Rooms) -> None:
    signed = await rooms.set_up()
    unsigned = await rooms.set_up(UNSIGNED_PROVIDER_ID)

    base = "https://auth.example.com/receipts"
    assert rooms.connectors.receipt_url(signed, "m1") == f"{base}/{signed.id}?message=m1"
    assert (
        rooms.connectors.receipt_url(unsigned, "m2")
        == f"{base}/{unsigned.id}/{unsigned.receipt_token}?message=m2"
    )
    rooms.public_receipts = False
    rooms.reload()
    assert rooms.connectors.receipt_url(signed, "m1") is None


async def test_a_retired_connector_is_gone_but_for_its_reports(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    await rooms.set_up(OTHER_PROVIDER_ID)

    assert [each.connector_id for each in await rooms.connectors.list()] == [OTHER_PROVIDER_ID]
    with pytest.raises(ConnectorNotFound):
        await rooms.connectors.get(saved.id)
    assert await rooms.connectors.find_for_reports(saved.id) is not None
    rooms.clock.advance(timedelta(days=7))
    assert await rooms.connectors.find_for_reports(saved.id) is None


async def test_another_tenants_connector_is_out_of_sight(rooms: Rooms) -> None:
    saved = await rooms.set_up()
    theirs = await open_rooms(rooms.storage, rooms.clock, rooms.keys, tenant_id="acme")

    assert await theirs.connectors.active() is None
    assert await theirs.connectors.find(saved.id) is None
    assert await theirs.connectors.find_for_reports(saved.id) is None
