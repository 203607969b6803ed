"""What a test of a webhook says: every event once, about people and things that do not exist."""

from typing import Any

from watchword.webhooks.models import Event

# Of the ranges that are kept free for examples: RFC 5737, and Ofcom's numbers for drama.
USER: dict[str, Any] = {
    "id": "sample_user",
    "username": "sample",
    "primaryEmail": "sample@example.com",
    "primaryPhone": "447700900123",
    "name": "Sample user",
    "avatar": None,
    "customData": {},
    "identities": {},
    "profile": {},
    "applicationId": "sample_application",
    "cimdClientId": None,
    "isSuspended": False,
    "hasPassword": False,
    "lastSignInAt": 1767225600000,
    "createdAt": 1767225600000,
    "updatedAt": 1767225600000,
}
APPLICATION = {
    "id": "sample_application",
    "type": "SPA",
    "name": "Sample application",
    "description": None,
}
ORGANIZATION: dict[str, Any] = {
    "tenantId": "sample_tenant",
    "id": "sample_organization",
    "name": "Sample organization",
    "description": None,
    "customData": {},
    "isMfaRequired": False,
    "isTrustedDeviceAllowed": True,
    "color": {},
    "branding": {},
    "customCss": None,
    "createdAt": 1767225600000,
}
ROLE: dict[str, Any] = {
    "tenantId": "sample_tenant",
    "id": "sample_role",
    "name": "member",
    "description": None,
    "type": "User",
}
SCOPE: dict[str, Any] = {
    "tenantId": "sample_tenant",
    "id": "sample_scope",
    "name": "read:invoices",
    "description": None,
}
WHO_ASKED = {"ip": "192.0.2.1", "userAgent": "Mozilla/5.0 (sample)"}
MESSAGE = {
    "id": "samplemessage",
    "channel": "sms",
    "state": "delivered",
    "usageType": "SignIn",
    "connectorId": "sample_connector",
    "connectorFactoryId": "twilio-short-message-service",
    "phone": "+44 7•••••••23",
    "country": "GB",
    "language": "en",
    "segments": 1,
    "providerMessageId": "sample-provider-id",
    "errorClass": None,
    "attempts": 1,
}
CONNECTOR = {
    "id": "sample_connector",
    "connectorFactoryId": "twilio-short-message-service",
    "type": "Sms",
    "reason": "settings_refused",
    "since": "2026-01-01T00:00:00.000Z",
}


def _made(thing: dict[str, Any]) -> dict[str, Any]:
    return {"params": {"id": thing["id"]}, "data": thing}


def _gone(thing: dict[str, Any]) -> dict[str, Any]:
    return {"params": {"id": thing["id"]}}


_INTERACTIONS = {
    Event.POST_REGISTER: "Register",
    Event.POST_SIGN_IN: "SignIn",
    Event.POST_RESET_PASSWORD: "ForgotPassword",
}
_SAMPLES: dict[Event, dict[str, Any]] = {
    Event.USER_DELETED: {**WHO_ASKED, "params": {"userId": USER["id"]}, "data": None},
    Event.ORGANIZATION_CREATED: _made(ORGANIZATION),
    Event.ORGANIZATION_DELETED: _gone(ORGANIZATION),
    Event.ORGANIZATION_DATA_UPDATED: _made(ORGANIZATION),
    Event.ORGANIZATION_MEMBERSHIP_UPDATED: {
        "organizationId": ORGANIZATION["id"],
        "addedUserIds": [USER["id"]],
    },
    Event.ORGANIZATION_ROLE_CREATED: _made(
        {**ROLE, "organizationScopeIds": [SCOPE["id"]], "resourceScopeIds": []}
    ),
    Event.ORGANIZATION_ROLE_DELETED: _gone(ROLE),
    Event.ORGANIZATION_ROLE_DATA_UPDATED: _made(ROLE),
    Event.ORGANIZATION_SCOPE_CREATED: _made(SCOPE),
    Event.ORGANIZATION_SCOPE_DELETED: _gone(SCOPE),
    Event.ORGANIZATION_SCOPE_DATA_UPDATED: _made(SCOPE),
    Event.IDENTIFIER_LOCKOUT: {"type": "phone", "value": USER["primaryPhone"]},
    Event.MESSAGE_RATE_LIMITED: {
        "action": "VerificationCodeSend",
        "recipient": USER["primaryPhone"],
    },
    Event.DAILY_MESSAGES_NEAR_LIMIT: {
        "data": {"sent": 80_000, "limit": 100_000, "day": "2026-05-01"}
    },
    Event.MESSAGE_DELIVERED: {"data": MESSAGE},
    Event.MESSAGE_FAILED: {
        "data": {**MESSAGE, "state": "failed", "errorClass": "insufficient_balance"}
    },
    Event.CONNECTOR_UNHEALTHY: {"data": CONNECTOR},
    Event.CONNECTOR_RECOVERED: {"data": {**CONNECTOR, "reason": None}},
}


def sample_of(event: Event) -> dict[str, Any]:
    """Return what an event of this kind carries."""
    interaction = _INTERACTIONS.get(event)
    if interaction is not None:
        return {
            "interactionEvent": interaction,
            "userId": USER["id"],
            "user": USER,
            "applicationId": APPLICATION["id"],
            "application": APPLICATION,
            **WHO_ASKED,
        }
    # What is left is about a user.
    about_a_user = {**WHO_ASKED, "params": {"userId": USER["id"]}, "data": USER}
    return _SAMPLES.get(event, about_a_user)
