"""What a test of a webhook says looks like what the event itself will say."""

from datetime import UTC, datetime
from typing import Any

import pytest

from watchword.applications.models import demo_application
from watchword.connector_kit.models import UsageType
from watchword.messaging.endings import described
from watchword.messaging.models import Channel, Message, MessageState
from watchword.organization_roles.models import OrganizationRole, OrganizationScope, RoleType
from watchword.organizations.models import Organization
from watchword.users.models import User
from watchword.users.told import told_of_user
from watchword.webhooks.models import Event
from watchword.webhooks.samples import APPLICATION, sample_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OF_USER: dict[str, Any] = dict.fromkeys(User.__dataclass_fields__) | {
    "profile": {},
    "custom_data": {},
    "identities": {},
    "created_at": NOW,
    "updated_at": NOW,
}
USER = User(**OF_USER)
OF_MESSAGE: dict[str, Any] = dict.fromkeys(Message.__dataclass_fields__) | {
    "channel": Channel.SMS,
    "state": MessageState.DELIVERED,
    "usage_type": UsageType.SIGN_IN,
}
ORGANIZATION = Organization(id="o1", name="Acme", created_at=NOW)
ROLE = OrganizationRole(id="r1", name="member", description=None, type=RoleType.USER)
SCOPE = OrganizationScope(id="s1", name="read", description=None)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Event.USER_CREATED, told_of_user("u1", USER)),
        (Event.USER_DELETED, told_of_user("u1", None)),
        (Event.USER_DATA_UPDATED, told_of_user("u1", USER)),
        (Event.USER_SUSPENSION_STATUS_UPDATED, told_of_user("u1", USER)),
    ],
)
def test_of_a_user_it_has_what_the_event_has(event: Event, told: dict[str, Any]) -> None:
    sample = sample_of(event)

    assert set(sample) == set(told)
    assert set(sample["params"]) == set(told["params"])
    assert set(sample["data"] or {}) == set(told["data"] or {})


@pytest.mark.parametrize(
    ("event", "document"),
    [
        (Event.ORGANIZATION_DATA_UPDATED, ORGANIZATION.document()),
        (Event.ORGANIZATION_ROLE_DATA_UPDATED, ROLE.document()),
        (Event.ORGANIZATION_SCOPE_DATA_UPDATED, SCOPE.document()),
    ],
)
def test_of_a_thing_it_has_what_the_event_has(event: Event, document: dict[str, Any]) -> None:
    sample = sample_of(event)

    assert set(sample) == {"params", "data"}
    assert set(sample["data"]) == {"tenantId", *document}


@pytest.mark.parametrize(
    "event",
    [
        Event.ORGANIZATION_DELETED,
        Event.ORGANIZATION_ROLE_DELETED,
        Event.ORGANIZATION_SCOPE_DELETED,
    ],
)
def test_of_what_is_gone_it_has_the_id_alone(event: Event) -> None:
    assert set(sample_of(event)) == {"params"}


def test_of_a_message_it_has_what_the_event_has() -> None:
    assert set(sample_of(Event.MESSAGE_DELIVERED)["data"]) == set(described(Message(**OF_MESSAGE)))


def test_the_application_is_described_as_in_the_event() -> None:
    assert set(APPLICATION) <= set(demo_application("https://auth.example.com", NOW).document())
