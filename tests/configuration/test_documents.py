"""A tenant's configuration leaves as a document and comes back as one change, or not at all."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.configuration.test_connectors import PHONE_SIGN_IN
from tests.connectors.provider import CONFIG, OTHER_PROVIDER_ID, PROVIDER_ID
from tests.connectors.rooms import OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from watchword.applications.models import NewApplication
from watchword.audit.models import AuditFilter
from watchword.configuration.document import schema
from watchword.configuration.errors import (
    ConfigurationChanged,
    DeletionsNotAllowed,
    DocumentRefused,
    SealedSecretUnreadable,
)
from watchword.configuration.models import Action, Kind
from watchword.configuration.sealed_secrets import SealedSecrets, SealingKey
from watchword.connectors.models import MASK
from watchword.core.keys import SecretKeys
from watchword.core.pagination import PageRequest
from watchword.custom_phrases.models import MOST_LANGUAGES
from watchword.storage import Storage
from watchword.tenants.limits import Limited, TenantLimits
from watchword.tenants.repository import HoldingRows
from watchword.webhooks.models import Event, NewWebhook, WebhookConfig

ALL = PageRequest(1, 200)
KEY = "SMS_API_KEY"
HEADER = "Bearer not-a-real-token"


async def fill(rooms: Rooms) -> None:
    """Configure something of everything."""
    await rooms.set_up()
    await rooms.configuration.settings.save_sign_in(OPERATOR, PHONE_SIGN_IN)
    await rooms.configuration.settings.save_guard(OPERATOR, {"allowedCountries": ["KR", "NO"]})
    await rooms.configuration.settings.save_account_center(OPERATOR, {"enabled": True})
    await rooms.configuration.settings.save_tenant(OPERATOR, {"connectorDeletion": "permissive"})
    orders = await rooms.configuration.resources.create(
        OPERATOR, "Orders", "https://orders.example"
    )
    scopes = [
        await rooms.configuration.resources.add_scope(OPERATOR, orders.id, name)
        for name in ("write", "read")
    ]
    shop = NewApplication(
        name="Shop", type="Traditional", redirect_uris=("https://shop.example/callback",)
    )
    await rooms.configuration.applications.create(OPERATOR, shop, id="shop")
    await rooms.configuration.applications.assign_scopes(
        OPERATOR, "shop", [scope.id for scope in scopes]
    )
    config = WebhookConfig(url="https://hooks.example/in", headers={"Authorization": HEADER})
    hook = NewWebhook(name="Hook", events=(Event.USER_DELETED,), config=config)
    await rooms.configuration.webhooks.create(OPERATOR, hook, id="hook")


@pytest.fixture
async def filled(rooms: Rooms) -> Rooms:
    """Return a tenant that has something of everything."""
    await fill(rooms)
    return rooms


@pytest.fixture
async def empty(storage: Storage, clock: FakeClock, keys: SecretKeys) -> Rooms:
    """Return another tenant, with nothing."""
    return await open_rooms(storage, clock, keys, tenant_id="empty")


VARIABLES = {KEY: "key-7f3a", "WEBHOOK_HOOK_AUTHORIZATION": HEADER}


async def exported(rooms: Rooms) -> dict[str, Any]:
    found = await rooms.configuration.documents.export()
    copied: dict[str, Any] = json.loads(json.dumps(found.document))
    return copied


async def versions(rooms: Rooms) -> list[tuple[str, str, int]]:
    page = await rooms.configuration.history(page=ALL)
    return sorted((found.kind, found.subject_id, found.version) for found in page.items)


async def test_a_document_holds_everything_but_secrets(filled: Rooms) -> None:
    document = await exported(filled)

    assert document["connectors"]["sms"]["config"]["apiKey"] == "${env:SMS_API_KEY}"
    assert document["applications"]["shop"]["resourceScopes"] == {
        "https://orders.example": ["read", "write"]
    }
    assert document["webhooks"]["hook"]["headers"] == {
        "Authorization": "${env:WEBHOOK_HOOK_AUTHORIZATION}"
    }
    assert document["guard"]["allowedCountries"] == ["KR", "NO"]
    text = json.dumps(document)
    assert "key-7f3a" not in text
    assert HEADER not in text


async def test_a_document_applied_to_an_empty_tenant_is_exported_the_same(
    filled: Rooms, empty: Rooms
) -> None:
    document = await exported(filled)

    await empty.configuration.documents.apply(OPERATOR, document, VARIABLES)

    assert await exported(empty) == document
    [saved] = await empty.connectors.list()
    assert empty.connectors.opened_secrets(saved) == {"apiKey": "key-7f3a"}
    webhook = await empty.deliveries.webhooks.get("hook")
    assert empty.deliveries.webhooks.headers(webhook) == {"Authorization": HEADER}


async def test_what_was_exported_changes_nothing(filled: Rooms) -> None:
    document, before = await exported(filled), await versions(filled)
    tenant = await filled.directory.get("default")

    plan = await filled.configuration.documents.apply(OPERATOR, document, {})

    assert plan.changes == ()
    assert await versions(filled) == before
    assert await filled.directory.get("default") == tenant


async def test_applying_twice_changes_nothing_the_second_time(filled: Rooms, empty: Rooms) -> None:
    document = await exported(filled)
    first = await empty.configuration.documents.apply(OPERATOR, document, VARIABLES)

    second = await empty.configuration.documents.apply(OPERATOR, document, VARIABLES)

    assert len(first.changes) > 5
    assert second.changes == ()


async def test_a_plan_says_what_applying_does_and_changes_nothing(
    filled: Rooms, empty: Rooms
) -> None:
    document = await exported(filled)

    plan = await empty.configuration.documents.plan(OPERATOR, document, VARIABLES)
    before = await versions(empty)
    done = await empty.configuration.documents.apply(OPERATOR, document, VARIABLES)

    assert before == []
    assert {(change.path, change.action) for change in plan.changes} == {
        (("resources", "https://orders.example"), Action.CREATED),
        (("applications", "shop"), Action.CREATED),
        (("connectors", "sms"), Action.CREATED),
        (("signIn",), Action.CHANGED),
        (("guard",), Action.CHANGED),
        (("accountCenter",), Action.CHANGED),
        (("tenant",), Action.CHANGED),
        (("webhooks", "hook"), Action.CREATED),
    }
    assert {change.path for change in done.changes} == {change.path for change in plan.changes}
    assert "key-7f3a" not in repr(plan)


async def test_one_change_of_one_setting_is_all_that_a_plan_shows(filled: Rooms) -> None:
    document = await exported(filled)
    document["guard"]["perNumber"]["count"] = 3

    plan = await filled.configuration.documents.plan(OPERATOR, document, {})

    [change] = plan.changes
    [field] = change.changes
    assert (change.path, field.field, field.before, field.after) == (
        ("guard",),
        "perNumber.count",
        10,
        3,
    )


async def test_a_section_that_is_missing_stays(filled: Rooms) -> None:
    before = await exported(filled)

    await filled.configuration.documents.apply(
        OPERATOR, {"version": 1, "guard": {"allowedCountries": ["SE"]}}, {}
    )

    before["guard"]["allowedCountries"] = ["SE"]
    assert await exported(filled) == before


async def test_a_secret_whose_variable_is_missing_stays(filled: Rooms) -> None:
    document = await exported(filled)
    document["connectors"]["sms"]["config"]["sender"] = "Shop"

    plan = await filled.configuration.documents.apply(OPERATOR, document, {})

    assert ("connectors", "sms", "config", "apiKey") in plan.kept_secrets
    [saved] = await filled.connectors.list()
    assert saved.config["sender"] == "Shop"
    assert filled.connectors.opened_secrets(saved) == {"apiKey": "key-7f3a"}


async def test_a_secret_that_is_missing_and_was_never_there_is_named(
    filled: Rooms, empty: Rooms
) -> None:
    document = await exported(filled)

    with pytest.raises(DocumentRefused) as refused:
        await empty.configuration.documents.apply(OPERATOR, document, {})

    [issue] = refused.value.issues
    assert (issue.path, issue.code) == (
        ("connectors", "sms", "config", "apiKey"),
        "configuration.variable_missing",
    )
    assert await versions(empty) == []


async def test_another_providers_secret_is_never_kept(filled: Rooms) -> None:
    document = await exported(filled)
    document["connectors"]["sms"]["connectorId"] = OTHER_PROVIDER_ID

    with pytest.raises(DocumentRefused):
        await filled.configuration.documents.apply(OPERATOR, document, {})

    [saved] = await filled.connectors.list()
    assert saved.connector_id == PROVIDER_ID


async def test_a_changed_secret_is_shown_as_changed_and_never_itself(filled: Rooms) -> None:
    document = await exported(filled)

    plan = await filled.configuration.documents.plan(OPERATOR, document, {KEY: "key-new"})

    [change] = plan.changes
    [field] = change.changes
    assert (field.field, field.before, field.after) == ("config.apiKey", MASK, MASK)


async def test_all_is_one_change_in_the_audit_log(filled: Rooms, empty: Rooms) -> None:
    document = await exported(filled)
    before = await empty.directory.get("empty")

    await empty.configuration.documents.apply(OPERATOR, document, VARIABLES, reason="launch")

    found = await empty.audit.list(ALL, AuditFilter(event="configuration.applied"))
    [record] = found.items
    assert record.payload["before"] == before.configuration_stamp
    assert record.payload["after"] == before.configuration_stamp + 1
    assert sorted(
        (version["kind"], version["subject"], version["version"])
        for version in record.payload["versions"]
    ) == await versions(empty)
    history = await empty.configuration.history(Kind.GUARD)
    assert {version.reason for version in history.items} == {"launch"}


async def test_a_mistake_at_the_end_leaves_nothing_of_the_beginning(
    filled: Rooms, empty: Rooms
) -> None:
    document = await exported(filled)
    document["webhooks"]["hook"]["url"] = "javascript:alert(1)"

    with pytest.raises(DocumentRefused) as refused:
        await empty.configuration.documents.apply(OPERATOR, document, VARIABLES)

    assert refused.value.issues[0].path[:2] == ("webhooks", "hook")
    assert await versions(empty) == []
    assert await empty.connectors.list() == []


async def test_a_plan_of_another_state_is_stale(filled: Rooms) -> None:
    document = await exported(filled)
    document["guard"]["perNumber"]["count"] = 3
    plan = await filled.configuration.documents.plan(OPERATOR, document, {})
    await filled.configuration.settings.save_tenant(OPERATOR, {"connectorDeletion": "strict"})

    with pytest.raises(ConfigurationChanged):
        await filled.configuration.documents.apply(
            OPERATOR, document, {}, expected_stamp=plan.stamp
        )

    policy, _ = await filled.configuration.settings.guard()
    assert policy.per_number.count == 10


async def test_nothing_is_deleted_unless_that_is_said(filled: Rooms) -> None:
    document = await exported(filled)
    document["applications"] = {}

    with pytest.raises(DeletionsNotAllowed) as refused:
        await filled.configuration.documents.apply(OPERATOR, document, {})
    assert refused.value.data == {"deletions": ["applications.shop"]}
    assert (await exported(filled))["applications"] != {}
    plan = await filled.configuration.documents.apply(OPERATOR, document, {}, may_delete=True)

    assert [change.path for change in plan.deletions] == [("applications", "shop")]
    assert await exported(filled) == document


async def test_as_much_as_there_may_be_is_swapped_for_as_much_else(
    filled: Rooms, storage: Storage
) -> None:
    kinds = (Limited.APPLICATIONS, Limited.RESOURCES, Limited.WEBHOOKS, Limited.CONNECTORS)
    limits = TenantLimits(HoldingRows(storage, "default"), dict.fromkeys(kinds, 1))
    documents = replace(
        filled.configuration.documents, writer=replace(filled.configuration.writer, limits=limits)
    )
    document = await exported(filled)
    for section, old, new in (
        ("resources", "https://orders.example", "https://bills.example"),
        ("applications", "shop", "till"),
        ("webhooks", "hook", "line"),
    ):
        document[section] = {new: document[section][old]}
    document["applications"]["till"]["resourceScopes"] = {"https://bills.example": ["read"]}
    document["connectors"]["sms"]["connectorId"] = OTHER_PROVIDER_ID
    await documents.apply(OPERATOR, document, VARIABLES, may_delete=True)
    assert list((await exported(filled))["applications"]) == ["till"]

    for section in ("resources", "applications", "webhooks"):
        [only] = document[section].values()
        key = "https://more.example" if section == "resources" else "more"
        one_more = {**document, section: {**document[section], key: only}}
        with pytest.raises(DocumentRefused) as refused:
            await documents.plan(OPERATOR, one_more, VARIABLES)
        [issue] = refused.value.issues
        assert (issue.path, issue.code) == ((section,), "tenant.limit_reached")


@pytest.mark.slow
async def test_a_hundred_languages_are_swapped_for_a_hundred_others_and_not_for_one_more(
    rooms: Rooms,
) -> None:
    documents = rooms.configuration.documents

    def languages(country: str, count: int = MOST_LANGUAGES) -> dict[str, Any]:
        tags = [f"{a}{b}-{country}" for a in "defghijk" for b in "abcdefghijklmn"][:count]
        return {"version": 1, "phrases": {tag: {} for tag in tags}}

    await documents.apply(OPERATOR, languages("CH"), {})

    await documents.apply(OPERATOR, languages("AT"), {}, may_delete=True)

    assert len(await rooms.configuration.phrases.saved.list()) == MOST_LANGUAGES
    with pytest.raises(DocumentRefused) as refused:
        await documents.plan(OPERATOR, languages("AT", MOST_LANGUAGES + 1), {})
    [issue] = refused.value.issues
    assert issue.path == ("phrases",)


async def test_a_connector_that_sign_in_needs_is_not_deleted_by_a_document(filled: Rooms) -> None:
    await filled.configuration.settings.save_tenant(OPERATOR, {"connectorDeletion": "strict"})
    document = await exported(filled)
    document["connectors"] = {}

    with pytest.raises(DocumentRefused) as refused:
        await filled.configuration.documents.apply(OPERATOR, document, {}, may_delete=True)

    [issue] = refused.value.issues
    assert (issue.path, issue.code) == (("connectors", "sms"), "connector.in_use")


async def test_an_application_that_comes_with_a_document_has_no_secret_yet(
    filled: Rooms, empty: Rooms
) -> None:
    await empty.configuration.documents.apply(OPERATOR, await exported(filled), VARIABLES)

    shop = await empty.configuration.applications.saved.get("shop")
    assert shop.secrets == ()


async def test_what_was_deleted_may_come_back_by_a_document(filled: Rooms) -> None:
    document = await exported(filled)
    bare = {**document, "applications": {}, "webhooks": {}, "resources": {}}
    await filled.configuration.documents.apply(OPERATOR, bare, {}, may_delete=True)

    await filled.configuration.documents.apply(OPERATOR, document, VARIABLES)

    assert await exported(filled) == document


@pytest.mark.parametrize(
    ("part", "path", "code"),
    [
        ({"version": 2}, ("version",), "guard.invalid_input"),
        ({"gaurd": {}}, ("gaurd",), "guard.invalid_input"),
        ({"guard": {"perNumbr": None}}, ("guard", "perNumbr"), "configuration.unknown_key"),
        (
            {"guard": {"perNumber": {"count": 1, "seconds": 60, "hours": 1}}},
            ("guard", "perNumber", "hours"),
            "configuration.unknown_key",
        ),
        (
            {"guard": {"allowedCountries": ["Korea"]}},
            ("guard", "allowedCountries", 0),
            "guard.invalid_input",
        ),
        (
            {"connectors": {"sms": {"connectorId": "no-such"}}},
            ("connectors", "sms"),
            "connector.not_found_with_connector_id",
        ),
        (
            {"connectors": {"email": {"connectorId": PROVIDER_ID, "config": CONFIG}}},
            ("connectors", "email"),
            "connector.unexpected_type",
        ),
        (
            {"connectors": {"sms": {"connectorId": PROVIDER_ID, "config": {"sender": "x"}}}},
            ("connectors", "sms", "config", "apiKey"),
            "connector.invalid_config",
        ),
        (
            {"applications": {"shop": {"name": "Shop", "type": "Toaster"}}},
            ("applications", "shop", "type"),
            "guard.invalid_input",
        ),
        (
            {"applications": {"demo-app": {"name": "Mine", "type": "SPA"}}},
            ("applications", "demo-app"),
            "application.invalid",
        ),
        (
            {"resources": {"orders": {"name": "Orders"}}},
            ("resources", "orders"),
            "guard.invalid_input",
        ),
    ],
)
async def test_a_mistake_is_named_by_its_place(
    rooms: Rooms, part: dict[str, Any], path: tuple[str | int, ...], code: str
) -> None:
    with pytest.raises(DocumentRefused) as refused:
        await rooms.configuration.documents.apply(OPERATOR, {"version": 1, **part}, {})

    assert (path, code) in {(issue.path, issue.code) for issue in refused.value.issues}


async def test_secrets_travel_sealed_to_the_tenant_that_takes_them(
    filled: Rooms, empty: Rooms
) -> None:
    key = SealingKey.parse(str(empty.configuration.documents.sealed.published))
    found = await filled.configuration.documents.export(key)

    await empty.configuration.documents.apply(OPERATOR, found.document, {})

    assert "key-7f3a" not in json.dumps(found.document)
    [saved] = await empty.connectors.list()
    assert empty.connectors.opened_secrets(saved) == {"apiKey": "key-7f3a"}


async def test_a_secret_sealed_to_one_tenant_opens_at_no_other(filled: Rooms, empty: Rooms) -> None:
    key = empty.configuration.documents.sealed.published
    found = await filled.configuration.documents.export(key)

    with pytest.raises(DocumentRefused) as refused:
        await filled.configuration.documents.apply(OPERATOR, found.document, {})

    assert refused.value.issues[0].code == "configuration.sealed_secret_unreadable"


def test_a_sealed_secret_opens_in_its_place_alone(keys: SecretKeys) -> None:
    secrets = SealedSecrets(keys, "default")
    sealed = secrets.published.seal("key-7f3a", "connectors/sms/config/apiKey")

    assert secrets.open(sealed, "connectors/sms/config/apiKey") == "key-7f3a"
    with pytest.raises(SealedSecretUnreadable):
        secrets.open(sealed, "connectors/sms/config/sender")


def test_a_rotated_key_still_opens_what_was_sealed_before() -> None:
    old = SecretKeys.generate("old")
    sealed = SealedSecrets(SecretKeys.parse(old), "default").published.seal("secret", "place")

    rotated = SealedSecrets(SecretKeys.parse(f"{SecretKeys.generate('new')},{old}"), "default")

    assert rotated.open(sealed, "place") == "secret"


@pytest.mark.parametrize("text", ["", "k", "k.", "k.!!", "k.AAAA"])
def test_what_is_no_sealing_key_is_refused(text: str) -> None:
    with pytest.raises(SealedSecretUnreadable):
        SealingKey.parse(text)


def test_the_schema_knows_every_section() -> None:
    made = schema()

    assert made["additionalProperties"] is False
    assert set(made["properties"]) == {
        "version",
        "tenant",
        "signIn",
        "guard",
        "accountCenter",
        "connectors",
        "resources",
        "applications",
        "webhooks",
        "phrases",
    }
