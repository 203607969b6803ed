"""What operators call the settings whose changes they are shown."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any

from watchword.account.models import FIELDS, FieldName
from watchword.configuration.models import Change, Kind

BRANDING, SECURITY = "console.branding.", "console.security."
ACCOUNT = "console.account_center."
SIGN_IN, IDENTIFIER, FACTOR = (
    "console.sign_in_experience.",
    "console.identifier.",
    "console.factor.",
)
SIGN_IN_METHODS = "signIn.methods"
CONTENT = "console.content."
TRIAL = "console.trial."
APPLICATION, RESOURCE = "console.applications.", "console.resources."
WEBHOOK, PROVIDER = "console.webhooks.", "console.social."
SECONDARY = "signUp.secondaryIdentifiers"
SOCIAL_TARGETS = "socialSignInConnectorTargets"

ACCOUNT_FIELDS: tuple[FieldName, ...] = (
    "phone",
    "email",
    "username",
    "password",
    "name",
    "avatar",
    "profile",
    "social",
    "mfa",
    "session",
    "customData",
)
"""Of the account centre's fields, those that this server's pages or Account API know."""

NAMES = {
    **{f"color.{name}": BRANDING + name for name in ("primaryColor", "darkPrimaryColor")},
    "color.isDarkModeEnabled": BRANDING + "dark",
    **{f"branding.{name}": BRANDING + name for name in ("logoUrl", "darkLogoUrl", "favicon")},
    **{name: BRANDING + name for name in ("termsOfUseUrl", "privacyPolicyUrl")},
    "agreeToTermsPolicy": BRANDING + "agree",
    "customCss": "console.css.title",
    "languageInfo.autoDetect": CONTENT + "auto_detect",
    "languageInfo.fallbackLanguage": CONTENT + "fallback",
    "mfa.factors": "console.mfa.factors",
    "mfa.policy": "console.mfa.policy",
    "mfa.organizationRequiredMfaPolicy": "console.mfa.organizations",
    SIGN_IN_METHODS: SIGN_IN + "sign_in",
    "signUp.identifiers": SIGN_IN + "sign_up",
    "signUp.password": SIGN_IN + "create_password",
    "signUp.verify": SIGN_IN + "verify",
    SECONDARY: "console.change.also_asked",
    "signInMode": SIGN_IN + "mode.label",
    "forgotPasswordMethods": "console.change.recovery",
    SOCIAL_TARGETS: PROVIDER + "tab",
    "socialSignIn.automaticAccountLinking": SIGN_IN + "social_links",
    "socialSignIn.skipRequiredIdentifiers": SIGN_IN + "social_skips",
    "captchaPolicy.enabled": SECURITY + "proof_of_work",
    "verificationCodePolicy.expirationDuration": SECURITY + "expirationDuration",
    "verificationCodePolicy.maxRetryAttempts": SECURITY + "maxRetryAttempts",
    "sentinelPolicy.maxAttempts": SECURITY + "maxAttempts",
    "sentinelPolicy.lockoutDuration": SECURITY + "lockoutDuration",
    **{
        f"emailBlocklistPolicy.{name}": "console.blocklist." + name
        for name in ("blockSubaddressing", "customBlocklist", "customAllowlist")
    },
    "enabled": ACCOUNT + "enabled",
    "fields": ACCOUNT + "fields",
    "deleteAccountUrl": ACCOUNT + "deleteAccountUrl",
    "connectorId": "console.messages.provider",
    "instanceId": "console.change.tried_connector",
    "share": TRIAL + "percent",
    **{name: TRIAL + name for name in ("numbers", "startedAt", "endsAt")},
    **{f"fields.{name}": f"{ACCOUNT}field.{name}" for name in FIELDS},
    "allowedCountries": SECURITY + "countries",
    **{
        name: SECURITY + name
        for name in (
            "refusedNumberTypes",
            "longestCodeLifeSeconds",
            "mostCodeTries",
            "mostFailures",
        )
    },
    **{
        name: SECURITY + name
        for name in ("dailyMessages", "dailyPerCountry", "countriesPerAddress", "unusedDays")
    },
}
"""The phrase that a form says beside each setting."""

NAMES_OF: Mapping[str, Mapping[str, str]] = {
    Kind.APPLICATION: {
        **{name: APPLICATION + name for name in ("id", "name", "type")},
        "description": "console.organizations.description",
        "isManagement": APPLICATION + "management",
        "oidcClientMetadata.redirectUris": APPLICATION + "redirect_uris",
        "oidcClientMetadata.postLogoutRedirectUris": APPLICATION + "post_logout_redirect_uris",
        "customClientMetadata.corsAllowedOrigins": APPLICATION + "cors_allowed_origins",
        "resourceScopes": "console.quick_start.scopes",
        "secrets": "console.secrets.title",
    },
    Kind.RESOURCE: {
        "id": "console.tenants.id",
        "name": "console.organizations.name",
        "indicator": RESOURCE + "indicator",
        "isDefault": RESOURCE + "is_default",
        "accessTokenTtl": RESOURCE + "ttl",
        "scopes": RESOURCE + "scopes",
    },
    Kind.WEBHOOK: {
        name: WEBHOOK + name for name in ("name", "url", "events", "headers", "enabled")
    },
    Kind.CONNECTOR: {
        "type": APPLICATION + "type",
        "syncProfile": PROVIDER + "sync",
        "metadata.target": PROVIDER + "target",
        "metadata.name.en": PROVIDER + "name_en",
        "metadata.name.ko": PROVIDER + "name_ko",
        "metadata.logo": PROVIDER + "logo",
        "replacedBy": "console.change.replaced_by",
    },
    Kind.TEST_NUMBERS: {"allowedInProduction": "console.configuration.kind.test_numbers"},
}
"""What a setting is called on the page of what it belongs to, where `NAMES` says otherwise."""

PARTS = {"count": SECURITY + "at_most", "seconds": SECURITY + "within"}
LIMITS = {
    *("perNumber", "perAddress", "perSubnet", "testSends"),
    *("perBlock", "failuresPerAddress", "failuresPerSubnet"),
}
UNANSWERED = {
    "unanswered.atLeast": SECURITY + "unanswered_at_least",
    "unanswered.percent": SECURITY + "unanswered_percent",
}

LIMIT_PARTS = {*PARTS, "atLeast", "percent"}

VALUES = {
    "mfa.factors": "console.mfa.",
    "mfa.policy": "console.mfa.policies.",
    "signInMode": SIGN_IN + "mode.",
    "signUp.identifiers": IDENTIFIER,
    "forgotPasswordMethods": "console.mfa.",
    "agreeToTermsPolicy": BRANDING + "terms_policy.",
    "refusedNumberTypes": SECURITY + "number_type.",
}
"""Where the words for a setting's values are; others are shown as they are."""

VALUES_OF: Mapping[tuple[str, str], str] = {
    (Kind.APPLICATION, "type"): "console.application_type.",
    (Kind.WEBHOOK, "events"): "console.event.",
}
"""The same of what has a name of its own on more than one page."""

LISTS = {
    *("emailBlocklistPolicy.customBlocklist", "emailBlocklistPolicy.customAllowlist"),
    *("oidcClientMetadata.redirectUris", "oidcClientMetadata.postLogoutRedirectUris"),
    "customClientMetadata.corsAllowedOrigins",
}
"""What a form has one entry a line of."""
MOST_COMPARED = 1_000
"""Lines of either text; comparing takes their number squared, while everybody else waits."""

ON, OFF = "console.change.on", "console.change.off"


def phrases_of_field(field: str, kind: str = "") -> tuple[str, ...]:
    """Return the phrases that together name a setting; none where only its own name is known."""
    first, _, rest = field.partition(".")
    own = NAMES_OF.get(kind, {})
    if field in own:
        return (own[field],)
    if field in NAMES:
        return (NAMES[field],)
    if first in LIMITS:
        return (SECURITY + first, *([PARTS[rest]] if rest in PARTS else []))
    if first == "unanswered":
        part = UNANSWERED.get(field)
        return (SECURITY + "unanswered", *([part] if part else []))
    return ()


def phrases_of_value(field: str, value: Any, kind: str = "") -> list[str] | None:
    """Return the phrase of each of a setting's values; None where it is shown as it is."""
    if isinstance(value, bool):
        return [ON if value else OFF]
    if field == "mfa.organizationRequiredMfaPolicy":
        return [ON if value == "Mandatory" else OFF]
    if field.startswith("fields."):
        return [f"{ACCOUNT}control.{value}"]
    if field == SECONDARY:
        return [IDENTIFIER + one["identifier"] for one in value or ()]
    words = VALUES_OF.get((kind, field)) or VALUES.get(field)
    if words is None or not value:
        return None
    listed = value if isinstance(value, list | tuple) else [value]
    return [words + one.replace(".", "_") for one in listed]


def merged(changes: Sequence[Change]) -> list[Change]:
    """Return the changes with both numbers of a limit that came or went as one."""
    rows: dict[str, Change] = {}
    # An empty section says nothing beside what is in it or gone from it.
    for change in (one for one in changes if {} not in (one.before, one.after)):
        whole, _, part = change.field.partition(".")
        is_whole = (change.before is None) != (change.after is None)
        if not is_whole or part not in LIMIT_PARTS or whole not in {*LIMITS, "unanswered"}:
            rows[change.field] = change
            continue
        known = rows.get(whole, Change(whole, None, None))
        before, after = (
            then if now is None else {**(then or {}), part: now}
            for then, now in ((known.before, change.before), (known.after, change.after))
        )
        rows[whole] = Change(whole, before, after)
    return list(rows.values())


def lines_that_differ(field: str, before: Any, after: Any) -> tuple[list[str], list[str]] | None:
    """Return the lines that went and those that came; None for what is not shown as lines."""
    if field in LISTS:
        texts = ["\n".join(value or ()) for value in (before, after)]
    else:
        texts = [value or "" for value in (before, after)]
        if not all(isinstance(text, str) for text in texts) or not any("\n" in t for t in texts):
            return None
    old, new = (text.splitlines() for text in texts)
    old, new = _without_common_ends(old, new)
    if max(len(old), len(new)) > MOST_COMPARED:
        return old, new
    gone: list[str] = []
    come: list[str] = []
    for tag, old_start, old_end, new_start, new_end in SequenceMatcher(
        None, old, new
    ).get_opcodes():
        if tag != "equal":
            gone += old[old_start:old_end]
            come += new[new_start:new_end]
    return gone, come


def _without_common_ends(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    for _ in range(2):
        alike = zip(old, new, strict=False)
        first = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], alike))
        # The second round begins at the end, and turns the lines back.
        old, new = old[first:][::-1], new[first:][::-1]
    return old, new


def phrases_of_method(method: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the phrase of a way to sign in, and those of its factors, the first one first."""
    factors = [
        FACTOR + factor
        for factor, key in (("password", "password"), ("code", "verificationCode"))
        if method.get(key)
    ]
    if not method.get("isPasswordPrimary"):
        factors.reverse()
    return IDENTIFIER + str(method["identifier"]), factors
