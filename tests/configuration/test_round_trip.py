"""Whatever a tenant may set leaves as a document and arrives the same in an empty tenant."""

from datetime import timedelta
from typing import Any

import pytest

from tests.configuration.test_documents import VARIABLES, exported, fill
from tests.connectors.provider import CONFIG, OTHER_PROVIDER_ID
from tests.connectors.rooms import OPERATOR, Rooms, open_rooms
from tests.fakes import FakeClock
from watchword.account.models import FIELDS, AccountCenterSettings
from watchword.configuration.document import Document
from watchword.configuration.models import TenantSettings
from watchword.configuration.trials import TrialTerms
from watchword.connector_kit.registry import ConnectorRegistry
from watchword.core.keys import SecretKeys
from watchword.core.phone import PhoneNumber
from watchword.guard.models import GuardPolicy
from watchword.providers.google.connector import GoogleConnector
from watchword.sign_in_settings.models import SignInSettings
from watchword.storage import Storage

GOOGLE = {"clientId": "shop", "clientSecret": "not-a-real-secret"}
SECRETS = {**VARIABLES, "GOOGLE_CLIENT_SECRET": "not-a-real-secret"}
LIMIT = {"count": 7, "seconds": 90}
SET: dict[str, dict[str, Any]] = {
    "tenant": {"connectorDeletion": "permissive"},
    "guard": {
        "perNumber": LIMIT,
        "perAddress": LIMIT,
        "perSubnet": LIMIT,
        "allowedCountries": ["KR", "NO"],
        "refusedNumberTypes": ["fixed_line", "voip"],
        "perBlock": LIMIT,
        "dailyMessages": 5_000,
        "dailyPerCountry": 500,
        "countriesPerAddress": 3,
        "unanswered": {"atLeast": 20, "percent": 40},
        "failuresPerAddress": LIMIT,
        "failuresPerSubnet": LIMIT,
        "unusedDays": 365,
        "testSends": LIMIT,
        "longestCodeLifeSeconds": 300,
        "mostCodeTries": 5,
        "mostFailures": 50,
    },
    "accountCenter": {
        "enabled": True,
        "fields": dict.fromkeys(FIELDS, "ReadOnly"),
        "webauthnRelatedOrigins": ["https://shop.example"],
        "deleteAccountUrl": "https://shop.example/delete",
        "customCss": "h1 { color: red }",
        "profileFields": [{"name": "nickname"}],
    },
    "signIn": {
        "color": {
            "primaryColor": "#123456",
            "isDarkModeEnabled": True,
            "darkPrimaryColor": "#abcdef",
        },
        "branding": {"logoUrl": "https://shop.example/logo.svg"},
        "languageInfo": {"autoDetect": False, "fallbackLanguage": "fr"},
        "termsOfUseUrl": "https://shop.example/terms",
        "privacyPolicyUrl": "https://shop.example/privacy",
        "agreeToTermsPolicy": "Manual",
        "signIn": {
            "methods": [
                {
                    "identifier": "phone",
                    "password": True,
                    "verificationCode": True,
                    "isPasswordPrimary": False,
                }
            ]
        },
        "signUp": {"identifiers": ["phone"], "password": True, "verify": True},
        "socialSignIn": {"automaticAccountLinking": True},
        "socialSignInConnectorTargets": ["google"],
        "signInMode": "SignIn",
        "customCss": "h1 { color: blue }",
        "customContent": {"sign-in": "Hello"},
        "customUiAssets": {"id": "assets", "createdAt": 1},
        "passwordPolicy": {"length": {"min": 12, "max": 64}, "rejects": {"words": ["shop"]}},
        "mfa": {"factors": ["Totp", "BackupCode"], "policy": "Mandatory"},
        "adaptiveMfa": {"enabled": True},
        "trustedDevice": {"enabled": True, "durationDays": 7},
        "singleSignOnEnabled": True,
        "supportEmail": "help@example.com",
        "supportWebsiteUrl": "https://shop.example/help",
        "unknownSessionRedirectUrl": "https://shop.example",
        "captchaPolicy": {"enabled": True},
        "sentinelPolicy": {"maxAttempts": 5, "lockoutDuration": 10},
        "emailBlocklistPolicy": {"blockSubaddressing": True, "customBlocklist": ["@bad.example"]},
        "verificationCodePolicy": {"expirationDuration": 120, "maxRetryAttempts": 3},
        "forgotPasswordMethods": ["PhoneVerificationCode"],
        "passkeySignIn": {"enabled": True},
        "signUpProfileFields": [{"name": "nickname"}],
        "passwordExpiration": {"enabled": True, "validPeriodDays": 90},
        "usernamePolicy": {
            "caseSensitive": False,
            "minLength": 3,
            "maxLength": 20,
            "allowedChars": {
                "lowercase": True,
                "uppercase": False,
                "numbers": True,
                "underscore": False,
            },
        },
    },
}
"""Every setting, and none of them as a new tenant has it."""

PHRASES = {
    "fr": {"sign_in.title": "Connexion", "errors.user.invalid_phone": "Numéro inconnu."},
    "ko": {"sign_in.title": "🔐 샵에 로그인"},
}
"""A language that was added, to which others fall back, and own words in another."""

NOT_OFFERED = {"hideLogtoBranding", "customUiCsp"}
"""What the contract knows and this server refuses."""

MODELS = {
    "tenant": TenantSettings,
    "guard": GuardPolicy,
    "accountCenter": AccountCenterSettings,
    "signIn": SignInSettings,
}


@pytest.fixture
async def rich(rooms: Rooms) -> Rooms:
    """Return a tenant that has something of everything, every setting included."""
    await fill(_with_google(rooms))
    await rooms.configuration.connectors.create(
        OPERATOR, "google-universal", GOOGLE, id="google", sync_profile=True
    )
    document = {"version": 1, **SET, "phrases": PHRASES}
    await rooms.configuration.documents.apply(OPERATOR, document, {}, may_delete=True)
    return rooms


@pytest.fixture
async def empty(storage: Storage, clock: FakeClock, keys: SecretKeys) -> Rooms:
    """Return another tenant, with nothing."""
    return _with_google(await open_rooms(storage, clock, keys, tenant_id="empty"))


def _with_google(rooms: Rooms) -> Rooms:
    rooms.registry = ConnectorRegistry([*rooms.registry.list(), GoogleConnector])
    rooms.reload()
    return rooms


@pytest.mark.parametrize("section", MODELS)
def test_no_setting_is_forgotten_here(section: str) -> None:
    new = MODELS[section]().document()

    same = {name for name, value in new.items() if SET[section].get(name, value) == value}

    assert same <= NOT_OFFERED


def test_no_section_is_forgotten_here() -> None:
    sections = {field.alias for field in Document.model_fields.values()} - {"version"}

    assert sections == {*SET, "connectors", "resources", "applications", "webhooks", "phrases"}


async def test_everything_that_can_be_set_arrives_the_same(rich: Rooms, empty: Rooms) -> None:
    document = await exported(rich)

    await empty.configuration.documents.apply(OPERATOR, document, SECRETS)

    assert await exported(empty) == document
    for section, settings in SET.items():
        assert {**document[section], **settings} == document[section]
    assert document["phrases"] == PHRASES
    again = await empty.configuration.documents.apply(OPERATOR, document, SECRETS)
    assert again.changes == ()


async def test_what_is_only_tried_or_for_tests_stays_where_it_is(
    rich: Rooms, empty: Rooms, clock: FakeClock
) -> None:
    before = await exported(rich)
    active = await rich.connectors.active()
    assert active is not None
    terms = TrialTerms(share=10, ends_at=clock.now() + timedelta(days=1))
    trials = rich.configuration.trials
    await trials.start(OPERATOR, active.id, OTHER_PROVIDER_ID, CONFIG, terms)
    numbers = rich.configuration.test_numbers
    await numbers.allow_in_production(OPERATOR, True)
    until = clock.now() + timedelta(days=7)
    await numbers.add(OPERATOR, PhoneNumber.parse("+447700900124"), "271828", until)

    document = await exported(rich)
    await empty.configuration.documents.apply(OPERATOR, document, SECRETS)
    await rich.configuration.documents.apply(OPERATOR, document, {}, may_delete=True)

    assert document == before == await exported(empty)
    assert empty.connectors.trial is None
    assert rich.connectors.running_trial is not None
    assert len(await rich.fixed_numbers.list()) == 1
    assert await empty.fixed_numbers.list() == []
